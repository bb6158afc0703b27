//! An attribute becomes unique while people have values already (policies.md §2.2, security.md I1).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::collections::BTreeSet;

use engine::ports::Clock as _;
use engine::testing::block_on;
use engine::uniqueness::{claim, clashes};
use policy::organisation::Organisation;
use policy::user::User;
use serde_json::{Value, json};
use stage::{Answer, Stage, demo};

/// The demo, whose form asks for a nickname by which people may also name themselves.
fn with_nick(unique: bool) -> Organisation {
    let mut organisation = demo();
    let property = json!({"type": "string", "unique": unique, "permissions": [{"principal": "SELF", "action": "READ_WRITE"}]});
    organisation
        .user_schema
        .definitions
        .custom
        .properties
        .insert("nick".into(), serde_json::from_value(property).unwrap());
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let enrollment = &mut policy.rules[0].actions.profile_enrollment;
    enrollment
        .profile_attributes
        .push(serde_json::from_value(json!({"name": "nick", "label": "Nick"})).unwrap());
    if unique {
        enrollment.allowed_identifiers = vec!["nick".into(), "login".into()];
    }
    organisation
}

fn sign_up(stage: &Stage, email: &str, nick: &str) -> Answer {
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let profile = json!({"email": email, "firstName": "A", "lastName": "B", "nick": nick});
    let sent = browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": "correct horse battery"}}),
    );
    if sent.status == 200 { browser.answer_code(&stage.code(email)) } else { sent }
}

fn users(stage: &Stage) -> Vec<User> {
    stage.items("USER").into_iter().map(|item| serde_json::from_value(item.body).unwrap()).collect()
}

#[test]
fn i1_what_people_have_is_theirs_when_it_becomes_unique() {
    let stage = Stage::with(&with_nick(false));
    assert!(sign_up(&stage, "ada@example.com", "Countess").interaction_code().is_some());
    let unique = with_nick(true);
    assert_eq!(clashes(&unique, &users(&stage)), []);
    stage.apply(&unique);
    let claimed =
        || block_on(claim(&*stage.store, &unique, &users(&stage), stage.clock.now())).unwrap();
    assert_eq!((claimed(), claimed()), (1, 0), "once");
    let taken = sign_up(&stage, "eve@example.com", "Countess");
    assert_eq!(
        (taken.status, taken.messages()),
        (400, vec!["registration.error.notUniqueWithinOrg".to_string()])
    );
    let mut ada = stage.browser("demo-spa");
    ada.begin();
    assert!(
        ada.password("Countess", "correct horse battery").interaction_code().is_some(),
        "she is found by it"
    );
}

#[test]
fn values_that_are_shared_are_found_before() {
    let stage = Stage::with(&with_nick(false));
    for (email, nick) in
        [("ada@example.com", "Barney"), ("bob@example.com", "Barney"), ("eve@example.com", "Eve")]
    {
        assert!(sign_up(&stage, email, nick).interaction_code().is_some());
    }
    let clashes = clashes(&with_nick(true), &users(&stage));
    let [(attribute, names)] = clashes.as_slice() else { panic!("{clashes:?}") };
    assert_eq!(
        (attribute.as_str(), names.iter().collect::<BTreeSet<_>>()),
        ("nick", ["ada@example.com", "bob@example.com"].map(String::from).iter().collect())
    );
    assert!(!format!("{clashes:?}").contains("Barney"));
}

/// Whoever applies a file lists people first: by the time they are claimed for, a value may be
/// somebody else's.
#[test]
fn who_somebody_was_when_they_were_listed_takes_nothing_from_anybody() {
    let stage = Stage::with(&with_nick(true));
    for (email, nick) in [("ada@example.com", "Ada"), ("eve@example.com", "Countess")] {
        assert!(sign_up(&stage, email, nick).interaction_code().is_some());
    }
    let mut listed: Vec<_> =
        users(&stage).into_iter().filter(|user| user.name() == "ada@example.com").collect();
    for once in ["Countess", "nobody's any more"] {
        listed[0].profile.insert("nick".into(), once.into());
        let before = stage.items("UNIQUE");
        assert_eq!(
            block_on(claim(&*stage.store, &with_nick(true), &listed, stage.clock.now())).unwrap(),
            0
        );
        assert_eq!(stage.items("UNIQUE"), before, "{once}");
    }
}

/// It was unique before, then it was not, and the value has changed in between.
#[test]
fn a_mark_of_an_earlier_time_gives_way() {
    let stage = Stage::with(&with_nick(true));
    assert!(sign_up(&stage, "ada@example.com", "Countess").interaction_code().is_some());
    let mut item = stage.items("USER").pop().unwrap();
    item.body["profile"]["nick"] = Value::from("Ada");
    stage.put(item);
    stage.apply(&with_nick(false));
    assert!(sign_up(&stage, "eve@example.com", "Countess").interaction_code().is_some());
    stage.apply(&with_nick(true));
    assert_eq!(
        block_on(claim(&*stage.store, &with_nick(true), &users(&stage), stage.clock.now()))
            .unwrap(),
        2
    );
    for (nick, email) in [("Countess", "eve@example.com"), ("Ada", "ada@example.com")] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let code = browser.password(nick, "correct horse battery").interaction_code().unwrap();
        assert!(browser.token(&code).text.contains("access_token"), "{email}");
    }
}
