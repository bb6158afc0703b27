//! Attribute values: what is stored of what was typed (policies.md §2, security.md R-V4).

mod format;
mod name;
mod number;
mod pattern;

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::email::{Email, poses_as_address};
use crate::organisation::{Format, Property, PropertyType};
use crate::text;

pub use format::timezones;
pub use name::{RESERVED_ATTRIBUTE_NAMES, is_attribute_name, is_reserved_name};
pub(crate) use number::some_number;
pub use pattern::{UnsupportedPattern, allowed_characters, check_pattern};

use pattern::Pattern;

/// Code points of a text whose attribute says nothing about its length. Thirty of them, the most
/// that a form may have, are about the 32 KiB of a profile (security.md R-V7) in ASCII;
/// `step/profile.rs` has the last word.
pub const MAX_LENGTH: u32 = 1_024;

/// Code points of a name that people sign in with, at most: no address is longer, and a transaction
/// carries it along (security.md R-V7).
pub const MAX_IDENTIFIER: u32 = 256;

/// What is wrong with a value. Never holds the value: it may be private (security.md R-V5).
#[derive(Clone, Debug, PartialEq)]
pub enum Violation {
    /// Nothing that can be seen.
    Blank,
    /// Not text, a number or a truth value, whichever it has to be.
    WrongType,
    /// A control character, or one that changes the direction of the text around it (security.md
    /// R-V4).
    ForbiddenCharacter,
    /// Fewer code points.
    TooShort {
        /// At least this many.
        min: u32,
    },
    /// More code points.
    TooLong {
        /// At most this many.
        max: u32,
    },
    /// A smaller number.
    BelowMinimum {
        /// At least this.
        minimum: f64,
    },
    /// A greater number.
    AboveMaximum {
        /// At most this.
        maximum: f64,
    },
    /// None of the allowed values, not of the form that is asked for, or a number that JSON clients
    /// do not agree on.
    NotAllowed,
    /// Has to be an email address.
    InvalidEmail,
    /// Has other characters than the login's pattern allows.
    Pattern,
}

/// True if nothing was given: absent, `null` and text in which nothing can be seen mean the same
/// (policies.md §2.1).
pub fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(value) => value.as_str().is_some_and(text::is_blank),
    }
}

/// The value of the attribute `name` as it is stored: without the white space around it, text in
/// NFC, addresses canonical, numbers and truth values as JSON has them. Here, and nowhere else,
/// white space around a value is dropped: before anything is checked, compared or stored.
///
/// Clients post numbers and truth values as text (idx.md §6): their canonical text is accepted
/// beside the JSON type, and nothing else is coerced.
///
/// # Errors
/// What is wrong, once: the first of type, characters, format or pattern, length or range, allowed
/// values. What fails a later check too is the same mistake. Never empty.
pub fn validate(name: &str, property: &Property, value: &Value) -> Result<Value, Vec<Violation>> {
    if is_empty(Some(value)) {
        return Err(alloc::vec![Violation::Blank]);
    }
    let trimmed = value.as_str().map(|typed| Value::from(text::trim(typed)));
    let value = trimmed.as_ref().unwrap_or(value);
    match property.kind() {
        PropertyType::String => match value.as_str() {
            Some(text) => validate_text(name, property, text),
            None => Err(alloc::vec![Violation::WrongType]),
        },
        PropertyType::Integer => number::integer(value).and_then(|number| within(property, number)),
        PropertyType::Number => number::number(value).and_then(|number| within(property, number)),
        PropertyType::Boolean => match (value, value.as_str()) {
            (Value::Bool(_), _) => one_of_allowed(property, value.clone()),
            (_, Some("true")) => one_of_allowed(property, Value::Bool(true)),
            (_, Some("false")) => one_of_allowed(property, Value::Bool(false)),
            _ => Err(alloc::vec![Violation::WrongType]),
        },
        // A list cannot be on a form (policies.md §2.5, edge cases).
        PropertyType::Array => Err(alloc::vec![Violation::WrongType]),
    }
}

/// The value of an attribute that is in no schema, an invitation code for example (policies.md §1):
/// text in NFC of at most [`MAX_LENGTH`].
///
/// # Errors
/// What is wrong, once. Never empty.
pub fn validate_free(value: &Value) -> Result<Value, Vec<Violation>> {
    validate("", &Property::default(), value)
}

