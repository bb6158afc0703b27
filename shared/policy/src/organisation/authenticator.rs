use alloc::string::String;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::Status;

/// Okta's key of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticatorKey {
    /// Something the person knows.
    OktaPassword,
    /// A mailbox the person can read.
    OktaEmail,
}

/// The class of proof that a verification gives (policies.md §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorClass {
    /// Something the person knows.
    Knowledge,
    /// Something the person has.
    Possession,
}

impl AuthenticatorKey {
    /// Every authenticator, in the order in which lists show them.
    pub const ALL: [Self; 2] = [Self::OktaPassword, Self::OktaEmail];

    /// Okta's other authenticators, by their keys. Each is refused by name.
    pub const NOT_BUILT: [&str; 15] = [
        "custom_app",
        "custom_otp",
        "duo",
        "external_idp",
        "google_otp",
        "okta_verify",
        "onprem_mfa",
        "phone_number",
        "rsa_token",
        "security_question",
        "smart_card_idp",
        "symantec_vip",
        "tac",
        "webauthn",
        "yubikey_token",
    ];

    /// The class of proof that this authenticator gives.
    pub fn class(self) -> FactorClass {
        match self {
            Self::OktaPassword => FactorClass::Knowledge,
            Self::OktaEmail => FactorClass::Possession,
        }
    }

    /// Okta's key, as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OktaPassword => "okta_password",
            Self::OktaEmail => "okta_email",
        }
    }

    /// Okta's `type`, which is also the name of its one method.
    pub fn method(self) -> &'static str {
        match self {
            Self::OktaPassword => "password",
            Self::OktaEmail => "email",
        }
    }
}

impl<'de> Deserialize<'de> for AuthenticatorKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::ALL.into_iter().find(|one| one.as_str() == key).ok_or_else(|| {
            if Self::NOT_BUILT.contains(&key.as_str()) {
                de::Error::custom(format_args!("\"{key}\" is not built yet; leave it out"))
            } else {
                de::Error::unknown_variant(&key, &["okta_password", "okta_email"])
            }
        })
    }
}

/// Settings of one authenticator (`/api/v1/authenticators`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authenticator {
    /// Which one.
    pub key: AuthenticatorKey,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only `ACTIVE` so far.
    #[serde(default)]
    pub status: Status,
    /// Its settings.
    #[serde(default)]
    pub settings: AuthenticatorSettings,
}

/// The `settings` of an [`Authenticator`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AuthenticatorSettings {
    /// What it may be used for.
    pub allowed_for: AllowedFor,
    /// Life of an emailed code and link, in minutes (1..=30). Above 10 needs
    /// `acceptLongPasscodeLifetime` (security.md R-O2).
    pub token_lifetime_in_minutes: u32,
    /// Digits of an emailed code (6..=12).
    pub passcode_length: u32,
    /// Says that the administrator has read security.md R-O2 and wants codes that live for more
    /// than ten minutes.
    pub accept_long_passcode_lifetime: bool,
}

impl Default for AuthenticatorSettings {
    fn default() -> Self {
        Self {
            allowed_for: AllowedFor::Any,
            token_lifetime_in_minutes: 5,
            passcode_length: 6,
            accept_long_passcode_lifetime: false,
        }
    }
}

/// What an authenticator may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllowedFor {
    /// Signing in and recovery.
    #[default]
    Any,
    /// Signing in.
    Sso,
    /// Recovery.
    Recovery,
    /// Nothing.
    None,
}
