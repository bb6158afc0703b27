//! From decisions to writes.

use std::collections::BTreeMap;

use policy::step::{Decision, Effect, Identity, PasswordChange};
use policy::time::Timestamp;
use policy::transaction::Transaction;
use policy::user::{PasswordHash, User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys;
use crate::ports::{Expect, Item, Key, Write};

/// A transaction as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    pub transaction: Transaction,
    /// The request that changed it last, as a MAC: the same request again is answered again (security.md R-S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request: Option<LastRequest>,
}

/// A request that changed a transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LastRequest {
    pub mac: String,
    pub at: Timestamp,
}

/// Says whose a unique value is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub user: String,
}

/// A password as stored. A hash that was made for the account before it changed hands opens nothing, also where it and its person were read a moment
/// apart: a read of several items is no snapshot (security.md I3).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredPassword {
    #[serde(flatten)]
    pub hash: PasswordHash,
    /// The account's generation when it was set.
    #[serde(default)]
    pub generation: u32,
    /// What a newer version of this program keeps here (security.md F-37).
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl StoredPassword {
    fn of(user: &User, hash: &PasswordHash) -> Self {
        Self { hash: hash.clone(), generation: user.generation, other: BTreeMap::new() }
    }
}

/// What each write of a commit is about, so that a refusal can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The transaction.
    Transaction,
    /// A user's record or password.
    User,
    /// A value that nobody else may have.
    Claim,
    /// A budget.
    Budget,
    /// A budget that is given back.
    Refund,
    /// Something that nobody else writes.
    Own,
}

/// The writes of one commit.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    pub writes: Vec<Write>,
    pub about: Vec<About>,
}

impl Commit {
    pub(crate) fn push(&mut self, about: About, write: Write) {
        self.writes.push(write);
        self.about.push(about);
    }

    /// The effects of a decision.
    pub(crate) fn effects(&mut self, decision: &Decision, now: Timestamp) {
        for effect in &decision.effects {
            self.effect(effect, now);
        }
    }

    pub(crate) fn effect(&mut self, effect: &Effect, now: Timestamp) {
        match effect {
            Effect::CreateUser { user, password, claims } => {
                self.push(About::User, put(keys::user(&user.id), 1, None, json!(user), Expect::Absent(now)));
                if let Some(password) = password {
                    self.push(About::User, put(keys::password(&user.id), 1, None, json!(StoredPassword::of(user, password)), Expect::Absent(now)));
                }
                self.claim(claims, &user.id, now);
            }
            Effect::SaveUser { user, version, password, claims, releases } => {
                self.push(About::User, put(keys::user(&user.id), version + 1, None, json!(user), Expect::Version(*version)));
                let key = keys::password(&user.id);
                match password {
                    PasswordChange::Keep => {}
                    // A version that no earlier hash had: whoever hashes the old password anew meanwhile (R-P10) must not bring it back.
                    PasswordChange::Set(hash) => {
                        self.push(About::User, put(key, version + 1, None, json!(StoredPassword::of(user, hash)), Expect::Anything));
                    }
                    PasswordChange::Remove => self.push(About::User, Write::Delete { key, expect: Expect::Anything }),
                }
                self.claim(claims, &user.id, now);
                for identity in releases {
                    self.push(About::User, Write::Delete { key: keys::unique(identity), expect: Expect::Anything });
                }
            }
            Effect::CedeName { user, version, identity, to } => {
                self.push(About::User, put(keys::user(&user.id), version + 1, None, json!(user), Expect::Version(*version)));
                // As long as the record is what was read, the value is that person's.
                self.push(About::User, put(keys::unique(identity), 1, None, json!(Owner { user: to.clone() }), Expect::Anything));
            }
            Effect::CheckUser { id, version } => {
                self.push(About::User, Write::Check { key: keys::user(id), expect: Expect::Version(*version) });
            }
        }
    }

    fn claim(&mut self, claims: &[Identity], user: &str, now: Timestamp) {
        for identity in claims {
            let body = json!(Owner { user: user.into() });
            self.push(About::Claim, put(keys::unique(identity), 1, None, body, Expect::Absent(now)));
        }
    }
}

/// A write of a whole item.
pub(crate) fn put(key: Key, version: u64, expires_at: Option<Timestamp>, body: Value, expect: Expect) -> Write {
    Write::Put { item: Item { key, version, expires_at, count: 0, body }, expect }
}

/// The write of a transaction.
pub(crate) fn put_transaction(stored: &Stored, version: u64, expect: Expect) -> Write {
    put(keys::transaction(&stored.transaction.id), version, Some(stored.transaction.expires()), json!(stored), expect)
}

#[cfg(test)]
mod tests {
    use policy::user::UserStatus;

    use super::*;

    /// Whoever signs in with the old password while the mailbox's owner takes the account over must not bring it back (I3).
    #[test]
    fn r_p10_a_password_that_is_replaced_is_no_longer_the_one_to_hash_anew() {
        let user = User {
            id: "1".into(),
            status: UserStatus::Active,
            created: Timestamp(0),
            last_updated: Timestamp(0),
            profile: BTreeMap::new(),
            email_verified: false,
            has_password: true,
            groups: std::collections::BTreeSet::new(),
            granted: BTreeMap::new(),
            generation: 0,
            provisioned: false,
            other: <_>::default(),
        };
        let password = PasswordHash { phc: "old".into(), pepper: "1".into() };
        let mut made = Commit::default();
        made.effect(&Effect::CreateUser { user: user.clone(), password: Some(password.clone()), claims: Vec::new() }, Timestamp(1));
        let version_of_password = |commit: &Commit| {
            let places = commit.writes.iter().filter_map(|write| if let Write::Put { item, .. } = write { Some(item) } else { None });
            places.filter(|item| item.key == keys::password("1")).map(|item| item.version).next()
        };
        let mut versions = vec![version_of_password(&made)];
        for version in 1..4 {
            let mut saved = Commit::default();
            let password = PasswordChange::Set(password.clone());
            saved.effect(&Effect::SaveUser { user: user.clone(), version, password, claims: Vec::new(), releases: Vec::new() }, Timestamp(1));
            versions.push(version_of_password(&saved));
        }
        assert_eq!(versions, [Some(1), Some(2), Some(3), Some(4)]);
    }
}
