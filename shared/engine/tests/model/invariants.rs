//! What holds after each operation, looked up in the store and in the mailbox (security.md §3.1).

use std::collections::{BTreeMap, BTreeSet};

use policy::email::throttle_key_of;
use policy::step::Identity;
use serde_json::json;

use super::operation::PASSWORDS;
use super::reference::Model;
use super::system::System;

/// I2, I3, I5: exactly these people, each with exactly this password, these groups and values, verified or not.
pub fn people_are_as_in_the_model(system: &System, model: &Model) {
    let dump = system.stage.store.inner().dump();
    let mut found = BTreeMap::new();
    for item in dump.iter().filter(|item| item.key.0.starts_with("USER#")) {
        let id = item.key.0.trim_start_matches("USER#");
        let password = dump.iter().find(|item| item.key.0 == format!("PASSWORD#{id}")).map(|item| item.body["phc"].clone());
        let body = &item.body;
        let granted: BTreeSet<_> = body["granted"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|groups| groups.as_array().unwrap().clone())
            .map(|group| group.to_string())
            .collect();
        let facts = (
            (body["emailVerified"].clone(), body["status"] == "ACTIVE", password),
            (body["profile"].get("shoeSize").is_some(), body["groups"].clone(), granted),
        );
        assert_eq!(body["profile"]["email"], body["profile"]["login"]);
        found.insert(body["profile"]["login"].as_str().unwrap().to_ascii_lowercase(), facts);
    }
    let expected: BTreeMap<_, _> = model
        .people
        .iter()
        .map(|(key, person)| {
            let phc = json!(format!("plain${}", engine::derive::sha256(PASSWORDS[person.password])));
            let granted = person.granted.iter().map(|group| json!(group).to_string()).collect();
            (key.clone(), ((json!(person.verified), person.active, Some(phc)), (person.shoe, json!(person.groups), granted)))
        })
        .collect();
    assert_eq!(found, expected);
}

/// I1: each name belongs to one person who has it, and each person's names belong to them. No password without a person.
pub fn i1_names_and_people_belong_together(system: &System) {
    let dump = system.stage.store.inner().dump();
    let users: Vec<_> = dump.iter().filter(|item| item.key.0.starts_with("USER#")).collect();
    let mut names = BTreeMap::new();
    for user in &users {
        for attribute in ["login", "email"] {
            let identity = Identity::of(attribute, user.body["profile"][attribute].as_str().unwrap());
            assert!(names.insert(engine::keys::unique(&identity).0, user.body["id"].clone()).is_none(), "two people have {identity:?}");
        }
    }
    let marked: BTreeMap<_, _> =
        dump.iter().filter(|item| item.key.0.starts_with("UNIQUE#")).map(|item| (item.key.0.clone(), item.body["user"].clone())).collect();
    assert_eq!(names, marked);
    for password in dump.iter().filter(|item| item.key.0.starts_with("PASSWORD#")) {
        let id = password.key.0.trim_start_matches("PASSWORD#");
        assert!(users.iter().any(|user| user.body["id"] == id), "a password of nobody");
    }
}

/// I7: at most five wrong answers to one code are evaluated.
pub fn i7_few_guesses_per_code(system: &System) {
    for tab in &system.browsers {
        for code in 1..=tab.codes.len() {
            assert!(tab.wrong.iter().filter(|wrong| **wrong == code).count() <= 5);
        }
    }
}

/// I8: at most five different codes in one flow, each mailed once.
pub fn i8_few_mails(system: &System) {
    for tab in &system.browsers {
        assert!(tab.codes.len() <= 5);
        assert_eq!(tab.links.iter().collect::<BTreeSet<_>>().len(), tab.links.len(), "a code was mailed twice");
    }
}

/// I8: five mails per mailbox in any sixty minutes, ten in any 24 hours.
pub fn i8_mails_per_address(system: &System) {
    for (at, mail) in &system.mails {
        let to = |other: &engine::ports::Mail| throttle_key_of(&other.to) == throttle_key_of(&mail.to);
        let within = |span: u64| system.mails.iter().filter(|(other, mail)| to(mail) && (*at..at + span).contains(other)).count();
        assert!(within(3_600) <= 5 && within(24 * 3_600) <= 10);
    }
}
