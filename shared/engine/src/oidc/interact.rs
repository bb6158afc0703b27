//! Interact: how a transaction begins (idx.md §3).

use std::borrow::Cow;

use ::http::{HeaderMap, StatusCode, header};
use policy::Context;
use policy::assurance::Level;
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
    pub(crate) async fn interact(
        &self,
        body: &[u8],
        headers: &HeaderMap,
        page: Option<&str>,
    ) -> Result<Reply, Failure> {
        let Some(parameters) = parameters(body) else {
            return Ok(Reply::oauth("invalid_request", "A parameter is repeated."));
        };
        let revision = self.current().await?;
        let (known, browser) = match cookie::of(headers) {
            Some(browser) => (true, browser),
            None => (false, self.random_secret()),
        };
        let client = match client(
            &revision.organisation,
            &self.issuer(),
            &parameters,
            sha256(browser.expose()),
        ) {
            Ok(client) => client,
            Err((error, description)) => return Ok(Reply::oauth(error, &description)),
        };
        let app = revision.organisation.app(&client.app).ok_or(Failure::ForeignOrigin)?;
        of_app(page, app)?;
        let now = self.clock.now();
        let mut transaction = Transaction::begin(self.random_id(), client, now);
        if let Some(context) = Context::new(&revision.organisation, app, now) {
            transaction.show(&context);
        }
        let handle = self.interaction_handle(&transaction.id);
        self.store
            .write(&[put_transaction(
                &Stored { transaction, last_request: None },
                1,
                Expect::Absent(now),
            )])
            .await?;
        let reply = Reply::json(StatusCode::OK, &json!({"interaction_handle": handle.expose()}));
        Ok(if known { reply } else { reply.with_header(header::SET_COOKIE, cookie::set(&browser)) })
    }
}

/// `prompt` values that are obeyed: without sessions, everybody says who they are and proves it
/// each time.
pub(super) const PROMPTS: [&str; 2] = ["login", "select_account"];

/// Parameters that ask for more than is built: each with its error. What narrows is never passed
/// over.
const NOT_BUILT: [(&str, &str); 8] = [
    ("authorization_details", "invalid_authorization_details"),
    ("claims", "invalid_request"),
    ("dpop_jkt", "invalid_request"),
    ("enroll_amr_values", "invalid_request"),
    ("id_token_hint", "invalid_request"),
    ("idp", "invalid_request"),
    ("request", "request_not_supported"),
    ("request_uri", "request_uri_not_supported"),
];

/// Most bytes of a value that is kept as it came.
const MOST_BYTES: usize = 1_024;

/// An OAuth error: code and description.
type Refusal = (&'static str, Cow<'static, str>);

