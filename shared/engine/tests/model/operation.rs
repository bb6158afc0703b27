//! What people, and others, do.

use proptest::prelude::*;

/// Two browsers, each with at most one flow.
pub type Browser = usize;

/// How an address is typed: 0 and 1 are one person, the others are two more.
pub const ADDRESSES: [&str; 4] = ["ada@example.com", "ADA@Example.com", "ada+shop@example.com", "eve@example.com"];

pub const PASSWORDS: [&str; 2] = ["correct horse battery", "a staple of another kind"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// The mailbox is proven before there is an account.
    Demo,
    /// The account is there at once.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A required attribute is added to both apps, or taken away.
    ShoeSize,
    /// Both apps want two factors, or one.
    TwoFactors,
}

/// One thing that happens. Numbers are places in [`ADDRESSES`] and [`PASSWORDS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Begin(Browser, App),
    Step(Browser, Step),
    /// The last step once more, word for word.
    Repeat(Browser),
    /// Opens the newest link that the flow of the first browser got, in the second.
    OpenLink(Browser, Browser),
    /// Presses the button behind it.
    ConfirmLink(Browser, Browser),
    /// Seconds.
    Wait(u64),
    Edit(Edit),
    Deactivate(usize),
}

/// One request of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Introspect,
    SelectEnrollProfile,
    SelectIdentify,
    SignUp(usize, usize),
    Identify(usize, usize),
    Password(usize),
    SelectEmail,
    Code(Code),
    Resend,
    Poll,
    UpdateProfile,
    Cancel,
}

fn step() -> impl Strategy<Value = Step> {
    let (address, password) = (0..ADDRESSES.len(), 0..PASSWORDS.len());
    prop_oneof![
        2 => Just(Step::Introspect),
        6 => Just(Step::SelectEnrollProfile),
        1 => Just(Step::SelectIdentify),
        8 => (address.clone(), password.clone()).prop_map(|(address, password)| Step::SignUp(address, password)),
        8 => (address, password.clone()).prop_map(|(address, password)| Step::Identify(address, password)),
        1 => password.prop_map(Step::Password),
        3 => Just(Step::SelectEmail),
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

pub fn operation() -> impl Strategy<Value = Operation> {
    let browser = 0..2_usize;
    prop_oneof![
        8 => (browser.clone(), prop_oneof![Just(App::Demo), Just(App::Newsletter)]).prop_map(|(browser, app)| Operation::Begin(browser, app)),
        40 => (browser.clone(), step()).prop_map(|(browser, step)| Operation::Step(browser, step)),
        3 => browser.clone().prop_map(Operation::Repeat),
        1 => (browser.clone(), browser.clone()).prop_map(|(whose, by)| Operation::OpenLink(whose, by)),
        3 => (browser.clone(), browser).prop_map(|(whose, by)| Operation::ConfirmLink(whose, by)),
        5 => prop_oneof![4 => Just(31), 2 => Just(301), 1 => Just(16 * 60), 1 => Just(61 * 60), 1 => Just(25 * 3_600)].prop_map(Operation::Wait),
        3 => prop_oneof![Just(Edit::ShoeSize), Just(Edit::TwoFactors)].prop_map(Operation::Edit),
        1 => (0..ADDRESSES.len()).prop_map(Operation::Deactivate),
    ]
}
