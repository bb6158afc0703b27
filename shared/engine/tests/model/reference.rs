//! What should happen: who is there, what each flow has proven, and what the next answer must be.
//! Written for reading, not for speed; it knows nothing of stores, commits, handles or JSON.

mod answer;
mod choice;
mod decision;
mod links;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use super::operation::{ADDRESSES, App, Browser, Edit, Operation, Step, operation};

const CODE_LIVES: u64 = 300;
const IDLE: u64 = 15 * 60;
const ABSOLUTE: u64 = 60 * 60;
const REPEATED_WITHIN: u64 = 60;
const RESEND_REPEATED_WITHIN: u64 = 2;
const COOLDOWN: u64 = 30;
const CODES: u32 = 5;
const ATTEMPTS: u32 = 5;
const INTERACTION_CODE_LIVES: u64 = 60;
const TOKEN_LIVES: u64 = 60 * 60;
/// An interaction code is known for so long, to be told from one that never was.
const INTERACTION_CODE_KNOWN: u64 = INTERACTION_CODE_LIVES + TOKEN_LIVES + 10 * 60;
const WELCOME_LINK_LIVES: u64 = 24 * 60 * 60;

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As stored.
    pub address: &'static str,
    pub verified: bool,
    /// Tells the first name too.
    pub password: usize,
    pub shoe: Option<&'static str>,
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
    /// The code is asked for, to set the mailbox up.
    EnrollEmail,
    /// No code is out: one can be asked for.
    SetUpEmail,
    Password,
    ChooseEmail,
    Email,
    Profile,
    /// The interaction code.
    Code,
    /// Nothing more, only a message.
    Over,
    /// The same, because sign-up was switched off.
    Closed,
    /// The same, because nobody gets in.
    Denied,
}

/// What an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub status: u16,
    pub view: View,
}

/// What is configured.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Policy {
    asks_shoe: bool,
    two_factors: bool,
    closed: bool,
    denied: bool,
    verifies_demo: bool,
    verifies_newsletter: bool,
    prevents_enumeration: bool,
}

/// A request that was answered.
#[derive(Clone, Debug)]
struct Last {
    request: Request,
    at: u64,
    /// True if the answer was another page.
    redrawn: bool,
}

#[derive(Clone, Debug)]
struct Flow {
    browser: Browser,
    app: App,
    began: u64,
    touched: u64,
    who: Who,
    password_proven: bool,
    email_proven: bool,
    challenge: Option<Challenge>,
    sends: u32,
    chose_email: bool,
    /// What its open page asks for, whatever is configured meanwhile.
    page: Page,
    /// What the engine believes is on that page.
    shown: Shown,
    /// The request that changed it last, and when.
    last: Option<Last>,
    /// The link that did instead, and when.
    pressed: Option<(u32, u64)>,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    /// The first page, for a password too.
    password: bool,
    /// The sign-up form, for the shoe size.
    shoe: bool,
}

/// A page, as far as other things are sent from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offer {
    view: View,
    /// The first page, with a password; the sign-up form, with the shoe size.
    asks_more: bool,
    /// The first page, with the way to sign up.
    registers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    /// `None`: nothing that anything could be sent from.
    offer: Option<Offer>,
    /// True if the form asked for the shoe size since it is open.
    shoe: bool,
}

#[derive(Clone, Debug)]
enum Who {
    Visitor,
    AtSignUp,
    Applicant {
        address: usize,
        password: usize,
        shoe: Option<&'static str>,
        /// Somebody has the address who never proved it.
        contested: bool,
        /// Somebody has the address, and nobody shall learn it.
        decoy: bool,
    },
    /// With the account as it was when last looked at.
    Member {
        key: &'static str,
        seen: Person,
    },
    /// Nobody of that name, treated like somebody.
    Stranger,
}

#[derive(Clone, Copy, Debug)]
struct Challenge {
    number: u32,
    made: u64,
    attempts: u32,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Cancelled,
    /// For whom, and when; with the place of the interaction code, if it was handed out.
    Done {
        key: &'static str,
        hands: u32,
        grant: Option<usize>,
    },
}

