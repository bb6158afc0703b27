//! OAuth and OpenID Connect: how a transaction begins, and what its code is worth (idx.md §3, §10; security.md §1.8).

use std::collections::BTreeMap;

use ::http::{HeaderMap, StatusCode, header};
use futures_util::future::join;
use idx::operation::ISSUER_PATH;
use policy::organisation::{App, Organisation};
use policy::time::{Span, Timestamp};
use policy::transaction::{CLOCK_SKEW, Client, Transaction};
use policy::user::User;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::advance::of_app;
use crate::commit::{Stored, put_transaction};
use crate::configuration::read;
use crate::derive::{half_sha256, sha256};
use crate::keys;
use crate::ports::{Expect, Item, StoreError, Write};
use crate::reply::Reply;
use crate::{Engine, Failure, cookie};

/// An interaction code is good for so long (security.md R-T2).
const CODE_LIFETIME: Span = Span::seconds(60);

/// Tokens are good for so long.
const TOKEN_LIFETIME: Span = Span::hours(1);

/// `typ` of access tokens (RFC 9068).
const ACCESS_TOKEN: &str = "at+jwt";

/// `typ` of ID tokens.
const ID_TOKEN: &str = "JWT";

/// The scopes that mean something here.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "groups"];

/// An interaction code and what became of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    client_id: String,
    app: String,
    redirect_uri: String,
    code_challenge: String,
    nonce: Option<String>,
    scopes: Vec<String>,
    user_id: String,
    /// The account's generation then.
    #[serde(default)]
    generation: u32,
    /// When the person proved who they are.
    auth_time: Timestamp,
    amr: Vec<String>,
    expires: Timestamp,
    /// The code was presented, rightly or wrongly.
    used: bool,
    /// It was presented again: whatever the first one got is void (security.md R-T2).
    revoked: bool,
}

impl Grant {
    pub(crate) fn new(transaction: &Transaction, user_id: &str, generation: u32, at: Timestamp, now: Timestamp) -> Self {
        // RFC 8176: `pwd` for a password, `email` is Okta's; `mfa` if both.
        let mut amr: Vec<String> =
            transaction.proofs.keys().map(|key| if key.method() == "password" { "pwd".into() } else { key.method().into() }).collect();
        if amr.len() > 1 {
            amr.push("mfa".into());
        }
        let client = &transaction.client;
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
            expires: now + CODE_LIFETIME,
            used: false,
            revoked: false,
        }
    }

    /// The item outlives the code: it must be known again when it is presented twice, and revoke what it gave.
    pub(crate) fn kept_until(&self) -> Timestamp {
        self.expires + TOKEN_LIFETIME + Span::minutes(10)
    }

    pub(crate) fn redeemable(&self, now: Timestamp) -> bool {
        // By a clock that was put back it is not good again (security.md F-34).
        !self.used && now < self.expires && self.expires <= now + CODE_LIFETIME + CLOCK_SKEW
    }

    /// Whether the parameters of a token request are those of the client that the code was made for (RFC 7636 §4.6, RFC 6749 §4.1.3).
    fn presented_by_its_client<'a>(&self, parameter: impl Fn(&str) -> Option<&'a str>) -> bool {
        parameter("code_verifier").is_some_and(|verifier| verifier_fits(verifier, &self.code_challenge))
            && parameter("client_id") == Some(self.client_id.as_str())
            && parameter("redirect_uri").is_none_or(|uri| uri == self.redirect_uri)
    }

    fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|one| one == scope)
    }
}

/// Parameters of an OAuth request. A repeated one is an error (RFC 6749 §3.2).
type Parameters = BTreeMap<String, String>;

