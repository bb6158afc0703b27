//! A whole organisation on one thread: the engine with every port, a store in memory, a clock that
//! moves when told, a mailbox.
#![allow(dead_code, unused_imports, reason = "each test file uses its part of the stage")]

pub mod access;
mod browser;
pub mod description;
#[path = "../../../idx/tests/schema/mod.rs"]
pub mod schema;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
pub use browser::{Answer, Browser, Kind, Letter, MailFault};
use engine::Engine;
use engine::http::Request;
use engine::ports::{
    Clock, Expect, Item, Mail, MailContent, MailError, Mailer, PasswordError, PasswordHash,
    Passwords, Random, Signer, SignerError, Store, Verdict, Write,
};
use engine::testing::{CountingStore, MemoryStore, block_on, touched};
use idx::operation::ROUTES;
use policy::organisation::Organisation;
use policy::secret::Secret;
use policy::time::Timestamp;
use serde_json::{Value, json};

/// 2026-11-22T12:00:00Z
pub const NOON: u64 = 1_795_348_800_000;

/// How many a crowd is here, where each of them costs little.
pub const MANY: usize = 100;

pub const BASE: &str = "http://localhost:8787";

pub struct Stage {
    pub engine: Engine,
    pub store: Arc<CountingStore<MemoryStore>>,
    pub clock: Arc<TestClock>,
    pub mailbox: Arc<Mailbox>,
    pub source: String,
    /// Where the API is.
    pub base: String,
}

#[derive(Default)]
pub struct Mailbox {
    pub mails: Mutex<Vec<Mail>>,
    pub broken: Mutex<bool>,
    /// Whether the provider rejects every address, and how often it was asked then.
    pub rejects: Mutex<bool>,
    pub rejected: Mutex<usize>,
    /// How many mails went to nobody.
    pub to_nobody: Mutex<usize>,
}

pub struct TestClock(pub AtomicU64);

/// Bytes that are different each time and the same in each run.
pub struct TestRandom(pub AtomicU64);

/// Says what was hashed: argon2 is the password crate's to test.
pub struct PlainPasswords;

pub struct PlainSigner;

/// The demo's organisation, for people whose clock stands still while they type: without the limit
/// of requests in five seconds.
pub fn demo() -> Organisation {
    let mut organisation = organisation::parse(
        "organisation.yaml",
        include_str!("../../../../functions/local/organisation.yaml"),
    )
    .unwrap();
    organisation.settings.limits.requests_per_transaction = 1_000_000;
    organisation
}

impl Stage {
    pub fn new() -> Self {
        Self::with(&demo())
    }

    pub fn with(organisation: &Organisation) -> Self {
        let store = Arc::new(CountingStore::new(MemoryStore::new()));
        let clock = Arc::new(TestClock(AtomicU64::new(NOON)));
        let mailbox = Arc::new(Mailbox::default());
        let engine = Self::engine(store.clone(), clock.clone(), mailbox.clone());
        let stage =
            Self { engine, store, clock, mailbox, source: "192.0.2.1".into(), base: BASE.into() };
        stage.apply(organisation);
        stage
    }

    /// An engine of this stage, on whatever store.
    pub fn engine(store: Arc<dyn Store>, clock: Arc<TestClock>, mailbox: Arc<Mailbox>) -> Engine {
        let key = |text: &str| Secret::new(text.repeat(8));
        Engine::new(BASE, store, clock, Arc::new(TestRandom(AtomicU64::new(1))), key("interact"))
            .with_mailer(mailbox, key("passcode"))
            .with_passwords(Arc::new(PlainPasswords))
            .with_signer(Arc::new(PlainSigner))
    }

    pub fn apply(&self, organisation: &Organisation) {
        let problems = policy::organisation::check::check(organisation);
        assert!(problems.is_empty(), "{problems:?}");
        block_on(engine::configuration::apply(
            self.store.as_ref() as &dyn Store,
            organisation,
            self.clock.now(),
        ))
        .unwrap();
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mailbox.mails.lock().unwrap().clone()
    }

    /// What was mailed, in terms that every stage has.
    pub fn letters(&self) -> Vec<Letter> {
        self.mails().iter().map(letter).collect()
    }

