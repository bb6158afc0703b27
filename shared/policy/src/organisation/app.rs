use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{AccessTokens, Status};

/// An OpenID Connect app (`/api/v1/apps`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// Unique within the organisation.
    pub id: String,
    /// The name that people read, on pages and in mails.
    pub label: String,
    /// An `INACTIVE` app is as good as absent.
    #[serde(default)]
    pub status: Status,
    /// The OAuth client.
    pub credentials: AppCredentials,
    /// Where the app lives.
    pub settings: AppSettings,
    /// Groups that are assigned to the app. [`super::EVERYONE`] opens it to everyone.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Id of its profile enrollment policy; the default policy if absent (Okta:
    /// `_links.profileEnrollment`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_enrollment: Option<String>,
    /// Id of its authentication policy; the default policy if absent (Okta: `_links.accessPolicy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_policy: Option<String>,
    /// Origins of pages that may call the API for this app (CORS), compared exactly.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// What its access tokens say to the servers that take them; where it says nothing, the
    /// organisation's settings do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_tokens: Option<AccessTokens>,
    /// Page of the app that finishes an email link in the browser it was asked from
    /// (`?state=&otp=`); without it a page of ours does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verify_callback_uri: Option<String>,
}

/// The `credentials` of an [`App`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppCredentials {
    /// The OAuth client.
    pub oauth_client: OAuthClientCredentials,
    /// What the app's own server shows itself with, if it has one.
    #[serde(default, skip_serializing_if = "ServerCredentials::is_empty")]
    pub server: ServerCredentials,
}

/// What the server of an [`App`] shows itself with when it speaks for people: the address that it
/// names is then the one that budgets are counted for, and not its own (policies.md §12 no. 22).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ServerCredentials {
    /// SHA-256 of its secret in hexadecimal digits; two, while one takes the place of the other.
    /// The secret itself stays with the server: 32 random bytes, which nobody finds by their hash.
    pub secret_sha256: Vec<String>,
}

impl ServerCredentials {
    fn is_empty(&self) -> bool {
        self.secret_sha256.is_empty()
    }
}

/// The OAuth client of an [`App`]. Field names are OAuth's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthClientCredentials {
    /// What the client calls itself.
    pub client_id: String,
    /// Only public clients so far: every client proves itself with PKCE.
    #[serde(default)]
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// PKCE cannot be turned off (security.md R-T1); [`super::check`] refuses `false`.
    #[serde(default = "yes")]
    pub pkce_required: bool,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// A public client: PKCE only.
    #[default]
    None,
}

/// The `settings` of an [`App`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppSettings {
    /// OAuth settings.
    pub oauth_client: OAuthClientSettings,
}

/// OAuth settings of an [`App`]. Field names are Okta's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthClientSettings {
    /// Where codes may be sent; compared exactly (security.md R-T3).
    pub redirect_uris: Vec<String>,
    /// Where a link leads that has no flow to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// `browser` or `native`: clients without a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    /// The one grant is `interaction_code`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<String>,
    /// The one type is `code`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<String>,
}

fn yes() -> bool {
    true
}