impl Engine {
    fn issuer(&self) -> String {
        format!("{}{ISSUER_PATH}", self.base_url)
    }

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
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "amr", "nonce", "at_hash", "name", "given_name", "family_name",
                "preferred_username", "locale", "zoneinfo", "email", "email_verified", "groups"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
        });
        Reply::json(StatusCode::OK, &body)
    }

    pub(crate) async fn published_keys(&self) -> Result<Reply, Failure> {
        Ok(Reply::json(StatusCode::OK, &self.signer()?.keys().await?))
    }

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

    /// Interaction code to tokens. A code is spent by whoever presents it, rightly or wrongly: who guesses the verifier has one try (security.md
    /// Tokens are signed before that, so that without a signer the code stays good.
    pub(crate) async fn token(&self, body: &[u8], page: Option<&str>) -> Result<Reply, Failure> {
        let Some(parameters) = parameters(body) else { return Ok(Reply::oauth("invalid_request", "A parameter is repeated.")) };
        let parameter = |name: &str| parameters.get(name).map(String::as_str);
        if parameter("grant_type") != Some("interaction_code") {
            return Ok(Reply::oauth("unsupported_grant_type", "The grant_type must be interaction_code."));
        }
        let Some(code) = parameter("interaction_code") else {
            return Ok(Reply::oauth("invalid_request", "The interaction_code is missing."));
        };
        let (key, now) = (keys::code(&sha256(code)), self.clock.now());
        // One spends it, one revokes it; everybody else has nothing left to write.
        for _ in 0..3 {
            let mut items = self.store.read(&[keys::organisation_head(), key.clone()]).await?.into_iter();
            let (head, item) = (items.next().flatten(), items.next().flatten());
            let Some(item) = item.filter(|item| item.lives(now)) else { break };
            let mut grant: Grant = read(&item)?;
            if grant.revoked {
                break;
            }
            let revision = self.cache.at(self.store.as_ref(), head.as_ref()).await?;
            // A page of another app does not even spend it.
            if let Some(app) = revision.organisation.app(&grant.app) {
                of_app(page, app)?;
            }
            let tokens = if grant.redeemable(now) && grant.presented_by_its_client(parameter) {
                self.tokens(&grant, &key.0, &revision.organisation, now).await?
            } else {
                None
            };
            if grant.used {
                tracing::warn!(app = grant.app, "an interaction code was presented again: what it gave is void");
            }
            grant.revoked = grant.used;
            grant.used = true;
            let spent = Item { version: item.version + 1, body: json!(grant), ..item };
            match self.store.write(&[Write::Put { item: spent, expect: Expect::Version(item.version) }]).await {
                Ok(()) => {
                    let Some(tokens) = tokens else { break };
                    return Ok(Reply::json(StatusCode::OK, &tokens));
                }
                Err(StoreError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Reply::oauth("invalid_grant", "The interaction code is invalid or has expired."))
    }

    /// What the code is worth: nothing, if the person or the app is no longer there.
    async fn tokens(&self, grant: &Grant, id: &str, organisation: &Organisation, now: Timestamp) -> Result<Option<Value>, Failure> {
        let (issuer, expires) = (self.issuer(), (now + TOKEN_LIFETIME).seconds());
        let access = json!({
            "ver": 1,
            // Names the grant, so that it can be revoked; the code itself is not in it.
            "jti": id.strip_prefix("CODE#").unwrap_or(id),
            "iss": issuer,
            "aud": issuer,
            "sub": grant.user_id,
            "uid": grant.user_id,
            "cid": grant.client_id,
            "client_id": grant.client_id,
            "scp": grant.scopes,
            "auth_time": grant.auth_time.seconds(),
            "iat": now.seconds(),
            "exp": expires,
        });
        let signer = self.signer()?;
        let person = [keys::user(&grant.user_id)];
        let (access_token, user) = join(signer.sign(ACCESS_TOKEN, &access), self.store.read(&person)).await;
        let (access_token, user) = (access_token?, active(user?.first())?);
        // Whoever signed in before the account changed hands has nothing to do with it any more (I3).
        let user = user.filter(|user| user.generation == grant.generation);
        let (Some(user), Some(_)) = (user, organisation.app(&grant.app)) else { return Ok(None) };
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.0 / 1_000,
            "access_token": access_token,
            "scope": grant.scopes.join(" "),
        });
        if grant.has("openid") {
            let mut claims = claims(grant, &user);
            claims.extend(fields(json!({
                "ver": 1,
                "iss": issuer,
                "aud": grant.client_id,
                "iat": now.seconds(),
                "exp": expires,
                "jti": self.random_id(),
                "amr": grant.amr,
                "auth_time": grant.auth_time.seconds(),
                "at_hash": half_sha256(&access_token),
            })));
            if let Some(nonce) = &grant.nonce {
                claims.insert("nonce".into(), nonce.clone().into());
            }
            let id_token = signer.sign(ID_TOKEN, &Value::Object(claims)).await?;
            if let Value::Object(map) = &mut body {
                map.insert("id_token".into(), id_token.into());
            }
        }
        Ok(Some(body))
    }

    /// Claims for an access token that is still good (OpenID Connect Core §5.3).
    pub(crate) async fn userinfo(&self, headers: &HeaderMap) -> Result<Reply, Failure> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The scheme's case does not matter (RFC 9110 §11.1).
        let token = authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")).map_or("", |(_, token)| token);
        let refused = || {
            Ok(Reply::json(
                StatusCode::UNAUTHORIZED,
                &json!({"error": "invalid_token", "error_description": "The access token is invalid or has expired."}),
            )
            .with_header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"".into()))
        };
        let Some(claims_of_token) = self.signer()?.verify(ACCESS_TOKEN, token).await? else { return refused() };
        let text = |name: &str| claims_of_token.get(name).and_then(Value::as_str).unwrap_or_default();
        // Numbers only: a text that looks like a time is no time (security.md R-T4).
        let number = |name: &str| claims_of_token.get(name).and_then(Value::as_u64);
        let now = self.clock.now();
        let (Some(_), Some(expires)) = (number("iat"), number("exp")) else { return refused() };
        if text("iss") != self.issuer() || text("aud") != self.issuer() || now.seconds() >= expires {
            return refused();
        }
        let mut items = self.store.read(&[keys::code(text("jti")), keys::user(text("sub"))]).await?.into_iter();
        let (grant, user) = (items.next().flatten(), active(items.next().as_ref())?);
        let (Some(grant), Some(user)) = (grant, user) else { return refused() };
        let grant: Grant = read(&grant)?;
        if grant.revoked || grant.user_id != user.id || grant.generation != user.generation || !grant.has("openid") {
            return refused();
        }
        Ok(Reply::json(StatusCode::OK, &Value::Object(claims(&grant, &user))))
    }
}

