//! What is said to a person. The words and Okta's i18n keys are the wire's business.

use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::Violation;
use crate::password_rules::PasswordProblem;
use crate::time::Span;

/// One thing to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// There is no account of that name, and sign-up is open.
    UnknownUser(String),
    /// The name and password do not go together; does not say which is wrong.
    AuthenticationFailed,
    /// The password is wrong.
    IncorrectPassword,
    /// The code is wrong, expired or used; does not say which.
    InvalidPasscode,
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
    /// Sign-up is closed.
    RegistrationUnavailable,
    /// A budget is used up: until then. `None`: waiting does not help here.
    TooManyRequests(Option<Span>),
    /// So many codes were wrong that none is looked at: another one is the way out, or time, if it helps.
    TooManyPasscodes(Option<Span>),
    /// The mail provider did not take the mail.
    MailNotSent,
    /// A policy refuses.
    AccessDenied,
    /// The person may not use the app.
    NotAssigned,
    /// The flow went on in another tab.
    ContinuedElsewhere,
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

/// A notice that this field must be filled in.
pub fn blank(place: Place) -> Notice {
    Notice { place, message: Message::Blank }
}
