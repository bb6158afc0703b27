//! A whole organisation on one thread: the engine with every port, a store in memory, a clock that moves when told, a mailbox.
#![allow(dead_code, reason = "each test file uses its part of the stage")]

#[path = "../../../idx/tests/schema/mod.rs"]
pub mod schema;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::Engine;
use engine::http::{Request, Response};
use engine::ports::{
    Clock, Mail, MailContent, MailError, Mailer, PasswordError, PasswordHash, Passwords, Random, Signer, SignerError, Store, Verdict,
};
use engine::testing::{CountingStore, MemoryStore, block_on};
use idx::operation::ROUTES;
use policy::organisation::Organisation;
use policy::secret::Secret;
use policy::time::Timestamp;
use serde_json::{Value, json};

/// 2026-11-22T12:00:00Z
pub const NOON: u64 = 1_795_348_800_000;

pub const BASE: &str = "http://localhost:8787";

pub struct Stage {
    pub engine: Engine,
    pub store: Arc<CountingStore<MemoryStore>>,
    pub clock: Arc<TestClock>,
    pub mailbox: Arc<Mailbox>,
    pub source: String,
}

/// A client of its own: cookie jar, PKCE, the state handle.
pub struct Browser<'a> {
    pub stage: &'a Stage,
    pub cookie: Option<String>,
    pub verifier: String,
    pub client_id: String,
    pub handle: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub headers: Vec<(String, String)>,
}

#[derive(Default)]
pub struct Mailbox {
    pub mails: Mutex<Vec<Mail>>,
    pub broken: Mutex<bool>,
}

pub struct TestClock(pub AtomicU64);

/// Bytes that are different each time and the same in each run.
pub struct TestRandom(AtomicU64);

/// Says what was hashed: argon2 is the password crate's to test.
pub struct PlainPasswords;

pub struct PlainSigner;

pub fn demo() -> Organisation {
    organisation::parse("organisation.yaml", include_str!("../../../../functions/local/organisation.yaml")).unwrap()
}

impl Stage {
    pub fn new() -> Self {
        Self::with(&demo())
    }

    pub fn with(organisation: &Organisation) -> Self {
        let store = Arc::new(CountingStore::new(MemoryStore::new()));
        let clock = Arc::new(TestClock(AtomicU64::new(NOON)));
        let mailbox = Arc::new(Mailbox::default());
        let key = |text: &str| Secret::new(text.repeat(8));
        let engine = Engine::new(BASE, store.clone(), clock.clone(), Arc::new(TestRandom(AtomicU64::new(1))), key("interact"))
            .with_mailer(mailbox.clone(), key("passcode"))
            .with_passwords(Arc::new(PlainPasswords))
            .with_signer(Arc::new(PlainSigner));
        let stage = Self { engine, store, clock, mailbox, source: "192.0.2.1".into() };
        stage.apply(organisation);
        stage
    }

    pub fn apply(&self, organisation: &Organisation) {
        let problems = policy::organisation::check::check(organisation);
        assert!(problems.is_empty(), "{problems:?}");
        block_on(engine::configuration::apply(self.store.as_ref() as &dyn Store, organisation, self.clock.now())).unwrap();
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub fn browser(&self, client_id: &str) -> Browser<'_> {
        let verifier = "v".repeat(43);
        Browser { stage: self, cookie: None, verifier, client_id: client_id.into(), handle: String::new() }
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mailbox.mails.lock().unwrap().clone()
    }

    /// The code of the newest mail to `to`.
    pub fn code(&self, to: &str) -> String {
        let mails = self.mails();
        let mail = mails.iter().rev().find(|mail| mail.to == to).expect("no mail");
        match &mail.content {
            MailContent::RegistrationActivation { passcode, .. } | MailContent::EmailChallenge { passcode, .. } => passcode.expose().into(),
            other => panic!("{other:?} has no code"),
        }
    }