    /// How many mails were sent to nobody.
    pub fn sent_to_nobody(&self) -> usize {
        *self.mailbox.to_nobody.lock().unwrap()
    }

    /// The header of a token.
    #[allow(clippy::unused_self, reason = "which form tokens have is the stage's")]
    pub fn header(&self, token: &str) -> Value {
        serde_json::from_str::<Value>(token).unwrap()
    }

    /// The claims of a token.
    pub fn claims(&self, token: &str) -> Value {
        self.header(token)["claims"].clone()
    }

    /// Every item, expired ones too.
    pub fn dump(&self) -> Vec<Item> {
        self.store.inner().dump()
    }

    /// Puts an item as it is: what an administrator or another time did.
    pub fn put(&self, item: Item) {
        block_on(self.store.inner().write(&[Write::Put { item, expect: Expect::Anything }]))
            .unwrap();
    }

    /// What the mail provider does from now on.
    pub fn fail_mail(&self, fault: Option<MailFault>) {
        *self.mailbox.broken.lock().unwrap() = fault == Some(MailFault::Unavailable);
        *self.mailbox.rejects.lock().unwrap() = fault == Some(MailFault::Rejected);
    }

    /// What was called of the store since this was asked last.
    pub fn calls(&self) -> Vec<String> {
        self.store.take().iter().map(|call| format!("{:?} {}", call.verb, call.items)).collect()
    }

    /// A request from an address.
    pub fn request_from(
        &self,
        source: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let function = ROUTES
            .iter()
            .find(|route| route.matches(path).is_some())
            .map_or(idx::operation::NOWHERE, |route| route.function);
        let mut map = ::http::HeaderMap::new();
        for (name, value) in headers {
            map.append(
                ::http::HeaderName::try_from(*name).unwrap(),
                ::http::HeaderValue::try_from(*value).unwrap(),
            );
        }
        let request = Request {
            method: method.parse().unwrap(),
            path: path.into(),
            query: Secret::new(query),
            headers: map,
            body: body.to_vec(),
            source: source.into(),
            request_id: "test".into(),
        };
        touched();
        let response = block_on(self.engine.serve(function, &request));
        access::noted(function);
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_string()))
            .collect();
        let answer = Answer::new(
            response.status().as_u16(),
            headers,
            String::from_utf8(response.body().clone()).unwrap(),
        );
        let problems = description::problems(method, path, &answer);
        assert!(problems.is_empty(), "{problems:#?}\n{}", answer.text);
        answer
    }
}

fn letter(mail: &Mail) -> Letter {
    let (kind, passcode, link) = match &mail.content {
        MailContent::RegistrationActivation { passcode, link, .. } => {
            (Kind::Activation, Some(passcode), Some(link))
        }
        MailContent::EmailChallenge { passcode, link, .. } => {
            (Kind::SignIn, Some(passcode), Some(link))
        }
        MailContent::RegistrationEmailVerification { link, .. } => {
            (Kind::Welcome, None, Some(link))
        }
        MailContent::AlreadyRegistered { .. } => (Kind::AlreadyRegistered, None, None),
        MailContent::UserActivation { .. } => (Kind::AccountMade, None, None),
    };
    let text = |secret: Option<&Secret>| secret.map(|secret| secret.expose().to_owned());
    Letter {
        to: mail.to.clone(),
        kind,
        code: text(passcode),
        link: text(link),
        text: format!("{mail:?}"),
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if *self.broken.lock().unwrap() {
            return Err(MailError::NotTaken("broken".into()));
        }
        if *self.rejects.lock().unwrap() {
            *self.rejected.lock().unwrap() += 1;
            return Err(MailError::Rejected);
        }
        self.mails.lock().unwrap().push(mail.clone());
        Ok(())
    }

    async fn send_to_nobody(&self, _: &Mail) -> Result<(), MailError> {
        if *self.broken.lock().unwrap() {
            return Err(MailError::NotTaken("broken".into()));
        }
        *self.to_nobody.lock().unwrap() += 1;
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
        Ok(PasswordHash {
            phc: format!("plain${}", engine::derive::sha256(password.expose())),
            pepper: "1".into(),
        })
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
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
