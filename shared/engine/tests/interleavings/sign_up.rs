//! Signing up: codes, forms and the buttons around them, at the same time.

use serde_json::json;

use crate::interleavings::story::Story;
use crate::interleavings::world::{Act, World};
use crate::interleavings::{ADA, PASSWORD, another};
use crate::stage::{Answer, Browser, demo};

fn signing_up<'w>(world: &'w World, password: &str) -> (Browser<'w>, String) {
    let mut browser = world.stage.browser("demo-spa");
    let sent = browser.sign_up(ADA, password);
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
    (browser, world.stage.code(ADA))
}

fn button(browser: &Browser<'_>, path: &str) -> Act {
    Act::step(browser, path, json!({}))
}

#[test]
fn a_017_the_same_code_twice() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    Story::new(&world, [Act::code(&browser, &code), Act::code(&browser, &code)]).prove();
}

#[test]
fn a_017_the_same_code_twice_differently_typed() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    Story::new(&world, [Act::code(&browser, &code), Act::code(&browser, &format!("{code} "))])
        .prove();
}

#[test]
fn i7_a_right_code_and_a_wrong_one() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    Story::new(&world, [Act::code(&browser, &code), Act::code(&browser, &another(&code))]).prove();
}

#[test]
fn i7_a_011_the_last_guesses_are_counted_before_they_are_compared() {
    let world = World::new(&demo());
    let (mut browser, code) = signing_up(&world, PASSWORD);
    let mut wrong = another(&code);
    for _ in 0..3 {
        assert_eq!(browser.answer_code(&wrong).status, 401);
        wrong = another(&wrong);
    }
    // Two guesses are left, for three.
    let right = Act::code(&browser, &code);
    let guesses = [Act::code(&browser, &wrong), Act::code(&browser, &another(&wrong)), right];
    Story::new(&world, guesses)
        .always(|_, answers| {
            let wrong =
                |answer: &&Answer| answer.messages().iter().any(|key| key.contains("invalid"));
            let evaluated = answers
                .iter()
                .filter(|answer| wrong(answer) || answer.interaction_code().is_some())
                .count();
            if evaluated <= 2 {
                Ok(())
            } else {
                Err(format!("I7: {evaluated} guesses were evaluated"))
            }
        })
        .prove();
}

#[test]
fn a_031_two_sign_ups_of_one_address_are_finished() {
    let world = World::new(&demo());
    let (one, code) = signing_up(&world, PASSWORD);
    let (two, other_code) = signing_up(&world, "another password");
    Story::new(&world, [Act::code(&one, &code), Act::code(&two, &other_code)]).prove();
}

#[test]
fn a_031_three_sign_ups_of_one_address_with_one_password() {
    let world = World::new(&demo());
    let people: Vec<_> = (0..3).map(|_| signing_up(&world, PASSWORD)).collect();
    Story::new(&world, people.iter().map(|(browser, code)| Act::code(browser, code))).prove();
}

#[test]
fn a_031_two_forms_for_one_address() {
    let world = World::new(&demo());
    let mut browsers = [world.stage.browser("demo-spa"), world.stage.browser("demo-spa")];
    for browser in &mut browsers {
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
    }
    Story::new(
        &world,
        [
            Act::sign_up(&browsers[0], ADA, PASSWORD),
            Act::sign_up(&browsers[1], ADA, "another password"),
        ],
    )
    .prove();
}

#[test]
fn a_031_two_forms_for_one_address_where_nobody_proves_it() {
    let world = World::new(&demo());
    let mut browsers =
        [world.stage.browser("newsletter-spa"), world.stage.browser("newsletter-spa")];
    for browser in &mut browsers {
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
    }
    Story::new(
        &world,
        [
            Act::sign_up(&browsers[0], ADA, PASSWORD),
            Act::sign_up(&browsers[1], ADA, "another password"),
        ],
    )
    .prove();
}

#[test]
fn a_070_a_code_and_cancel() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    Story::new(&world, [Act::code(&browser, &code), button(&browser, "/idp/idx/cancel")]).prove();
}

#[test]
fn a_070_a_code_and_a_new_one() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    world.stage.advance(31);
    Story::new(&world, [Act::code(&browser, &code), button(&browser, "/idp/idx/email/resend")])
        .prove();
}

#[test]
fn a_070_a_code_a_new_one_cancel_and_the_first_page_again() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    world.stage.advance(31);
    let paths = ["/idp/idx/email/resend", "/idp/idx/cancel", "/idp/idx/enroll"];
    Story::new(
        &world,
        paths.iter().map(|path| button(&browser, path)).chain([Act::code(&browser, &code)]),
    )
    .prove();
}

#[test]
fn a_070_a_new_code_twice() {
    let world = World::new(&demo());
    let (browser, _) = signing_up(&world, PASSWORD);
    world.stage.advance(31);
    let before = world.stage.mails().len();
    // One mail, whoever asks meanwhile: while it is on its way, the second one is told that it may
    // have to ask again.
    Story::new(
        &world,
        [button(&browser, "/idp/idx/email/resend"), button(&browser, "/idp/idx/email/resend")],
    )
    .not_serializable()
    .always(move |world, answers| {
        let mails = world.stage.mails().len() - before;
        let told = answers.iter().all(|answer| [200, 503].contains(&answer.status));
        if told && mails == 1 { Ok(()) } else { Err(format!("I8: {mails} mails")) }
    })
    .prove();
}

#[test]
fn r_o10_a_link_and_a_code() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    Story::new(
        &world,
        [Act::confirm(&browser, &world.stage.link(ADA)), Act::code(&browser, &code)],
    )
    .prove();
}

#[test]
fn r_o10_a_link_a_code_and_a_poll() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    let poll = button(&browser, "/idp/idx/email/poll");
    Story::new(
        &world,
        [Act::confirm(&browser, &world.stage.link(ADA)), Act::code(&browser, &code), poll],
    )
    .prove();
}

#[test]
fn f_32_a_poll_and_a_code() {
    let world = World::new(&demo());
    let (browser, code) = signing_up(&world, PASSWORD);
    Story::new(&world, [button(&browser, "/idp/idx/email/poll"), Act::code(&browser, &code)])
        .prove();
}

#[test]
fn f_26_two_polls_for_a_mail_that_was_not_sent() {
    let world = World::new(&demo());
    *world.stage.mailbox.broken.lock().unwrap() = true;
    let mut browser = world.stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    *world.stage.mailbox.broken.lock().unwrap() = false;
    world.stage.advance(6);
    Story::new(
        &world,
        [button(&browser, "/idp/idx/email/poll"), button(&browser, "/idp/idx/email/poll")],
    )
    .always(one_mail)
    .prove();
    Story::new(&world, (0..4).map(|_| button(&browser, "/idp/idx/email/poll")))
        .always(one_mail)
        .prove();
}

fn one_mail(world: &World, _: &[Answer]) -> Result<(), String> {
    let mails = world.stage.mails().len();
    if mails == 1 { Ok(()) } else { Err(format!("I8: one code was mailed {mails} times")) }
}
