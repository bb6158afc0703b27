//! What each function does to which kind of item, by what people do there: the template allows that
//! and nothing else (security.md R-A1).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use idx::operation::Function;
use policy::organisation::{Organisation, ProfileAttribute};
use serde_json::{Value, json};

use crate::stage::access::{Access, LISTED, TABLE, seen, table};
use crate::stage::{Browser, Stage, demo};
use crate::sweep::stories::STORIES;
use crate::sweep::world::World;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// The functions of which each may take the last step of a transaction.
const STEPS: [Function; 4] = [
    Function::Identify,
    Function::Register,
    Function::VerifyEmail,
    Function::ProgressiveEnrollment,
];

#[test]
fn r_a1_each_function_touches_what_is_listed_and_all_of_it() {
    seen();
    for story in STORIES {
        (story.tell)(&mut World::new(&(story.organisation)()));
    }
    repeats_the_last_request();
    is_overtaken_at_a_progressive_form();
    takes_over_with_another_unique_value();
    let seen = with_the_shared_commit(&seen());
    println!("{}", table(&seen));
    if std::env::var_os("UPDATE_ACCESS").is_some() {
        std::fs::write(TABLE, table(&seen)).unwrap();
    }
    assert_eq!(table(&LISTED), table(&seen), "{TABLE} is not what the functions do");
}

/// Any step may be the last one: a policy that is relaxed meanwhile leaves nothing to ask, wherever
/// the transaction is. What it writes then is written by one piece of code; so what one of the
/// functions may write in it, each may.
fn with_the_shared_commit(seen: &Access) -> Access {
    let of_steps = |name: &str| STEPS.iter().any(|function| function.name() == name);
    let shared: Vec<_> =
        seen.iter().filter(|(name, verb, _)| of_steps(name) && *verb != "read").cloned().collect();
    let each = shared
        .into_iter()
        .flat_map(|(_, verb, kind)| STEPS.map(|function| (function.name(), verb, kind.clone())));
    each.chain(seen.clone()).collect()
}

fn form(attributes: &Value) -> Value {
    let mut profile = json!({ "email": ADA, "firstName": "Ada", "lastName": "Lovelace" });
    profile.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    json!({ "userProfile": profile, "credentials": { "passcode": PASSWORD } })
}

/// Whoever got the interaction code and asks again gets it again, whatever the last step was.
fn repeats_the_last_request() {
    let twice = |browser: &mut Browser<'_>, path: &str, body: Value| {
        for _ in 0..2 {
            let done = browser.step(path, body.clone());
            assert!(done.interaction_code().is_some(), "{}", done.text);
        }
    };
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    twice(
        &mut ada,
        "/idp/idx/email/answer",
        json!({ "credentials": { "passcode": stage.code(ADA) } }),
    );
    ada.begin();
    twice(
        &mut ada,
        "/idp/idx/identify",
        json!({ "identifier": ADA, "credentials": { "passcode": PASSWORD } }),
    );
    stage.apply(&asking_for_more());
    ada.begin();
    ada.password(ADA, PASSWORD);
    twice(&mut ada, "/idp/idx/enroll/update", json!({ "userProfile": { "customerNumber": "12" } }));

    let stage = Stage::new();
    let mut ada = stage.browser("newsletter-spa");
    ada.begin();
    ada.step("/idp/idx/enroll", json!({}));
    twice(&mut ada, "/idp/idx/enroll/new", form(&json!({})));
}

/// Two tabs have the same form, and the other one is faster.
fn is_overtaken_at_a_progressive_form() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    stage.apply(&asking_for_more());
    let mut tabs = [stage.browser("demo-spa"), stage.browser("demo-spa")];
    for tab in &mut tabs {
        tab.begin();
        tab.password(ADA, PASSWORD);
    }
    for tab in &mut tabs {
        let sent = tab
            .step("/idp/idx/enroll/update", json!({ "userProfile": { "customerNumber": "12" } }));
        assert!(sent.status < 500, "{}", sent.text);
    }
}

/// The value that the squatter had is free again.
fn takes_over_with_another_unique_value() {
    let stage = Stage::with(&with_badges());
    let mut mallory = stage.browser("newsletter-spa");
    mallory.begin();
    mallory.step("/idp/idx/enroll", json!({}));
    let done = mallory.step("/idp/idx/enroll/new", form(&json!({ "badge": "B-1" })));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let mut ada = stage.browser("demo-spa");
    ada.begin();
    ada.step("/idp/idx/enroll", json!({}));
    let sent = ada.step("/idp/idx/enroll/new", form(&json!({ "badge": "B-2" })));
    assert_eq!(sent.status, 200, "{}", sent.text);
    let done = ada.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

fn asking_for_more() -> Organisation {
    with_attribute(
        demo(),
        &ProfileAttribute {
            name: "customerNumber".into(),
            label: "Customer number".into(),
            required: true,
        },
        "demo-enrollment",
    )
}

fn with_badges() -> Organisation {
    let mut organisation = demo();
    let property = json!({ "type": "string", "unique": true, "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }] });
    organisation
        .user_schema
        .definitions
        .custom
        .properties
        .insert("badge".into(), serde_json::from_value(property).unwrap());
    let badge = ProfileAttribute { name: "badge".into(), label: "Badge".into(), required: true };
    let ids: Vec<_> =
        organisation.policies.profile_enrollment.iter().map(|policy| policy.id.clone()).collect();
    ids.iter().fold(organisation, |organisation, id| with_attribute(organisation, &badge, id))
}

fn with_attribute(
    mut organisation: Organisation,
    attribute: &ProfileAttribute,
    policy: &str,
) -> Organisation {
    let policy =
        organisation.policies.profile_enrollment.iter_mut().find(|one| one.id == policy).unwrap();
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute.clone());
    organisation
}