/// An interaction code.
#[derive(Clone, Debug)]
struct Grant {
    key: &'static str,
    hands: u32,
    issued: u64,
    used: bool,
    /// It was presented twice.
    revoked: bool,
}

/// What an interaction code was worth.
#[derive(Clone, Debug)]
struct Tokens {
    grant: usize,
    issued: u64,
}

/// A link of a mail.
#[derive(Clone, Debug)]
enum Link {
    /// Of which code of a flow.
    Code { flow: usize, number: u32 },
    /// Of a welcome mail: until when.
    Welcome { flow: usize, key: &'static str, address: &'static str, until: u64 },
}

/// A step, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub step: Step,
    /// True if the sign-up form has a shoe size.
    pub shoe: bool,
    /// True if the first page has a password.
    pub with_password: bool,
    /// Which code of the flow it has; none: a wrong one.
    pub code: Option<u32>,
}

/// A request that was sent: in which browser, in which flow.
#[derive(Clone, Debug)]
pub struct Sent {
    pub by: Browser,
    pub flow: usize,
    pub request: Request,
}

#[derive(Clone, Debug)]
pub struct Model {
    now: u64,
    policy: Policy,
    /// By address in lower case.
    pub people: BTreeMap<&'static str, Person>,
    flows: Vec<Flow>,
    /// The flow of each browser.
    tabs: [Option<usize>; 2],
    /// Every request so far.
    pub sent: Vec<Sent>,
    grants: Vec<Grant>,
    tokens: Vec<Tokens>,
    links: Vec<Link>,
    /// What the last operation must have been answered with.
    pub expected: Option<Expected>,
    /// What has happened so far that is worth trying.
    pub seen: BTreeSet<&'static str>,
}

impl Model {
    pub fn new() -> Self {
        let policy = Policy {
            asks_shoe: false,
            two_factors: false,
            closed: false,
            denied: false,
            verifies_demo: true,
            verifies_newsletter: false,
            prevents_enumeration: false,
        };
        let (people, seen) = (BTreeMap::new(), BTreeSet::new());
        let (flows, sent, grants, tokens, links) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            now: 0,
            policy,
            people,
            flows,
            tabs: [None, None],
            sent,
            grants,
            tokens,
            links,
            expected: None,
            seen,
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::new()).boxed()
    }

    /// Mostly what people do who look at their page, now and then anything.
    fn transitions(state: &Self) -> BoxedStrategy<Operation> {
        let sensible = state.sensible();
        if sensible.is_empty() {
            operation().boxed()
        } else {
            prop_oneof![3 => proptest::sample::select(sensible), 2 => operation()].boxed()
        }
    }

    fn preconditions(state: &Self, operation: &Operation) -> bool {
        match operation {
            Operation::Step(browser, _) | Operation::Hammer(browser, ..) => {
                state.tabs[*browser].is_some()
            }
            Operation::Borrow(browser, _) => state.tabs[1 - *browser].is_some(),
            Operation::Again(_) => !state.sent.is_empty(),
            Operation::OpenLink(..) | Operation::ConfirmLink(..) => !state.links.is_empty(),
            Operation::Redeem(..) => !state.grants.is_empty(),
            Operation::Userinfo(_) => !state.tokens.is_empty(),
            Operation::Deactivate(address) => {
                state.people.get(key(*address)).is_some_and(|person| person.active)
            }
            Operation::Begin(..) | Operation::Wait(_) | Operation::Sweep | Operation::Edit(_) => {
                true
            }
        }
    }

    fn apply(mut state: Self, operation: &Operation) -> Self {
        state.expected = None;
        match operation {
            Operation::Begin(browser, app) => {
                state.tabs[*browser] = Some(state.flows.len());
                state.flows.push(Flow::new(*browser, *app, state.now, state.policy.page()));
                let begun = state.flows.len() - 1;
                state.flows[begun].shown = state.shows(&state.flows[begun]);
                state.expected = Some(Expected { status: 200, view: View::FirstPage });
            }
            Operation::Step(browser, step) => {
                state.request(*browser, state.tabs[*browser].unwrap(), step);
            }
            Operation::Hammer(browser, step, times) => {
                state.request(*browser, state.tabs[*browser].unwrap(), step);
                for _ in 1..*times {
                    state.again(0);
                }
            }
            Operation::Borrow(browser, step) => {
                state.request(*browser, state.tabs[1 - *browser].unwrap(), step);
            }
            Operation::Again(newest) => state.again(*newest),
            Operation::OpenLink(newest, _) => {
                let status = if state.link_is_good(from_newest(*newest, state.links.len())) {
                    200
                } else {
                    400
                };
                state.expected = Some(Expected { status, view: View::Over });
            }
            Operation::ConfirmLink(newest, by) => {
                let status = state.confirm_link(from_newest(*newest, state.links.len()), *by);
                state.expected = Some(Expected { status, view: View::Over });
            }
            Operation::Redeem(newest, how) => {
                let status = state.redeem(from_newest(*newest, state.grants.len()), *how);
                state.expected = Some(Expected { status, view: View::Over });
            }
            Operation::Userinfo(newest) => {
                let good = state.token_is_good(from_newest(*newest, state.tokens.len()));
                state.seen.insert(if good {
                    "userinfo"
                } else {
                    "userinfo with a token that is void"
                });
                state.expected =
                    Some(Expected { status: if good { 200 } else { 401 }, view: View::Over });
            }
            Operation::Wait(seconds) => state.now += seconds,
            Operation::Sweep => {}
            Operation::Edit(edit) => state.policy.edit(*edit),
            Operation::Deactivate(address) => {
                let person = state.people.get_mut(key(*address)).unwrap();
                person.active = false;
                person.version += 1;
            }
        }
        state
    }
}

