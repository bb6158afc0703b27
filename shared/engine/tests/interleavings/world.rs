//! A stage whose ports wait for the scheduler, and which can be put back to where it was.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::Engine;
use engine::http::{Request, Response};
use engine::ports::{Clock as _, Expect, Item, Mail, Store, StoreError, Write};
use engine::testing::{CountingStore, MemoryStore, block_on};
use idx::operation::{Function, ROUTES};
use policy::organisation::Organisation;
use policy::secret::Secret;
use serde_json::{Value, json};

use crate::interleavings::ports::{AgeingPasswords, Plain, Streams, Waits};
use crate::interleavings::scheduler::Scheduler;
use crate::stage::{Answer, BASE, Browser, Mailbox, NOON, PlainSigner, Stage, TestClock};

/// A stage, and what holds its calls.
pub struct World {
    pub stage: Stage,
    pub scheduler: Arc<Scheduler>,
    waits: Waits,
    random: Arc<Streams>,
}

/// Everything that a request can change.
pub struct Snapshot {
    pub items: Vec<Item>,
    mails: Vec<Mail>,
    now: u64,
}

/// One of those who act at the same time.
#[derive(Clone, Debug)]
pub enum Act {
    /// A request of a client.
    Send {
        method: &'static str,
        path: String,
        kind: &'static str,
        cookie: Option<String>,
        body: Vec<u8>,
    },
    /// An administrator deactivates whoever has this address.
    Deactivate(&'static str),
    /// An administrator applies another organisation file.
    Apply(Box<Organisation>),
}

impl World {
    pub fn new(organisation: &Organisation) -> Self {
        Self::with_store(organisation, |store| store)
    }

    /// With a store that `wrap` has spoilt: it is what shows that a test can fail.
    pub fn with_store(
        organisation: &Organisation,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let store = Arc::new(CountingStore::new(MemoryStore::new()));
        let clock = Arc::new(TestClock(AtomicU64::new(NOON)));
        let (mailbox, scheduler) = (Arc::new(Mailbox::default()), Arc::new(Scheduler::default()));
        let random = Arc::new(Streams::new(scheduler.clone()));
        let key = |text: &str| Secret::new(text.repeat(8));
        let waits = Waits::new(scheduler.clone(), clock.clone());
        let port = wrap(Arc::new(waits.around(Plain(store.clone()))));
        let engine = Engine::new(BASE, port, clock.clone(), random.clone(), key("interact"))
            .with_mailer(Arc::new(waits.around(mailbox.clone())), key("passcode"))
            .with_passwords(Arc::new(waits.around(AgeingPasswords)))
            .with_signer(Arc::new(waits.around(PlainSigner)));
        let stage =
            Stage { engine, store, clock, mailbox, source: "192.0.2.1".into(), base: BASE.into() };
        stage.apply(organisation);
        block_on(stage.engine.warm());
        Self { stage, scheduler, waits, random }
    }

    /// From now on each call takes a millisecond, so that no two requests see the same time.
    pub fn let_time_pass(&self) {
        self.waits.let_time_pass();
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            items: self.stage.store.inner().dump(),
            mails: self.stage.mails(),
            now: self.stage.clock.0.load(Ordering::SeqCst),
        }
    }

    /// Back to where it was.
    pub fn restore(&self, snapshot: &Snapshot) {
        let store = self.stage.store.inner();
        let gone = store
            .dump()
            .into_iter()
            .map(|item| Write::Delete { key: item.key, expect: Expect::Anything });
        let there = snapshot
            .items
            .iter()
            .map(|item| Write::Put { item: item.clone(), expect: Expect::Anything });
        for write in gone.chain(there) {
            block_on(store.write(&[write])).unwrap();
        }
        self.stage.mailbox.mails.lock().unwrap().clone_from(&snapshot.mails);
        self.stage.clock.0.store(snapshot.now, Ordering::SeqCst);
        self.random.begin_anew();
        block_on(self.stage.engine.warm());
    }

    /// Does it; what was answered.
    pub async fn perform(&self, act: &Act) -> Answer {
        match act {
            Act::Send { .. } => {
                answer(&self.stage.engine.serve(act.function(), &act.request()).await)
            }
            Act::Deactivate(email) => {
                self.deactivate(email).await;
                Answer::nothing()
            }
            Act::Apply(organisation) => {
                let store = self.scheduled_store();
                engine::configuration::apply(&store, organisation, self.stage.clock.now())
                    .await
                    .unwrap();
                Answer::nothing()
            }
        }
    }

