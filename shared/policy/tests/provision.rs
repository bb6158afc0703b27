//! What an administrator may put into an account: the rules of the sign-up form.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use policy::message::{Message, Notice};
use policy::organisation::{Mutability, Organisation};
use policy::password_rules::PasswordProblem;
use policy::provision::{Fault, Wanted, account, password};
use policy::secret::Secret;
use policy::time::Timestamp;
use policy::user::{Profile, User};
use serde_json::{Value, json};

const NOON: Timestamp = Timestamp(1_795_348_800_000);

fn demo() -> Organisation {
    organisation::parse(
        "organisation.yaml",
        include_str!("../../../functions/local/organisation.yaml"),
    )
    .unwrap()
}

fn profile(values: &Value) -> Profile {
    let mut profile: Profile = serde_json::from_value(
        json!({"login": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace"}),
    )
    .unwrap();
    for (name, value) in values.as_object().unwrap() {
        profile.insert(name.clone(), value.clone());
    }
    profile
}

fn made(organisation: &Organisation, values: &Value, groups: &[&str]) -> Result<User, Vec<Fault>> {
    let groups = groups.iter().map(ToString::to_string).collect();
    account(
        organisation,
        &Wanted { profile: profile(values), groups, email_verified: false },
        "id".into(),
        NOON,
    )
}

/// What is wrong, in short: the attribute and how.
fn faults(organisation: &Organisation, values: &Value) -> Vec<String> {
    let said = |fault: Fault| match fault {
        Fault::Value(Notice { message: Message::Attribute { name, violation, .. }, .. }) => {
            format!("{name} {violation:?}")
        }
        other => format!("{other:?}"),
    };
    made(organisation, values, &[]).unwrap_err().into_iter().map(said).collect()
}

#[test]
fn the_values_become_what_the_schema_says() {
    let given = json!({"shoeSize": "38", "customerNumber": "42", "newsletterOptIn": "true", "memberSince": " 2020-01-02T03:04:05Z\n", "city": "", "nickName": " "});
    let user = made(&demo(), &given, &["customers", "Subscribers"]).unwrap();
    let stored = json!({
        "login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "shoeSize": "38",
        "customerNumber": 42, "newsletterOptIn": true, "memberSince": "2020-01-02T03:04:05Z",
    });
    assert_eq!(
        json!(user.profile),
        stored,
        "the username is the address, numbers are numbers, and nothing is nothing"
    );
    assert_eq!(json!(user.groups), json!(["customers", "subscribers"]));
    assert_eq!(
        (user.provisioned, user.email_verified, user.has_password, user.standing()),
        (true, false, false, "PROVISIONED")
    );
    assert_eq!((user.id.as_str(), user.created, user.last_updated), ("id", NOON, NOON));
}

#[test]
fn what_is_wrong_is_told_by_name_and_all_at_once() {
    let demo = demo();
    assert_eq!(
        faults(&demo, &json!({"shoeSize": "99", "customerNumber": 0, "shoesize": "38"})).len(),
        3
    );
    for (values, wrong) in [
        (json!({"shoesize": "38"}), r#"Undeclared("shoesize")"#),
        (json!({"shoeSize": "99"}), "shoeSize NotAllowed"),
        (json!({"customerNumber": "many"}), "customerNumber WrongType"),
        (json!({"customerNumber": 0}), "customerNumber BelowMinimum { minimum: 1.0 }"),
        (json!({"newsletterOptIn": "yes"}), "newsletterOptIn WrongType"),
        (json!({"memberSince": "yesterday"}), "memberSince NotAllowed"),
        (json!({"email": "nobody"}), "email InvalidEmail"),
        (json!({"firstName": ""}), "firstName Blank"),
        (json!({"firstName": "Ada\u{7}"}), "firstName ForbiddenCharacter"),
        (json!({"login": "ada"}), "login InvalidEmail"),
        (json!({"login": "bob@example.com", "email": "ada@example.com"}), "login NotAllowed"),
    ] {
        let told = faults(&demo, &values);
        assert!(told.contains(&wrong.to_owned()), "{values}: {told:?}");
    }
}

/// M7: a username that is an address is one's own, whoever gives it.
#[test]
fn a_username_that_is_no_address_needs_one() {
    let mut organisation = demo();
    let login =
        organisation.user_schema.definitions.base.properties.entry("login".into()).or_default();
    login.pattern = Some(".+".into());
    assert_eq!(faults(&organisation, &json!({"login": "ada"})), ["email Blank"]);
    assert_eq!(
        faults(&organisation, &json!({"login": "ceo@example.com", "email": "ada@example.com"})),
        ["login NotAllowed"]
    );
    let user =
        made(&organisation, &json!({"login": "ada", "email": "Ada@Example.com"}), &[]).unwrap();
    assert_eq!((user.text("login"), user.text("email")), (Some("ada"), Some("Ada@example.com")));
    organisation.user_schema.definitions.base.properties.get_mut("login").unwrap().pattern =
        Some("[a-z]+".into());
    assert_eq!(
        faults(&organisation, &json!({"login": "ADA LOVELACE", "email": "ada@example.com"})),
        ["login Pattern"]
    );
}

#[test]
fn lists_and_what_nobody_writes_are_refused_by_name() {
    let mut organisation = demo();
    let custom = &mut organisation.user_schema.definitions.custom.properties;
    custom.insert(
        "tags".into(),
        serde_json::from_value(json!({"type": "array", "items": {"type": "string"}})).unwrap(),
    );
    custom.get_mut("shoeSize").unwrap().mutability = Some(Mutability::ReadOnly);
    assert_eq!(
        faults(&organisation, &json!({"tags": ["a"], "shoeSize": "38"})),
        [r#"ReadOnly("shoeSize")"#, r#"List("tags")"#]
    );
}

#[test]
fn defaults_and_required_attributes_are_the_schemas() {
    let mut organisation = demo();
    let custom = &mut organisation.user_schema.definitions.custom.properties;
    custom.get_mut("shoeSize").unwrap().default = Some(json!("40"));
    custom.get_mut("favouriteColour").unwrap().required = Some(true);
    assert_eq!(faults(&organisation, &json!({})), ["favouriteColour Blank"]);
    let user = made(&organisation, &json!({"favouriteColour": "red"}), &[]).unwrap();
    assert_eq!(user.text("shoeSize"), Some("40"));
    assert_eq!(
        made(&organisation, &json!({"favouriteColour": "red", "shoeSize": "38"}), &[])
            .unwrap()
            .text("shoeSize"),
        Some("38")
    );
}

#[test]
fn groups_are_those_of_the_organisation() {
    let mut organisation = demo();
    organisation.groups[1].profile.name = "Customers".into();
    let wrong = |groups: &[&str]| made(&organisation, &json!({}), groups).unwrap_err();
    assert_eq!(
        wrong(&["staff", "everyone", "Customers"]),
        [Fault::NoGroup("staff".into()), Fault::Everyone, Fault::Groups("Customers".into())]
    );
    assert!(
        made(&organisation, &json!({}), &["customers"]).is_ok(),
        "an id is one, whatever groups are called"
    );
}

#[test]
fn r_v7_a_profile_is_not_too_large() {
    let mut organisation = demo();
    for name in ["one", "two"] {
        let property = json!({"type": "string", "maxLength": 20_000});
        organisation
            .user_schema
            .definitions
            .custom
            .properties
            .insert(name.into(), serde_json::from_value(property).unwrap());
    }
    let long = "x".repeat(20_000);
    assert!(made(&organisation, &json!({"one": long}), &[]).is_ok());
    assert_eq!(
        made(&organisation, &json!({"one": long, "two": long}), &[]).unwrap_err(),
        [Fault::TooLarge]
    );
}

#[test]
fn r_p4_a_password_obeys_the_policy_of_the_persons_groups() {
    let mut organisation = demo();
    let ada = made(&organisation, &json!({}), &["customers"]).unwrap();
    let allowed = |organisation: &Organisation, typed: &str| {
        password(organisation, &ada, &Secret::new(typed))
    };
    assert_eq!(
        allowed(&organisation, "short").unwrap_err(),
        [PasswordProblem::TooShort { min: 8 }]
    );
    assert!(allowed(&organisation, "ada@example.com").is_err());
    assert!(allowed(&organisation, "correct horse").is_ok());
    let mut strict = organisation.policies.password[0].clone();
    strict.id = "strict".into();
    (strict.system, strict.priority) = (false, 0);
    strict.conditions = Some(
        serde_json::from_value(json!({"people": {"groups": {"include": ["customers"]}}})).unwrap(),
    );
    strict.settings.as_mut().unwrap().password.complexity.min_length = 15;
    organisation.policies.password.insert(0, strict);
    assert_eq!(
        allowed(&organisation, "correct horse").unwrap_err(),
        [PasswordProblem::TooShort { min: 15 }]
    );
}
