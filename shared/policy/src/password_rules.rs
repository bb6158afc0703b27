//! What a password must be (policies.md §8.4, security.md R-P1..R-P4).

use alloc::string::String;
use alloc::vec::Vec;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::email::identifier_key;
use crate::organisation::Complexity;
use crate::secret::Secret;
use crate::text;

/// Code points, at most (security.md R-P2).
pub const MAX_CODE_POINTS: usize = 256;

/// Octets, at most (security.md R-P2): what that many code points can have.
pub const MAX_OCTETS: usize = 4 * MAX_CODE_POINTS;

/// What is known of the person and the place when a password is chosen: none of it makes a good
/// one.
#[derive(Clone, Copy, Default)]
pub struct PasswordContext<'a> {
    /// The username.
    pub login: Option<&'a str>,
    /// The primary address.
    pub email: Option<&'a str>,
    /// First name.
    pub first_name: Option<&'a str>,
    /// Last name.
    pub last_name: Option<&'a str>,
    /// What the app is called.
    pub app_label: Option<&'a str>,
    /// What the organisation is called.
    pub company_name: Option<&'a str>,
}

/// Why a password is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Nothing in it can be seen.
    Blank,
    /// Fewer code points.
    TooShort {
        /// At least this many.
        min: u32,
    },
    /// More than [`MAX_CODE_POINTS`].
    TooLong,
    /// No lower-case letter.
    NoLowerCase,
    /// No upper-case letter.
    NoUpperCase,
    /// No digit.
    NoNumber,
    /// Nothing but letters, digits and spaces.
    NoSymbol,
    /// Has a part of the username.
    ContainsUsername,
    /// Has a part of the address, which is the username too.
    ContainsEmail,
    /// Has the value of this attribute.
    ContainsAttribute(String),
    /// Made of one or two characters.
    TooFewDifferent,
    /// One of those that are tried first, whatever stands around it unseen.
    Common,
    /// The person's address or a name of the place, with at most digits and punctuation after it.
    ContextWord,
    /// Has a NUL, at which some programs stop reading.
    Forbidden,
}

/// The password that is hashed, when it is set and when it is verified: in NFC, since one keyboard
/// types `é` as one character and another as two. Never trimmed, cut or folded (security.md R-P2,
/// R-P3).
///
/// # Errors
/// [`PasswordProblem::Forbidden`] or [`PasswordProblem::TooLong`]: no such password was ever set,
/// so a sign-in with it is wrong without a hash.
pub fn normalise(password: &Secret) -> Result<Secret, PasswordProblem> {
    let typed = password.expose();
    if typed.contains('\0') {
        return Err(PasswordProblem::Forbidden);
    }
    // Room for all, and one character too many: a string that moves while it grows leaves a copy of
    // the password behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_OCTETS + 4));
    for (index, c) in typed.nfc().enumerate() {
        text.push(c);
        if index >= MAX_CODE_POINTS {
            return Err(PasswordProblem::TooLong);
        }
    }
    Ok(Secret::new(core::mem::take(&mut *text)))
}

/// Whether `password` may be chosen: what is to be hashed, as from [`normalise`].
///
/// # Errors
/// All that is wrong, in the order in which the sign-in page lists the rules. Never empty. That it
/// is easily guessed is told once, with the first reason.
pub fn check(
    password: &Secret,
    complexity: &Complexity,
    context: &PasswordContext<'_>,
) -> Result<Secret, Vec<PasswordProblem>> {
    let normal = normalise(password).map_err(|problem| alloc::vec![problem])?;
    let typed = normal.expose();
    if text::is_blank(typed) {
        return Err(alloc::vec![PasswordProblem::Blank]);
    }
    let folded = fold(typed);
    let fewer = |min: u32, wanted: fn(char) -> bool| {
        typed.chars().filter(|c| wanted(*c)).count() < min as usize
    };
    let contains = |value: &str| folded.contains(value);

    let mut problems = Vec::new();
    if fewer(complexity.min_length, |_| true) {
        problems.push(PasswordProblem::TooShort { min: complexity.min_length });
    }
    if fewer(complexity.min_lower_case, char::is_lowercase) {
        problems.push(PasswordProblem::NoLowerCase);
    }
    if fewer(complexity.min_upper_case, char::is_uppercase) {
        problems.push(PasswordProblem::NoUpperCase);
    }
    if fewer(complexity.min_number, char::is_numeric) {
        problems.push(PasswordProblem::NoNumber);
    }
    if fewer(complexity.min_symbol, |c| !c.is_alphanumeric() && !c.is_whitespace()) {
        problems.push(PasswordProblem::NoSymbol);
    }
    if complexity.exclude_username
        && context.login.is_some_and(|login| username_parts(&fold(login)).any(contains))
    {
        let is_email = context.login.map(identifier_key) == context.email.map(identifier_key);
        problems.push(if is_email {
            PasswordProblem::ContainsEmail
        } else {
            PasswordProblem::ContainsUsername
        });
    }
    for name in &complexity.exclude_attributes {
        if context
            .attribute(name)
            .map(fold)
            .is_some_and(|value| is_word(value.trim()) && contains(value.trim()))
        {
            problems.push(PasswordProblem::ContainsAttribute(name.clone()));
        }
    }
    if has_few_different(typed) {
        problems.push(PasswordProblem::TooFewDifferent);
    } else if complexity.dictionary.common.exclude && is_common(typed) {
        problems.push(PasswordProblem::Common);
    } else if context.words().iter().any(|word| is_decorated(&folded, word)) {
        problems.push(PasswordProblem::ContextWord);
    }
    if problems.is_empty() { Ok(normal) } else { Err(problems) }
}

