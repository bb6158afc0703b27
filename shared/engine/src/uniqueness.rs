//! Attributes that become unique while people have values already (policies.md §2.2): the values
//! must be claimed for whoever has them, or somebody else would get them too, and nobody would be
//! found by them (security.md I1).
//!
//! Whoever applies an organisation asks for [`clashes`] before, and [`claims`](claim) after: from
//! then on every new value is claimed as it is given. Both may be done again and again.

use std::collections::BTreeMap;

use policy::organisation::Organisation;
use policy::step::{Identity, claims};
use policy::time::Timestamp;
use policy::user::User;
use serde_json::json;

use crate::commit;
use crate::configuration::read;
use crate::keys;
use crate::markers::Owner;
use crate::ports::{Expect, Key, Store, StoreError, Write};

/// Attributes of which several of these people have the same value, with the names of those people,
/// group by group. Never the value: it may be private.
pub fn clashes(organisation: &Organisation, users: &[User]) -> Vec<(String, Vec<String>)> {
    let mut owners: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
    for user in users {
        for identity in claims(organisation, &user.profile) {
            owners.entry(identity).or_default().push(user.name().into());
        }
    }
    owners
        .into_iter()
        .filter(|(_, users)| users.len() > 1)
        .map(|(identity, users)| (identity.attribute, users))
        .collect()
}

/// Claims for each of these people what is theirs and nobody's yet. How many values that were.
///
/// The people are read again one by one: this may take minutes, and who they were when they were
/// listed decides nothing.
///
/// # Errors
/// [`StoreError`] if the store fails; what was claimed until then stays.
pub async fn claim(
    store: &dyn Store,
    organisation: &Organisation,
    users: &[User],
    now: Timestamp,
) -> Result<usize, StoreError> {
    // Usernames and addresses are claimed with every account; only an attribute of the
    // organisation's own may become unique.
    let own = |identity: &Identity| {
        organisation.user_schema.definitions.custom.properties.contains_key(&identity.attribute)
    };
    let mut claimed = 0;
    for user in users {
        for identity in claims(organisation, &user.profile).into_iter().filter(own) {
            claimed += usize::from(claim_one(store, organisation, &user.id, &identity, now).await?);
        }
    }
    Ok(claimed)
}

async fn claim_one(
    store: &dyn Store,
    organisation: &Organisation,
    id: &str,
    identity: &Identity,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mark = keys::unique(identity);
    let holder = Holder::load(store, organisation, id, identity).await?;
    if !holder.has_it {
        return Ok(false);
    }
    let found = store.read(std::slice::from_ref(&mark)).await?.into_iter().next().flatten();
    let mut writes = vec![holder.unchanged(now)];
    let expect = match &found {
        None => Expect::Absent(now),
        Some(item) => {
            let marked = read::<Owner>(item)?.user;
            if marked == id {
                return Ok(false);
            }
            // A mark of an earlier time, in which the attribute was unique too, may be of somebody
            // who has another value by now.
            let marked = Holder::load(store, organisation, &marked, identity).await?;
            if marked.has_it {
                return Ok(false);
            }
            writes.push(marked.unchanged(now));
            Expect::Version(item.version)
        }
    };
    let version = found.map_or(1, |item| item.version + 1);
    writes.push(commit::put(mark, version, None, json!(Owner { user: id.to_owned() }), expect));
    match store.write(&writes).await {
        Ok(()) => Ok(true),
        // Somebody was faster: whoever it was has it.
        Err(StoreError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Somebody who may have a value, as they are stored.
struct Holder {
    key: Key,
    version: Option<u64>,
    has_it: bool,
}

impl Holder {
    async fn load(
        store: &dyn Store,
        organisation: &Organisation,
        id: &str,
        identity: &Identity,
    ) -> Result<Self, StoreError> {
        let key = keys::user(id);
        let item = store.read(std::slice::from_ref(&key)).await?.into_iter().next().flatten();
        let user: Option<User> = item.as_ref().map(read).transpose()?;
        let has_it =
            user.is_some_and(|user| claims(organisation, &user.profile).contains(identity));
        Ok(Self { key, version: item.map(|item| item.version), has_it })
    }

    /// Refuses what is written beside it if they are not so any more.
    fn unchanged(&self, now: Timestamp) -> Write {
        Write::Check {
            key: self.key.clone(),
            expect: self.version.map_or(Expect::Absent(now), Expect::Version),
        }
    }
}
