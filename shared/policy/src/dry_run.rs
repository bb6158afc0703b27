//! Whom would a policy ask for what? The very function that asks at sign-in, run over stored people without a transaction, so that the answer
//! cannot differ from what will happen.

use crate::Context;
use crate::form::{self, Form};
use crate::organisation::{App, Organisation};
use crate::time::Timestamp;
use crate::user::{User, UserStatus};

/// What `app` would ask `user` for at the next sign-in. `None`: nothing, or the person does not get in at all.
pub fn asked(organisation: &Organisation, app: &App, user: &User, now: Timestamp) -> Option<Form> {
    let gets_in = user.status == UserStatus::Active && app.groups.iter().any(|group| user.in_group(group));
    form::progressive(&Context::new(organisation, app, now).filter(|_| gets_in)?, &user.profile)
}