/// The person, if they may sign in.
fn active(found: Option<&Option<Item>>) -> Result<Option<User>, StoreError> {
    let user: Option<User> = found.and_then(Option::as_ref).map(read).transpose()?;
    Ok(user.filter(User::is_active))
}

fn parameters(body: &[u8]) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(parameters)
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

/// RFC 7636: 43 to 128 characters whose hash is the challenge.
fn verifier_fits(verifier: &str, challenge: &str) -> bool {
    (43..=128).contains(&verifier.len()) && sha256(verifier) == challenge
}

/// What the scopes tell about a person.
fn claims(grant: &Grant, user: &User) -> Map<String, Value> {
    let mut claims = fields(json!({"sub": user.id}));
    let mut add = |claim: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(claim.into(), value);
        }
    };
    let text = |name: &str| user.text(name).map(Value::from);
    if grant.has("profile") {
        let name: Vec<_> = ["firstName", "lastName"].into_iter().filter_map(|name| user.text(name)).collect();
        add("name", (!name.is_empty()).then(|| name.join(" ").into()));
        add("given_name", text("firstName"));
        add("family_name", text("lastName"));
        add("preferred_username", text("login"));
        add("locale", text("locale"));
        add("zoneinfo", text("timezone"));
        add("updated_at", Some(user.last_updated.seconds().into()));
    }
    if grant.has("email") {
        add("email", text("email"));
        add("email_verified", Some(user.email_verified.into()));
    }
    if grant.has("groups") {
        add("groups", Some(json!(user.groups)));
    }
    claims
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