/// The place in a list that is `newest` before its last one; the list goes round.
pub fn from_newest(newest: usize, length: usize) -> usize {
    length - 1 - newest % length
}

/// Whose address this is, however it is typed.
pub fn key(address: usize) -> &'static str {
    ADDRESSES[address].owner
}

impl App {
    fn group(self) -> &'static str {
        match self {
            Self::Demo => "customers",
            Self::Newsletter => "subscribers",
        }
    }
}

impl Policy {
    fn edit(&mut self, edit: Edit) {
        let switch = match edit {
            Edit::ShoeSize => &mut self.asks_shoe,
            Edit::TwoFactors => &mut self.two_factors,
            Edit::SignUp => &mut self.closed,
            Edit::Verification(App::Demo) => &mut self.verifies_demo,
            Edit::Verification(App::Newsletter) => &mut self.verifies_newsletter,
            Edit::Denial => &mut self.denied,
            Edit::Enumeration => &mut self.prevents_enumeration,
        };
        *switch = !*switch;
    }

    fn closed(self, app: App) -> bool {
        self.closed && app == App::Demo
    }

    fn page(self) -> Page {
        Page { password: !self.prevents_enumeration, shoe: self.asks_shoe }
    }

    /// True if nobody gets in whose mailbox is not proven.
    fn verifies(self, app: App) -> bool {
        match app {
            App::Demo => self.verifies_demo,
            App::Newsletter => self.verifies_newsletter,
        }
    }

    /// True if there is no account before the mailbox is proven.
    fn proves_first(self, app: App) -> bool {
        self.verifies(app) || self.prevents_enumeration
    }
}

impl Flow {
    fn new(browser: Browser, app: App, now: u64, page: Page) -> Self {
        Self {
            browser,
            app,
            began: now,
            touched: now,
            who: Who::Visitor,
            password_proven: false,
            email_proven: false,
            challenge: None,
            sends: 0,
            chose_email: false,
            page,
            shown: Shown { offer: None, shoe: false },
            last: None,
            pressed: None,
            end: None,
        }
    }

    fn expired(&self, now: u64) -> bool {
        now >= self.began + ABSOLUTE || now >= self.touched + IDLE
    }

    fn turn_to(&mut self, who: Who) {
        self.who = who;
        (self.password_proven, self.email_proven, self.chose_email, self.challenge) =
            (false, false, false, None);
    }

    fn code_lives(&self, now: u64) -> bool {
        self.challenge.is_some_and(|challenge| now < challenge.made + CODE_LIVES)
    }
}
