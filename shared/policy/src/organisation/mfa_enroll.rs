//! `MFA_ENROLL`: authenticator enrollment policies (policies.md §8.3).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{PolicyConditions, Status};

/// A rule of an authenticator enrollment policy. Without effect so far: who must set up an
/// authenticator is asked to, at every sign-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaRule {
    /// For people.
    pub name: String,
    /// Lower comes first.
    #[serde(default)]
    pub priority: u32,
    /// An `INACTIVE` rule is passed over.
    #[serde(default)]
    pub status: Status,
    /// The catch-all rule.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub system: bool,
    /// Whom and when people are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<PolicyConditions>,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<MfaActions>,
}

/// The `actions` of an [`MfaRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfaActions {
    /// What it says.
    pub enroll: MfaPrompt,
}

/// `enroll` of [`MfaActions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfaPrompt {
    /// When people are asked.
    #[serde(rename = "self")]
    pub own: EnrollWhen,
}

/// When people are asked to set up authenticators; one time by two names (policies.md §8.3).
/// `NEVER` is not built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EnrollWhen {
    /// When they are challenged.
    Challenge,
    /// When they sign in.
    Login,
}

/// `settings` of an authenticator enrollment policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaEnrollSettings {
    /// Always `AUTHENTICATORS`.
    #[serde(rename = "type", default = "authenticators")]
    pub kind: String,
    /// Which authenticators people enrol; one that is not mentioned is `NOT_ALLOWED`.
    pub authenticators: Vec<MfaEnrolment>,
}

fn authenticators() -> String {
    "AUTHENTICATORS".into()
}

/// Whether people enrol one authenticator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaEnrolment {
    /// Which one; also one that is not built, as long as nobody may set it up.
    pub key: String,
    /// Whether.
    pub enroll: EnrollSelf,
}

/// `enroll` of an [`MfaEnrolment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrollSelf {
    /// Whether.
    #[serde(rename = "self", default)]
    pub own: SelfEnroll,
}

/// Whether people enrol an authenticator by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SelfEnroll {
    /// Everybody must.
    Required,
    /// Everybody may.
    Optional,
    /// Nobody does.
    #[default]
    NotAllowed,
}
