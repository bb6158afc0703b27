//! I3: the owner of a mailbox proves it, and at the same time a squatter uses what they have of the
//! account.

use policy::organisation::Organisation;
use serde_json::json;

use crate::interleavings::sign_in::grow_old;
use crate::interleavings::story::Story;
use crate::interleavings::world::{Act, World};
use crate::interleavings::{ADA, PASSWORD};
use crate::stage::{Answer, Browser, demo};

const SQUATTERS: &str = "the squatter's own";

/// A squatter has an account with Ada's address, where nobody asks for proof: what they got for it.
fn squatted(world: &World) -> (Browser<'_>, String) {
    let mut squatter = world.stage.browser("newsletter-spa");
    let done = squatter.sign_up(ADA, SQUATTERS);
    let code = done.interaction_code().unwrap_or_else(|| panic!("{}", done.text));
    (squatter, code)
}

/// Ada has only to type her code.
fn about_to_prove(world: &World) -> Act {
    let mut ada = world.stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    Act::code(&ada, &world.stage.code(ADA))
}

/// Ada has her account, and nothing that the squatter has is of any use.
fn ada_has_it(world: &World, codes: &[String], tokens: &[String]) -> Result<(), String> {
    let users = world.stage.items("USER");
    if users.len() != 1 || users[0].body["emailVerified"] != true {
        return Err(format!("I3: Ada has proven her mailbox, and there is {users:?}"));
    }
    for token in tokens {
        let header = format!("Bearer {token}");
        if world
            .stage
            .request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &header)], b"")
            .status
            == 200
        {
            return Err("I3: a token from before is good".into());
        }
    }
    for code in codes {
        if world.stage.browser("newsletter-spa").token(code).status == 200 {
            return Err("I3: a code from before is redeemed".into());
        }
    }
    for (password, right) in [(SQUATTERS, false), (PASSWORD, true)] {
        let mut browser = world.stage.browser("demo-spa");
        browser.begin();
        if browser.password(ADA, password).interaction_code().is_some() != right {
            return Err(format!("I3: {password:?} is right: {}", !right));
        }
    }
    Ok(())
}

/// The code and the token of an answer.
fn won(answer: &Answer) -> (Vec<String>, Vec<String>) {
    (
        answer.interaction_code().into_iter().collect(),
        answer.body["access_token"].as_str().map(String::from).into_iter().collect(),
    )
}

/// Ada proves her mailbox while the squatter does this.
fn takeover(world: &World, squatter: Act) {
    Story::new(world, [about_to_prove(world), squatter])
        .always(|world, answers| {
            let (codes, tokens) = won(&answers[1]);
            if answers[0].status == 503 { Ok(()) } else { ada_has_it(world, &codes, &tokens) }
        })
        .prove();
}

#[test]
fn i3_and_a_sign_in() {
    let world = World::new(&demo());
    squatted(&world);
    let mut squatter = world.stage.browser("newsletter-spa");
    squatter.begin();
    takeover(&world, Act::password(&squatter, ADA, SQUATTERS));
}

#[test]
fn i3_and_a_sign_in_while_time_passes() {
    let world = World::new(&demo());
    squatted(&world);
    let mut squatter = world.stage.browser("newsletter-spa");
    squatter.begin();
    world.let_time_pass();
    let acts = [about_to_prove(&world), Act::password(&squatter, ADA, SQUATTERS)];
    // Every time is another one.
    Story::new(&world, acts)
        .not_serializable()
        .always(|world, answers| {
            let (codes, tokens) = won(&answers[1]);
            ada_has_it(world, &codes, &tokens)
        })
        .prove();
}

#[test]
fn i3_r_p10_and_a_sign_in_that_hashes_the_old_password_anew() {
    let world = World::new(&demo());
    squatted(&world);
    grow_old(&world);
    let mut squatter = world.stage.browser("newsletter-spa");
    squatter.begin();
    takeover(&world, Act::password(&squatter, ADA, SQUATTERS));
}

/// The demo, where the app with one more question lets in whoever has not proven the mailbox.
fn lenient() -> Organisation {
    let mut organisation = demo();
    let workforce = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "workforce-enrollment")
        .unwrap();
    workforce.rules[0].actions.profile_enrollment.activation_requirements.email_verification =
        false;
    organisation
}

#[test]
fn i3_and_the_last_form() {
    let world = World::new(&lenient());
    squatted(&world);
    let mut squatter = world.stage.browser("workforce-spa");
    squatter.begin();
    assert_eq!(squatter.password(ADA, SQUATTERS).forms()[0], "enroll-profile");
    takeover(
        &world,
        Act::step(
            &squatter,
            "/idp/idx/enroll/update",
            json!({"userProfile": {"department": "Theft"}}),
        ),
    );
}

#[test]
fn i3_and_a_code_is_redeemed() {
    let world = World::new(&demo());
    let (squatter, code) = squatted(&world);
    takeover(&world, Act::token(&squatter, &code));
}

#[test]
fn i3_and_the_link_of_the_welcome_mail() {
    let world = World::new(&demo());
    let (squatter, _) = squatted(&world);
    // Whoever has this link reads the mailbox too: of the two who prove it, the first one has the
    // account.
    let link = world.stage.link(ADA);
    Story::new(&world, [about_to_prove(&world), Act::confirm(&squatter, &link)]).prove();
}

#[test]
fn i3_a_sign_in_the_last_form_and_a_code_at_once() {
    let world = World::new(&lenient());
    let (first, code) = squatted(&world);
    let (mut second, mut third) =
        (world.stage.browser("newsletter-spa"), world.stage.browser("workforce-spa"));
    second.begin();
    third.begin();
    assert_eq!(third.password(ADA, SQUATTERS).forms()[0], "enroll-profile");
    let form = Act::step(
        &third,
        "/idp/idx/enroll/update",
        json!({"userProfile": {"department": "Theft"}}),
    );
    Story::new(
        &world,
        [
            about_to_prove(&world),
            Act::token(&first, &code),
            Act::password(&second, ADA, SQUATTERS),
            form,
        ],
    )
    .always(|world, answers| {
        let won: Vec<_> = answers[1..].iter().map(won).collect();
        let codes: Vec<String> = won.iter().flat_map(|(codes, _)| codes.clone()).collect();
        let tokens: Vec<String> = won.iter().flat_map(|(_, tokens)| tokens.clone()).collect();
        if answers[0].status == 503 { Ok(()) } else { ada_has_it(world, &codes, &tokens) }
    })
    .prove();
}
