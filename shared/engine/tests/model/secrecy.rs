//! I11: what is secret is where it belongs and nowhere else (security.md A-117).

use super::operation::PASSWORDS;
use super::stage::Answer;

/// Where a secret belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the person's head.
    Password,
    /// In the answers to the steps of this flow.
    StateHandle(usize),
    /// In the answer to interact.
    InteractionHandle,
    /// In the mail of this flow, and on the page behind its link where that is opened elsewhere.
    Passcode(usize),
    /// In this mail, and behind it.
    Link(usize),
    /// In the last answer of this flow.
    InteractionCode(usize),
    /// In the answer of the token endpoint.
    AccessToken,
    /// In the header that sets it.
    Cookie,
}

pub struct Secrets(Vec<(Place, String)>);

impl Default for Secrets {
    fn default() -> Self {
        Self(PASSWORDS.iter().map(|password| (Place::Password, String::from(*password))).collect())
    }
}

impl Secrets {
    pub fn add(&mut self, place: Place, text: &str) {
        if !self.0.iter().any(|(_, known)| known == text) {
            self.0.push((place, text.into()));
        }
    }

    pub fn i11_are_not_in_the_answer(&self, answer: &Answer, may_show: impl Fn(&Place) -> bool) {
        let shown = self
            .0
            .iter()
            .find(|(place, secret)| !may_show(place) && is_in(*place, secret, &answer.text));
        assert!(shown.is_none(), "I11: an answer holds the secret {shown:?}: {}", answer.text);
        let headers = answer.headers.iter().filter(|(name, _)| name != "set-cookie");
        for (name, value) in headers {
            let shown = self.0.iter().find(|(place, secret)| is_in(*place, secret, value));
            assert!(shown.is_none(), "I11: the header {name} holds the secret {shown:?}");
        }
    }

    pub fn i11_are_not_in_the_store(&self, key: &str, body: &str) {
        let stored = self
            .0
            .iter()
            .find(|(place, secret)| is_in(*place, secret, key) || is_in(*place, secret, body));
        assert!(stored.is_none(), "I11: the table holds the secret {stored:?}: {key} {body}");
    }
}

/// Six digits may be part of a time; as a word of their own they are a code.
fn is_in(place: Place, secret: &str, text: &str) -> bool {
    text.contains(secret)
        && (!matches!(place, Place::Passcode(_))
            || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == secret))
}
