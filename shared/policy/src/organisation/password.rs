//! `PASSWORD`: password policies (policies.md §8.4).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Unsupported;

/// `settings` of a password policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordPolicySettings {
    /// The settings proper.
    #[serde(default)]
    pub password: PasswordSettings,
}

/// `settings.password`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PasswordSettings {
    /// What a password must be made of.
    pub complexity: Complexity,
    /// When wrong passwords lock an account for a while.
    pub lockout: Lockout,
    /// Not built yet: only 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<PasswordAge>,
}

/// `age` of a password: 0 is off (policies.md §8.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PasswordAge {
    /// Days after which it must be changed.
    pub max_age_days: u32,
    /// Days before that in which people are told.
    pub expire_warn_days: u32,
    /// Minutes within which it must not be changed again.
    pub min_age_minutes: u32,
    /// How many earlier ones must not be taken again.
    pub history_count: u32,
}

/// `complexity` (policies.md §8.4; security.md §0.3 tension 4 sets the defaults).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Complexity {
    /// Code points; at least 8.
    pub min_length: u32,
    /// 0 or 1.
    pub min_lower_case: u32,
    /// 0 or 1.
    pub min_upper_case: u32,
    /// 0 or 1.
    pub min_number: u32,
    /// 0 or 1.
    pub min_symbol: u32,
    /// No part of the username.
    pub exclude_username: bool,
    /// Not these attributes: `firstName`, `lastName`.
    pub exclude_attributes: Vec<String>,
    /// Common passwords.
    pub dictionary: Dictionary,
}

impl Default for Complexity {
    fn default() -> Self {
        Self {
            min_length: 8,
            min_lower_case: 0,
            min_upper_case: 0,
            min_number: 0,
            min_symbol: 0,
            exclude_username: true,
            exclude_attributes: Vec::new(),
            dictionary: Dictionary::default(),
        }
    }
}

/// `dictionary` of a [`Complexity`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Dictionary {
    /// The common ones.
    pub common: DictionaryCommon,
}

/// `common` of a [`Dictionary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DictionaryCommon {
    /// Refuse them.
    pub exclude: bool,
}

impl Default for DictionaryCommon {
    fn default() -> Self {
        Self { exclude: true }
    }
}

/// `lockout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lockout {
    /// Wrong passwords per name and hour, if fewer than `guessesPerAddressPerHour`; 0 is no limit
    /// of its own. Nobody is locked out for good, and the owner not at all in a browser used before
    /// (security.md R-R8). The default password policy's value counts: whose policy it would be is
    /// not known before the password is right, and must not show.
    pub max_attempts: u32,
    /// Only 0: there is nothing to unlock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_unlock_minutes: Option<u32>,
    /// Only `false`: it would tell strangers about the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_lockout_failures: Option<bool>,
    /// Only an empty list: nobody is told yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_lockout_notification_channels: Option<Vec<Unsupported>>,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            auto_unlock_minutes: None,
            show_lockout_failures: None,
            user_lockout_notification_channels: None,
        }
    }
}
