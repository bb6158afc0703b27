//! Whom would a policy ask for what? The very function that asks at sign-in, run over stored people without a transaction, so that the answer
//! cannot differ from what will happen.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Context;
use crate::form;
use crate::organisation::{App, Organisation};
use crate::time::Timestamp;
use crate::user::User;

/// The labels of what `app` would ask `user` for at the next sign-in, required ones only. Empty: the person just gets in.
pub fn asked(organisation: &Organisation, app: &App, user: &User, now: Timestamp) -> Vec<String> {
    let form = Context::new(organisation, app, now).and_then(|context| form::progressive(&context, &user.profile));
    form.map(|form| form.fields.into_iter().filter(|field| field.required).map(|field| field.label).collect()).unwrap_or_default()
}
