//! What is said to a person. The words and Okta's i18n keys are the wire's business.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{Violation, is_attribute_name};
use crate::organisation::Property;
use crate::password_rules::PasswordProblem;
use crate::time::Span;

/// One thing to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// There is no account of that name, and sign-up is open.
    UnknownUser {
        /// What the page calls a name.
        label: String,
        /// What was typed.
        name: String,
    },
    /// The name and password do not go together; does not say which is wrong.
    AuthenticationFailed,
    /// The password is wrong.
    IncorrectPassword,
    /// The code is wrong.
    InvalidPasscode,
    /// What was typed is no code, or it may be that of an earlier mail, or all codes so far have
    /// expired: the newest mail counts.
    NewestPasscode,
    /// So many codes were wrong that none is looked at: another one is the way out, or time, if it
    /// helps.
    TooManyPasscodes(Option<Span>),
    /// A field that must be filled in is not.
    Blank,
    /// A value on the form is wrong.
    Attribute {
        /// What the field is called.
        label: String,
        /// Name of the attribute.
        name: String,
        /// What is wrong with it.
        violation: Violation,
        /// What it has to be.
        property: Box<Property>,
    },
    /// Somebody else has this value already.
    NotUnique {
        /// What the field is called.
        label: String,
    },
    /// The password does not satisfy the rules.
    Password(PasswordProblem),
    /// The fields are not those of the form, or not any more.
    NotAsAsked,
    /// The form has no attribute of this name, which is well-formed.
    NotOnTheForm(String),
    /// Sign-up is closed.
    RegistrationUnavailable,
    /// A budget is used up: until then. `None`: waiting does not help here.
    TooManyRequests(Option<Span>),
    /// The mail provider did not take the mail.
    MailNotSent,
    /// A policy refuses.
    AccessDenied,
    /// The person may not use the app.
    NotAssigned,
    /// The flow went on in another tab.
    ContinuedElsewhere,
    /// A policy has changed while the page was open.
    Changed,
    /// An account with the address that was proven just now has been made since.
    AccountExists,
    /// A value that was free when the form was sent is another person's by now.
    ValueTaken,
}

/// Where a [`Message`] belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The field, or the form as a whole.
    pub place: Place,
    /// What to say.
    pub message: Message,
}

/// A place on a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The form as a whole.
    Form,
    /// The attribute of this name.
    Attribute(String),
    /// The field of whoever says who they are.
    Identifier,
    /// The password or code field.
    Passcode,
}

/// Shorthand for one notice on the form as a whole.
pub fn form(message: Message) -> Vec<Notice> {
    alloc::vec![Notice { place: Place::Form, message }]
}

/// Shorthand for one notice on the password or code field.
pub fn passcode(message: Message) -> Vec<Notice> {
    alloc::vec![Notice { place: Place::Passcode, message }]
}

/// What is said of a form that came with an attribute which it does not have. Its name is told if
/// it can be one: nothing else of a request is echoed.
pub fn not_on_the_form(name: String) -> Vec<Notice> {
    form(if is_attribute_name(&name) { Message::NotOnTheForm(name) } else { Message::NotAsAsked })
}

/// A notice that this field must be filled in.
pub fn blank(place: Place) -> Notice {
    Notice { place, message: Message::Blank }
}