impl PasswordProblem {
    /// One sentence for people, with its full stop.
    pub fn sentence(&self) -> String {
        match self {
            Self::Blank => "Use characters that can be seen.".into(),
            Self::TooShort { min } => alloc::format!("Use at least {min} characters."),
            Self::TooLong => alloc::format!("Use at most {MAX_CODE_POINTS} characters."),
            Self::NoLowerCase => "Use a lower-case letter.".into(),
            Self::NoUpperCase => "Use an upper-case letter.".into(),
            Self::NoNumber => "Use a number.".into(),
            Self::NoSymbol => "Use a symbol.".into(),
            Self::ContainsUsername => "Do not use parts of your username.".into(),
            Self::ContainsEmail => "Do not use parts of your email address.".into(),
            Self::ContainsAttribute(name) => match name.as_str() {
                "firstName" => "Do not use your first name.".into(),
                "lastName" => "Do not use your last name.".into(),
                name => alloc::format!("Do not use your {name}."),
            },
            Self::TooFewDifferent => "Use more than two different characters.".into(),
            Self::Common => "This password is one of the most common ones. Choose another.".into(),
            Self::ContextWord => "This password is too close to your email address or to the name of this site. Choose another.".into(),
            Self::Forbidden => "This password has a character that cannot be used.".into(),
        }
    }
}

impl<'a> PasswordContext<'a> {
    /// The attributes that a policy may exclude.
    fn attribute(&self, name: &str) -> Option<&'a str> {
        match name {
            "firstName" => self.first_name,
            "lastName" => self.last_name,
            _ => None,
        }
    }

    /// Words that are guessed first because of who and where this is (security.md R-P4), folded,
    /// without white space.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |word: &str| words.push(without_space(&fold(word)));
        for name in [self.app_label, self.company_name].into_iter().flatten() {
            add(name);
            name.split_whitespace().for_each(&mut add);
        }
        for text in [self.login, self.email].into_iter().flatten() {
            add(text);
            if let Some((local, domain)) = text.rsplit_once('@') {
                add(local);
                add(domain);
                domain.split('.').for_each(&mut add);
            }
        }
        words.retain(|word| is_word(word));
        words
    }
}

/// Code points of a name or context word, at least. A shorter one is in good passwords by chance: a
/// person called "O" could hardly choose any.
const MIN_WORD: usize = 3;

/// Code points of a part of a username, at least: what the sign-in page counts (idx.md §8).
const MIN_USERNAME_PART: usize = 4;

/// The most common passwords of eight characters and more, in lower case, sorted, one on a line.
/// Origin and licence: `password_blocklist.md`.
const BLOCKLIST: &str = include_str!("password_blocklist.txt");

/// Splits where the sign-in page does (idx.md §8).
fn username_parts(login: &str) -> impl Iterator<Item = &str> {
    login
        .split([',', '.', '-', '_', '#', '@'])
        .filter(|part| part.chars().count() >= MIN_USERNAME_PART)
}

/// True if a password has at most two different characters that can be seen. Spaces do not count:
/// nobody guesses with fewer of them.
fn has_few_different(password: &str) -> bool {
    let mut visible = password.chars().filter(|c| !text::is_invisible(*c));
    let first = visible.next();
    let second = visible.find(|c| Some(*c) != first);
    visible.all(|c| Some(c) == first || Some(c) == second)
}

/// True if the whole password is on the list, whatever the case of its ASCII letters and whatever
/// cannot be seen around it. The list is searched where it lies: an index of it would cost every
/// cold start more than a search does.
fn is_common(password: &str) -> bool {
    let password = Zeroizing::new(password.trim_matches(text::is_invisible).to_ascii_lowercase());
    let mut rest = BLOCKLIST;
    loop {
        // The line that the middle of what is left falls on. The list is ASCII, so that every index
        // is a character's.
        let middle = rest.len() / 2;
        let start =
            rest.get(..middle).and_then(|left| left.rfind('\n')).map_or(0, |newline| newline + 1);
        let (Some(left), Some(right)) = (rest.get(..start), rest.get(start..)) else {
            return false;
        };
        let (line, right) = right.split_once('\n').unwrap_or((right, ""));
        if line.is_empty() {
            return false;
        }
        rest = match password.as_str().cmp(line) {
            core::cmp::Ordering::Equal => return true,
            core::cmp::Ordering::Less => left,
            core::cmp::Ordering::Greater => right,
        };
    }
}

fn is_word(text: &str) -> bool {
    text.chars().count() >= MIN_WORD
}

/// True if the password is the word, or the word with only digits and punctuation after it. Spaces
/// do not count.
fn is_decorated(folded: &str, word: &str) -> bool {
    let password = Zeroizing::new(without_space(folded));
    password.strip_prefix(word).is_some_and(|rest| !rest.contains(char::is_alphabetic))
}

fn without_space(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    out.extend(word.chars().filter(|c| !text::is_invisible(*c)));
    out
}

/// For comparing without regard to case; never for a value (security.md R-E4). Wiped, since it may
/// be a password, and with room enough that such a one, which is in NFC already, does not move
/// while it grows: lower case makes no text three times as long.
fn fold(text: &str) -> Zeroizing<String> {
    let mut out = String::with_capacity(text.len() * 3);
    out.extend(text.nfc().flat_map(char::to_lowercase));
    Zeroizing::new(out)
}
