//! Email addresses: one parser and one canonical form for every endpoint, counter and index
//! (security.md R-E1).

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use unicode_normalization::UnicodeNormalization;

use crate::text;

/// Octets before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// Octets in all: a forward path may be 256, and its angle brackets count (RFC 5321 §4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// An address that mail can be sent to and that an account can be found by. There is no value of
/// this type that [`Email::parse`] refuses.
///
/// Two spellings of one mailbox are two values: whether they are the same person is a question for
/// [`Email::identity_key`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email {
    /// ASCII, with exactly one `@`.
    address: String,
}

/// Not an address that we can mail to. Says nothing about the text: it may be private (security.md
/// R-V5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an email address")]
pub struct InvalidEmail;

impl Email {
    /// Reads an address as typed by a person; spaces around it are not part of it.
    ///
    /// The local part is an ASCII dot-atom (SES has no SMTPUTF8), the domain is two or more labels
    /// of letters, digits and hyphens. A domain in another script is accepted and stored as A-label
    /// (`xn--…`), which is how lookalikes are shown for what they are.
    ///
    /// # Errors
    /// [`InvalidEmail`] for everything else, quoted local parts, address literals, lists and
    /// display forms among them: they are how a mail is sent to somebody else (security.md R-E1,
    /// R-E6).
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim_matches(' ');
        // Also bounds the work below, which an A-label's length alone would not. No domain gets
        // shorter as an A-label.
        if text.chars().count() > MAX_ADDRESS {
            return Err(InvalidEmail);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        if !is_local_part(local) {
            return Err(InvalidEmail);
        }
        let address = alloc::format!("{local}@{}", a_label(domain)?);
        if address.len() > MAX_ADDRESS { Err(InvalidEmail) } else { Ok(Self { address }) }
    }

    /// The spelling to store, to show and to mail to: the local part as typed, the domain as
    /// lower-case A-label.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the account is found by: the address in ASCII lower case. No folding of `+tags` or
    /// dots: those are other people elsewhere (R-E3).
    pub fn identity_key(&self) -> String {
        self.address.to_ascii_lowercase()
    }

    /// What budgets are counted by: as the identity, without `+tag` and, at Gmail, without dots.
    /// One mailbox has one budget (R-E3, R-O6).
    pub fn throttle_key(&self) -> String {
        let local = self.local().to_ascii_lowercase();
        let base = local.split('+').next().unwrap_or_default();
        match self.domain() {
            "gmail.com" | "googlemail.com" => alloc::format!("{}@gmail.com", base.replace('.', "")),
            domain => alloc::format!("{base}@{domain}"),
        }
    }

    /// The part before the `@`, as typed.
    pub fn local(&self) -> &str {
        self.parts().0
    }

    /// The part after the `@`, as lower-case A-label.
    pub fn domain(&self) -> &str {
        self.parts().1
    }

    /// For pages: enough that the owner knows it, too little for others (`m***y@example.com`, as
    /// Okta shows it). Three stars for any length, and a local part of fewer than four characters
    /// shows less, so that most of it stays hidden.
    pub fn masked(&self) -> String {
        let (local, domain) = self.parts();
        let first = local.get(..1).filter(|_| local.len() > 1).unwrap_or_default();
        let last = local
            .get(local.len().saturating_sub(1)..)
            .filter(|_| local.len() > 3)
            .unwrap_or_default();
        alloc::format!("{first}***{last}@{domain}")
    }

    fn parts(&self) -> (&str, &str) {
        self.address.split_once('@').unwrap_or_default()
    }
}

/// The key that a login or a typed identifier is stored and looked up by: an address's
/// [`Email::identity_key`], else the text's [`key`](text::key).
///
/// No text that is not an address has the key of one: U+212A KELVIN SIGN folds to `k`, so
/// `\u{212A}ate@example.com` would otherwise be `kate@example.com` (security.md R-E4, A-035). Such
/// a text gets a quotation mark, which no address has.
pub fn identifier_key(typed: &str) -> String {
    if let Ok(email) = Email::parse(text::trim(typed)) {
        return email.identity_key();
    }
    let key = text::key(typed);
    if Email::parse(&key).is_ok() { alloc::format!("\"{key}") } else { key }
}

/// True if a text is no address and would yet be compared as one (security.md R-E4).
pub(crate) fn poses_as_address(text: &str) -> bool {
    Email::parse(text).is_err() && Email::parse(&text::key(text)).is_ok()
}

/// What the budgets of a login or a typed identifier are counted by: an address's
/// [`Email::throttle_key`], else its [`identifier_key`].
pub fn throttle_key_of(typed: &str) -> String {
    Email::parse(text::trim(typed))
        .map_or_else(|InvalidEmail| identifier_key(typed), |email| email.throttle_key())
}

/// Never the address: it would end up in a log (security.md R-L1).
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.address)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// An ASCII dot-atom (RFC 5322 §3.2.3) without the characters by which mail was once routed
/// elsewhere, and without the start of an encoded word (RFC 2047), which a mailer may decode.
fn is_local_part(local: &str) -> bool {
    local.len() <= MAX_LOCAL
        && !local.starts_with("=?")
        && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"#$&'*+-/=?^_{|}~".contains(&byte)
}

/// The domain as lower-case A-label, if it is a host name with a top-level domain.
fn a_label(domain: &str) -> Result<String, InvalidEmail> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmail)?;
    // UTS 46 maps and deletes: soft hyphens vanish, the Kelvin sign becomes `k`. What comes back
    // must be what was typed (security.md R-E2).
    if !domain.is_ascii() {
        let (unicode, valid) = idna::domain_to_unicode(&ascii);
        if valid.is_err() || !unicode.chars().eq(domain.chars().map(lower).nfc()) {
            return Err(InvalidEmail);
        }
    }
    let (_, top_level) = ascii.rsplit_once('.').ok_or(InvalidEmail)?;
    // No top-level domain starts with a digit; `127.0.0.1` and `0x7f.0x1` do (WHATWG URL, "ends in
    // a number").
    if top_level.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Ok(ascii)
    } else {
        Err(InvalidEmail)
    }
}

/// The lower-case letter, unless that is ASCII or more than one letter: R-E4's warning about
/// Unicode lower case is exactly those (U+212A, U+0130). Only for the comparison with what IDNA
/// says, never for a value.
fn lower(c: char) -> char {
    let mut folded = char::to_lowercase(c);
    match (folded.next(), folded.next()) {
        (Some(small), None) if !small.is_ascii() => small,
        _ => c.to_ascii_lowercase(),
    }
}
