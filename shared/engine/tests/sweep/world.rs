//! The engine with ports that fail, and people who send what they sent again when the answer was a
//! failure or none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::Engine;
use engine::http::Request;
use engine::ports::{Clock as _, Item, Mail, StoreError};
use engine::testing::{Fault, FaultStore, Faults, MemoryStore, PortCall, touched};
use idx::operation::{Operation, ROUTES};
use policy::organisation::Organisation;
use policy::secret::Secret;
use serde_json::{Value, json};

use crate::stage::{Answer, Mailbox, NOON, TestClock, TestRandom, access};
use crate::sweep::gist::{Gist, NOT_MAILED, answer, declared, gist, nothing, waits_for_mail};
use crate::sweep::instance::{ready, start};
use crate::sweep::invariants::{self, Seen};
use crate::sweep::plan::{Kind, Planned};

/// Everything that a story happens in.
pub struct World {
    pub store: Arc<MemoryStore>,
    pub clock: Arc<TestClock>,
    pub mailbox: Arc<Mailbox>,
    pub seen: Seen,
    random: Arc<TestRandom>,
    faults: Arc<Faults>,
    engine: Engine,
    planned: Option<Planned>,
    /// The story as it goes without faults.
    usual: Arc<Told>,
    /// The story as it goes.
    told: Told,
    /// What helps a person out of a failure is no part of the story.
    aside: bool,
}

/// How a story went. Up to its fault, each run of it is the same: it is not done again but taken
/// from here.
#[derive(Clone, Default)]
pub struct Told {
    pub exchanges: Vec<Exchange>,
    begin: Option<State>,
    /// Every answer with what was there afterwards, also of what was no part of the story.
    tape: Vec<(Answer, State)>,
}

/// A request, what it called, and what was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// `None`: an administrator applied a configuration.
    pub operation: Option<Operation>,
    pub calls: Vec<PortCall>,
    gist: Gist,
    /// Its place on the tape.
    place: usize,
}

#[derive(Clone)]
struct State {
    items: Vec<Item>,
    mails: Vec<Mail>,
    now: u64,
    random: u64,
    seen: Seen,
}

#[derive(Clone)]
enum Act {
    Serve(Box<Request>),
    Apply(Box<Organisation>),
}

/// A browser.
#[derive(Clone, Default)]
pub struct Person {
    pub client_id: &'static str,
    cookie: Option<String>,
    pub handle: String,
    pub access_token: String,
}

const FORM: &str = "application/x-www-form-urlencoded";
const CALLBACK: &str = "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback";

/// Milliseconds until a client sends the same request again. Two of them are shorter than the time in
/// which the same "send again" is the same press.
const RETRY_AFTER: u64 = 900;

impl World {
    /// The story is told without a fault, for the first time.
    pub fn new(organisation: &Organisation) -> Self {
        let mut world = Self::with(None, Arc::default());
        ready(engine::configuration::apply(world.store.as_ref(), organisation, world.clock.now()))
            .unwrap()
            .unwrap();
        world.told.begin = Some(world.state());
        world
    }

    /// The story is told again, with a fault.
    pub fn again(planned: Planned, usual: &Arc<Told>) -> Self {
        let mut world = Self::with(Some(planned), usual.clone());
        world.restore(usual.begin.as_ref().unwrap());
        world
    }