    /// The link of the newest mail to `to`: path and query.
    pub fn link(&self, to: &str) -> String {
        let mails = self.mails();
        let mail = mails.iter().rev().find(|mail| mail.to == to).expect("no mail");
        let link = match &mail.content {
            MailContent::RegistrationActivation { link, .. }
            | MailContent::EmailChallenge { link, .. }
            | MailContent::RegistrationEmailVerification { link, .. } => link.expose(),
            other @ MailContent::AlreadyRegistered { .. } => panic!("{other:?} has no link"),
        };
        link.strip_prefix(BASE).unwrap().into()
    }

    /// Items of a kind, without the prefix.
    pub fn items(&self, kind: &str) -> Vec<engine::ports::Item> {
        self.store.inner().dump().into_iter().filter(|item| item.key.0.starts_with(&format!("{kind}#"))).collect()
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let function = ROUTES.iter().find(|route| route.matches(path).is_some()).map_or(idx::operation::Function::Identify, |route| route.function);
        let mut map = ::http::HeaderMap::new();
        for (name, value) in headers {
            map.append(::http::HeaderName::try_from(*name).unwrap(), ::http::HeaderValue::try_from(*value).unwrap());
        }
        let request = Request {
            method: method.parse().unwrap(),
            path: path.into(),
            query: Secret::new(query),
            headers: map,
            body: body.to_vec(),
            source: self.source.clone(),
            request_id: "test".into(),
        };
        let response = block_on(self.engine.serve(function, request));
        Answer::of(&response)
    }
}

impl Answer {
    fn of(response: &Response) -> Self {
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_string())).collect();
        let text = String::from_utf8(response.body().clone()).unwrap();
        let answer = Self { status: response.status().as_u16(), body: serde_json::from_str(&text).unwrap_or(Value::Null), text, headers };
        // Whatever a test is about: what is sent must be what clients can work with.
        if answer.header("content-type").is_some_and(|kind| kind.starts_with("application/ion+json")) || answer.body.get("version").is_some() {
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
        values.iter().find(|one| one["name"] == "interaction_code").map(|one| one["value"].as_str().unwrap().to_string())
    }
}

impl Browser<'_> {
    pub fn interact(&mut self) -> String {
        let challenge = engine::derive::sha256(&self.verifier);
        let body = format!(
            "client_id={}&scope=openid%20profile%20email&redirect_uri={}&code_challenge={challenge}&code_challenge_method=S256&state=st&nonce=no",
            self.client_id, "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback"
        );
        let answer = self.send("/oauth2/default/v1/interact", "application/x-www-form-urlencoded", body.as_bytes());
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
        let answer = self.stage.request(method, path, &headers, body);
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
        self.step("/idp/idx/identify", json!({"identifier": identifier, "credentials": {"passcode": password}}))
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if *self.broken.lock().unwrap() {
            return Err(MailError::Unavailable("broken".into()));
        }
        self.mails.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // SplitMix64: different bytes each time, without a cycle that a test could meet.
            let mut next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (next ^ (next >> 31)).to_be_bytes()[0];
        }
    }
}

#[async_trait]
impl Passwords for PlainPasswords {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        Ok(PasswordHash { phc: format!("plain${}", engine::derive::sha256(password.expose())), pepper: "1".into() })
    }

    async fn verify(&self, password: &Secret, hash: Option<&PasswordHash>) -> Result<Verdict, PasswordError> {
        let ours = self.hash(password).await?;
        Ok(Verdict { matches: hash.is_some_and(|hash| hash.phc == ours.phc), outdated: false })
    }
}

#[async_trait]
impl Signer for PlainSigner {
    async fn sign(&self, typ: &str, claims: &Value) -> Result<String, SignerError> {
        Ok(json!({"typ": typ, "claims": claims}).to_string())
    }

    async fn keys(&self) -> Result<Value, SignerError> {
        Ok(json!({"keys": []}))
    }

    async fn verify(&self, typ: &str, token: &str) -> Result<Option<Value>, SignerError> {
        let token: Value = serde_json::from_str(token).unwrap_or_default();
        Ok((token["typ"] == typ).then(|| token["claims"].clone()))
    }
}
