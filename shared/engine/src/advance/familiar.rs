//! Browsers and networks that somebody has signed in from before: what is guessed elsewhere does
//! not use up their budgets (security.md R-R8).
//!
//! Each is noted once, when a sign-in from there has succeeded, and not again while it is known.

use policy::email::identifier_key;
use policy::time::{Span, Timestamp};
use policy::transaction::Familiar;
use policy::user::User;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::budget::network;
use crate::derive::Key as MacKey;
use crate::ports::{Expect, Key, Write};
use crate::{Engine, commit, keys};

/// A browser counts as known for so long.
const BROWSER_KNOWN: Span = Span::hours(24 * 400);

/// A network does for so long: its addresses are given to others some time.
const NETWORK_KNOWN: Span = Span::hours(24 * 90);

/// Says that somebody has signed in from a place before.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    pub user: String,
    pub generation: u32,
}

/// The places that a request comes from, as far as the name in it is known there.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub browser: Option<Known>,
    pub network: Option<Known>,
}

impl Engine {
    /// Where it says that whoever types this has signed in from this browser before.
    pub(super) fn browser_key(&self, browser: &str, identifier: &str) -> Key {
        browser_key(&self.interaction_key, browser, identifier)
    }

    /// The same, wherever it may have been noted: under the key before, too.
    pub(super) fn browser_keys(&self, browser: &str, identifier: &str) -> Vec<Key> {
        self.interaction_key.each().map(|key| browser_key(key, browser, identifier)).collect()
    }

    /// Where it says so of the network that this address is of.
    pub(super) fn network_key(&self, source: &str, identifier: &str) -> Key {
        network_key(&self.interaction_key, source, identifier)
    }

    /// The same, wherever it may have been noted.
    pub(super) fn network_keys(&self, source: &str, identifier: &str) -> Vec<Key> {
        self.interaction_key.each().map(|key| network_key(key, source, identifier)).collect()
    }
}

fn browser_key(key: &MacKey, browser: &str, identifier: &str) -> Key {
    keys::browser(&key.pseudonym(&["browser", browser, &identifier_key(identifier)]))
}

fn network_key(key: &MacKey, source: &str, identifier: &str) -> Key {
    keys::network(&key.pseudonym(&["network", &network(source), &identifier_key(identifier)]))
}

impl Known {
    /// Of an account that has changed hands, all places are strange again (I3).
    fn of(&self, user: &User) -> bool {
        self.user == user.id && self.generation == user.generation
    }

    pub(super) fn browser(&self, key: Key, now: Timestamp) -> Write {
        commit::put(key, 1, Some(now + BROWSER_KNOWN), json!(self), Expect::Anything)
    }

    pub(super) fn network(&self, key: Key, now: Timestamp) -> Write {
        commit::put(key, 1, Some(now + NETWORK_KNOWN), json!(self), Expect::Anything)
    }
}

impl Places {
    /// Which of them are known.
    pub(super) fn familiar(&self) -> Familiar {
        Familiar { browser: self.browser.is_some(), network: self.network.is_some() }
    }

    /// Which of them are known of somebody else than this user, or of the account as it was before
    /// it changed hands.
    pub(super) fn foreign_to(&self, user: Option<&User>) -> Familiar {
        let foreign = |known: &Option<Known>| {
            known.as_ref().is_some_and(|known| !user.is_some_and(|user| known.of(user)))
        };
        Familiar { browser: foreign(&self.browser), network: foreign(&self.network) }
    }
}