    fn with(planned: Option<Planned>, usual: Arc<Told>) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(TestClock(AtomicU64::new(NOON)));
        let (mailbox, random) =
            (Arc::<Mailbox>::default(), Arc::new(TestRandom(AtomicU64::new(1))));
        let faults = Arc::<Faults>::default();
        let engine = start(&store, &clock, &random, &mailbox, &faults);
        Self {
            store,
            clock,
            mailbox,
            seen: Seen::default(),
            random,
            faults,
            engine,
            planned,
            usual,
            told: Told::default(),
            aside: false,
        }
    }

    /// How it went.
    pub fn finished(self) -> Told {
        self.told
    }

    pub fn advance(&self, milliseconds: u64) {
        self.clock.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Where a fault may lead to another way than the story's: nothing is compared or made to fail
    /// on it.
    pub fn aside<T>(&mut self, way: impl FnOnce(&mut Self) -> T) -> T {
        self.aside = true;
        let result = way(self);
        self.aside = false;
        result
    }

    /// True if the fault of this run has happened.
    pub fn hit(&self) -> bool {
        self.planned.is_some_and(|planned| planned.request < self.told.exchanges.len())
    }

    /// An administrator changes the configuration.
    pub fn apply(&mut self, organisation: &Organisation) {
        assert_eq!(policy::organisation::check::check(organisation), []);
        self.act(None, &Act::Apply(Box::new(organisation.clone())));
    }

    pub fn items(&self, kind: &str) -> Vec<Item> {
        self.store
            .dump()
            .into_iter()
            .filter(|item| item.key.0.starts_with(&format!("{kind}#")))
            .collect()
    }

    fn restart(&mut self) {
        self.faults.restart();
        self.engine = start(&self.store, &self.clock, &self.random, &self.mailbox, &self.faults);
    }

    /// What is on the tape, if the fault is yet to come.
    fn taped(&mut self) -> Option<Answer> {
        let usual = Arc::clone(&self.usual);
        let (place, fault) =
            (self.told.tape.len(), usual.exchanges.get(self.planned?.request)?.place);
        if place < fault {
            let (answer, state) = usual.tape[place].clone();
            self.restore(&state);
            self.told.tape.push((answer.clone(), state));
            return Some(answer);
        }
        if place == fault {
            self.restart();
            if !self.planned?.cold {
                ready(self.engine.warm());
            }
        }
        None
    }

    fn state(&self) -> State {
        let (now, random) =
            (self.clock.0.load(Ordering::SeqCst), self.random.0.load(Ordering::SeqCst));
        State {
            items: self.store.dump(),
            mails: self.mailbox.mails.lock().unwrap().clone(),
            now,
            random,
            seen: self.seen.clone(),
        }
    }

    fn restore(&mut self, state: &State) {
        self.store.restore(&state.items);
        self.mailbox.mails.lock().unwrap().clone_from(&state.mails);
        self.clock.0.store(state.now, Ordering::SeqCst);
        self.random.0.store(state.random, Ordering::SeqCst);
        self.seen.clone_from(&state.seen);
    }

    fn act(&mut self, operation: Option<Operation>, act: &Act) -> Answer {
        self.advance(1_000);
        let place = self.told.tape.len();
        let answer = match self.taped() {
            Some(answer) if self.aside => return answer,
            Some(answer) => {
                let exchange = self.usual.exchanges[self.told.exchanges.len()].clone();
                self.told.exchanges.push(exchange);
                return answer;
            }
            None if self.aside => self.once(operation, act).0.unwrap(),
            None => self.persist(operation, act, place),
        };
        self.told.tape.push((answer.clone(), self.state()));
        answer
    }

    /// Does it as a person would: a failure, or no answer at all, makes them try once more.
    fn persist(&mut self, operation: Option<Operation>, act: &Act, place: usize) -> Answer {
        let index = self.told.exchanges.len();
        let fault = self.planned.filter(|planned| planned.request == index);
        self.faults.restart();
        match fault.map(|fault| (fault.call, fault.kind)) {
            Some((call, Kind::Once(fault))) => self.faults.fail(call, fault),
            Some((call, Kind::From(fault))) => self.faults.fail_from(call, fault),
            Some((_, Kind::AnswerLost | Kind::None)) | None => {}
        }
        let (first, calls) = self.once(operation, act);
        let told = first.as_ref().map(gist);
        self.told.exchanges.push(Exchange {
            operation,
            calls: calls.clone(),
            gist: told.clone().unwrap_or_else(nothing),
            place,
        });
        let Some(Planned { kind, call, .. }) = fault.filter(|fault| fault.kind != Kind::None)
        else {
            let answer = first.unwrap();
            if self.planned.is_some() {
                assert_eq!(
                    Some(gist(&answer)),
                    self.usual.exchanges.get(index).map(|usual| usual.gist.clone()),
                    "after a fault: {}",
                    answer.text
                );
            }
            return answer;
        };
        let usual = self.usual.exchanges[index].gist.clone();
        assert!(calls.len() <= 40, "I14: {calls:?}");
        let of = calls.get(call.wrapping_sub(1)).copied();
        if kind != Kind::AnswerLost && told.as_ref() == Some(&usual) {
            self.faults.heal();
            let rejected = of == Some(PortCall::Send) && kind == Kind::Once(Fault::Refused(0));
            // A mailbox that takes no mail looks like any other; whoever waits for it asks for
            // another mail.
            return if rejected && first.as_ref().is_some_and(waits_for_mail) {
                self.resend(act)
            } else {
                first.unwrap()
            };
        }
        if kind != Kind::AnswerLost {
            assert!(
                declared(told.as_ref(), first.as_ref(), kind, of, operation),
                "{:?}",
                first.map(|answer| answer.text)
            );
        }
        if let Kind::From(_) = kind {
            self.advance(RETRY_AFTER);
            let (again, _) = self.once(operation, act);
            let told = again.as_ref().map(gist);
            assert!(
                told.as_ref() == Some(&usual)
                    || declared(told.as_ref(), again.as_ref(), kind, of, operation),
                "still down: {told:?}"
            );
        }
        self.faults.heal();
        if first.is_none() {
            self.restart();
        }
        self.advance(RETRY_AFTER);
        let answer = self.once(operation, act).0.unwrap();
        self.truth(&usual, operation, answer, act)
    }

    /// What the same request says when the fault is over: the same as without one (I6), or what a
    /// person can go on from.
    fn truth(
        &mut self,
        usual: &Gist,
        operation: Option<Operation>,
        answer: Answer,
        act: &Act,
    ) -> Answer {
        let told = gist(&answer);
        if told == *usual {
            return answer;
        }
        // Whether the mail has left is not known: it is said, and the person asks for another one.
        if told.messages == [NOT_MAILED] {
            return self.resend(act);
        }
        // A code that was presented is spent, whatever became of the answer: the person signs in
        // again (R-T2).
        let spent = operation == Some(Operation::Token) && told.status == 400;
        assert!(spent, "instead of {usual:?}: {told:?}");
        answer
    }

    /// After a request that should have sent a code.
    fn resend(&mut self, after: &Act) -> Answer {
        let Act::Serve(request) = after else { unreachable!() };
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let body = json!({"stateHandle": body["stateHandle"]}).to_string().into_bytes();
        self.advance(31_000);
        let resend =
            Request { path: "/idp/idx/email/resend".into(), body, ..request.as_ref().clone() };
        let sent = self.once(Some(Operation::Resend), &Act::Serve(Box::new(resend))).0.unwrap();
        assert_eq!((sent.status, sent.messages()), (200, vec![]), "{}", sent.text);
        sent
    }

    /// One request, whatever comes of it. `None`: the process died.
    fn once(&mut self, operation: Option<Operation>, act: &Act) -> (Option<Answer>, Vec<PortCall>) {
        let before = self.store.dump();
        let answer = match act {
            Act::Serve(request) => {
                let function = ROUTES
                    .iter()
                    .find(|route| Some(route.operation) == operation)
                    .unwrap()
                    .function;
                let checked =
                    self.planned.is_none_or(|planned| planned.request == self.told.exchanges.len());
                touched();
                let response = ready(self.engine.serve(function, request));
                access::noted(function);
                response.map(|response| answer(response, checked))
            }
            Act::Apply(organisation) => {
                let store = FaultStore::new(self.store.clone(), self.faults.clone());
                ready(engine::configuration::apply(&store, organisation, self.clock.now()))
                    .map(|applied| applied_answer(&applied))
            }
        };
        invariants::check(
            &before,
            &self.store.dump(),
            &self.mailbox.mails.lock().unwrap(),
            &mut self.seen,
            operation,
            answer.as_ref(),
        );
        (answer, self.faults.calls())
    }

    fn send(
        &mut self,
        person: &mut Person,
        method: &str,
        path: &str,
        kind: Option<&str>,
        body: &[u8],
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let route = ROUTES
            .iter()
            .find(|route| route.method == method && route.matches(path).is_some())
            .unwrap();
        let mut headers = ::http::HeaderMap::new();
        let authorization =
            (!person.access_token.is_empty()).then(|| format!("Bearer {}", person.access_token));
        for (name, value) in [
            ("content-type", kind),
            ("cookie", person.cookie.as_deref()),
            ("authorization", authorization.as_deref()),
        ] {
            if let Some(value) = value {
                headers.append(name, value.parse().unwrap());
            }
        }
        let request = Request {
            method: method.parse().unwrap(),
            path: path.into(),
            query: Secret::new(query),
            headers,
            body: body.to_vec(),
            source: "192.0.2.1".into(),
            request_id: "test".into(),
        };
        let answer = self.act(Some(route.operation), &Act::Serve(Box::new(request)));
        if let Some(set) = answer.header("set-cookie") {
            person.cookie = Some(set.split(';').next().unwrap().into());
        }
        answer
    }

    pub fn get(&mut self, person: &mut Person, path: &str) -> Answer {
        self.send(person, "GET", path, None, b"")
    }

    pub fn post_form(&mut self, person: &mut Person, path: &str, body: &str) -> Answer {
        self.send(person, "POST", path, Some(FORM), body.as_bytes())
    }

    /// Interact and introspect: the first page.
    pub fn begin(&mut self, person: &mut Person) -> Answer {
        let body = format!(
            "client_id={}&scope=openid%20profile%20email%20groups&redirect_uri={CALLBACK}&code_challenge={}&code_challenge_method=S256&state=st&nonce=no",
            person.client_id,
            engine::derive::sha256(&"v".repeat(43))
        );
        let begun = self.post_form(person, "/oauth2/default/v1/interact", &body);
        let interaction =
            json!({"interactionHandle": begun.body["interaction_handle"]}).to_string();
        let answer = self.send(
            person,
            "POST",
            "/idp/idx/introspect",
            Some("application/json"),
            interaction.as_bytes(),
        );
        person.handle = answer.body["stateHandle"].as_str().unwrap().into();
        answer
    }

    /// A step: the body with the state handle.
    pub fn step(&mut self, person: &mut Person, path: &str, mut body: Value) -> Answer {
        body["stateHandle"] = json!(person.handle);
        self.send(person, "POST", path, Some("application/json"), body.to_string().as_bytes())
    }

    /// Interaction code to tokens; keeps the access token.
    pub fn token(&mut self, person: &mut Person, code: &str) -> Answer {
        let body = format!(
            "grant_type=interaction_code&client_id={}&interaction_code={code}&code_verifier={}&redirect_uri={CALLBACK}",
            person.client_id,
            "v".repeat(43)
        );
        let answer = self.post_form(person, "/oauth2/default/v1/token", &body);
        person.access_token = answer.body["access_token"].as_str().unwrap_or_default().into();
        answer
    }

    /// The newest mail to an address, taken for read.
    pub fn mail(&self, to: &str) -> Mail {
        self.mailbox
            .mails
            .lock()
            .unwrap()
            .iter()
            .rev()
            .find(|mail| mail.to == to)
            .expect("no mail")
            .clone()
    }
}

impl Person {
    pub fn at(client_id: &'static str) -> Self {
        Self { client_id, ..Self::default() }
    }
}

fn applied_answer(applied: &Result<String, StoreError>) -> Answer {
    let status = if applied.is_ok() { 200 } else { 503 };
    Answer { status, body: Value::Null, text: String::new(), headers: Vec::new() }
}

/// Which operations a story's requests were.
pub fn operations(exchanges: &[Exchange]) -> BTreeSet<Operation> {
    exchanges.iter().filter_map(|exchange| exchange.operation).collect()
}

/// Calls by port.
pub fn calls(exchanges: &[Exchange]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in exchanges.iter().flat_map(|exchange| &exchange.calls) {
        *counts.entry(call.to_string()).or_default() += 1;
    }
    counts
}
