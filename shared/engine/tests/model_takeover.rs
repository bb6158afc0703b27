//! I3: whoever proves a mailbox owns the account, and nothing that somebody else has begun with it
//! before is of any use.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use serde_json::{Value, json};
use stage::{Answer, Browser, Stage, demo};

const VICTIM: &str = "victim@example.com";
const MALLORYS: &str = "mallory's own choice";
const VICTIMS: &str = "correct horse battery";

/// Mallory signs up with an address that is not hers, where nobody asks for proof.
fn squatted(stage: &Stage) -> Answer {
    let mut mallory = stage.browser("newsletter-spa");
    let done = mallory.sign_up(VICTIM, MALLORYS);
    assert!(done.interaction_code().is_some(), "{}", done.text);
    done
}

/// The owner of the mailbox signs up, with proof.
fn proven(stage: &Stage) {
    let mut victim = stage.browser("demo-spa");
    victim.sign_up(VICTIM, VICTIMS);
    let done = victim.answer_code(&stage.code(VICTIM));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

fn user(stage: &Stage) -> Value {
    let users = stage.items("USER");
    assert_eq!(users.len(), 1);
    users[0].body.clone()
}

#[test]
fn i3_a_sign_in_that_waits_for_its_last_form_ends_with_the_takeover() {
    // The app with one more question lets in whoever has not proven the mailbox.
    let mut organisation = demo();
    let workforce = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "workforce-enrollment")
        .unwrap();
    workforce.rules[0].actions.profile_enrollment.activation_requirements.email_verification =
        false;
    let stage = Stage::with(&organisation);
    squatted(&stage);
    let mut mallory = stage.browser("workforce-spa");
    mallory.begin();
    let waiting = mallory.password(VICTIM, MALLORYS);
    assert_eq!(waiting.forms(), ["enroll-profile"], "{}", waiting.text);
    stage.advance(60);
    proven(&stage);
    let before = user(&stage);

    let update = |mallory: &mut Browser<'_>| {
        mallory.step("/idp/idx/enroll/update", json!({"userProfile": {"department": "Theft"}}))
    };
    for answer in
        [update(&mut mallory), mallory.step("/idp/idx/introspect", json!({})), update(&mut mallory)]
    {
        assert_eq!(answer.interaction_code(), None, "{}", answer.text);
        assert!(
            !answer.text.contains("Department"),
            "the form is for whoever has proven something: {}",
            answer.text
        );
    }
    assert_eq!(user(&stage), before);
}

#[test]
fn i3_a_code_from_before_the_takeover_is_good_for_nothing() {
    let stage = Stage::new();
    let code = squatted(&stage).interaction_code().unwrap();
    stage.advance(1);
    proven(&stage);
    let tokens = stage.browser("newsletter-spa").token(&code);
    assert_eq!(tokens.status, 400, "{}", tokens.text);
}

#[test]
fn i3_the_old_password_is_gone_and_so_is_what_it_could_open() {
    let stage = Stage::new();
    squatted(&stage);
    proven(&stage);
    let user = user(&stage);
    assert_eq!(
        (&user["emailVerified"], &user["groups"]),
        (&json!(true), &json!(["customers"])),
        "of the squatter's account nothing survives"
    );
    for (password, right) in [(MALLORYS, false), (VICTIMS, true)] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        assert_eq!(browser.password(VICTIM, password).interaction_code().is_some(), right);
    }
    // The link of the squatter's welcome mail confirms nothing any more, in whatever browser.
    assert_eq!(stage.items("VERIFY").len(), 1);
}
