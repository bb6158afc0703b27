//! The small values that everything else counts with: moments, secrets, the age of a transaction,
//! who is in a group.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::BTreeSet;

use policy::organisation::{
    ActivationRequirements, App, EnrollmentRule, Organisation, Policy, ProfileEnrollment, Property,
    SessionSettings, Status, UiControl, UiSchema,
};
use policy::secret::Secret;
use policy::time::{Span, Timestamp};
use policy::transaction::{Client, Familiar, Purpose, Registration, Subject, Transaction};
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
        acr_values: Vec::new(),
        login_hint: None,
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
        provisioned: false,
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
    let registration = |profile| {
        Some(Registration {
            user_id: "00u1".into(),
            profile,
            password: None,
            decoy: false,
            contested: false,
        })
    };
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

/// DynamoDB charges by the kilobyte, and a transaction is written at every step.
#[test]
fn what_is_as_at_the_beginning_is_not_stored_and_all_else_is() {
    let stored = |transaction: &Transaction| serde_json::to_value(transaction).unwrap();
    let names = |value: &serde_json::Value| {
        value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>()
    };
    let begun = begun();
    assert_eq!(
        names(&stored(&begun)),
        ["client", "id", "started", "subject", "touched"].map(String::from).into()
    );
    let later = Transaction {
        sends: 1,
        skipped: true,
        familiar: Familiar { browser: true, network: false },
        ..begun.clone()
    };
    assert_eq!(
        names(&stored(&later)).difference(&names(&stored(&begun))).collect::<Vec<_>>(),
        ["familiar", "sends", "skipped"]
    );
    for transaction in [begun, later, Transaction { sends: 7, ..self::begun() }] {
        assert_eq!(
            serde_json::from_value::<Transaction>(stored(&transaction)).unwrap(),
            transaction
        );
    }
}

/// They go into codes: two purposes with one name would make one code good for both (security.md
/// R-O7).
#[test]
fn r_o7_every_purpose_has_a_name_of_its_own() {
    let names = [Purpose::Registration, Purpose::SignIn].map(Purpose::as_str);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    assert!(names.iter().all(|name| !name.is_empty()));
}

#[test]
fn everyone_is_in_the_group_of_everyone_and_in_no_other_without_being_put_there() {
    let ada = ada();
    for (group, expected) in
        [("everyone", true), ("customers", true), ("admins", false), ("", false)]
    {
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

/// policies.md §1, §2.1, §6.2: what Okta says where an administrator says nothing.
#[test]
fn what_is_left_out_of_a_configuration_has_okta_s_default() {
    let rule: EnrollmentRule = serde_json::from_value(
        json!({"actions": {"profileEnrollment": {"profileAttributes": []}}}),
    )
    .unwrap();
    assert_eq!((rule.name.as_str(), rule.priority), ("Catch-all Rule", 99));
    let activation: ActivationRequirements = serde_json::from_value(json!({})).unwrap();
    assert!(activation.email_verification);
    // `null` is not there.
    let nothing = json!({"profileAttributes": [], "activationRequirements": null});
    assert!(
        serde_json::from_value::<ProfileEnrollment>(nothing)
            .unwrap()
            .activation_requirements
            .email_verification
    );
    let control: UiControl =
        serde_json::from_value(json!({"scope": "#/properties/email", "options": null})).unwrap();
    assert_eq!(control.options.format, None);
    let session: SessionSettings = serde_json::from_value(json!({})).unwrap();
    assert_eq!(session.max_session_idle_minutes, 120);
    let policy: Policy<EnrollmentRule> =
        serde_json::from_value(json!({"id": "some", "name": "Some"})).unwrap();
    assert_eq!((policy.priority, policy.status), (1, Status::Active));
    let registers = |system: bool, action: Option<&str>| {
        let enrollment = json!({"profileAttributes": [], "unknownUserAction": action});
        let policy = json!({"id": "some", "name": "Some", "system": system, "rules": [{"actions": {"profileEnrollment": enrollment}}]});
        serde_json::from_value::<Policy<EnrollmentRule>>(policy).unwrap().registers()
    };
    for (action, new, default) in
        [(None, true, false), (Some("REGISTER"), true, true), (Some("DENY"), false, false)]
    {
        assert_eq!(
            [false, true].map(|system| registers(system, action)),
            [new, default],
            "{action:?}"
        );
    }
    assert!(!policy.registers(), "no rule");
    let ui: UiSchema = serde_json::from_value(
        json!({"id": "ui", "uiSchema": {"elements": [{"scope": "#/properties/email"}]}}),
    )
    .unwrap();
    assert_eq!(
        (ui.ui_schema.kind.as_str(), ui.ui_schema.elements[0].kind.as_str()),
        ("Group", "Control")
    );
}

#[test]
fn an_app_is_found_by_its_id_and_by_its_client_id_while_it_is_active() {
    let text = include_str!("../../../functions/local/organisation.yaml");
    let mut organisation = organisation::parse("organisation.yaml", text).unwrap();
    let id = |app: Option<&App>| app.map(|app| app.id.clone());
    let found = |organisation: &Organisation, name: &str| {
        (id(organisation.app(name)), id(organisation.app_by_client_id(name)))
    };
    assert_eq!(found(&organisation, "workforce"), (Some("workforce".into()), None));
    assert_eq!(found(&organisation, "workforce-spa"), (None, Some("workforce".into())));
    organisation.apps.iter_mut().find(|app| app.id == "workforce").unwrap().status =
        Status::Inactive;
    assert_eq!(
        (found(&organisation, "workforce"), found(&organisation, "workforce-spa")),
        ((None, None), (None, None))
    );
}

/// policies.md §2.1, §2.2: the permission and the mutability, both.
#[test]
fn an_attribute_is_writable_if_its_permission_and_its_mutability_say_so() {
    for (action, mutability, expected) in [
        ("READ_WRITE", None, true),
        ("READ_WRITE", Some("READ_WRITE"), true),
        ("READ_WRITE", Some("READ_ONLY"), false),
        ("READ_ONLY", None, false),
        ("READ_ONLY", Some("READ_WRITE"), false),
        ("HIDE", None, false),
    ] {
        let permissions = json!([{"principal": "SELF", "action": action}]);
        let property: Property = serde_json::from_value(
            json!({"type": "string", "permissions": permissions, "mutability": mutability}),
        )
        .unwrap();
        assert_eq!(property.writable(), expected, "{action} {mutability:?}");
    }
}
