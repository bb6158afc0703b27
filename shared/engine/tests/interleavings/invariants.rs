//! What holds in any case (security.md §3.1), looked up in the store and in the mailbox.

use std::collections::{BTreeMap, BTreeSet};

use engine::keys;
use engine::ports::Item;
use policy::step::Identity;

use crate::interleavings::outcome;
use crate::interleavings::world::{Snapshot, World};

/// # Errors
/// What does not hold.
pub fn hold(world: &World, before: &Snapshot) -> Result<(), String> {
    let dump = world.stage.store.inner().dump();
    let items: BTreeMap<&str, &Item> =
        dump.iter().map(|item| (item.key.0.as_str(), item)).collect();
    accounts(&items)?;
    codes(&items)?;
    nothing_goes_backwards(&items, before)?;
    mails(world)
}

/// I1, I5: each account has its markers and each marker its account; each has its password, if it
/// says so.
fn accounts(items: &BTreeMap<&str, &Item>) -> Result<(), String> {
    let mut markers = BTreeSet::new();
    for (key, item) in items.iter().filter(|(key, _)| key.starts_with("USER#")) {
        let id = key.trim_start_matches("USER#");
        for attribute in ["login", "email"] {
            let Some(value) = item.body["profile"][attribute].as_str() else {
                return Err(format!("I5: an account without {attribute}"));
            };
            let marker = keys::unique(&Identity::of(attribute, value)).0;
            let owner = items.get(marker.as_str()).and_then(|item| item.body["user"].as_str());
            if owner != Some(id) {
                return Err(format!("I1: the {attribute} of {id} is that of {owner:?}"));
            }
            markers.insert(marker);
        }
        if let Some(number) = item.body["profile"].get("customerNumber") {
            markers.insert(keys::unique(&Identity::of("customerNumber", &number.to_string())).0);
        }
        let has_password = items.contains_key(format!("PASSWORD#{id}").as_str());
        if item.body["hasPassword"] != has_password {
            return Err(format!("I5: {id} has a password: {has_password}, and says otherwise"));
        }
        if item.body["profile"]["firstName"].is_null() {
            return Err(format!("I5: {id} by halves"));
        }
    }
    let there: BTreeSet<String> = items
        .keys()
        .filter(|key| key.starts_with("UNIQUE#"))
        .map(|key| (*key).to_owned())
        .collect();
    if there == markers {
        Ok(())
    } else {
        Err(format!("I1: markers {there:?}, of accounts {markers:?}"))
    }
}

/// I7: of a code, five guesses are evaluated, and of an address, twenty.
fn codes(items: &BTreeMap<&str, &Item>) -> Result<(), String> {
    for (name, most) in [("LIMIT#passcode#", 5), ("LIMIT#guess-address#", 20)] {
        if let Some((key, item)) =
            items.iter().find(|(key, item)| key.starts_with(name) && item.count > most)
        {
            return Err(format!("I7: {key} is at {}", item.count));
        }
    }
    Ok(())
}

/// I10: whatever was there is there, in the same or a later version; what was used stays used.
fn nothing_goes_backwards(items: &BTreeMap<&str, &Item>, before: &Snapshot) -> Result<(), String> {
    for item in &before.items {
        let Some(now) = items.get(item.key.0.as_str()) else {
            // An account that nobody had proven makes room for one that somebody has.
            let (proven, email) = (
                |item: &Item| item.body["emailVerified"] == true,
                |item: &Item| item.body["profile"]["email"].clone(),
            );
            let made_room = || {
                items.iter().any(|(key, now)| {
                    key.starts_with("USER#") && proven(now) && email(now) == email(item)
                })
            };
            let is_account = item.key.0.starts_with("USER#");
            if ["PASSWORD#", "VERIFY#"].iter().any(|kind| item.key.0.starts_with(kind))
                || (is_account && !proven(item) && made_room())
            {
                continue;
            }
            return Err(format!("I10: {} is gone", item.key.0));
        };
        let used = |item: &Item| {
            (
                item.body["used"] == true,
                item.body["revoked"] == true,
                item.body["generation"].as_u64(),
            )
        };
        let kind_counts = item.key.0.starts_with("LIMIT#");
        if (!kind_counts && now.version < item.version) || used(now) < used(item) {
            return Err(format!("I10: {} went back from {item:?} to {now:?}", item.key.0));
        }
    }
    Ok(())
}

/// I8: no code is mailed more than twice, and of an address no more than five an hour.
fn mails(world: &World) -> Result<(), String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mails = world.stage.mails();
    for mail in &mails {
        *times.entry(outcome::mail(mail)).or_default() += 1;
    }
    if let Some((mail, times)) = times.iter().find(|(_, times)| **times > 2) {
        return Err(format!("I8: {mail} was sent {times} times"));
    }
    Ok(())
}
