//! The small values that everything else counts with: moments, secrets, the age of a transaction, who is in a group.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeSet;

use policy::secret::Secret;
use policy::time::{Span, Timestamp};
use policy::transaction::{Client, Purpose, Registration, Subject, Transaction};
use policy::user::{PasswordHash, Profile, User, UserStatus};
use serde_json::json;

const NOON: Timestamp = Timestamp(1_795_348_800_000);

fn begun() -> Transaction {
    let client = Client {
        app: "demo".into(),
        client_id: "demo-spa".into(),
        redirect_uri: "https://app.example.com".into(),
        scopes: vec!["openid".into()],
        state: String::new(),
        nonce: None,
        code_challenge: "c".repeat(43),
        browser: "b".into(),
    };
    Transaction::begin("tx".into(), client, NOON)
}

fn ada() -> User {
    User {
        id: "00u1".into(),
        status: UserStatus::Active,
        created: NOON,
        last_updated: NOON,
        profile: profile(),
        email_verified: true,
        has_password: true,
        groups: BTreeSet::from(["customers".to_owned()]),
        granted: <_>::default(),
        generation: 0,
        other: <_>::default(),
    }
}

fn profile() -> Profile {
    serde_json::from_value(json!({"login": "ada", "age": 36})).unwrap()
}

#[test]
fn moments_and_spans() {
    assert_eq!(Timestamp(1_999).seconds(), 1);
    assert_eq!(NOON.seconds(), 1_795_348_800);
    assert_eq!(NOON + Span::hours(1), Timestamp(1_795_352_400_000));
    assert_eq!(Span::minutes(2), Span::seconds(120));
    assert_eq!(NOON + Span::seconds(5) - NOON, Span(5_000));
    // Clocks of two machines differ (security.md F-34).
    assert_eq!(NOON - (NOON + Span::seconds(5)), Span(0));
    assert_eq!(Timestamp(u64::MAX) + Span(1), Timestamp(u64::MAX));
}

#[test]
fn r_s1_a_transaction_ends_after_an_hour_and_after_a_quarter_without_a_step() {
    let mut transaction = begun();
    assert_eq!(transaction.expires(), NOON + Span::minutes(15));
    assert!(!transaction.expired(Timestamp(transaction.expires().0 - 1)));
    assert!(transaction.expired(NOON + Span::minutes(15)));
    transaction.touched = NOON + Span::minutes(50);
    assert_eq!(transaction.expires(), NOON + Span::minutes(60));
    assert!(!transaction.expired(NOON + Span::minutes(59)));
    assert!(transaction.expired(NOON + Span::minutes(60)));
}

#[test]
fn who_a_transaction_is_about() {
    let of = |subject| Transaction { subject, ..begun() };
    let registration = |profile| Some(Registration { user_id: "00u1".into(), profile, password: None, decoy: false });
    for (subject, expected) in [
        (Subject::Visitor, None),
        (Subject::Applicant { registration: None }, None),
        (Subject::Applicant { registration: registration(Profile::new()) }, None),
        (Subject::Applicant { registration: registration(profile()) }, Some("ada")),
        (Subject::Stranger { identifier: "eve".into() }, Some("eve")),
        (Subject::Member { identifier: "Ada ".into(), user: ada(), version: 1 }, Some("Ada ")),
    ] {
        assert_eq!(of(subject.clone()).identifier(), expected, "{subject:?}");
    }
}

/// They go into codes: two purposes with one name would make one code good for both (security.md R-O7).
#[test]
fn r_o7_every_purpose_has_a_name_of_its_own() {
    let names = [Purpose::Registration, Purpose::SignIn].map(Purpose::as_str);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    assert!(names.iter().all(|name| !name.is_empty()));
}

#[test]
fn everyone_is_in_the_group_of_everyone_and_in_no_other_without_being_put_there() {
    let ada = ada();
    for (group, expected) in [("everyone", true), ("customers", true), ("admins", false), ("", false)] {
        assert_eq!(ada.in_group(group), expected, "{group}");
    }
    assert_eq!((ada.text("login"), ada.text("age"), ada.text("email")), (Some("ada"), None, None));
}

#[test]
fn r_l1_secrets_are_not_printed_and_that_there_is_one_is() {
    let secret = Secret::new("s3cret");
    assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("s3cret", "Secret(…)"));
    let hash = PasswordHash { phc: "$argon2id$s3cret".into(), pepper: "1".into() };
    assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
}
