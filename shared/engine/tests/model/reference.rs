//! What should happen: who is there, what each flow has proven, and what the next answer must be. Written for reading, not for speed; it knows
//! nothing of stores, commits, handles or JSON.

mod choice;
mod decision;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use super::operation::{ADDRESSES, App, Browser, Code, Edit, Operation, Step, operation};

const CODE_LIVES: u64 = 300;
const IDLE: u64 = 15 * 60;
const ABSOLUTE: u64 = 60 * 60;
const REPEATED_WITHIN: u64 = 60;
const COOLDOWN: u64 = 30;
const CODES: u32 = 5;
const ATTEMPTS: u32 = 5;
const INTERACTION_CODE_LIVES: u64 = 60;

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub verified: bool,
    pub password: usize,
    pub shoe: bool,
    pub active: bool,
    pub groups: BTreeSet<&'static str>,
    pub granted: BTreeSet<&'static str>,
    /// Grows with each change.
    version: u32,
    /// Grows when the account changes hands.
    hands: u32,
}

/// What a flow shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    FirstPage,
    SignUpForm,
    EnrollEmail,
    Password,
    ChooseEmail,
    Email,
    Profile,
    /// The interaction code.
    Code,
    /// Nothing more, only a message.
    Over,
}

/// What an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub status: u16,
    pub view: View,
}

#[derive(Clone, Debug)]
struct Flow {
    app: App,
    began: u64,
    touched: u64,
    who: Who,
    password_proven: bool,
    email_proven: bool,
    challenge: Option<Challenge>,
    sends: u32,
    chose_email: bool,
    /// The request that changed it last, and when.
    last: Option<(Request, u64)>,
    end: Option<End>,
}

#[derive(Clone, Debug)]
enum Who {
    Visitor,
    AtSignUp,
    Applicant {
        key: String,
        password: usize,
        shoe: bool,
    },
    /// With the account as it was when last looked at.
    Member {
        key: String,
        seen: Person,
    },
}

#[derive(Clone, Copy, Debug)]
struct Challenge {
    number: u32,
    made: u64,
    attempts: u32,
}

#[derive(Clone, Debug)]
enum End {
    Cancelled,
    /// When the interaction code was handed out, if it was.
    Done(Option<u64>),
}

/// A step, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub step: Step,
    /// Whether the form has a shoe size.
    pub shoe: bool,
    /// Which code of the flow it has; none: a wrong one.
    pub code: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct Model {
    now: u64,
    asks_shoe: bool,
    two_factors: bool,
    /// By address in lower case.
    pub people: BTreeMap<String, Person>,
    flows: [Option<Flow>; 2],
    /// What each browser sent last.
    pub sent: [Option<Request>; 2],
    /// What the last operation must have been answered with.
    pub expected: Option<Expected>,
    /// What has happened so far that is worth trying.
    pub seen: BTreeSet<&'static str>,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Self> {
        let (people, flows, sent) = (BTreeMap::new(), [None, None], [None, None]);
        Just(Self { now: 0, asks_shoe: false, two_factors: false, people, flows, sent, expected: None, seen: BTreeSet::new() }).boxed()
    }

    /// Mostly what people do who look at their page, now and then anything.
    fn transitions(state: &Self) -> BoxedStrategy<Operation> {
        let sensible: Vec<Operation> = (0..2).flat_map(|browser| state.sensible(browser)).collect();
        if sensible.is_empty() { operation().boxed() } else { prop_oneof![3 => proptest::sample::select(sensible), 2 => operation()].boxed() }
    }

    fn preconditions(state: &Self, operation: &Operation) -> bool {
        match operation {
            Operation::Step(browser, _) => state.flows[*browser].is_some(),
            Operation::Repeat(browser) => state.sent[*browser].is_some(),
            Operation::OpenLink(whose, _) | Operation::ConfirmLink(whose, _) => state.flows[*whose].as_ref().is_some_and(|flow| flow.sends > 0),
            Operation::Deactivate(address) => state.people.get(&key(*address)).is_some_and(|person| person.active),
            Operation::Begin(..) | Operation::Wait(_) | Operation::Edit(_) => true,
        }
    }

    fn apply(mut state: Self, operation: &Operation) -> Self {
        state.expected = None;
        match operation {
            Operation::Begin(browser, app) => {
                state.flows[*browser] = Some(Flow::new(*app, state.now));
                state.sent[*browser] = None;
                state.expected = Some(is(200, View::FirstPage));
            }
            Operation::Step(browser, step) => {
                let request = state.worded(*browser, step);
                state.request(*browser, &request);
            }
            Operation::Repeat(browser) => {
                let request = state.sent[*browser].clone().unwrap();
                state.request(*browser, &request);
            }
            Operation::OpenLink(whose, _) => state.expected = Some(is(if state.link_is_good(*whose) { 200 } else { 400 }, View::Over)),
            Operation::ConfirmLink(whose, by) => state.expected = Some(is(state.confirm_link(*whose, *by), View::Over)),
            Operation::Wait(seconds) => state.now += seconds,
            Operation::Edit(Edit::ShoeSize) => state.asks_shoe = !state.asks_shoe,
            Operation::Edit(Edit::TwoFactors) => state.two_factors = !state.two_factors,
            Operation::Deactivate(address) => {
                let person = state.people.get_mut(&key(*address)).unwrap();
                person.active = false;
                person.version += 1;
            }
        }
        state
    }
}

