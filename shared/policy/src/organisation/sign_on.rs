//! The policies that decide how a person proves who they are: `OKTA_SIGN_ON`, `ACCESS_POLICY`, `MFA_ENROLL`, `PASSWORD` (policies.md §6–8).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Access, AuthenticatorKey, FactorClass, Status};

/// To whom a policy or a rule applies, and when. Only people can be told apart so far; of the other conditions that Okta writes into every rule there
/// is just the value that excludes nothing (policies.md §6.1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PolicyConditions {
    /// Members of these groups; everybody if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<PeopleCondition>,
    /// Where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkCondition>,
    /// By which way they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_context: Option<AuthContextCondition>,
    /// How much they look like somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_score: Option<RiskScoreCondition>,
    /// What is unusual about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskCondition>,
    /// Who vouches for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_provider: Option<IdentityProviderCondition>,
}

/// `network` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkCondition {
    /// Zones are not built yet.
    pub connection: Anywhere,
}

/// `authContext` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthContextCondition {
    /// There is one way.
    pub auth_type: Any,
}

/// `riskScore` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RiskScoreCondition {
    /// Nothing is scored yet.
    pub level: Any,
}

/// `risk` of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RiskCondition {
    /// None is looked at yet.
    pub behaviors: Vec<Unsupported>,
}

/// `identityProvider` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityProviderCondition {
    /// There are no others yet.
    pub provider: Any,
}

/// The one value of a network condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Anywhere {
    /// From everywhere.
    Anywhere,
}

/// The one value of a condition that tells nobody apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Any {
    /// All the same.
    Any,
}

/// A member of a list that must be empty, since nothing that could be in it is built yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsupported {}

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
    /// To whom it applies.
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
    /// To whom it applies.
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
    /// Not built yet: only `NOT_ALLOWED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_me_signed_in: Option<KeepMeSignedIn>,
}

/// `keepMeSignedIn` of an [`AppSignOn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeepMeSignedIn {
    /// Whether people are asked after they have signed in.
    pub post_auth: PostAuth,
}

/// Whether people are asked to stay signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PostAuth {
    /// Never.
    NotAllowed,
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

impl ConstraintPair {
    /// What a proof of this class must be.
    pub fn of(&self, class: FactorClass) -> Option<&Constraint> {
        match class {
            FactorClass::Knowledge => self.knowledge.as_ref(),
            FactorClass::Possession => self.possession.as_ref(),
        }
    }

    /// Whether a proof by this authenticator does not count.
    pub fn excludes(&self, key: AuthenticatorKey) -> bool {
        self.of(key.class()).is_some_and(|constraint| constraint.excluded_authentication_methods.iter().any(|method| method.is(key)))
    }
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
    /// Authenticators that will do; any if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authentication_methods: Vec<AuthenticationMethod>,
    /// Authenticators that do not count at all. With one, the class is not required (policies.md §7.3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_authentication_methods: Vec<AuthenticationMethod>,
    /// ISO 8601 duration; without effect while there are no sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reauthenticate_in: Option<String>,
    /// Whether the class is required; `true` for a constraint that is written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether somebody must be there; somebody always is who types a password or a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_presence: Option<UserPresence>,
    /// Nothing that verifies the person is built yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<Optional>,
    /// Nothing that is bound to a device is built yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_bound: Option<Optional>,
    /// Nothing that hardware protects is built yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware_protection: Option<Optional>,
    /// Nothing that resists phishing is built yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phishing_resistant: Option<Optional>,
}

impl Constraint {
    /// Whether there must be a proof of the class.
    pub fn is_required(&self) -> bool {
        self.required != Some(false) && self.excluded_authentication_methods.is_empty()
    }
}

/// A member of `authenticationMethods`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthenticationMethod {
    /// The authenticator.
    pub key: AuthenticatorKey,
    /// Its one method (`password`, `email`).
    pub method: String,
}

impl AuthenticationMethod {
    /// Whether it is this authenticator's.
    pub fn is(&self, key: AuthenticatorKey) -> bool {
        self.key == key && self.method.eq_ignore_ascii_case(key.method())
    }
}

/// `userPresence` of a [`Constraint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UserPresence {
    /// Somebody must be there.
    Required,
    /// Nobody has to be there.
    Optional,
}

/// The one value of a trait that no authenticator has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Optional {
    /// It need not have it.
    Optional,
}

/// A rule of an authenticator enrollment policy. Without effect so far: who must set up an authenticator is asked to, at every sign-in.
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

/// When people are asked to set up authenticators; one time by two names (policies.md §8.3). `NEVER` is not built.
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
    /// Wrong passwords per name and hour, if fewer than `guessesPerAddressPerHour`; 0 is no limit of its own. Nobody is locked out for good, and
    /// the owner not at all in a browser used before (security.md R-R8). The default password policy's value counts: whose policy it would be is
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
        Self { max_attempts: 10, auto_unlock_minutes: None, show_lockout_failures: None, user_lockout_notification_channels: None }
    }
}
