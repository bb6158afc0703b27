//! What an administrator configures, in Okta's own object shapes and field names.
//!
//! These types are the single meaning of the organisation file, of the stored configuration and
//! (later) of the management API. They are data only: [`check`] says whether a whole organisation
//! makes sense, and the rest of the crate reads it.

mod access;
mod app;
mod authenticator;
mod base_attributes;
pub mod check;
mod conditions;
mod enrollment;
mod group;
mod mfa_enroll;
mod password;
mod schema;
mod settings;
mod sign_on;
mod ui_schema;

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};

pub use access::{
    AppSignOn, AppSignOnActions, AppSignOnRule, AuthenticationMethod, Constraint, ConstraintPair,
    FactorMode, KeepMeSignedIn, Optional, PostAuth, UserPresence, VerificationMethod,
};
pub use app::{
    App, AppCredentials, AppSettings, OAuthClientCredentials, OAuthClientSettings,
    TokenEndpointAuthMethod,
};
pub use authenticator::{
    AllowedFor, Authenticator, AuthenticatorKey, AuthenticatorSettings, FactorClass,
};
pub(crate) use base_attributes::base_property_names;
pub use base_attributes::{base_properties, shipped_title};
pub use conditions::{
    Any, Anywhere, AuthContextCondition, IdentityProviderCondition, IncludeExclude,
    NetworkCondition, PeopleCondition, PolicyConditions, RiskCondition, RiskScoreCondition,
    Unsupported,
};
pub use enrollment::{
    Access, ActivationRequirements, EnrollAuthenticator, EnrollmentActions, EnrollmentRule,
    NoConditions, ProfileAttribute, ProfileEnrollment, Switch, UnknownUserAction,
};
pub use group::{EVERYONE, Group, GroupProfile};
pub use mfa_enroll::{
    EnrollSelf, EnrollWhen, MfaActions, MfaEnrollSettings, MfaEnrolment, MfaPrompt, MfaRule,
    SelfEnroll,
};
pub use password::{
    Complexity, Dictionary, DictionaryCommon, Lockout, PasswordAge, PasswordPolicySettings,
    PasswordSettings,
};
pub use schema::{
    Action, Definitions, Format, Items, Master, MasterType, Mutability, OneOf, Permission,
    Properties, PropertiesType, Property, PropertyType, Scope, UserSchema,
};
pub use settings::{AccessTokenType, AccessTokens, Limits, Settings, UserEnumerationPrevention};
pub use sign_on::{
    FactorPromptMode, PrimaryFactor, SessionSettings, SignOn, SignOnActions, SignOnRule,
};
pub use ui_schema::{DisplayFormat, UiControl, UiOptions, UiSchema, UiSchemaBody};

/// Everything that an administrator configures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Organisation {
    /// Settings of the organisation as a whole.
    #[serde(default)]
    pub settings: Settings,
    /// The user schema: what a profile may hold (`/api/v1/meta/schemas/user/default`).
    #[serde(default)]
    pub user_schema: UserSchema,
    /// How the attributes of a policy are drawn (`/api/v1/meta/uischemas`).
    #[serde(default)]
    pub ui_schemas: Vec<UiSchema>,
    /// Groups, apart from the built-in [`EVERYONE`].
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Settings of the authenticators (`/api/v1/authenticators`).
    #[serde(default)]
    pub authenticators: Vec<Authenticator>,
    /// Policies, by their Okta type.
    pub policies: Policies,
    /// The apps that people sign in to.
    #[serde(default)]
    pub apps: Vec<App>,
}

/// All policies, by their Okta type string.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// Profile enrollment policies: one per app, exactly one rule each (policies.md §1).
    #[serde(rename = "PROFILE_ENROLLMENT", default)]
    pub profile_enrollment: Vec<Policy<EnrollmentRule>>,
    /// Global session policies, in priority order (policies.md §6).
    #[serde(rename = "OKTA_SIGN_ON", default)]
    pub global_session: Vec<Policy<SignOnRule>>,
    /// Authentication policies, one per app (policies.md §7).
    #[serde(rename = "ACCESS_POLICY", default)]
    pub access: Vec<Policy<AppSignOnRule>>,
    /// Authenticator enrollment policies, in priority order (policies.md §8.3).
    #[serde(rename = "MFA_ENROLL", default)]
    pub authenticator_enrollment: Vec<Policy<MfaRule, MfaEnrollSettings>>,
    /// Password policies, in priority order (policies.md §8.4).
    #[serde(rename = "PASSWORD", default)]
    pub password: Vec<Policy<serde_json::Value, PasswordPolicySettings>>,
}

