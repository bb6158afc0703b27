//! `ACCESS_POLICY`: authentication policies (policies.md §7).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Access, AuthenticatorKey, FactorClass, PolicyConditions, Status};

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
    /// ISO 8601 duration; only `PT0S` while there are no sessions: every proof is fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reauthenticate_in: Option<String>,
    /// ISO 8601 duration; only `PT0S` while there are no sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity_period: Option<String>,
    /// Any one of these must hold; none is no constraint.
    #[serde(default)]
    pub constraints: Vec<ConstraintPair>,
}

impl Default for VerificationMethod {
    fn default() -> Self {
        Self {
            kind: assurance(),
            factor_mode: FactorMode::TwoFactors,
            reauthenticate_in: None,
            inactivity_period: None,
            constraints: Vec::new(),
        }
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

    /// True if a proof by this authenticator does not count.
    pub fn excludes(&self, key: AuthenticatorKey) -> bool {
        self.of(key.class()).is_some_and(|constraint| {
            constraint.excluded_authentication_methods.iter().any(|method| method.is(key))
        })
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
    /// Authenticators that do not count at all. With one, the class is not required (policies.md
    /// §7.3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_authentication_methods: Vec<AuthenticationMethod>,
    /// ISO 8601 duration; only `PT0S` while there are no sessions.
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
    /// True if there must be a proof of the class.
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
    /// True if it is this authenticator's.
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
