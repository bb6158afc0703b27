//! A person at a browser who tries again when told to, as people do and as clients must (I6).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::Answer;

/// After so many tries of one request a person gives up.
const TRIES: u32 = 25;

/// The requests and answers of all people.
#[derive(Default)]
pub struct Log {
    /// How often each status was answered; 0: no whole answer.
    pub statuses: Mutex<BTreeMap<u16, u64>>,
    /// The time that each answer took, in milliseconds.
    pub took: Mutex<Vec<u32>>,
    /// The violations.
    pub violations: Mutex<Vec<String>>,
}

/// A person who gave up: no journey may end like this.
#[derive(Debug)]
pub struct GaveUp(pub String);

/// A browser with one app.
pub struct Person<'a> {
    pub log: &'a Log,
    http: reqwest::Client,
    base: &'a str,
    client_id: &'static str,
    handle: String,
}

impl Log {
    pub fn violation(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }
}

impl<'a> Person<'a> {
    pub fn new(log: &'a Log, base: &'a str, client_id: &'static str) -> Self {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .no_proxy()
            .pool_max_idle_per_host(1)
            .timeout(Duration::from_secs(30));
        Self { log, http: http.build().unwrap(), base, client_id, handle: String::new() }
    }

    /// Interact and introspect: the first page.
    pub async fn begin(&mut self) -> Result<Answer, GaveUp> {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("v".repeat(43)));
        let redirect_uri = self.redirect_uri();
        let form = [
            ("client_id", self.client_id),
            ("scope", "openid profile email"),
            ("redirect_uri", &redirect_uri),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "state"),
            ("nonce", "nonce"),
        ];
        let interact = self
            .patiently("interact", || {
                self.http.post(format!("{}/oauth2/default/v1/interact", self.base)).form(&form)
            })
            .await?;
        let handle = interact.body["interaction_handle"].clone();
        let body = json!({"interactionHandle": handle}).to_string();
        let first =
            self.patiently("introspect", || self.post("/idp/idx/introspect", &body)).await?;
        first.body["stateHandle"].as_str().unwrap_or_default().clone_into(&mut self.handle);
        Ok(first)
    }

    /// A step, as often as it takes.
    pub async fn step(&self, path: &str, body: Value) -> Result<Answer, GaveUp> {
        let body = self.with_handle(body);
        self.patiently(path, || self.post(path, &body)).await
    }

    /// A step, once: its answer, if there was one.
    pub async fn step_once(&self, path: &str, body: Value) -> Option<Answer> {
        self.send(self.post(path, &self.with_handle(body))).await
    }

    /// Interaction code to tokens, once: a client that presents it twice has lost it.
    pub async fn token_once(&self, code: &str) -> Option<Answer> {
        let redirect_uri = self.redirect_uri();
        let verifier = "v".repeat(43);
        let form = [
            ("client_id", self.client_id),
            ("grant_type", "interaction_code"),
            ("interaction_code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
        ];
        self.send(self.http.post(format!("{}/oauth2/default/v1/token", self.base)).form(&form))
            .await
    }

    /// The claims that userinfo gives for an access token.
    pub async fn userinfo(&self, token: &str) -> Result<Answer, GaveUp> {
        self.patiently("userinfo", || {
            self.http.get(format!("{}/oauth2/default/v1/userinfo", self.base)).bearer_auth(token)
        })
        .await
    }

    /// The same request until it is answered with more than "try again".
    async fn patiently(
        &self,
        what: &str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, GaveUp> {
        for attempt in 1..=TRIES {
            match self.send(request()).await {
                Some(answer) if !matches!(answer.status, 429 | 503) => return Ok(answer),
                // Retry-After says two seconds; people are no clockwork.
                _ => {
                    tokio::time::sleep(Duration::from_millis(
                        1_500 + u64::from(attempt) * 137 % 1_000,
                    ))
                    .await;
                }
            }
        }
        Err(GaveUp(format!("{what}: {TRIES} tries")))
    }

    async fn send(&self, request: RequestBuilder) -> Option<Answer> {
        let began = Instant::now();
        let answer = whole(request).await.ok();
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        *self.log.statuses.lock().unwrap().entry(status).or_default() += 1;
        self.log.took.lock().unwrap().push(u32::try_from(began.elapsed().as_millis()).unwrap());
        if ![0, 200, 400, 401, 429, 503].contains(&status) {
            self.log.violation(format!("I14: a journey was answered with {status}: {answer:?}"));
        }
        answer
    }

    fn post(&self, path: &str, body: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    fn with_handle(&self, mut body: Value) -> String {
        body["stateHandle"] = json!(self.handle);
        body.to_string()
    }

    fn redirect_uri(&self) -> String {
        format!("{}/demo/callback", self.base)
    }
}

async fn whole(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    Ok(Answer { status, body, cookies: Vec::new(), retry_after: None })
}
