//! I1 to I8 at the end, on everything that is stored, mailed and was told (security.md §3.1).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::journey::{PASSWORD, SQUATTERS, World};
use crate::person::Person;

/// Signing in costs a hash each: so many people are asked.
const SAMPLE: usize = 40;

/// Everything that does not hold.
pub async fn broken(world: &World) -> Vec<String> {
    let mut items: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for kind in ["USER", "PASSWORD", "UNIQUE", "LIMIT"] {
        items.insert(kind.into(), world.control.items(kind).await);
    }
    let mut wrong = Vec::new();
    accounts(world, &items, &mut wrong);
    codes_and_mails(world, &items, &mut wrong);
    people(world, &mut wrong).await;
    wrong
}

/// I1, I2, I4, I5.
fn accounts(world: &World, items: &BTreeMap<String, Vec<Value>>, wrong: &mut Vec<String>) {
    let told = world.told.lock().unwrap();
    let key = |item: &Value| item["key"].as_str().unwrap_or_default().to_owned();
    let passwords: BTreeSet<String> = items["PASSWORD"].iter().map(key).collect();
    let markers: BTreeMap<String, String> = items["UNIQUE"]
        .iter()
        .map(|item| (key(item), item["body"]["user"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let (mut of_addresses, mut expected) = (BTreeMap::new(), BTreeSet::new());
    for item in &items["USER"] {
        let (id, user) = (key(item).replace("USER#", ""), &item["body"]);
        let email = user["profile"]["email"].as_str().unwrap_or_default();
        if of_addresses.insert(email.to_owned(), user).is_some() {
            wrong.push(format!("I1: {email} is there twice"));
        }
        for attribute in ["email", "login"] {
            let marker =
                format!("UNIQUE#{attribute}#{}", URL_SAFE_NO_PAD.encode(Sha256::digest(email)));
            if markers.get(&marker) != Some(&id) {
                wrong.push(format!("I1: the {attribute} of {email} has no owner"));
            }
            expected.insert(marker);
        }
        let told = told.get(email).cloned().unwrap_or_default();
        if user["emailVerified"] == true && !told.proved {
            wrong.push(format!("I2: {email} is verified, and its code was not typed"));
        }
        let whole = user["profile"]["firstName"] == "Ada"
            && user["profile"]["lastName"] == "Lovelace"
            && passwords.contains(&format!("PASSWORD#{id}"));
        let group = if user["emailVerified"] == true { "customers" } else { "subscribers" };
        if !whole || !user["groups"].as_array().is_some_and(|groups| groups.contains(&json!(group)))
        {
            wrong.push(format!("I5: {email} is there by halves: {user}"));
        }
    }
    let strays: Vec<_> = markers.keys().filter(|marker| !expected.contains(*marker)).collect();
    if !strays.is_empty() {
        wrong.push(format!("I1: markers without an account: {strays:?}"));
    }
    for (email, told) in told.iter() {
        let user = of_addresses.get(email);
        if told.account && user.is_none_or(|user| user["emailVerified"] != true) {
            wrong.push(format!(
                "I4: the account of {email} was acknowledged, and there is {user:?}"
            ));
        }
        if let (Some(department), Some(user)) = (&told.department, user)
            && user["profile"]["department"] != **department
        {
            wrong.push(format!(
                "I4: {email} gave {department}, and there is {}",
                user["profile"]["department"]
            ));
        }
    }
}

/// I7, I8.
fn codes_and_mails(world: &World, items: &BTreeMap<String, Vec<Value>>, wrong: &mut Vec<String>) {
    for item in items["LIMIT"]
        .iter()
        .filter(|item| item["key"].as_str().is_some_and(|key| key.starts_with("LIMIT#passcode#")))
    {
        if item["count"].as_u64() > Some(5) {
            wrong.push(format!("I7: {} guesses of one code", item["count"]));
        }
    }
    for (email, told) in world.told.lock().unwrap().iter() {
        if told.codes.len() > told.asked_for_codes {
            wrong.push(format!(
                "I8: {email} got {} codes and asked for {}",
                told.codes.len(),
                told.asked_for_codes
            ));
        }
        // One mail and one more, each tried twice by the SDK.
        if let Some((_, times)) = told.codes.iter().find(|(_, times)| **times > 4) {
            wrong.push(format!("I8: {email} got one code {times} times"));
        }
    }
}

/// I3, I4: the owners can sign in, the squatters cannot, and what they got is worthless.
async fn people(world: &World, wrong: &mut Vec<String>) {
    let told = world.told.lock().unwrap().clone();
    let owners = told.iter().filter(|(_, told)| told.account);
    let squatted: Vec<_> = owners.clone().filter(|(_, told)| told.squatted).collect();
    for (email, _) in owners.rev().take(SAMPLE) {
        if !signs_in(world, email, PASSWORD).await {
            wrong.push(format!("I4: {email} cannot sign in"));
        }
    }
    for (email, told) in squatted {
        let Some(token) = &told.squatters_token else { continue };
        match Person::new(&world.log, &world.base, "newsletter-spa").userinfo(token).await {
            Ok(answer) if answer.status == 401 => {}
            other => wrong.push(format!("I3: the squatter's token for {email} is good: {other:?}")),
        }
    }
    let squatted = told.iter().filter(|(_, told)| told.account && told.squatted);
    for (email, _) in squatted.take(SAMPLE) {
        if signs_in(world, email, SQUATTERS).await {
            wrong.push(format!("I3: the squatter's password opens {email}"));
        }
    }
}

async fn signs_in(world: &World, email: &str, password: &str) -> bool {
    let mut person = Person::new(&world.log, &world.base, "demo-spa");
    if person.begin().await.is_err() {
        return false;
    }
    let body = json!({"identifier": email, "credentials": {"passcode": password}});
    person
        .step("/idp/idx/identify", body)
        .await
        .is_ok_and(|answer| answer.interaction_code().is_some())
}
