//! Attributes that become unique while people have values already (policies.md §2.2): the values must be claimed for whoever has them, or somebody
//! else would get them too, and nobody would be found by them (security.md I1).
//!
//! Whoever applies an organisation asks for [`clashes`] before, and [`claims`](claim) after: from then on every new value is claimed as it is given. Both
//! may be done again and again.

use std::collections::BTreeMap;

use policy::organisation::Organisation;
use policy::step::{Identity, claims};
use policy::time::Timestamp;
use policy::user::User;
use serde_json::json;

use crate::commit::{self, Owner};
use crate::configuration::read;
use crate::keys;
use crate::ports::{Expect, Store, StoreError};

/// Attributes of which several of these people have the same value, with the names of those people, group by group. Never the value: it may be private.
pub fn clashes(organisation: &Organisation, users: &[User]) -> Vec<(String, Vec<String>)> {
    let mut owners: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
    for user in users {
        for identity in claims(organisation, &user.profile) {
            owners.entry(identity).or_default().push(user.name().into());
        }
    }
    owners.into_iter().filter(|(_, users)| users.len() > 1).map(|(identity, users)| (identity.attribute, users)).collect()
}

/// Claims for each of these people what is theirs and nobody's yet. How many values that were.
///
/// # Errors
/// [`StoreError`] if the store fails; what was claimed until then stays.
pub async fn claim(store: &dyn Store, organisation: &Organisation, users: &[User], now: Timestamp) -> Result<usize, StoreError> {
    let mut claimed = 0;
    for user in users {
        for identity in claims(organisation, &user.profile) {
            claimed += usize::from(claim_one(store, user, &identity, users, organisation, now).await?);
        }
    }
    Ok(claimed)
}

async fn claim_one(
    store: &dyn Store,
    user: &User,
    identity: &Identity,
    users: &[User],
    organisation: &Organisation,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let key = keys::unique(identity);
    let found = store.read(std::slice::from_ref(&key)).await?.into_iter().next().flatten();
    let expect = match &found {
        None => Expect::Absent(now),
        Some(item) => {
            let owner = read::<Owner>(item)?.user;
            let has_it = |owner: &str| users.iter().any(|user| user.id == owner && claims(organisation, &user.profile).contains(identity));
            // A mark of an earlier time, in which the attribute was unique too, and of somebody who has another value by now.
            if owner == user.id || has_it(&owner) {
                return Ok(false);
            }
            Expect::Version(item.version)
        }
    };
    let version = found.map_or(1, |item| item.version + 1);
    match store.write(&[commit::put(key, version, None, json!(Owner { user: user.id.clone() }), expect)]).await {
        Ok(()) => Ok(true),
        // Somebody was faster: whoever it was has it.
        Err(StoreError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