/// Whose address this is, however it is typed.
pub fn key(address: usize) -> String {
    ADDRESSES[address].to_ascii_lowercase()
}

fn is(status: u16, view: View) -> Expected {
    Expected { status, view }
}

impl App {
    fn group(self) -> &'static str {
        match self {
            Self::Demo => "customers",
            Self::Newsletter => "subscribers",
        }
    }
}

impl Flow {
    fn new(app: App, now: u64) -> Self {
        Self {
            app,
            began: now,
            touched: now,
            who: Who::Visitor,
            password_proven: false,
            email_proven: false,
            challenge: None,
            sends: 0,
            chose_email: false,
            last: None,
            end: None,
        }
    }

    fn expired(&self, now: u64) -> bool {
        now >= self.began + ABSOLUTE || now >= self.touched + IDLE
    }

    fn turn_to(&mut self, who: Who) {
        self.who = who;
        (self.password_proven, self.email_proven, self.chose_email, self.challenge) = (false, false, false, None);
    }

    fn code_lives(&self, now: u64) -> bool {
        self.challenge.is_some_and(|challenge| now < challenge.made + CODE_LIVES)
    }
}

/// What a step comes to: the flow afterwards, and an account to write.
struct Taken {
    kind: Kind,
    flow: Flow,
    write: Option<(String, Person)>,
}

enum Kind {
    Changed,
    Same,
    Refused(u16),
    /// Refused, and back on the first page.
    Back,
    NotOffered,
    Malformed,
}

impl Model {
    fn request(&mut self, browser: Browser, request: &Request) {
        let flow = self.flows[browser].clone().unwrap();
        self.sent[browser] = Some(request.clone());
        self.expected = Some(self.answer(browser, flow, request));
    }

    fn answer(&mut self, browser: Browser, flow: Flow, request: &Request) -> Expected {
        let now = self.now;
        if flow.expired(now) {
            return is(401, View::Over);
        }
        let within = if request.step == Step::Resend { COOLDOWN } else { REPEATED_WITHIN };
        let repeated = request.step != Step::Introspect && flow.last.as_ref().is_some_and(|(last, at)| last == request && now - at < within);
        match flow.end {
            Some(End::Done(Some(issued))) => match request.step {
                _ if (repeated || request.step == Step::Poll) && now < issued + INTERACTION_CODE_LIVES => is(200, View::Code),
                Step::Poll => is(200, View::Over),
                _ => is(401, View::Over),
            },
            Some(End::Cancelled) if repeated && request.step == Step::Cancel => is(200, View::Over),
            Some(End::Cancelled) => is(401, View::Over),
            None if repeated && request.step != Step::Poll => is(200, self.view(&flow)),
            _ => self.decide(browser, flow, request, false),
        }
    }

