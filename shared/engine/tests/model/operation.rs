//! What people, and others, do.

use proptest::prelude::*;
use proptest::sample::select;

/// Two browsers, each at its own address of the network.
pub type Browser = usize;

/// How an address is typed, how it is stored, and whose it is.
pub struct Address {
    pub typed: &'static str,
    pub stored: &'static str,
    pub owner: &'static str,
}

/// Four people. Capitals, spaces around it and the script of the domain make nobody else of one; a
/// tag does.
pub const ADDRESSES: [Address; 6] = [
    Address { typed: "ada@example.com", stored: "ada@example.com", owner: "ada@example.com" },
    Address { typed: "ADA@Example.com", stored: "ADA@example.com", owner: "ada@example.com" },
    Address {
        typed: "ada+shop@example.com",
        stored: "ada+shop@example.com",
        owner: "ada+shop@example.com",
    },
    Address { typed: "eve@example.com", stored: "eve@example.com", owner: "eve@example.com" },
    Address {
        typed: "eve@bücher.example",
        stored: "eve@xn--bcher-kva.example",
        owner: "eve@xn--bcher-kva.example",
    },
    Address {
        typed: " EVE@xn--bcher-KVA.example ",
        stored: "EVE@xn--bcher-kva.example",
        owner: "eve@xn--bcher-kva.example",
    },
];

pub const PASSWORDS: [&str; 2] = ["correct horse battery", "a staple of another kind"];

/// First names, by password: whoever overwrites somebody's profile does not go unnoticed.
pub const NAMES: [&str; 2] = ["Given", "Other"];

/// Each limit of the clock, from just before to just after: cooldown, repeat window and interaction
/// code, code, unknown names, idle, absolute (budgets and tokens too), what is left of an
/// interaction code, a day.
const LIMITS: [u64; 8] = [30, 60, 300, 600, 900, 3_600, 4_260, 24 * 3_600];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// The mailbox is proven before there is an account, unless that is changed.
    Demo,
    /// The account is there at once, unless that is changed.
    Newsletter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Right,
    Wrong,
    /// The one before.
    Old,
    Malformed,
}

/// What an administrator switches on or off, while people are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Whether both apps require one more attribute.
    ShoeSize,
    /// Whether both apps want two factors.
    TwoFactors,
    /// Whether anybody may sign up for the demo app.
    SignUp,
    /// Whether an app wants the mailbox proven first.
    Verification(App),
    /// Whether both apps turn everybody away.
    Denial,
    /// Whether strangers learn who has an account.
    Enumeration,
}

/// How an interaction code is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redemption {
    Right,
    /// With somebody else's verifier.
    WrongVerifier,
    /// By the other app.
    OtherClient,
}

/// One thing that happens. Addresses and passwords are places in [`ADDRESSES`] and [`PASSWORDS`];
/// what has been before is counted from the newest.
#[derive(Clone, PartialEq, Eq)]
pub enum Operation {
    Begin(Browser, App),
    /// The next step of the browser's own flow.
    Step(Browser, Step),
    /// The same step so often: what budgets are for.
    Hammer(Browser, Step, u8),
    /// A step of the other browser's flow, by somebody who got hold of its state handle.
    Borrow(Browser, Step),
    /// An earlier request of whatever flow, word for word: duplicate, stale or out of order.
    Again(usize),
    /// Opens a link of a mail in this browser.
    OpenLink(usize, Browser),
    /// Presses the button behind it.
    ConfirmLink(usize, Browser),
    /// Presents an interaction code at the token endpoint.
    Redeem(usize, Redemption),
    /// Asks with an access token who that is.
    Userinfo(usize),
    /// Seconds.
    Wait(u64),
    /// The table deletes what has expired.
    Sweep,
    Edit(Edit),
    Deactivate(usize),
}

/// One request of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Introspect,
    /// With the interaction handle, as a page that is loaded once more.
    Reload,
    SelectEnrollProfile,
    SelectIdentify,
    SignUp(usize, usize),
    Identify(usize, usize),
    Password(usize),
    SelectEmail,
    SetUpEmail,
    Code(Code),
    Resend,
    Poll,
    UpdateProfile,
    Cancel,
}

fn address() -> impl Strategy<Value = usize> {
    select(vec![0, 0, 0, 1, 1, 2, 3, 4, 5])
}

fn step() -> impl Strategy<Value = Step> {
    let password = 0..PASSWORDS.len();
    prop_oneof![
        2 => Just(Step::Introspect),
        1 => Just(Step::Reload),
        6 => Just(Step::SelectEnrollProfile),
        1 => Just(Step::SelectIdentify),
        8 => (address(), password.clone()).prop_map(|(address, password)| Step::SignUp(address, password)),
        8 => (address(), password.clone()).prop_map(|(address, password)| Step::Identify(address, password)),
        1 => password.prop_map(Step::Password),
        3 => Just(Step::SelectEmail),
        1 => Just(Step::SetUpEmail),
        8 => Just(Step::Code(Code::Right)),
        3 => Just(Step::Code(Code::Wrong)),
        1 => Just(Step::Code(Code::Old)),
        1 => Just(Step::Code(Code::Malformed)),
        3 => Just(Step::Resend),
        2 => Just(Step::Poll),
        4 => Just(Step::UpdateProfile),
        1 => Just(Step::Cancel),
    ]
}

/// What is worth doing often.
fn hammer() -> impl Strategy<Value = Step> {
    prop_oneof![
        (address(), 0..PASSWORDS.len())
            .prop_map(|(address, password)| Step::Identify(address, password)),
        Just(Step::Code(Code::Wrong)),
        Just(Step::Resend),
    ]
}

fn app() -> impl Strategy<Value = App> {
    prop_oneof![Just(App::Demo), Just(App::Newsletter)]
}

fn wait() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(31), 1 => (select(LIMITS.to_vec()), 0..3_u64).prop_map(|(limit, more)| limit + more - 1)]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => Just(Edit::ShoeSize),
        4 => Just(Edit::TwoFactors),
        1 => Just(Edit::SignUp),
        2 => app().prop_map(Edit::Verification),
        2 => Just(Edit::Denial),
        1 => Just(Edit::Enumeration),
    ]
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let (browser, newest) = (0..2_usize, 0..6_usize);
    let redemption = prop_oneof![6 => Just(Redemption::Right), 1 => Just(Redemption::WrongVerifier), 1 => Just(Redemption::OtherClient)];
    prop_oneof![
        8 => (browser.clone(), app()).prop_map(|(browser, app)| Operation::Begin(browser, app)),
        40 => (browser.clone(), step()).prop_map(|(browser, step)| Operation::Step(browser, step)),
        2 => (browser.clone(), hammer(), 2..12_u8).prop_map(|(browser, step, times)| Operation::Hammer(browser, step, times)),
        2 => (browser.clone(), step()).prop_map(|(browser, step)| Operation::Borrow(browser, step)),
        3 => Just(Operation::Again(0)),
        4 => (0..20_usize).prop_map(Operation::Again),
        1 => (newest.clone(), browser.clone()).prop_map(|(newest, by)| Operation::OpenLink(newest, by)),
        4 => (0..3_usize, browser).prop_map(|(newest, by)| Operation::ConfirmLink(newest, by)),
        4 => (0..3_usize, redemption).prop_map(|(newest, how)| Operation::Redeem(newest, how)),
        3 => newest.prop_map(Operation::Userinfo),
        6 => wait().prop_map(Operation::Wait),
        1 => Just(Operation::Sweep),
        4 => edit().prop_map(Operation::Edit),
        1 => address().prop_map(Operation::Deactivate),
    ]
}