fn validate_text(name: &str, property: &Property, typed: &str) -> Result<Value, Vec<Violation>> {
    let wrong = |violation| Err(alloc::vec![violation]);
    let mut text: String = typed.nfc().collect();
    if text.chars().any(is_forbidden) {
        return wrong(Violation::ForbiddenCharacter);
    }
    let pattern = property.pattern.as_deref();
    // An address keeps its form whatever the organisation file says of the attribute: mail is sent
    // to it (policies.md §2.3).
    let has_to_be_address = property.format == Some(Format::Email)
        || name == "email"
        || (name == "login" && pattern.is_none());
    if has_to_be_address || name == "login" {
        match Email::parse(typed) {
            Ok(email) => text = email.address().into(),
            // A free login that is no address must not be compared as one: `\u{212A}ate@…` is
            // `kate@…` without regard to case (security.md R-E4).
            Err(_) if has_to_be_address || poses_as_address(typed) => {
                return wrong(Violation::InvalidEmail);
            }
            Err(_) => {}
        }
    }
    if property.format.is_some_and(|format| !format::matches(format, &text)) {
        return wrong(Violation::NotAllowed);
    }
    if pattern
        .is_some_and(|pattern| !Pattern::parse(pattern).is_ok_and(|pattern| pattern.matches(&text)))
    {
        return wrong(Violation::Pattern);
    }
    let length = text.chars().count();
    let (min, max) = (min_length(property), max_length(property));
    if u32::try_from(length).is_ok_and(|length| length < min) {
        return wrong(Violation::TooShort { min });
    }
    if u32::try_from(length).is_ok_and(|length| length > max) {
        return wrong(Violation::TooLong { max });
    }
    one_of_allowed(property, Value::String(text))
}

/// Code points that a text may have, at most. Where nothing is said, what people may be found by is
/// not longer than what they can type ([`MAX_IDENTIFIER`]).
pub(crate) fn max_length(property: &Property) -> u32 {
    property.max_length.unwrap_or(if property.is_unique() { MAX_IDENTIFIER } else { MAX_LENGTH })
}

/// Code points that a text must have; what is blank is wrong anyway.
pub(crate) fn min_length(property: &Property) -> u32 {
    // `.+` is anything that is not empty: the login's minimum of five does not apply (policies.md
    // §2.4).
    property
        .min_length
        .filter(|_| property.pattern.as_deref() != Some(pattern::ANYTHING))
        .unwrap_or(0)
}

/// C0 and C1 controls, and those that change the direction of the text around them: `\u{202E}`
/// makes `gnp.exe` of `exe.png` (security.md R-V4).
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn within(property: &Property, number: serde_json::Number) -> Result<Value, Vec<Violation>> {
    let float = number.as_f64().unwrap_or(f64::NAN);
    if let Some(minimum) = property.minimum.filter(|minimum| float < *minimum) {
        return Err(alloc::vec![Violation::BelowMinimum { minimum }]);
    }
    if let Some(maximum) = property.maximum.filter(|maximum| float > *maximum) {
        return Err(alloc::vec![Violation::AboveMaximum { maximum }]);
    }
    one_of_allowed(property, Value::Number(number))
}

fn one_of_allowed(property: &Property, value: Value) -> Result<Value, Vec<Violation>> {
    if is_allowed(property, &value) { Ok(value) } else { Err(alloc::vec![Violation::NotAllowed]) }
}

fn is_allowed(property: &Property, value: &Value) -> bool {
    property
        .enumeration
        .as_ref()
        .is_none_or(|allowed| allowed.iter().any(|member| same(member, value)))
}

/// True if an allowed value is the one that will be stored: texts by their NFC, numbers by their
/// value (`1` and `1.0` are one in JSON Schema).
pub(crate) fn same(member: &Value, value: &Value) -> bool {
    match (member, value) {
        (Value::String(member), Value::String(value)) => member.nfc().eq(value.chars()),
        (Value::Number(member), Value::Number(value)) => member.as_f64() == value.as_f64(),
        _ => member == value,
    }
}
