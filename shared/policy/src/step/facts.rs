//! What a step must know beyond its transaction.

use alloc::string::String;
use alloc::vec::Vec;

use crate::time::Timestamp;
use crate::transaction::Familiar;
use crate::user::{PasswordHash, User};

/// What [`lookup`](super::lookup()) asked for.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "these are independent facts, not a state")]
pub struct Facts {
    /// For each identity, whose it is and the version of that record.
    pub owners: Vec<Option<(User, u64)>>,
    /// True if the password is right.
    pub password_right: bool,
    /// The hash of the new password.
    pub new_password: Option<PasswordHash>,
    /// True if the code is right.
    pub passcode_right: bool,
    /// A budget was used up, so nothing was evaluated.
    pub over_budget: bool,
    /// A budget that the commit would count (a mail's, an unknown or taken name's, an unproven
    /// account's) is used up, whichever of the alternatives in [`Decision::counts`] is taken. Which
    /// one is not known.
    pub over_commit_budget: bool,
    /// When the budget that is used up has room again. `None`: waiting does not help.
    pub room: Option<Timestamp>,
    /// Where the person named has signed in from before.
    pub familiar: Familiar,
    /// True if a commit was refused because somebody else has one of the values: `owners` then
    /// tells who.
    pub contested: bool,
    /// A random id, should a user be made.
    pub new_user_id: String,
}
