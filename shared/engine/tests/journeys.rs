//! The journeys of people through the engine, over HTTP requests without a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod stage;

use serde_json::json;
use stage::{Stage, demo};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

#[test]
fn signs_up_with_a_code_and_comes_back_with_tokens() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let first = browser.begin();
    assert_eq!(first.forms(), ["identify", "select-enroll-profile"]);
    let form = browser.step("/idp/idx/enroll", json!({}));
    assert_eq!(form.forms(), ["enroll-profile", "select-identify"]);
    let sent = browser.sign_up(ADA, PASSWORD);
    assert_eq!((sent.status, sent.forms()), (200, vec!["enroll-authenticator".to_string()]), "{}", sent.text);
    assert!(stage.items("USER").is_empty(), "no user before the mailbox is proven");
    let done = browser.answer_code(&stage.code(ADA));
    assert_eq!(done.status, 200, "{}", done.text);
    let tokens = browser.token(&done.interaction_code().unwrap());
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let user = &stage.items("USER")[0].body;
    assert_eq!(user["groups"], json!(["customers"]));
    assert_eq!(user["emailVerified"], json!(true));
    assert_eq!(user["profile"]["login"], json!(ADA));
}

#[test]
fn signs_in_and_is_asked_for_what_became_required() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    browser.answer_code(&stage.code(ADA));

    browser.begin();
    let done = browser.password(ADA, PASSWORD);
    assert!(done.interaction_code().is_some(), "{}", done.text);

    let mut organisation = demo();
    let policy = organisation.policies.profile_enrollment.iter_mut().find(|policy| policy.id == "demo-enrollment").unwrap();
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(policy::organisation::ProfileAttribute {
        name: "customerNumber".into(),
        label: "Customer number".into(),
        required: true,
    });
    stage.apply(&organisation);
    browser.begin();
    let asked = browser.password(ADA, PASSWORD);
    assert_eq!(asked.forms(), ["enroll-profile"], "{}", asked.text);
    assert!(asked.interaction_code().is_none());
    let fields = &asked.body["remediation"]["value"][0]["value"][0]["form"]["value"];
    assert_eq!(fields.as_array().unwrap().len(), 1, "{fields}");
    let wrong = browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "twelve"}}));
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    let done = browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "1234"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    assert_eq!(stage.items("USER")[0].body["profile"]["customerNumber"], json!(1234));

    browser.begin();
    assert!(browser.password(ADA, PASSWORD).interaction_code().is_some());
}

#[test]
fn r_o10_a_link_completes_nothing_until_its_button_is_pressed_where_the_flow_began() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let link = stage.link(ADA);

    let elsewhere = stage.browser("demo-spa").get(&link);
    assert_eq!(elsewhere.status, 200);
    assert!(elsewhere.text.contains(&stage.code(ADA)), "{}", elsewhere.text);
    let page = browser.get(&link);
    assert!(page.text.contains("<button"), "{}", page.text);
    assert!(stage.items("USER").is_empty());

    let (path, token) = link.split_once("?token=").unwrap();
    let body = format!("token={token}");
    let foreign = stage.browser("demo-spa").send(path, "application/x-www-form-urlencoded", body.as_bytes());
    assert_eq!(foreign.status, 403);
    assert!(stage.items("USER").is_empty());
    let pressed = browser.send(path, "application/x-www-form-urlencoded", body.as_bytes());
    assert_eq!(pressed.status, 200, "{}", pressed.text);
    assert_eq!(stage.items("USER").len(), 1);
    let polled = browser.step("/idp/idx/email/poll", json!({}));
    let href = polled.body["success"]["href"].as_str().unwrap();
    let code = href.split("interaction_code=").nth(1).unwrap().split('&').next().unwrap().to_string();
    assert_eq!(browser.token(&code).status, 200);
}