    /// Decides on the account as the flow has seen it; if that turns out to be old when something is to be done with it, looks again.
    fn decide(&mut self, browser: Browser, mut flow: Flow, request: &Request, by_link: bool) -> Expected {
        let is_code = matches!(request.step, Step::Code(Code::Right | Code::Wrong)) && !by_link;
        if is_code && self.offers(&flow, &request.step) {
            let challenge = flow.challenge.as_mut().unwrap();
            if challenge.attempts == ATTEMPTS {
                self.seen.insert("too many attempts");
                return is(429, self.view(&flow));
            }
            challenge.attempts += 1;
            self.flows[browser] = Some(flow.clone());
        }
        loop {
            let taken = if self.offers(&flow, &request.step) {
                self.take(&flow, request)
            } else {
                Taken { kind: Kind::NotOffered, flow: flow.clone(), write: None }
            };
            if let (Some(_), Who::Member { key, seen }) = (&taken.write, &flow.who)
                && !matches!(request.step, Step::Identify(..))
                && self.people[key].version != seen.version
            {
                let current = self.people[key].clone();
                if !current.active {
                    self.seen.insert("deactivated meanwhile");
                    return is(401, View::Over);
                }
                self.seen.insert("the account changed meanwhile");
                if current.hands > seen.hands {
                    self.seen.insert("the account changed hands meanwhile");
                    (flow.password_proven, flow.email_proven) = (false, false);
                }
                flow.who = Who::Member { key: key.clone(), seen: current };
                // Seen for good only if the client is told or the step is taken.
                if !self.offers(&flow, &request.step) {
                    self.flows[browser] = Some(flow.clone());
                }
                continue;
            }
            return self.settle(browser, taken, request, by_link);
        }
    }

    fn settle(&mut self, browser: Browser, taken: Taken, request: &Request, by_link: bool) -> Expected {
        let Taken { kind, mut flow, write } = taken;
        let hands = write.as_ref().map_or(0, |(key, person)| person.hands - self.people.get(key).map_or(0, |before| before.hands));
        let happened = match kind {
            Kind::Changed if hands > 0 => "taken over",
            Kind::Changed if by_link && flow.end.is_some() => "done by link",
            Kind::Changed if flow.end.is_some() && matches!(flow.who, Who::Member { .. }) && flow.email_proven => "member done with two factors",
            Kind::Changed if flow.end.is_some() && request.step == Step::UpdateProfile => "profile completed",
            Kind::Changed if flow.end.is_some() && request.step == Step::Introspect => "done by looking",
            Kind::Back => "somebody was faster",
            Kind::Refused(429) if request.step == Step::Resend => "resend too soon or too often",
            _ => "something",
        };
        self.seen.insert(happened);
        self.people.extend(write);
        let (status, changed) = match kind {
            Kind::Malformed => return is(400, View::Over),
            Kind::Changed => (200, true),
            Kind::Back => (400, true),
            Kind::Same => (200, false),
            Kind::NotOffered => (400, false),
            Kind::Refused(status) => (status, false),
        };
        if changed {
            flow.touched = self.now;
            if status == 200 {
                flow.last = (!by_link).then(|| (request.clone(), self.now));
            }
            if let (Some(End::Done(None)), false) = (&flow.end, by_link) {
                flow.end = Some(End::Done(Some(self.now)));
            }
            self.flows[browser] = Some(flow.clone());
        }
        is(status, self.view(&flow))
    }

    fn link_is_good(&self, whose: Browser) -> bool {
        let flow = self.flows[whose].as_ref().unwrap();
        !flow.expired(self.now) && flow.code_lives(self.now)
    }

    fn confirm_link(&mut self, whose: Browser, by: Browser) -> u16 {
        if !self.link_is_good(whose) {
            return 400;
        }
        if whose != by {
            return 403;
        }
        let flow = self.flows[whose].clone().unwrap();
        let request = Request { step: Step::Code(Code::Right), shoe: false, code: flow.challenge.map(|challenge| challenge.number) };
        if self.decide(whose, flow, &request, true).status == 200 { 200 } else { 400 }
    }
}
