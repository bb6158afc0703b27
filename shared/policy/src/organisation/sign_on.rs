//! `OKTA_SIGN_ON`: global session policies (policies.md §6).

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Access, PolicyConditions, Status};

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
    /// True if a second authenticator is needed.
    #[serde(default)]
    pub require_factor: bool,
    /// When the second authenticator is asked for; only `ALWAYS` while there are no sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_prompt_mode: Option<FactorPromptMode>,
    /// Minutes; for `SESSION`, which is not built yet: only 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_lifetime: Option<u32>,
    /// Not built yet: only `false`.
    #[serde(default)]
    pub remember_device_by_default: bool,
    /// Not built yet: [`super::check`] refuses it.
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
    /// True if the session outlives the browser.
    #[serde(default)]
    pub use_persistent_cookie: bool,
}

fn two_hours() -> u32 {
    120
}
