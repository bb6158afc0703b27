//! What end-to-end tests share: a client of the API over real HTTP, and the test control of
//! functions/local.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]
#![allow(clippy::missing_panics_doc, reason = "all of it panics: that is how a test fails")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[path = "../../shared/idx/tests/schema/mod.rs"]
pub mod schema;

/// The demo's organisation file.
const DEMO: &str = include_str!("../../functions/local/organisation.yaml");

/// A person at a browser with the demo app.
pub struct Browser {
    http: reqwest::Client,
    base: String,
    media_type: &'static str,
    /// The app's OAuth client.
    pub client_id: String,
    /// The PKCE verifier.
    pub verifier: String,
    /// `state` and `nonce` of interact.
    pub nonce: String,
    /// The transaction's handle, from the last [`begin`](Self::begin).
    pub handle: String,
    /// The interaction handle that gave it.
    pub interaction: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON, or null.
    pub body: Value,
    /// Cookies that were set, as `name=value`.
    pub cookies: Vec<String>,
    /// The seconds after which the client shall try again, if the answer says so.
    pub retry_after: Option<u64>,
}

/// The test control.
#[derive(Clone)]
pub struct Control {
    http: reqwest::Client,
    url: String,
}

/// The demo's organisation file for a server at `base`.
pub fn demo(base: &str) -> String {
    DEMO.replace("http://localhost:8787", base)
}

/// The file with budgets that no test uses up: what is tested is not them.
pub fn without_budgets(organisation: &str) -> String {
    let budgets = [
        "requestsPerTransaction",
        "mailsPerAddressPerHour",
        "mailsPerAddressPerDay",
        "mailsPerSourcePerHour",
        "guessesPerAddressPerHour",
        "guessesPerSourcePerHour",
    ];
    let limits: Vec<_> = budgets.iter().map(|name| format!("{name}: 100000")).collect();
    edited(
        organisation,
        "\nsettings:\n",
        &format!("\nsettings:\n  limits: {{ {} }}\n", limits.join(", ")),
    )
}

/// The file with one more required attribute on the demo app's form: the line that it has as a
/// comment.
pub fn asking_for_shoe_size(organisation: &str) -> String {
    edited(organisation, "# - { name: shoeSize", "- { name: shoeSize")
}

fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "the demo has {from:?} once");
    text.replace(from, to)
}

impl Browser {
    /// A browser without cookies.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().cookie_store(true).no_proxy().build().unwrap();
        Self {
            http,
            base: base.into(),
            media_type: "application/json",
            client_id: "demo-spa".into(),
            verifier: "v".repeat(43),
            nonce: "nonce".into(),
            handle: String::new(),
            interaction: String::new(),
        }
    }

    /// The same browser, after the server came back somewhere else.
    pub fn moved_to(&mut self, base: &str) {
        self.base = base.into();
    }

    /// Sends steps as this media type.
    #[must_use]
    pub fn sending(mut self, media_type: &'static str) -> Self {
        self.media_type = media_type;
        self
    }

    /// Interact and introspect: the first page.
    pub async fn begin(&mut self) -> Answer {
        let first = self.try_begin().await.unwrap();
        assert_eq!(first.status, 200, "{}", first.body);
        first
    }

    /// The first page, or why there is none, where the server may have stopped.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn try_begin(&mut self) -> reqwest::Result<Answer> {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let redirect_uri = format!("{}/demo/callback", self.base);
        let form = [
            ("client_id", self.client_id.as_str()),
            ("scope", "openid profile email"),
            ("redirect_uri", &redirect_uri),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", &self.nonce),
            ("nonce", &self.nonce),
        ];
        let interact =
            answer(self.http.post(format!("{}/oauth2/default/v1/interact", self.base)).form(&form))
                .await?;
        if interact.status != 200 {
            return Ok(interact);
        }
        self.interaction = interact.body["interaction_handle"].as_str().unwrap().into();
        let mut first = self
            .post("/idp/idx/introspect", json!({"interactionHandle": self.interaction}))
            .await?;
        self.handle = first.body["stateHandle"].as_str().unwrap_or_default().into();
        first.cookies.extend(interact.cookies);
        Ok(first)
    }

    /// A step: the body with the state handle.
    pub async fn step(&self, path: &str, body: Value) -> Answer {
        self.try_step(path, body).await.unwrap()
    }

    /// A step, where the server may have stopped.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn try_step(&self, path: &str, mut body: Value) -> reqwest::Result<Answer> {
        body["stateHandle"] = json!(self.handle);
        self.post(path, body).await
    }

    /// Follows "Sign up" and sends the form, with `password` on it.
    pub async fn sign_up(&mut self, email: &str, password: &str) -> Answer {
        self.begin().await;
        self.step("/idp/idx/enroll", json!({})).await;
        self.send_form(email, password).await
    }

    /// Sends the sign-up form.
    pub async fn send_form(&self, email: &str, password: &str) -> Answer {
        let profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
        self.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": password}}),
        )
        .await
    }

    /// Types the code.
    pub async fn answer_code(&self, code: &str) -> Answer {
        self.step("/idp/idx/email/answer", json!({"credentials": {"passcode": code}})).await
    }

    /// A new transaction, and name and password on its first page.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.begin().await;
        self.step(
            "/idp/idx/identify",
            json!({"identifier": email, "credentials": {"passcode": password}}),
        )
        .await
    }

    /// Interaction code to tokens.
    pub async fn token(&self, code: &str) -> Answer {
        self.try_token(code).await.unwrap()
    }

    /// Interaction code to tokens, where the server may have stopped.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn try_token(&self, code: &str) -> reqwest::Result<Answer> {
        let redirect_uri = format!("{}/demo/callback", self.base);
        let form = [
            ("grant_type", "interaction_code"),
            ("client_id", self.client_id.as_str()),
            ("interaction_code", code),
            ("code_verifier", &self.verifier),
            ("redirect_uri", &redirect_uri),
        ];
        answer(self.http.post(format!("{}/oauth2/default/v1/token", self.base)).form(&form)).await
    }

    /// The JSON at `url`.
    pub async fn get(&self, url: &str) -> Value {
        answer(self.http.get(url)).await.unwrap().body
    }

    /// The claims that userinfo gives for an access token.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        self.try_userinfo(access_token).await.unwrap()
    }

    /// The claims that userinfo gives, where the server may have stopped.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn try_userinfo(&self, access_token: &str) -> reqwest::Result<Answer> {
        answer(
            self.http
                .get(format!("{}/oauth2/default/v1/userinfo", self.base))
                .bearer_auth(access_token),
        )
        .await
    }

    /// Posts JSON and checks that an IDX answer is what clients can work with.
    async fn post(&self, path: &str, body: Value) -> reqwest::Result<Answer> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, self.media_type)
            .body(body.to_string());
        let answer = answer(request).await?;
        let problems = schema::problems(&answer.body);
        assert!(problems.is_empty(), "{path}: {problems:#?}\n{answer:#?}");
        Ok(answer)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let cookies = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    let cookies = cookies.collect();
    let retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    Ok(Answer { status, body, cookies, retry_after })
}

