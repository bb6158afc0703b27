//! What a step changes: the transaction, effects to write, counts, a mail, and what is said.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Budget, Identity, Outdated};
use crate::message::Notice;
use crate::transaction::{Challenge, Subject, Transaction};
use crate::user::{PasswordHash, User};

/// What changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The transaction afterwards. The same as before: nothing is to be written.
    pub transaction: Transaction,
    /// What is written with it, all or nothing.
    pub effects: Vec<Effect>,
    /// What is counted with it: the first of these that all have room. If there is room in none,
    /// nothing of the decision happens, and it is made anew.
    pub counts: Vec<Vec<Budget>>,
    /// What is mailed after the commit.
    pub mail: Option<Mail>,
    /// What is said.
    pub notices: Vec<Notice>,
    /// Why the input was not taken, if it was not.
    pub rejection: Option<Rejection>,
}

/// Something to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A user who was not there before: whole or not at all.
    CreateUser {
        /// The record.
        user: User,
        /// The password.
        password: Option<PasswordHash>,
        /// The values that nobody else may have.
        claims: Vec<Identity>,
    },
    /// A user who is there, in this version.
    SaveUser {
        /// The new record.
        user: User,
        /// The version that is there now.
        version: u64,
        /// What becomes of the password.
        password: PasswordChange,
        /// Values that nobody else may have from now on.
        claims: Vec<Identity>,
    },
    /// An account whose mailbox was never proven makes room for the person who has proven it.
    /// Nothing of it survives, its id least of all: a subject is never reassigned (OpenID Connect
    /// Core §2).
    ReplaceUser {
        /// The record that is there from now on, with an id of its own.
        user: User,
        /// Its password.
        password: Option<PasswordHash>,
        /// Id of the record that goes.
        old: String,
        /// The version of that record.
        version: u64,
        /// All values of the new record that nobody else may have; the old one had some of them.
        claims: Vec<Identity>,
        /// Values of the old record that others may have again.
        releases: Vec<Identity>,
    },
    /// A value that this person had is somebody else's from now on.
    CedeName {
        /// The new record.
        user: User,
        /// The version that is there now.
        version: u64,
        /// The value.
        identity: Identity,
        /// Id of the person who has it from now on.
        to: String,
    },
    /// Nothing, but the user must still be in this version.
    CheckUser {
        /// Who.
        id: String,
        /// The version.
        version: u64,
    },
}

/// What becomes of a stored password.
#[derive(Clone, Debug, PartialEq)]
pub enum PasswordChange {
    /// It stays.
    Keep,
    /// It is this from now on.
    Set(PasswordHash),
    /// There is none any more.
    Remove,
}

/// Something to mail.
#[derive(Clone, Debug, PartialEq)]
pub enum Mail {
    /// A code and a link.
    Passcode(Challenge),
    /// Welcome, with a link that marks the address as verified.
    Welcome {
        /// Who.
        user_id: String,
        /// The mailbox.
        address: String,
    },
    /// The same for somebody who has no account: nobody reads it, but whatever is done for a mail
    /// is done.
    Nobody(Challenge),
    /// "You already have an account."
    AlreadyRegistered {
        /// The mailbox.
        address: String,
    },
}

/// Why an input was not taken; chooses the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Values are wrong: 400.
    Invalid,
    /// Proof is wrong: 401.
    Unauthenticated,
    /// A budget is used up: 429.
    TooManyRequests,
    /// What the client has on its page is not what is offered now: 200, because clients draw a new
    /// page only then (idx.md §12.12).
    Outdated(Outdated),
}

impl Rejection {
    /// Why the client has another page, if that is it.
    pub fn outdated(self) -> Option<Outdated> {
        if let Self::Outdated(why) = self { Some(why) } else { None }
    }
}

impl Decision {
    pub(super) fn unchanged(transaction: Transaction) -> Self {
        Self {
            transaction,
            effects: Vec::new(),
            counts: Vec::new(),
            mail: None,
            notices: Vec::new(),
            rejection: None,
        }
    }

    /// What this step saves is what the next one finds.
    pub(super) fn with_new_version(mut self) -> Self {
        let saves = self
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::SaveUser { .. } | Effect::ReplaceUser { .. }));
        if let (true, Subject::Member { version, .. }) = (saves, &mut self.transaction.subject) {
            *version += 1;
        }
        self
    }

    pub(super) fn reject(mut self, rejection: Rejection, notices: Vec<Notice>) -> Self {
        self.rejection = Some(rejection);
        self.notices = notices;
        self
    }
}
