//! Walks in words, so that a failing one can be read.

use std::fmt;

use super::operation::{
    ADDRESSES, App, Browser, Code, Edit, Operation, PASSWORDS, Redemption, Step,
};

/// What proptest prints.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(browser, app) => {
                write!(f, "{} begins at the {} app", who(*browser), name(*app))
            }
            Self::Step(browser, step) => write!(f, "{} {step}", who(*browser)),
            Self::Hammer(browser, step, times) => {
                write!(f, "{times} times: {} {step}", who(*browser))
            }
            Self::Borrow(browser, step) => {
                write!(f, "with the other one's state handle, {} {step}", who(*browser))
            }
            Self::Again(0) => write!(f, "the last request once more"),
            Self::Again(newest) => write!(f, "the request before the last {newest} once more"),
            Self::OpenLink(newest, by) => write!(f, "{} opens {}", who(*by), nth(*newest, "link")),
            Self::ConfirmLink(newest, by) => {
                write!(f, "{} presses the button behind {}", who(*by), nth(*newest, "link"))
            }
            Self::Redeem(newest, how) => {
                let how = match how {
                    Redemption::Right => "",
                    Redemption::WrongVerifier => ", with a wrong verifier",
                    Redemption::OtherClient => ", by the other app",
                };
                write!(f, "{} is redeemed{how}", nth(*newest, "interaction code"))
            }
            Self::Userinfo(newest) => write!(f, "{} is used", nth(*newest, "access token")),
            Self::Wait(seconds) => write!(f, "{seconds} seconds go by"),
            Self::Sweep => write!(f, "the table deletes what has expired"),
            Self::Edit(edit) => write!(f, "the administrator switches {edit}"),
            Self::Deactivate(address) => {
                write!(f, "the administrator deactivates {}", ADDRESSES[*address].owner)
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Introspect => write!(f, "looks where the flow stands"),
            Self::Reload => write!(f, "loads the page once more"),
            Self::SelectEnrollProfile => write!(f, "goes to the sign-up form"),
            Self::SelectIdentify => write!(f, "goes back to the first page"),
            Self::SignUp(address, password) => write!(
                f,
                "signs up as {:?} with password {:?}",
                ADDRESSES[*address].typed, PASSWORDS[*password]
            ),
            Self::Identify(address, password) => write!(
                f,
                "signs in as {:?} with password {:?}",
                ADDRESSES[*address].typed, PASSWORDS[*password]
            ),
            Self::Password(password) => write!(f, "types the password {:?}", PASSWORDS[*password]),
            Self::SelectEmail => write!(f, "chooses email"),
            Self::SetUpEmail => write!(f, "chooses to set email up"),
            Self::Code(Code::Right) => write!(f, "types the newest code"),
            Self::Code(Code::Wrong) => write!(f, "types a wrong code"),
            Self::Code(Code::Old) => write!(f, "types the code before the newest"),
            Self::Code(Code::Malformed) => write!(f, "types half a code"),
            Self::Resend => write!(f, "asks for another code"),
            Self::Poll => write!(f, "polls"),
            Self::UpdateProfile => write!(f, "sends the form that asks for the shoe size"),
            Self::Cancel => write!(f, "cancels"),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShoeSize => write!(f, "the required shoe size on or off"),
            Self::TwoFactors => write!(f, "the second factor on or off"),
            Self::SignUp => write!(f, "sign-up at the demo app off or on"),
            Self::Verification(app) => {
                write!(f, "the proof of the mailbox at the {} app on or off", name(*app))
            }
            Self::Denial => write!(f, "access for everybody off or on"),
            Self::Enumeration => write!(f, "enumeration prevention on or off"),
        }
    }
}

fn who(browser: Browser) -> &'static str {
    ["browser A", "browser B"][browser]
}

fn name(app: App) -> &'static str {
    match app {
        App::Demo => "demo",
        App::Newsletter => "newsletter",
    }
}

fn nth(newest: usize, what: &str) -> String {
    if newest == 0 {
        format!("the newest {what}")
    } else {
        format!("the {what} that is {newest} older than the newest")
    }
}