impl Answer {
    /// Names of the offered forms, first one first.
    pub fn forms(&self) -> Vec<&str> {
        self.body["remediation"]["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|form| form["name"].as_str())
            .collect()
    }

    /// Keys of all messages, wherever they are.
    pub fn messages(&self) -> Vec<String> {
        fn collect(value: &Value, keys: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    keys.extend(
                        map.get("i18n").and_then(|i18n| i18n["key"].as_str()).map(str::to_owned),
                    );
                    map.values().for_each(|value| collect(value, keys));
                }
                Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
                _ => {}
            }
        }
        let mut keys = Vec::new();
        collect(&self.body, &mut keys);
        keys
    }

    /// The interaction code, if everything is met.
    pub fn interaction_code(&self) -> Option<&str> {
        self.body["successWithInteractionCode"]["value"]
            .as_array()?
            .iter()
            .find(|one| one["name"] == "interaction_code")?["value"]
            .as_str()
    }

    /// The interaction code of what must be the end.
    pub fn done(&self) -> &str {
        self.interaction_code().unwrap_or_else(|| panic!("not done: {self:#?}"))
    }
}

impl Control {
    /// The test control at `url`.
    pub fn new(url: &str) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), url: url.into() }
    }

    /// The mails to `address`, oldest first.
    pub async fn mails(&self, address: &str) -> Vec<Value> {
        self.try_mails(address).await.unwrap()
    }

    /// The mails to `address`, where the server may have stopped.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn try_mails(&self, address: &str) -> reqwest::Result<Vec<Value>> {
        let mails = answer(self.http.get(format!("{}/mails?to={address}", self.url))).await?;
        Ok(mails.body.as_array().cloned().unwrap())
    }

    /// The code of the newest mail to `address`.
    pub async fn code(&self, address: &str) -> String {
        let mails = self.mails(address).await;
        mails
            .last()
            .and_then(|mail| mail["code"].as_str())
            .unwrap_or_else(|| panic!("no code was mailed to {address}"))
            .into()
    }

    /// Every item in the table.
    pub async fn dump(&self) -> Vec<Value> {
        let items = answer(self.http.get(format!("{}/dump", self.url))).await.unwrap();
        items.body.as_array().cloned().unwrap()
    }

    /// Every item of a kind in the table.
    pub async fn items(&self, kind: &str) -> Vec<Value> {
        let ours = |item: &Value| item["key"].as_str().unwrap().starts_with(&format!("{kind}#"));
        self.dump().await.into_iter().filter(ours).collect()
    }

    /// The users of an address.
    pub async fn users(&self, email: &str) -> Vec<Value> {
        self.items("USER")
            .await
            .into_iter()
            .map(|item| item["body"].clone())
            .filter(|user| user["profile"]["email"] == email)
            .collect()
    }

    /// Moves the functions' clock.
    pub async fn advance(&self, seconds: u64) {
        self.post("clock", json!({"advance_s": seconds}).to_string()).await;
    }

    /// Orders a fault, or with `{"clear": true}` none.
    #[allow(clippy::needless_pass_by_value, reason = "callers make it on the spot")]
    pub async fn fault(&self, order: Value) {
        self.post("fault", order.to_string()).await;
    }

    /// The number of calls to AWS, since the process began.
    pub async fn calls(&self) -> u64 {
        let calls = answer(self.http.get(format!("{}/calls", self.url))).await.unwrap();
        calls.body.as_object().unwrap().values().filter_map(Value::as_u64).sum()
    }

    /// The number of times each fault has happened.
    pub async fn suffered(&self) -> Value {
        answer(self.http.get(format!("{}/suffered", self.url))).await.unwrap().body
    }

    /// Applies an organisation file.
    pub async fn apply(&self, organisation: String) {
        self.post("organisation", organisation).await;
    }

    async fn post(&self, path: &str, body: String) {
        let answer =
            answer(self.http.post(format!("{}/{path}", self.url)).body(body)).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}
