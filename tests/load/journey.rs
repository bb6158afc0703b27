//! People on their way, over HTTP. Leaner than `tests::Browser`: it checks only that the journey
//! arrives.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub const PASSWORD: &str = "correct horse battery";

const VERIFIER: &str = "a-verifier-of-forty-three-characters-0123456";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journey {
    /// Interact, introspect, open the form, send it, type the code, tokens.
    SignUp,
    /// Interact, introspect, name and password, tokens: on the browser that signed up.
    SignIn,
    /// The same with one form in between.
    Progressive,
}

/// A person with an account, and the cookie of the browser that signed up.
#[derive(Clone, Debug)]
pub struct Person {
    email: String,
    cookie: String,
}

/// One connection, on which people come one after another.
pub struct Visitor {
    http: reqwest::Client,
    base: String,
    cookie: Option<String>,
    handle: String,
    /// The time that each request took.
    pub took: Vec<Duration>,
}

impl Journey {
    pub fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SignIn => "password sign-in",
            Self::Progressive => "sign-in with a progressive step",
        }
    }
}

impl Visitor {
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, base: base.into(), cookie: None, handle: String::new(), took: Vec::new() }
    }

    pub async fn sign_up(&mut self, number: usize) -> Person {
        let email = format!("person.{number}@example.com");
        self.send_form(&email).await;
        let mails = self
            .http
            .get(format!("{}/mailbox/messages?to={email}", self.base))
            .send()
            .await
            .unwrap();
        let mails: Value = mails.json().await.unwrap();
        let code = mails[0]["code"].as_str().unwrap();
        let done = self.step("email/answer", json!({"credentials": {"passcode": code}})).await;
        self.tokens(&done).await;
        Person { email, cookie: self.cookie.take().unwrap() }
    }

    /// A sign-up until the code is mailed; the state handle.
    pub async fn send_form(&mut self, email: &str) -> String {
        self.begin(None).await;
        self.step("enroll", json!({})).await;
        let profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
        let sent = self
            .step(
                "enroll/new",
                json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
            )
            .await;
        assert_eq!(sent["remediation"]["value"][0]["name"], "enroll-authenticator", "{sent}");
        self.handle.clone()
    }

    pub async fn sign_in(&mut self, person: &Person) {
        let done = self.identify(person).await;
        self.tokens(&done).await;
    }

    pub async fn answer_what_is_missing(&mut self, person: &Person) {
        let asked = self.identify(person).await;
        assert_eq!(asked["remediation"]["value"][0]["name"], "enroll-profile", "{asked}");
        let done = self.step("enroll/update", json!({"userProfile": {"shoeSize": "42"}})).await;
        self.tokens(&done).await;
    }

    /// The interaction handle of a new transaction.
    pub async fn interact(&mut self) -> String {
        let begun = self.form("interact", &self.interact_parameters()).await;
        begun["interaction_handle"].as_str().unwrap().into()
    }

    /// What interact is sent.
    pub fn interact_parameters(&self) -> Vec<(&'static str, String)> {
        let random = "r".repeat(64);
        vec![
            ("client_id", "demo-spa".into()),
            ("scope", "openid profile email".into()),
            ("redirect_uri", format!("{}/demo/callback", self.base)),
            ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
            ("code_challenge_method", "S256".into()),
            ("state", random.clone()),
            ("nonce", random),
        ]
    }

    /// Signs `person` in; an access token.
    pub async fn access_token(&mut self, person: &Person) -> String {
        let done = self.identify(person).await;
        self.tokens(&done).await["access_token"].as_str().unwrap().into()
    }

    async fn identify(&mut self, person: &Person) -> Value {
        self.begin(Some(person.cookie.clone())).await;
        self.step(
            "identify",
            json!({"identifier": person.email, "credentials": {"passcode": PASSWORD}}),
        )
        .await
    }

    async fn begin(&mut self, cookie: Option<String>) {
        self.cookie = cookie;
        let interaction = self.interact().await;
        let first = self.post("introspect", &json!({"interactionHandle": interaction})).await;
        self.handle = first["stateHandle"].as_str().unwrap_or_else(|| panic!("{first}")).into();
    }

    async fn tokens(&mut self, done: &Value) -> Value {
        let values = done["successWithInteractionCode"]["value"]
            .as_array()
            .unwrap_or_else(|| panic!("not done: {done}"));
        let code = values.iter().find(|one| one["name"] == "interaction_code").unwrap()["value"]
            .as_str()
            .unwrap();
        let parameters = [
            ("grant_type", "interaction_code"),
            ("client_id", "demo-spa"),
            ("interaction_code", code),
            ("code_verifier", VERIFIER),
        ];
        let tokens =
            self.form("token", &parameters.map(|(name, value)| (name, value.to_owned()))).await;
        assert!(tokens["id_token"].is_string(), "{tokens}");
        tokens
    }

    async fn step(&mut self, path: &str, mut body: Value) -> Value {
        body["stateHandle"] = json!(self.handle);
        self.post(path, &body).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}/idp/idx/{path}", self.base)).json(body);
        self.send(request).await
    }

    async fn form(&mut self, path: &str, parameters: &[(&'static str, String)]) -> Value {
        let request =
            self.http.post(format!("{}/oauth2/default/v1/{path}", self.base)).form(parameters);
        self.send(request).await
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Value {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let began = Instant::now();
        let answer = request.send().await.unwrap();
        if let Some(cookie) = answer.headers().get("set-cookie") {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().into());
        }
        let body = answer.bytes().await.unwrap();
        self.took.push(began.elapsed());
        serde_json::from_slice(&body).unwrap()
    }
}
