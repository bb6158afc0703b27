//! The two patterns that a login may have (policies.md §2.4). They are read here and not given to a
//! regex engine: what an administrator writes is then exactly one of them, and nothing can take
//! long (security.md R-V4).

use alloc::string::String;
use alloc::vec::Vec;
use core::iter::Peekable;
use core::ops::RangeInclusive;
use core::str::Chars;

use unicode_normalization::UnicodeNormalization;

/// The pattern of a login that may be anything.
pub(super) const ANYTHING: &str = ".+";

/// A pattern that is neither `.+` nor a set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pattern is `.+`, or `[…]+` with a hyphen first and a backslash before every other special character"
)]
pub struct UnsupportedPattern;

/// Whether a login may have this pattern: `.+`, or `[…]+` with single characters and ranges of
/// letters or digits.
///
/// # Errors
/// [`UnsupportedPattern`] for every other.
pub fn check_pattern(pattern: &str) -> Result<(), UnsupportedPattern> {
    Pattern::parse(pattern).map(|_| ())
}

/// A pattern that has been read.
pub(super) enum Pattern {
    /// `.+`
    Anything,
    /// `[…]+`
    Characters(Vec<RangeInclusive<char>>),
}

impl Pattern {
    /// Reads `.+` or `[…]+`.
    pub(super) fn parse(pattern: &str) -> Result<Self, UnsupportedPattern> {
        if pattern == ANYTHING {
            return Ok(Self::Anything);
        }
        let set = pattern
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix("]+"))
            .ok_or(UnsupportedPattern)?;
        let mut ranges = Vec::new();
        let rest = set.strip_prefix('-');
        if rest.is_some() {
            ranges.push('-'..='-');
        }
        let mut characters = rest.unwrap_or(set).chars().peekable();
        while let Some(c) = characters.next() {
            ranges.push(member(c, &mut characters).ok_or(UnsupportedPattern)?);
        }
        if ranges.is_empty() { Err(UnsupportedPattern) } else { Ok(Self::Characters(ranges)) }
    }

    /// True if the whole text, which is in NFC, is of the pattern.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Anything => !text.is_empty(),
            Self::Characters(ranges) => {
                !text.is_empty()
                    && text.chars().all(|c| ranges.iter().any(|range| range.contains(&c)))
            }
        }
    }
}

/// The characters that a login's pattern allows, for people: `a to z, 0 to 9, -`. `None` if it
/// allows all, or cannot be read.
pub fn allowed_characters(pattern: &str) -> Option<String> {
    let Ok(Pattern::Characters(ranges)) = Pattern::parse(pattern) else { return None };
    let said = ranges.iter().map(|range| match (*range.start(), *range.end()) {
        (' ', ' ') => "space".into(),
        (first, last) if first == last => first.into(),
        (first, last) => alloc::format!("{first} to {last}"),
    });
    Some(said.collect::<Vec<String>>().join(", "))
}

/// One member of a set, that starts with `c`: `x`, `a-z` or `\.`.
fn member(c: char, rest: &mut Peekable<Chars<'_>>) -> Option<RangeInclusive<char>> {
    if c == '\\' {
        // Not `\w` or `\d`: those are classes, and `\-` would be a hyphen that is not first.
        return rest.next().filter(|c| is_special(*c) && *c != '-').map(|c| c..=c);
    }
    if is_special(c) {
        return None;
    }
    if rest.next_if_eq(&'-').is_none() {
        // A combining mark would never match a text in NFC.
        return core::iter::once(c).nfc().eq(core::iter::once(c)).then_some(c..=c);
    }
    let end = rest.next()?;
    // `A-z` has six characters that nobody means.
    let kinds: [fn(&char) -> bool; 3] =
        [char::is_ascii_lowercase, char::is_ascii_uppercase, char::is_ascii_digit];
    (c <= end && kinds.iter().any(|kind| kind(&c) && kind(&end))).then_some(c..=end)
}

fn is_special(c: char) -> bool {
    !c.is_alphanumeric()
}
