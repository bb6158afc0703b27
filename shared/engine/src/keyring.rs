//! A key that can be changed while requests are served.
//!
//! Instances read their secrets when they start, so for a while old and new ones serve side by
//! side. A change therefore has steps, and at each of them every instance accepts what every other
//! one makes (functions/README.md, "Changing a secret").

use std::ops::Deref;

use policy::secret::Secret;
use serde::Deserialize;

use crate::derive::Key;

/// Characters that a key must have at least.
const MIN_LENGTH: usize = 32;

/// The key that makes, and those whose work is accepted besides. It derefs to the one that makes.
#[derive(Clone, Debug)]
pub struct Keyring {
    current: Key,
    others: Vec<Key>,
}

/// Why the text of a secret is refused. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// It starts like JSON, but is not of the form that [`Keyring::parse`] describes.
    #[error("the secret is not {{\"current\": key, \"previous\": key, \"next\": key}}")]
    Form,
    /// A key that could be guessed.
    #[error("the secret is shorter than {MIN_LENGTH} characters")]
    Short,
}

/// The form of a secret that is being changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changing {
    current: String,
    previous: Option<String>,
    next: Option<String>,
}

impl Keyring {
    /// Reads a secret: one key, as plain text, or, while one key takes the place of another,
    /// `{"current": "…", "next": "…"}` and then `{"current": "…", "previous": "…"}`.
    ///
    /// # Errors
    /// If text that starts with `{` is not of that form, or a key has fewer than 32 characters.
    pub fn parse(text: &Secret) -> Result<Self, KeyringError> {
        let keys = if text.expose().trim_start().starts_with('{') {
            // The parser's own message would quote the secret.
            let Changing { current, previous, next } =
                serde_json::from_str(text.expose()).map_err(|_| KeyringError::Form)?;
            [Some(current), previous, next].map(|key| key.map(Secret::new))
        } else {
            [Some(text.clone()), None, None]
        };
        if keys.iter().flatten().any(|key| key.expose().chars().count() < MIN_LENGTH) {
            return Err(KeyringError::Short);
        }
        let mut keys = keys.into_iter().flatten().map(Key::new);
        let current = keys.next().ok_or(KeyringError::Form)?;
        Ok(Self { current, others: keys.collect() })
    }

    /// All keys, the one that makes first.
    pub fn each(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.others)
    }

    /// The keys that make nothing now.
    pub fn others(&self) -> &[Key] {
        &self.others
    }

    /// True if `made` holds of one of the keys. All are tried, so that the time tells nothing of
    /// which one.
    pub fn accepts(&self, made: impl Fn(&Key) -> bool) -> bool {
        self.each().fold(false, |found, key| found | made(key))
    }
}

impl Deref for Keyring {
    type Target = Key;

    fn deref(&self) -> &Key {
        &self.current
    }
}

/// One key, of at least 32 characters, that is not being changed.
impl From<Secret> for Keyring {
    fn from(text: Secret) -> Self {
        Self { current: Key::new(text), others: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old: thirty-two characters of key";
    const NEW: &str = "new: thirty-two characters of key";

    fn parsed(text: &str) -> Result<Vec<String>, KeyringError> {
        let of = |key: &Key| {
            [OLD, NEW].into_iter().find(|text| key.is(text)).unwrap_or("another").to_owned()
        };
        Ok(Keyring::parse(&Secret::new(text))?.each().map(of).collect())
    }

    #[test]
    fn a_secret_is_one_key_or_one_and_its_neighbour() {
        assert_eq!(parsed(OLD).unwrap(), [OLD]);
        assert_eq!(parsed(&format!(r#"{{"current": "{OLD}"}}"#)).unwrap(), [OLD]);
        assert_eq!(
            parsed(&format!(r#"{{"current": "{OLD}", "next": "{NEW}"}}"#)).unwrap(),
            [OLD, NEW]
        );
        assert_eq!(
            parsed(&format!(r#" {{"previous": "{OLD}", "current": "{NEW}"}}"#)).unwrap(),
            [NEW, OLD]
        );
    }

    #[test]
    fn r_a4_what_cannot_be_read_or_guessed_is_refused_and_not_quoted() {
        let short = "hunter2: thirty-one characters.";
        assert_eq!(short.len(), 31);
        for (text, expected) in [
            (short.to_owned(), KeyringError::Short),
            (format!(r#"{{"current": "{OLD}", "next": "{short}"}}"#), KeyringError::Short),
            (format!(r#"{{"current": "{OLD}", "before": "hunter2"}}"#), KeyringError::Form),
            (format!(r#"{{"next": "{OLD}"}}"#), KeyringError::Form),
            (format!(r#"{{"current": ["{OLD}"]}}"#), KeyringError::Form),
            ("{hunter2".to_owned(), KeyringError::Form),
        ] {
            let error = parsed(&text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn the_current_key_makes_and_each_is_accepted() {
        let keys =
            Keyring::parse(&Secret::new(format!(r#"{{"previous": "{OLD}", "current": "{NEW}"}}"#)))
                .unwrap();
        let by = |text: &str| Key::new(Secret::new(text)).token(&["a"]);
        assert_eq!(keys.token(&["a"]), by(NEW));
        for (text, accepted) in
            [(OLD, true), (NEW, true), ("any other key of 32 characters...", false)]
        {
            assert_eq!(keys.accepts(|key| key.token(&["a"]) == by(text)), accepted, "{text}");
        }
    }
}
