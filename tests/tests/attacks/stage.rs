//! The local bundle as a stage of the scenarios: the same people, with another way to reach the
//! functions.

#[path = "../../../shared/engine/tests/stage/browser.rs"]
mod browser;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub use browser::{Answer, Browser, Kind, Letter, MailFault};
use dynamodb::DynamoStore;
use engine::ports::{Clock as _, Expect, Item, Key, Store as _, Write};
use kms::KmsSigner;
use local::{Mail, Options, Running};
use policy::organisation::Organisation;
use policy::time::{Span, Timestamp};
use runtime::Environment;
use serde_json::{Value, json};
use tests::{Control, schema};

use super::transport::Transport;
use crate::attacks::RUNTIME;

/// How many a crowd is here, where each of them hashes a password and writes to a database.
pub const MANY: usize = 16;

pub struct Stage {
    pub source: String,
    pub base: String,
    running: Running,
    control: Control,
    store: DynamoStore,
    environment: Environment,
    transport: Transport,
}

pub fn demo() -> Organisation {
    let mut organisation = organisation::parse(
        "organisation.yaml",
        include_str!("../../../functions/local/organisation.yaml"),
    )
    .unwrap();
    // What is limited is a story of its own: the others send more than people do.
    organisation.settings.limits.requests_per_transaction = 1_000_000;
    organisation
}

fn part_of(token: &str, index: usize) -> Value {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}

impl Stage {
    /// The header of a token.
    #[allow(clippy::unused_self, reason = "which form tokens have is the stage's")]
    pub fn header(&self, token: &str) -> Value {
        part_of(token, 0)
    }

    /// The claims of a token.
    #[allow(clippy::unused_self, reason = "which form tokens have is the stage's")]
    pub fn claims(&self, token: &str) -> Value {
        part_of(token, 1)
    }

    pub fn new() -> Self {
        Self::with(&demo())
    }

    pub fn with(organisation: &Organisation) -> Self {
        let running = RUNTIME
            .block_on(local::start(Options { test_control: Some(0), ..Options::default() }))
            .unwrap();
        let environment =
            Environment::from_vars(|name| running.variables.get(name).cloned()).unwrap();
        let stage = Self {
            source: "192.0.2.1".into(),
            base: running.base_url.clone(),
            control: Control::new(running.test_control_url.as_ref().unwrap()),
            store: DynamoStore::new(
                dynamodb::Client::new(&environment.dynamodb()),
                environment.table_name(),
            ),
            environment,
            transport: RUNTIME.block_on(async { Transport::new(&running) }),
            running,
        };
        stage.apply(organisation);
        stage
    }

    pub fn apply(&self, organisation: &Organisation) {
        let problems = policy::organisation::check::check(organisation);
        assert!(problems.is_empty(), "{problems:?}");
        RUNTIME
            .block_on(engine::configuration::apply(
                &self.store,
                organisation,
                self.running.clock.now(),
            ))
            .unwrap();
    }

    pub fn advance(&self, seconds: u64) {
        self.running.clock.advance(Span::seconds(seconds));
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.running.mailbox.to(None).iter().map(letter).collect()
    }

    pub fn dump(&self) -> Vec<Item> {
        RUNTIME.block_on(self.control.dump()).iter().map(item).collect()
    }

    pub fn put(&self, item: Item) {
        RUNTIME
            .block_on(self.store.write(&[Write::Put { item, expect: Expect::Anything }]))
            .unwrap();
    }

    /// Orders a fault of AWS in the notation of the test control, or `{"clear": true}`.
    #[allow(clippy::needless_pass_by_value, reason = "callers make it on the spot")]
    pub fn fault(&self, order: Value) {
        if order["clear"] == true {
            self.running.faults.clear();
        } else {
            self.running.faults.order(serde_json::from_value(order).unwrap());
        }
    }

    /// The key that signs tokens.
    pub fn signer(&self) -> KmsSigner {
        KmsSigner::new(
            kms::Client::new(&self.environment.kms()),
            self.environment.signing_key_ids().unwrap(),
        )
    }

    /// Sets the behaviour of the mail provider from now on.
    pub fn fail_mail(&self, fault: Option<MailFault>) {
        self.running.faults.clear();
        if let Some(fault) = fault {
            let effect = if fault == MailFault::Rejected { "reject" } else { "err500" };
            self.fault(json!({"at": "ses.SendEmail", "times": u32::MAX, "do": effect}));
        }
    }

    /// What was called of AWS since this was asked last. Not how often: what a busy machine answers
    /// too late is called again.
    pub fn calls(&self) -> Vec<String> {
        let calls = self.running.faults.calls();
        self.running.faults.reset_calls();
        calls.into_keys().collect()
    }

    pub fn request_from(
        &self,
        source: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let (status, headers, text) =
            RUNTIME.block_on(self.transport.exchange(source, method, path, headers, body));
        Answer::new(status, headers, text)
    }
}

fn letter(mail: &Mail) -> Letter {
    let endings = [
        ("finish signing up", Kind::Activation),
        ("confirm your email address", Kind::Welcome),
        ("sign in", Kind::SignIn),
        ("you already have an account", Kind::AlreadyRegistered),
    ];
    let (_, kind) = endings
        .into_iter()
        .find(|(ending, _)| mail.subject.ends_with(ending))
        .unwrap_or_else(|| panic!("{}", mail.subject));
    Letter {
        to: mail.to.clone(),
        kind,
        code: mail.code().map(str::to_owned),
        link: mail.link().filter(|_| kind != Kind::AlreadyRegistered).map(str::to_owned),
        text: format!("{mail:?}"),
    }
}

fn item(stored: &Value) -> Item {
    Item {
        key: Key(stored["key"].as_str().unwrap().into()),
        version: stored["version"].as_u64().unwrap_or_default(),
        expires_at: stored["expiresAt"].as_u64().map(Timestamp),
        count: stored["count"].as_u64().unwrap_or_default(),
        body: stored["body"].clone(),
    }
}
