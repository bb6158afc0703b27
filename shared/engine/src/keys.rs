//! Where items live. The access patterns are tabled in the `dynamodb` crate's README.

use policy::step::Identity;

use crate::derive::sha256;
use crate::ports::Key;

/// Points at the current configuration.
pub fn organisation_head() -> Key {
    Key("ORG#head".into())
}

/// One piece of a configuration; never changed once written.
pub fn organisation_body(revision: &str, piece: usize) -> Key {
    Key(format!("ORG#body#{revision}#{piece}"))
}

/// A transaction.
pub fn transaction(id: &str) -> Key {
    Key(format!("TX#{id}"))
}

/// A user's record.
pub fn user(id: &str) -> Key {
    Key(format!("USER#{id}"))
}

/// A user's password hash.
pub fn password(user: &str) -> Key {
    Key(format!("PASSWORD#{user}"))
}

/// Says whose a unique value is. Hashed: a value may be longer than a key, and need not be readable
/// here.
pub fn unique(identity: &Identity) -> Key {
    Key(format!("UNIQUE#{}#{}", identity.attribute, sha256(&identity.value)))
}

/// An interaction code and what became of it.
pub fn code(hash: &str) -> Key {
    Key(format!("CODE#{hash}"))
}

/// A link that marks an address as verified after an optional sign-up.
pub fn verification(id: &str) -> Key {
    Key(format!("VERIFY#{id}"))
}

/// Says that somebody has signed in from a browser before.
pub fn browser(pseudonym: &str) -> Key {
    Key(format!("BROWSER#{pseudonym}"))
}

/// Says that somebody has signed in from a network before.
pub fn network(pseudonym: &str) -> Key {
    Key(format!("NETWORK#{pseudonym}"))
}

/// A counter in one window.
pub fn limit(name: &str, pseudonym: &str, window: u64) -> Key {
    Key(format!("LIMIT#{name}#{pseudonym}#{window}"))
}
