//! Browsers that somebody has signed in from before: guesses made elsewhere do not use up their budget (security.md R-R8).

use policy::email::identifier_key;
use policy::time::{Span, Timestamp};
use policy::user::User;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Engine;
use crate::commit;
use crate::derive::Key as MacKey;
use crate::keys;
use crate::ports::{Expect, Key, Write};

/// A browser counts as known for so long.
const BROWSER_KNOWN: Span = Span::hours(24 * 400);

/// Says that somebody has signed in from a browser before.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KnownBrowser {
    pub user: String,
    pub generation: u32,
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
}

fn browser_key(key: &MacKey, browser: &str, identifier: &str) -> Key {
    keys::browser(&key.pseudonym(&["browser", browser, &identifier_key(identifier)]))
}

impl KnownBrowser {
    /// A takeover makes strangers of all browsers (I3).
    pub(super) fn of(&self, user: &User) -> bool {
        self.user == user.id && self.generation == user.generation
    }

    pub(super) fn write(&self, key: Key, now: Timestamp) -> Write {
        commit::put(key, 1, Some(now + BROWSER_KNOWN), json!(self), Expect::Anything)
    }
}
