//! What changes in the store from one operation to the next: some of it only ever grows, and some
//! of it only for a reason.

use std::collections::BTreeMap;

use engine::ports::Item;
use policy::email::identifier_key;
use policy::time::Timestamp;
use serde_json::Value;

use super::secrecy::Secrets;
use super::stage::Answer;
use super::system::Flow;

/// The store as it was.
#[derive(Default)]
pub struct Ledger {
    items: BTreeMap<String, Item>,
    people_changed: bool,
}

impl Ledger {
    /// All items, as they were after the last operation.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    pub fn item(&self, key: &str) -> Option<&Item> {
        self.items.get(key)
    }

    /// True if the last change was about people, their passwords or their names.
    pub fn people_changed(&self) -> bool {
        self.people_changed
    }

    /// Compares, and keeps. `answer`: what the operation was answered, if it was a request.
    pub fn write(
        &mut self,
        dump: Vec<Item>,
        now: Timestamp,
        secrets: &Secrets,
        flows: &[Flow],
        answer: Option<&Answer>,
    ) {
        let mut people_changed = self
            .items
            .keys()
            .any(|key| is_of_people(key) && !dump.iter().any(|item| item.key.0 == *key));
        let items: BTreeMap<String, Item> =
            dump.into_iter().map(|item| (item.key.0.clone(), item)).collect();
        for (key, before) in &self.items {
            i10_stays(key, before, &items, now);
        }
        for (key, after) in &items {
            let before = self.items.get(key);
            if before == Some(after) || key.starts_with("ORG#") {
                continue;
            }
            people_changed |= is_of_people(key);
            secrets.i11_are_not_in_the_store(key, &after.body.to_string());
            if let Some(before) = before {
                i10_only_grows(key, before, after);
            }
            i2_verified_by_proof(key, before, after, flows);
            i5_a_refusal_changes_nothing(key, answer);
        }
        self.items = items;
        self.people_changed = people_changed;
    }
}

fn is_of_people(key: &str) -> bool {
    ["USER#", "PASSWORD#", "UNIQUE#"].iter().any(|kind| key.starts_with(kind))
}

/// I10: nobody and nothing that was used vanishes; only what has expired, what was spent, and an
/// account that nobody had proven, once somebody has.
fn i10_stays(key: &str, before: &Item, items: &BTreeMap<String, Item>, now: Timestamp) {
    let expired = before.expires_at.is_some_and(|end| end <= now);
    let address = |item: &Item| item.body["profile"]["email"].as_str().map(identifier_key);
    let proven = |item: &Item| item.body["emailVerified"] == true;
    let made_room = || {
        let mut others =
            items.iter().filter(|(key, _)| key.starts_with("USER#")).map(|(_, item)| item);
        !proven(before)
            && before.body["status"] == "ACTIVE"
            && others.any(|other| proven(other) && address(other) == address(before))
    };
    let may_go = ["PASSWORD#", "UNIQUE#", "VERIFY#"].iter().any(|kind| key.starts_with(kind))
        || (key.starts_with("USER#") && made_room());
    assert!(items.contains_key(key) || expired || may_go, "I10: {key} has vanished");
}

/// I10: counters, used marks, revocations and versions never go backwards.
fn i10_only_grows(key: &str, before: &Item, after: &Item) {
    let change = || format!("{key}: {} then {}", before.body, after.body);
    let number = |item: &Item, path: &str| {
        item.body.pointer(path).and_then(Value::as_u64).unwrap_or_default()
    };
    let grows = |path: &str| {
        assert!(number(before, path) <= number(after, path), "I10: {path} of {}", change());
    };
    let stays = |path: &str| {
        let marked = |item: &Item| item.body.pointer(path) == Some(&Value::Bool(true));
        assert!(!marked(before) || marked(after), "I10: {path} of {}", change());
    };
    assert!(
        before.version < after.version
            || ["BROWSER#", "NETWORK#"].iter().any(|kind| key.starts_with(kind)),
        "I10: the version of {}",
        change()
    );
    match key.split('#').next().unwrap_or_default() {
        "USER" => {
            grows("/generation");
            grows("/notBefore");
            stays("/emailVerified");
            assert!(
                before.body["status"] == "ACTIVE" || after.body["status"] != "ACTIVE",
                "I10: deactivated no more, {}",
                change()
            );
        }
        "CODE" => {
            stays("/used");
            stays("/revoked");
        }
        "TX" => {
            grows("/transaction/sends");
            stays("/transaction/outcome/issued");
            let outcome = |item: &Item| item.body["transaction"]["outcome"]["kind"].clone();
            assert!(
                outcome(before).is_null() || outcome(before) == outcome(after),
                "I10: the end of {}",
                change()
            );
        }
        // What is given back for a right guess was counted by the same request.
        "LIMIT" => assert!(before.count <= after.count, "I10: the count of {key}"),
        _ => {}
    }
}

/// I2: an address is marked as verified only by a flow in which the code or the link that was
/// mailed there was answered in time.
fn i2_verified_by_proof(key: &str, before: Option<&Item>, after: &Item, flows: &[Flow]) {
    let verified = |item: &Item| key.starts_with("USER#") && item.body["emailVerified"] == true;
    if verified(after) && !before.is_some_and(verified) {
        let address = identifier_key(after.body["profile"]["email"].as_str().unwrap());
        assert!(
            flows.iter().any(|flow| flow.proven.contains(&address)),
            "I2: nobody has proven {address}"
        );
    }
}

/// I5, I12: what was refused has changed nothing but counters and what the flow knows of itself.
fn i5_a_refusal_changes_nothing(key: &str, answer: Option<&Answer>) {
    let refused = answer.is_some_and(|answer| matches!(answer.status, 400 | 401 | 429));
    let touched = ["USER#", "PASSWORD#", "UNIQUE#", "VERIFY#", "BROWSER#", "NETWORK#"]
        .iter()
        .any(|kind| key.starts_with(kind));
    assert!(!refused || !touched, "I5: a refused request has changed {key}");
}
