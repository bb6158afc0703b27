//! From decisions to writes.

use std::collections::{BTreeMap, BTreeSet};

use policy::step::{Decision, Effect, Identity, Outdated, PasswordChange};
use policy::time::Timestamp;
use policy::transaction::Transaction;
use policy::user::{PasswordHash, User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys;
use crate::markers::{Markers, Owner};
use crate::ports::{Expect, Item, Key, Write};

/// A transaction as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    pub transaction: Transaction,
    /// The request that changed it last, as a MAC: the same request again is answered again
    /// (security.md R-S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request: Option<LastRequest>,
}

/// A request that changed a transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LastRequest {
    pub mac: String,
    pub at: Timestamp,
    /// Why it was answered with another page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<Outdated>,
}

/// A password as stored. A hash that was made for the account before it changed hands opens
/// nothing, also where it and its person were read a moment apart: a read of several items is no
/// snapshot (security.md I3).
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

    /// The effects of a decision, given the markers that they change hands of.
    pub(crate) fn effects(&mut self, decision: &Decision, markers: &Markers, now: Timestamp) {
        for effect in &decision.effects {
            self.effect(effect, markers, now);
        }
    }

    pub(crate) fn effect(&mut self, effect: &Effect, markers: &Markers, now: Timestamp) {
        match effect {
            Effect::CreateUser { user, password, claims } => {
                self.create(user, password.as_ref(), now);
                self.mark(claims, None, &user.id, markers, now);
            }
            Effect::SaveUser { user, version, password, claims } => {
                self.push(
                    About::User,
                    put(
                        keys::user(&user.id),
                        version + 1,
                        None,
                        json!(user),
                        Expect::Version(*version),
                    ),
                );
                match password {
                    PasswordChange::Keep => {}
                    // A version that no earlier hash had: whoever hashes the old password anew
                    // meanwhile (R-P10) must not bring it back.
                    PasswordChange::Set(hash) => {
                        let body = json!(StoredPassword::of(user, hash));
                        self.push(
                            About::User,
                            put(
                                keys::password(&user.id),
                                version + 1,
                                None,
                                body,
                                Expect::Anything,
                            ),
                        );
                    }
                    PasswordChange::Remove => {
                        self.push(
                            About::User,
                            Write::Delete {
                                key: keys::password(&user.id),
                                expect: Expect::Anything,
                            },
                        );
                    }
                }
                self.mark(claims, None, &user.id, markers, now);
            }
            Effect::ReplaceUser { user, password, old, version, claims, releases } => {
                self.create(user, password.as_ref(), now);
                self.push(
                    About::User,
                    Write::Delete { key: keys::user(old), expect: Expect::Version(*version) },
                );
                self.push(
                    About::User,
                    Write::Delete { key: keys::password(old), expect: Expect::Anything },
                );
                self.mark(claims, Some(old), &user.id, markers, now);
                for identity in releases {
                    // What another person has by now stays theirs.
                    if let Some(marker) =
                        markers.get(identity).filter(|marker| marker.owner == *old)
                    {
                        let expect = Expect::Version(marker.version);
                        self.push(
                            About::User,
                            Write::Delete { key: keys::unique(identity), expect },
                        );
                    }
                }
            }
            Effect::CedeName { user, version, identity, to } => {
                self.push(
                    About::User,
                    put(
                        keys::user(&user.id),
                        version + 1,
                        None,
                        json!(user),
                        Expect::Version(*version),
                    ),
                );
                self.mark(std::slice::from_ref(identity), Some(&user.id), to, markers, now);
            }
            Effect::CheckUser { id, version } => {
                self.push(
                    About::User,
                    Write::Check { key: keys::user(id), expect: Expect::Version(*version) },
                );
            }
        }
    }

    fn create(&mut self, user: &User, password: Option<&PasswordHash>, now: Timestamp) {
        self.push(
            About::User,
            put(keys::user(&user.id), 1, None, json!(user), Expect::Absent(now)),
        );
        if let Some(password) = password {
            let body = json!(StoredPassword::of(user, password));
            self.push(
                About::User,
                put(keys::password(&user.id), 1, None, body, Expect::Absent(now)),
            );
        }
    }

    /// Marks these values as those of user `to`: what nobody has, what `from` has until now, and
    /// what a user had who is no longer there.
    fn mark(
        &mut self,
        claims: &[Identity],
        from: Option<&str>,
        to: &str,
        markers: &Markers,
        now: Timestamp,
    ) {
        let mut gone = BTreeSet::new();
        for identity in claims {
            let found = markers
                .get(identity)
                .filter(|marker| marker.dangles || Some(marker.owner.as_str()) == from);
            let (version, expect) = found.map_or((1, Expect::Absent(now)), |marker| {
                (marker.version + 1, Expect::Version(marker.version))
            });
            self.push(
                About::Claim,
                put(
                    keys::unique(identity),
                    version,
                    None,
                    json!(Owner { user: to.into() }),
                    expect,
                ),
            );
            gone.extend(found.filter(|marker| marker.dangles).map(|marker| &marker.owner));
        }
        for owner in gone {
            self.push(
                About::Claim,
                Write::Check { key: keys::user(owner), expect: Expect::Absent(now) },
            );
        }
    }
}

/// A write of a whole item.
pub(crate) fn put(
    key: Key,
    version: u64,
    expires_at: Option<Timestamp>,
    body: Value,
    expect: Expect,
) -> Write {
    Write::Put { item: Item { key, version, expires_at, count: 0, body }, expect }
}

/// The write of a transaction.
pub(crate) fn put_transaction(stored: &Stored, version: u64, expect: Expect) -> Write {
    put(
        keys::transaction(&stored.transaction.id),
        version,
        Some(stored.transaction.expires()),
        json!(stored),
        expect,
    )
}

#[cfg(test)]
mod tests {
    use policy::user::UserStatus;

    use super::*;

    /// Whoever signs in with the old password while the mailbox's owner takes the account over must
    /// not bring it back (I3).
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
            groups: BTreeSet::new(),
            granted: BTreeMap::new(),
            generation: 0,
            provisioned: false,
            other: <_>::default(),
        };
        let password = PasswordHash { phc: "old".into(), pepper: "1".into() };
        let mut made = Commit::default();
        made.effect(
            &Effect::CreateUser {
                user: user.clone(),
                password: Some(password.clone()),
                claims: Vec::new(),
            },
            &Markers::new(),
            Timestamp(1),
        );
        let version_of_password = |commit: &Commit| {
            let places = commit.writes.iter().filter_map(|write| {
                if let Write::Put { item, .. } = write { Some(item) } else { None }
            });
            places.filter(|item| item.key == keys::password("1")).map(|item| item.version).next()
        };
        let mut versions = vec![version_of_password(&made)];
        for version in 1..4 {
            let mut saved = Commit::default();
            let password = PasswordChange::Set(password.clone());
            saved.effect(
                &Effect::SaveUser { user: user.clone(), version, password, claims: Vec::new() },
                &Markers::new(),
                Timestamp(1),
            );
            versions.push(version_of_password(&saved));
        }
        assert_eq!(versions, [Some(1), Some(2), Some(3), Some(4)]);
    }
}
