//! Whom would a policy ask for what? The very function that asks at sign-in, run over stored people without a transaction, so that the answer
//! cannot differ from what will happen.

use alloc::vec::Vec;

use crate::Context;
use crate::organisation::{App, Organisation};
use crate::requirement::{Requirement, of_account};
use crate::time::Timestamp;
use crate::user::{User, UserStatus};

/// What `app` would ask `user` for at the next sign-in, once they have proven who they are, in this order. What they may skip is not among it. Empty:
/// nothing, or the person does not get in at all.
pub fn asked(organisation: &Organisation, app: &App, user: &User, now: Timestamp) -> Vec<Requirement> {
    let mut list = Vec::new();
    if let Some(context) = Context::new(organisation, app, now).filter(|_| user.status == UserStatus::Active) {
        of_account(&context, user, true, &mut list);
    }
    if list.iter().any(|one| matches!(one, Requirement::Refused(_))) { Vec::new() } else { list }
}
