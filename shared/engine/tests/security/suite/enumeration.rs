//! R-R1..R-R4: with enumeration prevention on, known and unknown people get the same answers.

use serde_json::{Value, json};

use super::stage::{Answer, Browser, Kind, Stage, demo};
use super::{ADA, another, with_ada_in};

const NOBODY: &str = "nob@example.com";

fn preventing() -> policy::organisation::Organisation {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    organisation
}

/// Status, header names and body, with what is random or typed masked.
fn seen(answer: &Answer, handle: &str, typed: &str) -> (u16, Vec<String>, String) {
    let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    let masked = policy::email::Email::parse(typed).unwrap().masked();
    let mut text = answer.text.replace(handle, "HANDLE").replace(typed, "TYPED").replace(&masked, "MASKED");
    if let Some(expires) = answer.body["expiresAt"].as_str() {
        text = text.replace(expires, "EXPIRES");
    }
    (answer.status, names, text)
}

/// The same way twice: as somebody, and as nobody.
fn compare(stage: &Stage, steps: impl Fn(&mut Browser<'_>, &str) -> Vec<Answer>) {
    let mut views = Vec::new();
    for typed in [ADA, NOBODY] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let answers = steps(&mut browser, typed);
        let handle = browser.handle.clone();
        views.push(answers.iter().map(|answer| seen(answer, &handle, typed)).collect::<Vec<_>>());
    }
    assert_eq!(views[0], views[1]);
}

#[test]
fn r_r1_a_001_identify_and_wrong_password_look_the_same() {
    let stage = with_ada_in(&preventing());
    compare(&stage, |browser, typed| {
        let identified = browser.step("/idp/idx/identify", json!({"identifier": typed}));
        assert_eq!(identified.status, 200, "{}", identified.text);
        let mut answers = vec![identified];
        if answers[0].forms()[0] == "select-authenticator-authenticate" {
            answers.push(browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}})));
        }
        for _ in 0..3 {
            answers.push(browser.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": "not the password"}})));
        }
        answers
    });
}

#[test]
fn r_r4_a_005_a_decoy_challenge_dies_like_a_real_one() {
    let mut organisation = preventing();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules) {
        rule.actions.signon.primary_factor = policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    let stage = with_ada_in(&organisation);
    compare(&stage, |browser, typed| {
        let mut answers = vec![browser.step("/idp/idx/identify", json!({"identifier": typed}))];
        answers.push(browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}})));
        for guess in 0..7 {
            // Not by chance the right one.
            let code = if typed == ADA { another(&browser.stage.code(ADA)) } else { format!("{guess:06}") };
            answers.push(browser.answer_code(&code));
        }
        answers
    });
    assert!(stage.letters().iter().all(|mail| mail.to == ADA), "nobody is mailed");
}

#[test]
fn r_r3_a_004_a_taken_address_is_answered_alike_and_its_owner_told() {
    let stage = with_ada_in(&preventing());
    compare(&stage, |browser, typed| {
        browser.step("/idp/idx/enroll", json!({}));
        let profile = json!({"email": typed, "firstName": "Ada", "lastName": "Lovelace"});
        let sent = browser.step("/idp/idx/enroll/new", json!({"userProfile": profile, "credentials": {"passcode": "another password"}}));
        assert_eq!(sent.status, 200, "{}", sent.text);
        vec![sent, browser.answer_code("000000")]
    });
    let last: Vec<_> = stage.letters().into_iter().rev().take(2).collect();
    assert!(last[1].kind == Kind::AlreadyRegistered && last[1].to == ADA, "{last:?}");
    assert!(last[0].kind == Kind::Activation && last[0].to == NOBODY);
    assert_eq!(stage.items("USER").len(), 1);
}

#[test]
fn r_r2_known_and_unknown_cost_the_same_round_trips() {
    let stage = with_ada_in(&preventing());
    let trips = |typed: &str| {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let mut calls = Vec::new();
        stage.calls();
        browser.step("/idp/idx/identify", json!({"identifier": typed}));
        calls.push(stage.calls().len());
        browser.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": "not the password"}}));
        calls.push(stage.calls().len());
        calls
    };
    assert_eq!(trips(ADA), trips(NOBODY));
}

#[test]
fn a_007_malformed_values_are_judged_before_anybody_is_looked_up() {
    let stage = with_ada_in(&preventing());
    compare(&stage, |browser, typed| {
        browser.step("/idp/idx/identify", json!({"identifier": typed}));
        vec![browser.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": "x".repeat(2_000)}}))]
    });
    let refused = {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": ADA}));
        browser.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": "x".repeat(2_000)}}))
    };
    assert_eq!((refused.status, &refused.body["version"]), (400, &Value::from("1.0.0")));
}
