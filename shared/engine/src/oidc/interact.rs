//! Interact: how a transaction begins (idx.md §3).

use ::http::{HeaderMap, StatusCode, header};
use policy::organisation::{App, Organisation};
use policy::transaction::{Client, Transaction};
use serde_json::json;

use super::{Parameters, SCOPES, parameters};
use crate::advance::of_app;
use crate::commit::{Stored, put_transaction};
use crate::derive::sha256;
use crate::ports::Expect;
use crate::reply::Reply;
use crate::{Engine, Failure, cookie};

impl Engine {
    /// Begins a transaction.
    pub(crate) async fn interact(&self, body: &[u8], headers: &HeaderMap, page: Option<&str>) -> Result<Reply, Failure> {
        let Some(parameters) = parameters(body) else { return Ok(Reply::oauth("invalid_request", "A parameter is repeated.")) };
        let revision = self.current().await?;
        let (known, browser) = match cookie::of(headers) {
            Some(browser) => (true, browser),
            None => (false, self.random_secret()),
        };
        let client = match client(&revision.organisation, &parameters, sha256(browser.expose())) {
            Ok(client) => client,
            Err((error, description)) => return Ok(Reply::oauth(error, description)),
        };
        of_app(page, revision.organisation.app(&client.app).ok_or(Failure::ForeignOrigin)?)?;
        let now = self.clock.now();
        let transaction = Transaction::begin(self.random_id(), client, now);
        let handle = self.interaction_handle(&transaction.id);
        self.store.write(&[put_transaction(&Stored { transaction, last_request: None }, 1, Expect::Absent(now))]).await?;
        let reply = Reply::json(StatusCode::OK, &json!({"interaction_handle": handle.expose()}));
        Ok(if known { reply } else { reply.with_header(header::SET_COOKIE, cookie::set(&browser)) })
    }
}

/// Checks an interact request; all but a missing app is told to the client's developer.
fn client(organisation: &Organisation, parameters: &Parameters, browser: String) -> Result<Client, (&'static str, &'static str)> {
    let parameter = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let app: &App = parameter("client_id").and_then(|id| organisation.app_by_client_id(id)).ok_or(("invalid_client", "The client_id is unknown."))?;
    let redirect_uri = parameter("redirect_uri").unwrap_or_default();
    if !app.settings.oauth_client.redirect_uris.iter().any(|registered| registered == redirect_uri) {
        return Err(("invalid_request", "The redirect_uri is not one of the app's redirect_uris; they are compared character by character."));
    }
    if parameter("code_challenge_method") != Some("S256") {
        return Err(("invalid_request", "The code_challenge_method must be S256."));
    }
    let code_challenge = parameter("code_challenge").unwrap_or_default();
    let well_formed = code_challenge.len() == 43 && code_challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !well_formed {
        return Err(("invalid_request", "The code_challenge must be a SHA-256 hash in base64url."));
    }
    if parameter("activation_token").is_some() {
        return Err(("invalid_request", "The activation token is invalid"));
    }
    if parameter("recovery_token").is_some() {
        return Err(("invalid_request", "The recovery token is invalid"));
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in parameter("scope").unwrap_or("openid").split_whitespace().map(String::from) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err((
            "invalid_scope",
            "One or more scopes are not configured: there are openid, profile, email and groups; no refresh tokens (offline_access).",
        ));
    }
    let short = |name: &str| parameter(name).unwrap_or_default().chars().count() <= 1_024;
    if !short("state") || !short("nonce") {
        return Err(("invalid_request", "state and nonce have at most 1024 characters."));
    }
    Ok(Client {
        app: app.id.clone(),
        client_id: app.credentials.oauth_client.client_id.clone(),
        redirect_uri: redirect_uri.into(),
        scopes,
        state: parameter("state").unwrap_or_default().into(),
        nonce: parameter("nonce").map(String::from),
        code_challenge: code_challenge.into(),
        browser,
    })
}
