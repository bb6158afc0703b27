//! F-32: every request of a journey, twice and three times at once: one effect, and everybody is
//! told the truth.

use serde_json::json;

use crate::interleavings::story::Story;
use crate::interleavings::world::{Act, World};
use crate::interleavings::{ADA, PASSWORD, asking, with_ada};
use crate::stage::{Answer, Browser, demo};

fn proven_with(world: &World, act: &Act) {
    Story::new(world, [act.clone(), act.clone()]).prove();
    Story::new(world, [act.clone(), act.clone(), act.clone()]).prove();
}

fn button(browser: &Browser<'_>, path: &str) -> Act {
    Act::step(browser, path, json!({}))
}

#[test]
fn f_32_sign_up() {
    let world = World::new(&demo());
    let mut browser = world.stage.browser("demo-spa");
    browser.begin();
    proven_with(&world, &button(&browser, "/idp/idx/introspect"));
    proven_with(&world, &button(&browser, "/idp/idx/enroll"));
    browser.step("/idp/idx/enroll", json!({}));
    proven_with(&world, &button(&browser, "/idp/idx/identify/select"));
    proven_with(&world, &Act::sign_up(&browser, "no address", PASSWORD));
    // While the first is at the mail provider, nobody knows whether it has failed: the second one
    // is told to wait, and sends nothing.
    let form = Act::sign_up(&browser, ADA, PASSWORD);
    let one_mail = |world: &World, answers: &[Answer]| {
        let told = answers
            .iter()
            .all(|answer| answer.status == 200 && answer.forms()[0] == "enroll-authenticator");
        if told && world.stage.mails().len() == 1 {
            Ok(())
        } else {
            Err("F-32: not one effect".into())
        }
    };
    Story::new(&world, [form.clone(), form.clone()]).not_serializable().always(one_mail).prove();
    Story::new(&world, [form.clone(), form.clone(), form])
        .not_serializable()
        .always(one_mail)
        .prove();
}

#[test]
fn f_32_the_code_and_around_it() {
    let world = World::new(&demo());
    let mut browser = world.stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = world.stage.code(ADA);
    proven_with(&world, &button(&browser, "/idp/idx/email/poll"));
    proven_with(&world, &button(&browser, "/idp/idx/cancel"));
    proven_with(&world, &Act::code(&browser, &code));
    proven_with(&world, &Act::code(&browser, &crate::interleavings::another(&code)));
    proven_with(&world, &Act::confirm(&browser, &world.stage.link(ADA)));
}

#[test]
fn f_32_sign_in_and_the_last_form() {
    let world = with_ada();
    let mut browser = world.stage.browser("demo-spa");
    browser.begin();
    proven_with(&world, &Act::password(&browser, ADA, PASSWORD));
    proven_with(&world, &Act::password(&browser, ADA, "wrong horse battery"));
    proven_with(&world, &Act::password(&browser, "nobody@example.com", PASSWORD));
    world.stage.apply(&asking(&[("demo-enrollment", "customerNumber")]));
    browser.password(ADA, PASSWORD);
    proven_with(
        &world,
        &Act::step(
            &browser,
            "/idp/idx/enroll/update",
            json!({"userProfile": {"customerNumber": "7"}}),
        ),
    );
}

#[test]
fn f_32_a_sign_up_that_nobody_proves() {
    let world = World::new(&demo());
    let mut browser = world.stage.browser("newsletter-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    proven_with(&world, &Act::sign_up(&browser, ADA, PASSWORD));
    browser.sign_up(ADA, PASSWORD);
    // The second of two is told that the link is used up; at the same time, both that the address
    // is confirmed. Both is true.
    let link = Act::confirm(&browser, &world.stage.link(ADA));
    let confirmed = |world: &World, _: &[Answer]| {
        if world.stage.items("USER")[0].body["emailVerified"] == true {
            Ok(())
        } else {
            Err("the address is not confirmed".into())
        }
    };
    Story::new(&world, [link.clone(), link]).not_serializable().always(confirmed).prove();
}
