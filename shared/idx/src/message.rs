//! The words, and Okta's i18n keys, of every [`Message`] (idx.md §7).

use policy::attribute::{Violation, allowed_characters};
use policy::message::{Message, Notice};
use policy::organisation::{Complexity, Format, Property, PropertyType};
use policy::password_rules::{MAX_CODE_POINTS, PasswordProblem};
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
    notices.into_iter().map(|notice| wire(&notice.message).value()).collect()
}

/// The texts of these notices, for a page.
pub fn text(notices: &[Notice]) -> String {
    let texts: Vec<_> = notices.iter().map(|notice| wire(&notice.message).text).collect();
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

/// The message where a budget is used up. `None`: waiting does not help.
pub fn too_many(wait: Option<Span>) -> String {
    match wait {
        Some(wait) => format!("Too many attempts. Try again in {}.", in_words(wait)),
        None => "Too many attempts. Go back and begin again.".into(),
    }
}

fn too_many_passcodes(wait: Option<Span>) -> String {
    match wait {
        Some(wait) => {
            format!("Too many wrong codes. Ask for a new code, or try again in {}.", in_words(wait))
        }
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

fn warning(key: &'static str, text: &str) -> Wire {
    Wire { key, params: Vec::new(), class: "WARNING", text: text.into() }
}

fn about(key: &'static str, param: &str, text: String) -> Wire {
    Wire { key, params: vec![param.into()], class: "ERROR", text }
}

fn wire(message: &Message) -> Wire {
    match message {
        Message::UnknownUser { label, name } => {
            Wire { key: "idx.unknown.user", params: Vec::new(), class: "WARNING", text: unknown_user(label, name) }
        }
        Message::AuthenticationFailed => error("errors.E0000004", "Unable to sign in"),
        Message::IncorrectPassword => error("incorrectPassword", "Password is incorrect"),
        Message::InvalidPasscode => error("api.authn.error.PASSCODE_INVALID", "Invalid code. Try again."),
        Message::NewestPasscode => error("idx.error.code.newest", "Invalid code. Use the code of our newest email, or ask for a new one."),
        Message::TooManyPasscodes(wait) => error("idx.error.code.too.many", &too_many_passcodes(*wait)),
        Message::Blank | Message::Password(PasswordProblem::Blank) => blank(),
        Message::Attribute { label, violation, property, .. } => attribute(label, violation, property),
        Message::NotUnique { label } => about("registration.error.notUniqueWithinOrg", label, format!("A user with this {label} already exists")),
        Message::Password(PasswordProblem::Common) => {
            about("password.common", "", "This password was found in a list of commonly used passwords. Please try another password.".into())
        }
        // Of the rules that clients list they say only that some are not met; the others must say
        // which, so their key is none of theirs.
        Message::Password(
            problem @ (PasswordProblem::TooFewDifferent
            | PasswordProblem::ContextWord
            | PasswordProblem::ContainsEmail
            | PasswordProblem::TooLong
            | PasswordProblem::Forbidden),
        ) => about("idx.error.password", "", problem.sentence()),
        Message::Password(problem) => {
            let sentence = problem.sentence();
            let text = format!("Password requirements were not met. {sentence}");
            about("password.passwordRequirementsNotMet", &sentence, text)
        }
        Message::NotAsAsked => error("E0000020", "This is not what the form asks for now. Please look through it and send it again."),
        Message::NotOnTheForm(name) => about("idx.error.attribute.unknown", name, format!("This form has no attribute \"{name}\".")),
        Message::RegistrationUnavailable => error("idx.error.registration.unavailable", "Registration is currently unavailable."),
        Message::TooManyRequests(wait) => error("tooManyRequests", &too_many(*wait)),
        Message::MailNotSent => error("idx.error.mail.not.sent", "We could not send the email. Wait a moment, then ask for it again."),
        Message::AccessDenied => error("security.access_denied", "You do not have permission to perform the requested action."),
        Message::NotAssigned => error("idx.error.user.not.assigned.to.app", "User is not assigned to this application."),
        Message::Changed => {
            warning("idx.form.changed", "What is asked for here has changed while this page was open. Please look through it and go on.")
        }
        Message::AccountExists => warning(
            "idx.account.exists",
            "There is an account with your email address now: it was made while you were signing up here, perhaps by you in another window. \
             Sign in to it.",
        ),
        Message::ValueTaken => warning(
            "idx.value.taken",
            "A value of yours, like a username, was free when you began and has been taken since. Please sign up with another one.",
        ),
        Message::ContinuedElsewhere => {
            Wire { key: "idx.transferred.to.new.tab", params: Vec::new(), class: "INFO", text: "Flow continued in a new tab.".into() }
        }
    }
}

/// What is wrong with a value, and what would be right. Where clients have the words, in the
/// language of the person, the key is theirs.
fn attribute(label: &str, violation: &Violation, property: &Property) -> Wire {
    let own = |key, text: String| about(key, label, text);
    match violation {
        Violation::Blank => blank(),
        Violation::InvalidEmail => own(
            "registration.error.invalidLoginEmail",
            format!("'{label}' must be in the form of an email address"),
        ),
        Violation::TooShort { min } => about(
            "model.validation.field.string.minLength",
            &min.to_string(),
            format!("This field cannot be less than {min} characters"),
        ),
        Violation::TooLong { max } => about(
            "model.validation.field.string.maxLength",
            &max.to_string(),
            format!("This field cannot exceed {max} characters"),
        ),
        Violation::NotAllowed if property.enumeration.is_some() => {
            error("model.validation.field.value.not.allowed", "Choose one of the values offered.")
        }
        Violation::WrongType => own("idx.error.value.type", right_type(property.kind()).into()),
        Violation::BelowMinimum { .. } | Violation::AboveMaximum { .. } => {
            own("idx.error.value.range", range(property))
        }
        Violation::Pattern => own("idx.error.value.characters", characters(property)),
        Violation::ForbiddenCharacter => own(
            "idx.error.value.character",
            "This has a character that cannot be seen and cannot be used here. Type it anew."
                .into(),
        ),
        Violation::NotAllowed => own("idx.error.value.format", right_format(property).into()),
    }
}

fn right_type(kind: PropertyType) -> &'static str {
    match kind {
        PropertyType::Integer => "Enter a whole number in digits, for example 42.",
        PropertyType::Number => "Enter a number in digits, for example 42 or 1.5.",
        PropertyType::Boolean => "Answer yes or no.",
        PropertyType::String | PropertyType::Array => "Enter a text.",
    }
}

fn range(property: &Property) -> String {
    match (property.minimum, property.maximum) {
        (Some(least), Some(most)) => format!("Enter a number from {least} to {most}."),
        (Some(least), None) => format!("Enter a number that is {least} or more."),
        (None, Some(most)) => format!("Enter a number that is {most} or less."),
        (None, None) => right_format(property).into(),
    }
}

fn characters(property: &Property) -> String {
    match property.pattern.as_deref().and_then(allowed_characters) {
        Some(allowed) => format!("Only these characters can be used here: {allowed}"),
        None => "This has a character that cannot be used here.".into(),
    }
}

fn right_format(property: &Property) -> &'static str {
    match (property.kind(), property.format) {
        (PropertyType::Number | PropertyType::Integer, _) => {
            "This number is too large or too small to be kept. Enter another one."
        }
        (_, Some(Format::Uri)) => "Enter a web address, for example https://example.com/page.",
        (_, Some(Format::DateTime)) => "Enter a date and a time, for example 2026-11-30T09:30:00Z.",
        (_, Some(Format::CountryCode)) => {
            "Enter the two capital letters of a country, for example DE."
        }
        (_, Some(Format::LanguageCode)) => "Enter the code of a language, for example en or de-CH.",
        (_, Some(Format::Locale)) => {
            "Enter the codes of a language and a country, for example en_US."
        }
        (_, Some(Format::Timezone)) => "Enter a time zone, for example Europe/Zurich.",
        _ => "This value cannot be used here. Choose another.",
    }
}

/// The rules of a new password that clients do not list by themselves, as one line.
pub(crate) fn password_rules(rules: &Complexity, login_is_email: bool) -> String {
    let mut said = format!("up to {MAX_CODE_POINTS} characters, more than two of them different");
    let not = [
        (rules.dictionary.common.exclude, "not a common one"),
        (rules.exclude_username && login_is_email, "no part of your email address"),
        (!(rules.exclude_username && login_is_email), "not your email address"),
        (true, "not the name of this site"),
    ];
    for (_, rule) in not.into_iter().filter(|(holds, _)| *holds) {
        said.push_str(", ");
        said.push_str(rule);
    }
    said
}

fn blank() -> Wire {
    error("model.validation.field.blank", "This field cannot be left blank")
}

/// The name, and what it is called, are echoed only if nothing in them could be taken for markup:
/// clients insert top-level messages as HTML (idx.md §12.1).
fn unknown_user(label: &str, name: &str) -> String {
    let harmless = name.len() <= 100
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@'));
    let label = if label.chars().all(|c| c.is_alphanumeric() || c == ' ') { label } else { "name" };
    if harmless && !name.is_empty() {
        format!("There is no account with the {label} {name}.")
    } else {
        format!("There is no account with this {label}.")
    }
}
