//! A person at a browser, and what they see: the same on every stage.

use engine::ports::Item;
use serde_json::{Value, json};

use super::{Stage, schema};

/// A client of its own: cookie jar, PKCE, the state handle.
pub struct Browser<'a> {
    pub stage: &'a Stage,
    pub cookie: Option<String>,
    pub verifier: String,
    pub client_id: String,
    pub handle: String,
    /// The address that it comes from.
    pub source: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub headers: Vec<(String, String)>,
}

/// A mail: what a test asks of it.
#[derive(Clone, Debug)]
pub struct Letter {
    pub to: String,
    pub kind: Kind,
    pub code: Option<String>,
    pub link: Option<String>,
    /// Everything that is in it.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Activation,
    SignIn,
    Welcome,
    AlreadyRegistered,
    #[allow(
        dead_code,
        reason = "over HTTP no scenario mails it: an administrator does, at a terminal"
    )]
    AccountMade,
}

/// What a mail provider can do instead of taking a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFault {
    /// It will not have this one.
    Rejected,
    /// It is down.
    Unavailable,
}

impl Stage {
    pub fn browser(&self, client_id: &str) -> Browser<'_> {
        let verifier = "v".repeat(43);
        Browser {
            stage: self,
            cookie: None,
            verifier,
            client_id: client_id.into(),
            handle: String::new(),
            source: self.source.clone(),
        }
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.request_from(&self.source, method, path, headers, body)
    }

    /// The newest mail to `to`.
    pub fn letter(&self, to: &str) -> Letter {
        self.letters().into_iter().rev().find(|letter| letter.to == to).expect("no mail")
    }

    /// The code of the newest mail to `to`.
    pub fn code(&self, to: &str) -> String {
        self.letter(to).code.expect("no code in the mail")
    }

    /// The link of the newest mail to `to`: path and query.
    pub fn link(&self, to: &str) -> String {
        let link = self.letter(to).link.expect("no link in the mail");
        link.strip_prefix(&self.base).unwrap().into()
    }

    /// Every item but the counters, which a refused step may change.
    pub fn state(&self) -> Vec<Item> {
        let mut items: Vec<_> =
            self.dump().into_iter().filter(|item| !item.key.0.starts_with("LIMIT#")).collect();
        items.sort_by(|a, b| a.key.cmp(&b.key));
        items
    }

    /// Items of a kind.
    pub fn items(&self, kind: &str) -> Vec<Item> {
        self.dump().into_iter().filter(|item| item.key.0.starts_with(&format!("{kind}#"))).collect()
    }
}

impl Answer {
    /// An answer as it came.
    pub fn new(status: u16, headers: Vec<(String, String)>, text: String) -> Self {
        let answer = Self {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
            headers,
        };
        // Whatever a test is about: what is sent must be what clients can work with.
        if answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/ion+json"))
            || answer.body.get("version").is_some()
        {
            let problems = schema::problems(&answer.body);
            assert!(problems.is_empty(), "{problems:#?}\n{:#}", answer.body);
        }
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Names of the offered forms, first one first.
    pub fn forms(&self) -> Vec<String> {
        let values = self.body["remediation"]["value"].as_array().cloned().unwrap_or_default();
        values.iter().map(|form| form["name"].as_str().unwrap().to_string()).collect()
    }

    /// Keys of all messages, wherever they are.
    pub fn messages(&self) -> Vec<String> {
        fn collect(value: &Value, keys: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    if let Some(key) = map.get("i18n").and_then(|i18n| i18n["key"].as_str()) {
                        keys.push(key.into());
                    }
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

    pub fn interaction_code(&self) -> Option<String> {
        let values = self.body["successWithInteractionCode"]["value"].as_array()?;
        values
            .iter()
            .find(|one| one["name"] == "interaction_code")
            .map(|one| one["value"].as_str().unwrap().to_string())
    }
}

impl Browser<'_> {
    pub fn interact(&mut self) -> String {
        let challenge = engine::derive::sha256(&self.verifier);
        let body = format!(
            "client_id={}&scope=openid%20profile%20email&redirect_uri={}&code_challenge={challenge}&code_challenge_method=S256&state=st&nonce=no",
            self.client_id, "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback"
        );
        let answer = self.send(
            "/oauth2/default/v1/interact",
            "application/x-www-form-urlencoded",
            body.as_bytes(),
        );
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body["interaction_handle"].as_str().unwrap().into()
    }

    /// Interact and introspect: the first page.
    pub fn begin(&mut self) -> Answer {
        let interaction = self.interact();
        let answer = self.post("/idp/idx/introspect", json!({"interactionHandle": interaction}));
        self.handle = answer.body["stateHandle"].as_str().unwrap().into();
        answer
    }

    /// A step: the body with the state handle.
    pub fn step(&mut self, path: &str, mut body: Value) -> Answer {
        body["stateHandle"] = json!(self.handle);
        self.post(path, body)
    }

    #[allow(clippy::needless_pass_by_value, reason = "callers make it on the spot")]
    pub fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(path, "application/json", body.to_string().as_bytes())
    }

    pub fn send(&mut self, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.call("POST", path, Some(kind), body)
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, None, b"")
    }

    fn call(&mut self, method: &str, path: &str, kind: Option<&str>, body: &[u8]) -> Answer {
        let mut headers = Vec::new();
        if let Some(kind) = kind {
            headers.push(("content-type", kind));
        }
        let cookie = self.cookie.clone();
        if let Some(cookie) = &cookie {
            headers.push(("cookie", cookie.as_str()));
        }
        let answer = self.stage.request_from(&self.source, method, path, &headers, body);
        if let Some(set) = answer.header("set-cookie") {
            self.cookie = Some(set.split(';').next().unwrap().into());
        }
        answer
    }

    pub fn token(&mut self, code: &str) -> Answer {
        let body = format!(
            "grant_type=interaction_code&client_id={}&interaction_code={code}&code_verifier={}&redirect_uri={}",
            self.client_id, self.verifier, "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback"
        );
        self.send("/oauth2/default/v1/token", "application/x-www-form-urlencoded", body.as_bytes())
    }

    /// Signs up at the demo app, up to the code.
    pub fn sign_up(&mut self, email: &str, password: &str) -> Answer {
        self.begin();
        self.step("/idp/idx/enroll", json!({}));
        self.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": {"email": email, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": password}}),
        )
    }

    pub fn answer_code(&mut self, code: &str) -> Answer {
        self.step("/idp/idx/email/answer", json!({"credentials": {"passcode": code}}))
    }

    pub fn password(&mut self, identifier: &str, password: &str) -> Answer {
        self.step(
            "/idp/idx/identify",
            json!({"identifier": identifier, "credentials": {"passcode": password}}),
        )
    }
}