/// Checks an interact request; all but a missing app is told to the client's developer.
fn client(
    organisation: &Organisation,
    issuer: &str,
    parameters: &Parameters,
    browser: String,
) -> Result<Client, Refusal> {
    let parameter =
        |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let refused = |error, description: &'static str| Err((error, Cow::Borrowed(description)));
    let Some(app) = parameter("client_id").and_then(|id| organisation.app_by_client_id(id)) else {
        return refused("invalid_client", "The client_id is unknown.");
    };
    let redirect_uri = parameter("redirect_uri").unwrap_or_default();
    if !app.settings.oauth_client.redirect_uris.iter().any(|registered| registered == redirect_uri)
    {
        return refused(
            "invalid_request",
            "The redirect_uri is not one of the app's redirect_uris; they are compared character by character.",
        );
    }
    if parameter("code_challenge_method") != Some("S256") {
        return refused("invalid_request", "The code_challenge_method must be S256.");
    }
    let code_challenge = parameter("code_challenge").unwrap_or_default();
    let well_formed = code_challenge.len() == 43
        && code_challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !well_formed {
        return refused(
            "invalid_request",
            "The code_challenge must be a SHA-256 hash in base64url.",
        );
    }
    if parameter("activation_token").is_some() {
        return refused("invalid_request", "The activation token is invalid");
    }
    if parameter("recovery_token").is_some() {
        return refused("invalid_request", "The recovery token is invalid");
    }
    if parameter("response_type").is_some_and(|kind| kind != "code") {
        return refused("unsupported_response_type", "The response_type must be code.");
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in parameter("scope").unwrap_or("openid").split_whitespace().map(String::from) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        return refused(
            "invalid_scope",
            "One or more scopes are not configured: there are openid, profile, email and groups; no refresh tokens (offline_access).",
        );
    }
    let short = |name: &str| parameter(name).unwrap_or_default().len() <= MOST_BYTES;
    if !["state", "nonce", "login_hint"].into_iter().all(short) {
        return refused(
            "invalid_request",
            "state, nonce and login_hint have at most 1024 bytes each.",
        );
    }
    narrowed(organisation, app, issuer, &parameter)?;
    Ok(Client {
        app: app.id.clone(),
        client_id: app.credentials.oauth_client.client_id.clone(),
        redirect_uri: redirect_uri.into(),
        scopes,
        state: parameter("state").unwrap_or_default().into(),
        nonce: parameter("nonce").map(String::from),
        acr_values: parameter("acr_values").map_or_else(Vec::new, known_levels),
        login_hint: parameter("login_hint")
            .filter(|hint| !hint.contains(char::is_control))
            .map(String::from),
        code_challenge: code_challenge.into(),
        browser,
    })
}

/// Whether what narrows the request can be obeyed.
fn narrowed<'a>(
    organisation: &Organisation,
    app: &App,
    issuer: &str,
    parameter: &impl Fn(&str) -> Option<&'a str>,
) -> Result<(), Refusal> {
    let refused = |error, description: &'static str| Err((error, Cow::Borrowed(description)));
    if let Some((name, error)) = NOT_BUILT.into_iter().find(|(name, _)| parameter(name).is_some()) {
        return Err((
            error,
            format!("The parameter {name} is not built yet; leave it out.").into(),
        ));
    }
    let prompts: Vec<&str> = parameter("prompt").unwrap_or_default().split_whitespace().collect();
    match prompts.as_slice() {
        ["none"] => {
            return refused(
                "login_required",
                "There are no sessions yet: nobody is signed in without being asked.",
            );
        }
        prompts if prompts.contains(&"consent") => {
            return refused("consent_required", "Consent is not asked for yet.");
        }
        prompts if prompts.iter().all(|prompt| PROMPTS.contains(prompt)) => {}
        _ => {
            return refused(
                "invalid_request",
                "The prompt must be none, or login, select_account or both.",
            );
        }
    }
    // Whoever signs in has proven themselves after this request: younger than any age.
    if parameter("max_age").is_some_and(|seconds| {
        seconds.len() > 15 || !seconds.bytes().all(|byte| byte.is_ascii_digit())
    }) {
        return refused("invalid_request", "The max_age must be a whole number of seconds.");
    }
    let asked = parameter("acr_values").map(known_levels);
    let promised = |level: Level| level.is_reached_by_all(organisation, app);
    let met = |asked: Vec<String>| {
        Level::ALL
            .into_iter()
            .any(|level| asked.iter().any(|one| one == level.as_str()) && promised(level))
    };
    if asked.is_some_and(|asked| !met(asked)) {
        return refused(
            "unmet_authentication_requirements",
            "The policy of this app does not ask everybody for any of the acr_values.",
        );
    }
    let audience = organisation.access_tokens(app).audience;
    if parameter("resource")
        .is_some_and(|resource| resource != audience.as_deref().unwrap_or(issuer))
    {
        return refused(
            "invalid_target",
            "The access tokens of this app are for another resource.",
        );
    }
    Ok(())
}

/// Those of some `acr_values` that there are, in the client's order.
fn known_levels(acr_values: &str) -> Vec<String> {
    let known = |value: &&str| Level::ALL.iter().any(|level| level.as_str() == *value);
    acr_values.split_whitespace().filter(known).take(Level::ALL.len()).map(String::from).collect()
}
