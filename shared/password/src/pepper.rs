//! The pepper and how it is written down.

use std::collections::BTreeMap;

use policy::secret::Secret;
use serde::Deserialize;

/// A key that goes into every hash and is not stored with it.
#[derive(Clone, Debug)]
pub struct Pepper {
    /// Its name, stored beside each hash that it went into.
    pub id: String,
    /// The key: the bytes of the text are used as they are.
    pub key: Secret,
}

/// Why the text of a pepper secret is refused. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PepperError {
    /// It starts like JSON, but is not of the form that [`Pepper::parse`] describes.
    #[error("the pepper secret is not {{\"current\": id, \"peppers\": {{id: key}}}}")]
    Form,
    /// `current` names none of the `peppers`.
    #[error("the pepper secret's current pepper is not among its peppers")]
    Current,
}

impl Pepper {
    /// Reads a secret: either one key, as plain text (its id is `1`), or, once there has been a
    /// rotation, `{"current": "2", "peppers": {"1": "…", "2": "…"}}`. The current pepper comes
    /// first.
    ///
    /// # Errors
    /// If text that starts with `{` is not of that form.
    pub fn parse(text: &Secret) -> Result<Vec<Self>, PepperError> {
        if !text.expose().trim_start().starts_with('{') {
            return Ok(vec![Self { id: "1".into(), key: text.clone() }]);
        }
        // The parser's own message would quote the secret.
        let mut rotated: Rotated =
            serde_json::from_str(text.expose()).map_err(|_| PepperError::Form)?;
        let key = rotated.peppers.remove(&rotated.current).ok_or(PepperError::Current)?;
        let current = Self { id: rotated.current, key: Secret::new(key) };
        let older = rotated.peppers.into_iter().map(|(id, key)| Self { id, key: Secret::new(key) });
        Ok(std::iter::once(current).chain(older).collect())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotated {
    current: String,
    peppers: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, String)>, PepperError> {
        Ok(Pepper::parse(&Secret::new(text))?
            .into_iter()
            .map(|pepper| (pepper.id, pepper.key.expose().to_owned()))
            .collect())
    }

    #[test]
    fn plain_text_is_one_pepper() {
        assert_eq!(parsed("k3y").unwrap(), [("1".into(), "k3y".into())]);
    }

    #[test]
    fn after_a_rotation_the_current_pepper_comes_first() {
        let rotated = r#"{"current":"b","peppers":{"a":"old","b":"new","c":"older"}}"#;
        assert_eq!(
            parsed(rotated).unwrap(),
            [("b".into(), "new".into()), ("a".into(), "old".into()), ("c".into(), "older".into())]
        );
    }

    #[test]
    fn r_p7_a_pepper_that_cannot_be_read_is_refused_and_not_quoted() {
        for text in [
            r#"{"current":"b","peppers":{"a":"hunter2"}}"#,
            r#"{"current":"a","peppers":"hunter2"}"#,
            r#"{"a":"hunter2"}"#,
            "{hunter2",
        ] {
            let error = parsed(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
