//! The words, and Okta's i18n keys, of every [`Message`] (idx.md §7).

use policy::attribute::Violation;
use policy::message::{Message, Notice};
use policy::password_rules::PasswordProblem;
use policy::time::Span;
use serde_json::{Value, json};

/// A message as it goes over the wire.
struct Wire {
    key: &'static str,
    params: Vec<String>,
    class: &'static str,
    text: String,
}

/// The wire messages of these notices: `{"message", "i18n": {"key", "params"}, "class"}` each.
pub fn values<'a>(notices: impl IntoIterator<Item = &'a Notice>) -> Vec<Value> {
    notices.into_iter().flat_map(|notice| wire(&notice.message)).map(|wire| wire.value()).collect()
}

/// The texts of these notices, for a page.
pub fn text(notices: &[Notice]) -> String {
    let texts: Vec<_> = notices.iter().flat_map(|notice| wire(&notice.message)).map(|wire| wire.text).collect();
    texts.join(" ")
}

/// One message by its key, for answers that have no transaction.
pub fn plain(key: &'static str, text: &str) -> Value {
    error(key, text).value()
}

/// Seconds until it is worth trying again, if these notices say so: `Retry-After`.
pub fn wait(notices: &[Notice]) -> Option<u64> {
    let waits = notices.iter().filter_map(|notice| match notice.message {
        Message::TooManyRequests(wait) | Message::TooManyPasscodes(wait) => wait,
        _ => None,
    });
    waits.max().map(seconds)
}

/// A wait in whole seconds; at least one.
pub fn seconds(wait: Span) -> u64 {
    wait.0.div_ceil(1_000).max(1)
}

/// What is said where a budget is used up. `None`: waiting does not help.
pub fn too_many(wait: Option<Span>) -> String {
    match wait {
        Some(wait) => format!("Too many attempts. Try again in {}.", in_words(wait)),
        None => "Too many attempts. Go back and begin again.".into(),
    }
}

fn too_many_passcodes(wait: Option<Span>) -> String {
    match wait {
        Some(wait) => format!("Too many wrong codes. Ask for a new code, or try again in {}.", in_words(wait)),
        None => "Too many wrong codes. Ask for a new code.".into(),
    }
}

/// No shorter than it is.
fn in_words(wait: Span) -> String {
    let (number, unit) = match seconds(wait) {
        short @ ..=59 => (short, "second"),
        long @ ..=7_200 => (long.div_ceil(60), "minute"),
        longer => (longer.div_ceil(3_600), "hour"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

impl Wire {
    fn value(&self) -> Value {
        json!({"message": self.text, "i18n": {"key": self.key, "params": self.params}, "class": self.class})
    }
}

fn error(key: &'static str, text: &str) -> Wire {
    Wire { key, params: Vec::new(), class: "ERROR", text: text.into() }
}

fn about(key: &'static str, param: &str, text: String) -> Wire {
    Wire { key, params: vec![param.into()], class: "ERROR", text }
}

fn wire(message: &Message) -> Vec<Wire> {
    let one = match message {
        Message::UnknownUser(name) => Wire { key: "idx.unknown.user", params: Vec::new(), class: "WARNING", text: unknown_user(name) },
        Message::AuthenticationFailed => error("errors.E0000004", "Unable to sign in"),
        Message::IncorrectPassword => error("incorrectPassword", "Password is incorrect"),
        Message::InvalidPasscode => error("api.authn.error.PASSCODE_INVALID", "Invalid code. Try again."),
        Message::Blank => blank(),
        Message::Attribute { label, violation, .. } => return attribute(label, violation),
        Message::NotUnique { label } => about("registration.error.notUniqueWithinOrg", label, format!("A user with this {label} already exists")),
        Message::Password(PasswordProblem::Common) => {
            about("password.common", "", "This password was found in a list of commonly used passwords. Please try another password.".into())
        }
        Message::Password(problem) => {
            let sentence = problem.sentence();
            let text = format!("Password requirements were not met. {sentence}");
            about("password.passwordRequirementsNotMet", &sentence, text)
        }
        Message::NotAsAsked => error("E0000020", "This is not what the form asks for now. Please look through it and send it again."),
        Message::RegistrationUnavailable => error("idx.error.registration.unavailable", "Registration is currently unavailable."),
        Message::TooManyRequests(wait) => error("tooManyRequests", &too_many(*wait)),
        Message::TooManyPasscodes(wait) => error("idx.error.code.too.many", &too_many_passcodes(*wait)),
        Message::MailNotSent => error("idx.error.mail.not.sent", "We could not send the email. Wait a moment, then ask for it again."),
        Message::AccessDenied => error("security.access_denied", "You do not have permission to perform the requested action."),
        Message::NotAssigned => error("idx.error.user.not.assigned.to.app", "User is not assigned to this application."),
        Message::ContinuedElsewhere => {
            Wire { key: "idx.transferred.to.new.tab", params: Vec::new(), class: "INFO", text: "Flow continued in a new tab.".into() }
        }
    };
    vec![one]
}

fn attribute(label: &str, violation: &Violation) -> Vec<Wire> {
    let pattern = || {
        let text = format!("Provided value for property '{label}' does not match required pattern");
        about("registration.error.doesNotMatchPattern", label, text)
    };
    match violation {
        Violation::InvalidEmail => {
            let text = format!("'{label}' must be in the form of an email address");
            vec![about("registration.error.invalidLoginEmail", label, text), pattern()]
        }
        Violation::Pattern => vec![pattern()],
        Violation::Blank => vec![blank()],
        Violation::WrongType => vec![error("model.validation.field.wrong.type", "The type of the field is invalid")],
        Violation::TooShort { min } => {
            vec![about("model.validation.field.string.minLength", &min.to_string(), format!("This field cannot be less than {min} characters"))]
        }
        Violation::TooLong { max } => {
            vec![about("model.validation.field.string.maxLength", &max.to_string(), format!("This field cannot exceed {max} characters"))]
        }
        _ => vec![error("model.validation.field.value.not.allowed", "This value is not allowed")],
    }
}

fn blank() -> Wire {
    error("model.validation.field.blank", "This field cannot be left blank")
}

/// The name is echoed only if nothing in it could be taken for markup: clients insert top-level messages as HTML (idx.md §12.1).
fn unknown_user(name: &str) -> String {
    let harmless = name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@'));
    if harmless && !name.is_empty() {
        format!("There is no account with the Username {name}.")
    } else {
        "There is no account with this Username.".into()
    }
}
