//! The policies that decide how a person proves who they are: `OKTA_SIGN_ON`, `ACCESS_POLICY`, `MFA_ENROLL`, `PASSWORD` (policies.md §6–8).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Access, AuthenticatorKey, Status};

/// To whom a policy applies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyConditions {
    /// Members of these groups; everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<PeopleCondition>,
}

/// `people` of a condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeopleCondition {
    /// By group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<IncludeExclude>,
    /// By user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<IncludeExclude>,
}

/// `groups` of a policy's condition. Same shape as [`IncludeExclude`].
pub type GroupCondition = IncludeExclude;

/// Ids that a condition names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct IncludeExclude {
    /// Applies to these; to all if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Applies to none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// A rule of a global session policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignOnRule {
    /// For people.
    pub name: String,
    /// Lower comes first.
    #[serde(default)]
    pub priority: u32,
    /// An `INACTIVE` rule is passed over.
    #[serde(default)]
    pub status: Status,
    /// The catch-all rule.
    #[serde(default)]
    pub system: bool,
    /// To whom it applies; people only so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<PolicyConditions>,
    /// What it says.
    pub actions: SignOnActions,
}

/// The `actions` of a [`SignOnRule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignOnActions {
    /// What it says.
    pub signon: SignOn,
}

/// `actions.signon` (policies.md §6.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignOn {
    /// Let in or refuse.
    #[serde(default)]
    pub access: Access,
    /// What may make the session.
    #[serde(default = "PrimaryFactor::password")]
    pub primary_factor: PrimaryFactor,
    /// Whether a second authenticator is needed.
    #[serde(default)]
    pub require_factor: bool,
    /// When the second authenticator is asked for; only `ALWAYS` while there are no sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_prompt_mode: Option<FactorPromptMode>,
    /// Minutes; for `SESSION`, which is not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_lifetime: Option<u32>,
    /// Not built yet: only `false`.
    #[serde(default)]
    pub remember_device_by_default: bool,
    /// Not built yet; kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSettings>,
}

/// What may make the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrimaryFactor {
    /// A password is needed, whatever the app says.
    PasswordIdp,
    /// Whatever satisfies the app.
    PasswordIdpAnyFactor,
}

impl PrimaryFactor {
    fn password() -> Self {
        Self::PasswordIdp
    }
}

/// When the second authenticator is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FactorPromptMode {
    /// At each sign-in.
    Always,
    /// On a new device.
    Device,
    /// When `factorLifetime` is over.
    Session,
}

/// `session` of a [`SignOn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionSettings {
    /// Minutes.
    #[serde(default = "two_hours")]
    pub max_session_idle_minutes: u32,
    /// Minutes; 0 is no limit.
    #[serde(default)]
    pub max_session_lifetime_minutes: u32,
    /// Whether the session outlives the browser.
    #[serde(default)]
    pub use_persistent_cookie: bool,
}

fn two_hours() -> u32 {
    120
}

/// A rule of an authentication policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppSignOnRule {
    /// For people.
    pub name: String,
    /// Lower comes first; the catch-all is 99.
    #[serde(default)]
    pub priority: u32,
    /// An `INACTIVE` rule is passed over.
    #[serde(default)]
    pub status: Status,
    /// The catch-all rule.
    #[serde(default)]
    pub system: bool,
    /// To whom it applies; people only so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<PolicyConditions>,
    /// What it says.
    pub actions: AppSignOnActions,
}

/// The `actions` of an [`AppSignOnRule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppSignOnActions {
    /// What it says.
    pub app_sign_on: AppSignOn,
}

/// `actions.appSignOn` (policies.md §7.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppSignOn {
    /// Let in or refuse.
    #[serde(default)]
    pub access: Access,
    /// The assurance that is needed.
    #[serde(default)]
    pub verification_method: VerificationMethod,
}

/// The assurance that an app needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationMethod {
    /// Only `ASSURANCE`.
    #[serde(rename = "type", default = "assurance")]
    pub kind: String,
    /// How many classes of proof.
    #[serde(default = "FactorMode::two")]
    pub factor_mode: FactorMode,
    /// ISO 8601 duration; without effect while there are no sessions, since every proof is fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reauthenticate_in: Option<String>,
    /// ISO 8601 duration; without effect while there are no sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity_period: Option<String>,
    /// Any one of these must hold; none is no constraint.
    #[serde(default)]
    pub constraints: Vec<ConstraintPair>,
}

impl Default for VerificationMethod {
    fn default() -> Self {
        Self { kind: assurance(), factor_mode: FactorMode::TwoFactors, reauthenticate_in: None, inactivity_period: None, constraints: Vec::new() }
    }
}

fn assurance() -> String {
    "ASSURANCE".into()
}

/// How many classes of proof an app needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactorMode {
    /// One.
    #[serde(rename = "1FA")]
    OneFactor,
    /// Two different ones.
    #[serde(rename = "2FA")]
    TwoFactors,
}

impl FactorMode {
    fn two() -> Self {
        Self::TwoFactors
    }

    /// The number of classes.
    pub fn classes(self) -> usize {
        match self {
            Self::OneFactor => 1,
            Self::TwoFactors => 2,
        }
    }
}

/// One alternative of `constraints`: both halves must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ConstraintPair {
    /// What something known must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knowledge: Option<Constraint>,
    /// What something owned must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possession: Option<Constraint>,
}

/// What a proof of one class must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Constraint {
    /// Types that will do (`password`, `email`); any if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Methods that will do (`password`, `email`); any if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// ISO 8601 duration; without effect while there are no sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reauthenticate_in: Option<String>,
    /// Whether the class is required; `true` for a constraint that is written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
}

/// A rule of an authenticator enrollment policy.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaEnrolment {
    /// Which one.
    pub key: AuthenticatorKey,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lockout {
    /// Wrong passwords per name and hour, if fewer than `guessesPerAddressPerHour`; 0 is no limit of its own. Nobody is locked out for good, and
    /// the owner not at all in a browser used before (security.md R-R8). The default password policy's value counts: whose policy it would be is
    /// not known before the password is right, and must not show.
    pub max_attempts: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { max_attempts: 10 }
    }
}
