//! The engine sends every form that the published schema has, and none of the schema's forms is
//! dead text. That each answer is valid is checked wherever a test gets one (`stage::Answer`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::collections::BTreeSet;

use policy::organisation::{
    AuthenticatorKey, Organisation, PrimaryFactor, ProfileAttribute, SelfEnroll,
};
use serde_json::{Value, json};
use stage::{Answer, Stage, demo, schema};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// Names of everything that can be sent.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if map.contains_key("rel")
                && map["method"] == "POST"
                && map["accepts"] != "application/x-www-form-urlencoded"
            {
                found.insert(map["name"].as_str().unwrap().into());
            }
            map.values().for_each(|value| names(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

/// Passwords are optional, mail or password sign in, and a shoe size is required of those who come
/// back.
fn many_forms() -> Organisation {
    let mut organisation = demo();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor = PrimaryFactor::PasswordIdpAnyFactor;
    }
    for policy in &mut organisation.policies.profile_enrollment {
        policy.rules[0].actions.profile_enrollment.activation_requirements.email_verification =
            true;
        policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    }
    for one in &mut organisation.policies.authenticator_enrollment[0]
        .settings
        .as_mut()
        .unwrap()
        .authenticators
    {
        one.enroll.own = if one.key == AuthenticatorKey::OktaPassword.as_str() {
            SelfEnroll::Optional
        } else {
            SelfEnroll::Required
        };
    }
    organisation
}

#[test]
fn every_form_of_the_schema_is_sent_and_no_other() {
    let stage = Stage::with(&many_forms());
    let mut browser = stage.browser("demo-spa");
    let mut seen = BTreeSet::new();
    let mut see = |answer: Answer| names(&answer.body, &mut seen);
    see(browser.begin());
    see(browser.step("/idp/idx/enroll", json!({})));
    see(browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    ));
    see(browser.answer_code(&stage.code(ADA)));
    see(browser
        .step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-password"}})));
    let done =
        browser.step("/idp/idx/credential/answer", json!({"credentials": {"passcode": PASSWORD}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);

    let mut organisation = many_forms();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let size =
        ProfileAttribute { name: "shoeSize".into(), label: "Shoe size".into(), required: true };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(size);
    stage.apply(&organisation);
    stage.advance(3_600);
    browser.begin();
    see(browser.step("/idp/idx/identify", json!({"identifier": ADA})));
    see(browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}})));
    let asked =
        browser.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": PASSWORD}}));
    assert_eq!(asked.forms(), ["enroll-profile"], "{}", asked.text);
    see(asked);

    let written: BTreeSet<String> = serde_json::from_value(
        schema::SCHEMA["$defs"]["form"]["properties"]["name"]["enum"].clone(),
    )
    .unwrap();
    assert_eq!(seen, written);
}

#[test]
fn introspect_errors_are_plain_json_since_clients_read_no_other() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    for body in
        [json!({"interactionHandle": "nothing"}), json!({"stateHandle": "nothing"}), json!({})]
    {
        let answer = browser.post("/idp/idx/introspect", body);
        assert!(answer.status >= 400);
        assert_eq!(
            (answer.header("content-type"), &answer.body["version"]),
            (Some("application/json"), &json!("1.0.0"))
        );
    }
}
