//! Whom would a policy ask for what, and whom would it stop? The very function that asks at sign-in, run over stored people without a transaction, so
//! that the answer cannot differ from what will happen.

use alloc::vec::Vec;

use crate::Context;
use crate::organisation::{App, Organisation};
use crate::requirement::{Refusal, Requirement, enrolled, of_account};
use crate::time::Timestamp;
use crate::user::{User, UserStatus};

/// What `app` would ask `user` for at the next sign-in, in this order, once they have proven whatever they can prove. What they may skip is not among it.
///
/// # Errors
/// The person does not get in, whatever they do.
pub fn asked(organisation: &Organisation, app: &App, user: &User, now: Timestamp) -> Result<Vec<Requirement>, Refusal> {
    let context = Context::new(organisation, app, now).filter(|_| user.status == UserStatus::Active).ok_or(Refusal::AccessDenied)?;
    let proven = enrolled(&context, user);
    if proven.is_empty() {
        return Err(Refusal::AccessDenied);
    }
    let list = of_account(&context, user, &proven, true);
    let refusal = list.iter().find_map(|one| if let Requirement::Refused(refusal) = one { Some(*refusal) } else { None });
    refusal.map_or(Ok(list), Err)
}
