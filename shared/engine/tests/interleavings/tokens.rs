//! R-T2: an interaction code is worth one set of tokens.

use crate::interleavings::story::Story;
use crate::interleavings::world::{Act, World};
use crate::interleavings::{ADA, PASSWORD, with_ada};
use crate::stage::{Answer, Browser};

fn signed_in(world: &World) -> (Browser<'_>, String) {
    let mut browser = world.stage.browser("demo-spa");
    browser.begin();
    let done = browser.password(ADA, PASSWORD);
    let code = done.interaction_code().unwrap_or_else(|| panic!("{}", done.text));
    (browser, code)
}

fn one_at_most(world: &World, answers: &[Answer]) -> Result<(), String> {
    let tokens: Vec<&str> =
        answers.iter().filter_map(|answer| answer.body["access_token"].as_str()).collect();
    if tokens.len() > 1 {
        return Err(format!("A-094: {} sets of tokens", tokens.len()));
    }
    // Whoever presented it second may have stolen it, or it was stolen from them.
    let good = |token: &&str| {
        let header = format!("Bearer {token}");
        world
            .stage
            .request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &header)], b"")
            .status
            == 200
    };
    if tokens.iter().any(good) {
        Err("A-094: the code was presented twice, and the tokens are good".into())
    } else {
        Ok(())
    }
}

#[test]
fn a_094_a_code_is_redeemed_twice() {
    let world = with_ada();
    let (browser, code) = signed_in(&world);
    Story::new(&world, [Act::token(&browser, &code), Act::token(&browser, &code)])
        .always(one_at_most)
        .prove();
}

#[test]
fn a_094_a_code_is_redeemed_four_times() {
    let world = with_ada();
    let (browser, code) = signed_in(&world);
    Story::new(&world, (0..4).map(|_| Act::token(&browser, &code))).always(one_at_most).prove();
}

#[test]
fn a_092_a_code_is_redeemed_with_a_wrong_verifier_and_a_right_one() {
    let world = with_ada();
    let (browser, code) = signed_in(&world);
    let mut thief = world.stage.browser("demo-spa");
    thief.verifier = "w".repeat(43);
    Story::new(&world, [Act::token(&browser, &code), Act::token(&thief, &code)]).prove();
}

#[test]
fn a_073_a_code_is_redeemed_while_its_owner_is_deactivated() {
    let world = with_ada();
    let (browser, code) = signed_in(&world);
    Story::new(&world, [Act::token(&browser, &code), Act::Deactivate(ADA)]).prove();
}
