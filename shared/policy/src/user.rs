//! People, as stored.

use alloc::collections::BTreeMap;
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::email::identifier_key;
use crate::organisation::EVERYONE;
use crate::time::Timestamp;

/// Attribute values by name. Ordered, so that whatever is derived from it is too.
pub type Profile = BTreeMap<String, Value>;

/// A person with an account. There is no such record before the mailbox is proven, where the policy
/// wants that (security.md §0.3 tension 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Random; says nothing about the person or the number of people.
    pub id: String,
    /// Whether the person may sign in.
    pub status: UserStatus,
    /// When the account was made.
    pub created: Timestamp,
    /// When anything about it last changed.
    pub last_updated: Timestamp,
    /// Attribute values, `login` and `email` among them.
    pub profile: Profile,
    /// True if the mailbox of `profile.email` has been proven.
    pub email_verified: bool,
    /// True if there is a password. The hash is an item of its own: who reads a person does not
    /// read it along.
    #[serde(default)]
    pub has_password: bool,
    /// Groups the person is in, apart from [`EVERYONE`].
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// For each profile enrollment policy, the target groups that it has already put the person in:
    /// it does so once (policies.md §4.4).
    #[serde(default)]
    pub granted: BTreeMap<String, BTreeSet<String>>,
    /// How often the account has changed hands. Proofs, codes, tokens and known browsers of an
    /// earlier generation are void (security.md I3). A count and not a time, because clocks of two
    /// instances may disagree.
    #[serde(default)]
    pub generation: u32,
    /// True if an administrator made the account. Its id, profile and groups are the
    /// administrator's word: they stay when the owner of the mailbox proves it, where those of an
    /// unproven sign-up do not. Passwords and tokens of before are void all the same (security.md
    /// I3).
    #[serde(default, skip_serializing_if = "Not::not")]
    pub provisioned: bool,
    /// What a newer version of this program keeps here: an older one, during a deployment, must not
    /// drop it (security.md F-37).
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Whether a person may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    /// Yes.
    Active,
    /// No.
    Deprovisioned,
}

/// A password, as stored: only ever a slow, salted, peppered hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordHash {
    /// PHC string (`$argon2id$v=19$m=…`).
    pub phc: String,
    /// Which pepper went into it.
    pub pepper: String,
}

impl core::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl User {
    /// True if the person may sign in.
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }

    /// Okta's word for where the account stands (policies.md §3.8).
    pub fn standing(&self) -> &'static str {
        match self.status {
            UserStatus::Deprovisioned => "DEPROVISIONED",
            // Made for its owner, who has not come yet.
            UserStatus::Active if self.has_only_the_mailbox() && !self.email_verified => {
                "PROVISIONED"
            }
            UserStatus::Active => "ACTIVE",
        }
    }

    /// True if the person has nothing but the mailbox to begin with: an administrator made the
    /// account and gave no password. Such a person proves the mailbox also where codes are not for
    /// signing in otherwise.
    pub fn has_only_the_mailbox(&self) -> bool {
        self.provisioned && !self.has_password
    }

    /// True if this account gives way to a sign-up with `profile` that proves their mailbox: nobody
    /// ever proved it for this account (security.md I3). One that was deactivated stays so.
    pub(crate) fn gives_way_to(&self, profile: &Profile) -> bool {
        self.is_active() && !self.email_verified && self.has_address_of(profile)
    }

    /// True if this account has the address of `profile`.
    pub(crate) fn has_address_of(&self, profile: &Profile) -> bool {
        let mailbox =
            |profile: &Profile| profile.get("email").and_then(Value::as_str).map(identifier_key);
        mailbox(&self.profile).is_some_and(|own| Some(own) == mailbox(profile))
    }

    /// True if the person is in this group.
    pub fn in_group(&self, group: &str) -> bool {
        group == EVERYONE || self.groups.contains(group)
    }

    /// What administrators call this person: the username, or the id of somebody without one.
    pub fn name(&self) -> &str {
        self.text("login").unwrap_or(&self.id)
    }

    /// The text of an attribute; `None` if absent or not text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.profile.get(name).and_then(Value::as_str)
    }
}