    async fn deactivate(&self, email: &str) {
        let store = self.scheduled_store();
        let of_address = |item: &Item| {
            item.key.0.starts_with("USER#") && item.body["profile"]["email"] == *email
        };
        let Some(key) =
            self.stage.store.inner().dump().into_iter().find(of_address).map(|item| item.key)
        else {
            return;
        };
        loop {
            let mut item = store.read(std::slice::from_ref(&key)).await.unwrap().remove(0).unwrap();
            let expect = Expect::Version(item.version);
            (item.version, item.body["status"]) = (item.version + 1, json!("DEPROVISIONED"));
            match store.write(&[Write::Put { item, expect }]).await {
                Ok(()) => return,
                Err(StoreError::Refused(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn scheduled_store(&self) -> impl Store {
        self.waits.around(Plain(self.stage.store.clone()))
    }
}

fn answer(response: &Response) -> Answer {
    let text = String::from_utf8(response.body().clone()).unwrap();
    Answer {
        status: response.status().as_u16(),
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
        headers: Vec::new(),
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { method, path, body, .. } => {
                write!(f, "{method} {path} {}", String::from_utf8_lossy(body))
            }
            Self::Deactivate(email) => write!(f, "deactivate {email}"),
            Self::Apply(_) => write!(f, "apply another organisation"),
        }
    }
}

impl Act {
    /// A step of `browser`, not yet sent.
    #[allow(clippy::needless_pass_by_value, reason = "callers make it on the spot")]
    pub fn step(browser: &Browser<'_>, path: &str, mut body: Value) -> Self {
        body["stateHandle"] = json!(browser.handle);
        Self::Send {
            method: "POST",
            path: path.into(),
            kind: "application/json",
            cookie: browser.cookie.clone(),
            body: body.to_string().into(),
        }
    }

    /// The answer to a code.
    pub fn code(browser: &Browser<'_>, code: &str) -> Self {
        Self::step(browser, "/idp/idx/email/answer", json!({"credentials": {"passcode": code}}))
    }

    /// Name and password on the first page.
    pub fn password(browser: &Browser<'_>, identifier: &str, password: &str) -> Self {
        Self::step(
            browser,
            "/idp/idx/identify",
            json!({"identifier": identifier, "credentials": {"passcode": password}}),
        )
    }

    /// The sign-up form of the demo app.
    pub fn sign_up(browser: &Browser<'_>, email: &str, password: &str) -> Self {
        let profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
        Self::step(
            browser,
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": password}}),
        )
    }

    /// The button on the page behind a link.
    pub fn confirm(browser: &Browser<'_>, link: &str) -> Self {
        let (path, query) = link.split_once('?').unwrap();
        Self::form(path, browser.cookie.clone(), query)
    }

    /// Interaction code to tokens.
    pub fn token(browser: &Browser<'_>, code: &str) -> Self {
        let Browser { client_id, verifier, .. } = browser;
        let body = format!(
            "grant_type=interaction_code&client_id={client_id}&interaction_code={code}&code_verifier={verifier}"
        );
        Self::form("/oauth2/default/v1/token", None, &body)
    }

    fn form(path: &str, cookie: Option<String>, body: &str) -> Self {
        Self::Send {
            method: "POST",
            path: path.into(),
            kind: "application/x-www-form-urlencoded",
            cookie,
            body: body.into(),
        }
    }

    fn function(&self) -> Function {
        let Self::Send { path, .. } = self else { panic!("no request: {self:?}") };
        ROUTES.iter().find(|route| route.matches(path).is_some()).unwrap().function
    }

    fn request(&self) -> Request {
        let Self::Send { method, path, kind, cookie, body } = self else {
            panic!("no request: {self:?}")
        };
        let mut headers = ::http::HeaderMap::new();
        headers.insert(::http::header::CONTENT_TYPE, kind.parse().unwrap());
        if let Some(cookie) = cookie {
            headers.insert(::http::header::COOKIE, cookie.parse().unwrap());
        }
        Request {
            method: method.parse().unwrap(),
            path: path.clone(),
            query: Secret::new(String::new()),
            headers,
            body: body.clone(),
            source: "192.0.2.1".into(),
            request_id: "test".into(),
        }
    }
}
