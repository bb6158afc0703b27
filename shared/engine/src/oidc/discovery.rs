//! What clients and verifiers read first: discovery and keys.

use ::http::StatusCode;
use policy::assurance::Level;
use serde_json::json;

use super::SCOPES;
use super::interact::PROMPTS;
use crate::reply::Reply;
use crate::{Engine, Failure};

impl Engine {
    /// OpenID Connect Discovery 1.0, with what Okta's clients read.
    pub(crate) fn discovery(&self) -> Reply {
        let issuer = self.issuer();
        let body = json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/v1/token"),
            "userinfo_endpoint": format!("{issuer}/v1/userinfo"),
            "jwks_uri": format!("{issuer}/v1/keys"),
            "interaction_endpoint": format!("{issuer}/v1/interact"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["interaction_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": SCOPES,
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "amr", "nonce", "at_hash", "acr", "name", "given_name", "family_name",
                "preferred_username", "locale", "zoneinfo", "email", "email_verified", "groups"],
            "acr_values_supported": Level::ALL.map(Level::as_str),
            "prompt_values_supported": PROMPTS,
            "ui_locales_supported": ["en"],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
        });
        Reply::json(StatusCode::OK, &body)
    }

    pub(crate) async fn published_keys(&self) -> Result<Reply, Failure> {
        Ok(Reply::json(StatusCode::OK, &self.signer()?.keys().await?))
    }
}
