//! An interaction code and what became of it.

use policy::assurance::Level;
use policy::time::{Span, Timestamp};
use policy::transaction::{CLOCK_SKEW, Transaction};
use serde::{Deserialize, Serialize};

use super::TOKEN_LIFETIME;
use crate::derive::sha256;

/// An interaction code is good for so long (security.md R-T2).
const CODE_LIFETIME: Span = Span::seconds(60);

/// An interaction code and what became of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    pub(super) client_id: String,
    pub(super) app: String,
    redirect_uri: String,
    code_challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) user_id: String,
    /// The account's generation then.
    #[serde(default)]
    pub(super) generation: u32,
    /// When the person proved who they are.
    pub(super) auth_time: Timestamp,
    pub(super) amr: Vec<String>,
    /// The level of assurance that was asked for and reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) acr: Option<String>,
    /// `aud` of its access token; the issuer if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) audience: Option<String>,
    expires: Timestamp,
    /// The code was presented, rightly or wrongly.
    pub(super) used: bool,
    /// It was presented again: whatever the first one got is void (security.md R-T2).
    pub(super) revoked: bool,
}

impl Grant {
    pub(crate) fn new(
        transaction: &Transaction,
        user_id: &str,
        generation: u32,
        at: Timestamp,
        now: Timestamp,
    ) -> Self {
        // RFC 8176: `pwd` for a password, `email` is Okta's; `mfa` if both.
        let mut amr: Vec<String> = transaction
            .proofs
            .keys()
            .map(|key| if key.method() == "password" { "pwd".into() } else { key.method().into() })
            .collect();
        if amr.len() > 1 {
            amr.push("mfa".into());
        }
        let client = &transaction.client;
        let proven = transaction.proofs.keys().copied().collect();
        let reached = |asked: &&String| {
            Level::ALL
                .iter()
                .any(|level| level.as_str() == asked.as_str() && level.is_reached_by(&proven))
        };
        Self {
            client_id: client.client_id.clone(),
            app: client.app.clone(),
            redirect_uri: client.redirect_uri.clone(),
            code_challenge: client.code_challenge.clone(),
            nonce: client.nonce.clone(),
            scopes: client.scopes.clone(),
            user_id: user_id.into(),
            generation,
            auth_time: at,
            amr,
            acr: client.acr_values.iter().find(reached).cloned(),
            audience: None,
            expires: now + CODE_LIFETIME,
            used: false,
            revoked: false,
        }
    }

    /// The item outlives the code: it must be known again when it is presented twice, and revoke
    /// what it gave.
    pub(crate) fn kept_until(&self) -> Timestamp {
        self.expires + TOKEN_LIFETIME + Span::minutes(10)
    }

    pub(crate) fn redeemable(&self, now: Timestamp) -> bool {
        // By a clock that was put back it is not good again (security.md F-34).
        !self.used && now < self.expires && self.expires <= now + CODE_LIFETIME + CLOCK_SKEW
    }

    /// True if the parameters of a token request are those of the client that the code was made for
    /// (RFC 7636 §4.6, RFC 6749 §4.1.3).
    pub(super) fn presented_by_its_client<'a>(
        &self,
        parameter: impl Fn(&str) -> Option<&'a str>,
    ) -> bool {
        parameter("code_verifier")
            .is_some_and(|verifier| verifier_fits(verifier, &self.code_challenge))
            && parameter("client_id") == Some(self.client_id.as_str())
            && parameter("redirect_uri").is_none_or(|uri| uri == self.redirect_uri)
    }

    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|one| one == scope)
    }
}

/// RFC 7636: 43 to 128 characters whose hash is the challenge.
fn verifier_fits(verifier: &str, challenge: &str) -> bool {
    (43..=128).contains(&verifier.len()) && sha256(verifier) == challenge
}