/// A policy: Okta's envelope around rules `R` and policy-wide settings `S`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy<R, S = NoSettings> {
    /// Unique within the organisation; what an app's mapping names.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Okta's type string; may be left out, since the section says it. [`check`] refuses a
    /// different one.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Lower comes first. Without effect on a profile enrollment policy.
    #[serde(default = "one")]
    pub priority: u32,
    /// An `INACTIVE` policy is passed over.
    #[serde(default)]
    pub status: Status,
    /// The default policy of its type: the fallback for all that no other policy covers.
    #[serde(default)]
    pub system: bool,
    /// To whom the policy applies; not for `PROFILE_ENROLLMENT` and `ACCESS_POLICY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<PolicyConditions>,
    /// Policy-wide settings, for the types that have them.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub settings: Option<S>,
    /// The rules, in the order of their priority.
    #[serde(default = "Vec::new")]
    pub rules: Vec<R>,
}

/// The settings of a policy type that has none: nothing can be written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// Whether a policy, rule or app takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Takes part.
    #[default]
    Active,
    /// Is passed over.
    Inactive,
}

fn one() -> u32 {
    1
}

fn none<S>() -> Option<S> {
    None
}

/// Okta's API writes `null` for what is not there.
fn null_is_absent<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Organisation {
    /// The app with this OAuth `client_id`, if it is active.
    pub fn app_by_client_id(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| {
            app.credentials.oauth_client.client_id == client_id && app.status == Status::Active
        })
    }

    /// The app with this id, if it is active.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id && app.status == Status::Active)
    }

    /// The profile enrollment policy of an app: the one it names, else the default policy
    /// (policies.md §1 rule 5).
    pub fn enrollment_policy(&self, app: &App) -> Option<&Policy<EnrollmentRule>> {
        mapped(&self.policies.profile_enrollment, app.profile_enrollment.as_deref())
    }

    /// What the app's profile enrollment policy says: its one rule's configuration.
    pub fn profile_enrollment(&self, app: &App) -> Option<&ProfileEnrollment> {
        self.enrollment_policy(app)?.enrollment()
    }

    /// The authentication policy of an app: the one it names, else the default policy.
    pub fn access_policy(&self, app: &App) -> Option<&Policy<AppSignOnRule>> {
        mapped(&self.policies.access, app.access_policy.as_deref())
    }

    /// What the access tokens of an app say: the app's word, or else the organisation's.
    pub fn access_tokens(&self, app: &App) -> AccessTokens {
        let (own, all) =
            (app.access_tokens.clone().unwrap_or_default(), &self.settings.access_tokens);
        AccessTokens {
            audience: own.audience.or_else(|| all.audience.clone()),
            kind: own.kind.or(all.kind),
        }
    }

    /// The UI schema with this id.
    pub fn ui_schema(&self, id: &str) -> Option<&UiSchema> {
        self.ui_schemas.iter().find(|ui| ui.id == id)
    }

    /// Settings of an authenticator; the defaults where the organisation says nothing.
    pub fn authenticator(&self, key: AuthenticatorKey) -> AuthenticatorSettings {
        self.authenticators
            .iter()
            .find(|a| a.key == key)
            .map(|a| a.settings.clone())
            .unwrap_or_default()
    }
}

fn mapped<'a, R, S>(policies: &'a [Policy<R, S>], id: Option<&str>) -> Option<&'a Policy<R, S>> {
    match id {
        Some(id) => policies.iter().find(|policy| policy.id == id),
        None => policies.iter().find(|policy| policy.system),
    }
}
