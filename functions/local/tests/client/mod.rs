//! A client of the API, as small as a client can be.
#![allow(dead_code, reason = "each test binary uses its part")]

use serde_json::{Value, json};

/// A password that no other account has.
pub const PASSWORD: &str = "a poet of numbers";

/// One browser.
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client of the server at `base`.
    pub fn new(base: &str) -> Self {
        Self {
            http: reqwest::Client::builder().cookie_store(true).build().unwrap(),
            base: base.to_owned(),
        }
    }

    /// The JSON at `path`.
    pub async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap().json().await.unwrap()
    }

    /// The JSON that answers `body`, whatever the status.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.http
            .post(format!("{}{path}", self.base))
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Begins a transaction of the demo app; the challenge is the one of RFC 7636, appendix B.
    pub async fn interact(&self) -> Value {
        let redirect_uri = format!("{}/demo/callback", self.base);
        let form = [
            ("client_id", "demo-spa"),
            ("scope", "openid profile email"),
            ("redirect_uri", &redirect_uri),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("state", "s"),
        ];
        self.http
            .post(format!("{}/oauth2/default/v1/interact", self.base))
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// The first page.
    pub async fn begin(&self) -> Value {
        let handle = self.interact().await["interaction_handle"].clone();
        self.post("/idp/idx/introspect", json!({ "interactionHandle": handle })).await
    }

    /// Fills in the demo app's sign-up form; the step that asks for the code.
    pub async fn begin_sign_up(&self, email: &str) -> Value {
        let first = self.begin().await;
        let handle = &first["stateHandle"];
        self.post("/idp/idx/enroll", json!({ "stateHandle": handle })).await;
        let profile = json!({ "email": email, "firstName": "Ada", "lastName": "Lovelace" });
        self.post("/idp/idx/enroll/new", json!({ "stateHandle": handle, "userProfile": profile, "credentials": { "passcode": PASSWORD } })).await
    }

    /// Signs up to the end, with the code that `code` reads.
    pub async fn sign_up(&self, email: &str, code: impl FnOnce() -> String) {
        let step = self.begin_sign_up(email).await;
        let answer =
            json!({ "stateHandle": step["stateHandle"], "credentials": { "passcode": code() } });
        let done = self.post("/idp/idx/email/answer", answer).await;
        assert!(done["successWithInteractionCode"].is_object(), "{done}");
    }

    /// Signs in; the step after it.
    pub async fn sign_in(&self, email: &str, password: &str) -> Value {
        let first = self.begin().await;
        let body = json!({ "stateHandle": first["stateHandle"], "identifier": email, "credentials": { "passcode": password } });
        self.post("/idp/idx/identify", body).await
    }
}
