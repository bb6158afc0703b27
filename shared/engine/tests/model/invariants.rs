//! What holds after each operation, looked up in the store and in the mailbox (security.md §3.1).
//! What must not change is in `ledger.rs`, what must not be seen in `secrecy.rs`.

use std::collections::{BTreeMap, BTreeSet};

use engine::ports::Item;
use policy::email::throttle_key_of;
use policy::step::Identity;
use serde_json::{Value, json};

use super::operation::{NAMES, PASSWORDS};
use super::reference::{Model, Person};
use super::system::System;

/// I2, I3, I4, I5: exactly these people, each with exactly these values, this password and these
/// groups, verified or not.
pub fn people_are_as_in_the_model(system: &System, model: &Model) {
    let mut found = BTreeMap::new();
    for item in system.ledger.items().filter(|item| item.key.0.starts_with("USER#")) {
        let id = item.key.0.trim_start_matches("USER#");
        let password =
            system.ledger.item(&format!("PASSWORD#{id}")).map(|item| item.body["phc"].clone());
        found.insert(
            item.body["profile"]["login"].as_str().unwrap().to_ascii_lowercase(),
            facts(item, password.as_ref()),
        );
    }
    let expected: BTreeMap<_, _> =
        model.people.iter().map(|(key, person)| (String::from(*key), expected(person))).collect();
    assert_eq!(found, expected, "I4: the people in the table");
}

fn facts(user: &Item, password: Option<&Value>) -> Value {
    let granted: BTreeSet<_> = user.body["granted"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|groups| groups.as_array().unwrap())
        .map(Value::to_string)
        .collect();
    json!({
        "profile": user.body["profile"], "verified": user.body["emailVerified"], "active": user.body["status"] == "ACTIVE",
        "password": password, "groups": user.body["groups"], "granted": granted,
    })
}

fn expected(person: &Person) -> Value {
    let mut profile = json!({"email": person.address, "login": person.address, "firstName": NAMES[person.password], "lastName": "Family"});
    if let Some(shoe) = person.shoe {
        profile["shoeSize"] = json!(shoe);
    }
    let granted: BTreeSet<_> =
        person.granted.iter().map(|group| json!(group).to_string()).collect();
    json!({
        "profile": profile, "verified": person.verified, "active": person.active,
        "password": hashed(PASSWORDS[person.password]), "groups": person.groups, "granted": granted,
    })
}

/// What the stage's passwords are stored as.
pub fn hashed(password: &str) -> Value {
    json!(format!("plain${}", engine::derive::sha256(password)))
}

/// I1: each name belongs to one person who has it, and each person's names belong to them. No
/// password without a person.
pub fn i1_names_and_people_belong_together(system: &System) {
    let of_kind =
        |kind: &'static str| system.ledger.items().filter(move |item| item.key.0.starts_with(kind));
    let users: Vec<_> = of_kind("USER#").collect();
    let mut names = BTreeMap::new();
    for user in &users {
        for attribute in ["login", "email"] {
            let identity =
                Identity::of(attribute, user.body["profile"][attribute].as_str().unwrap());
            assert!(
                names.insert(engine::keys::unique(&identity).0, user.body["id"].clone()).is_none(),
                "I1: two people have {identity:?}"
            );
        }
    }
    let marked: BTreeMap<_, _> =
        of_kind("UNIQUE#").map(|item| (item.key.0.clone(), item.body["user"].clone())).collect();
    assert_eq!(names, marked, "I1: names and their owners");
    for password in of_kind("PASSWORD#") {
        let id = password.key.0.trim_start_matches("PASSWORD#");
        assert!(users.iter().any(|user| user.body["id"] == id), "I1: a password of nobody");
    }
}

/// I7: at most five wrong answers to one code are evaluated.
pub fn i7_few_guesses_per_code(system: &System) {
    for flow in &system.flows {
        for code in 1..=flow.codes.len() {
            assert!(
                flow.wrong.iter().filter(|wrong| **wrong == code).count() <= 5,
                "I7: more than five guesses of one code"
            );
        }
    }
}

/// I7, I12: twenty wrong guesses per address in any sixty minutes, and as many from networks that
/// its owner has signed in from.
pub fn i7_few_guesses_per_address(system: &System) {
    if let Some((now, name)) = system.guesses.last() {
        let of_this_hour =
            system.guesses.iter().filter(|(at, other)| other == name && at + 3_600 > *now).count();
        assert!(of_this_hour <= 40, "I7: {of_this_hour} guesses of one name within an hour");
    }
}

/// I8: at most five different codes in one flow, each mailed once.
pub fn i8_few_mails(system: &System) {
    for flow in &system.flows {
        assert!(flow.codes.len() <= 5, "I8: more than five codes in one flow");
    }
    let tokens: BTreeSet<_> = system.links.iter().map(|link| &link.token).collect();
    assert_eq!(tokens.len(), system.links.len(), "I8: a code was mailed twice");
}

/// I8: five mails per mailbox in any sixty minutes, ten in any 24 hours.
pub fn i8_mails_per_address(system: &System) {
    if let Some((now, mail)) = system.mails.last() {
        let to =
            |other: &engine::ports::Mail| throttle_key_of(&other.to) == throttle_key_of(&mail.to);
        let within = |span: u64| {
            system.mails.iter().filter(|(at, mail)| to(mail) && at + span > *now).count()
        };
        assert!(
            within(3_600) <= 5 && within(24 * 3_600) <= 10,
            "I8: too many mails to one mailbox"
        );
    }
}
