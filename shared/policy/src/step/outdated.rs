//! Pages that were open while a policy changed. What they offered is remembered, so that what they
//! send is an answer, never a mistake of the person (security.md R-S9): a value that is no longer
//! asked for is dropped, and what is asked for instead is shown, with a message, without a reload.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::mem::{Discriminant, discriminant};

use serde::{Deserialize, Serialize};

use super::{Decision, Input, Rejection, Step, StepError};
use crate::Context;
use crate::assurance;
use crate::form::{self, Form};
use crate::message::{self, Message, Notice};
use crate::remediation::{Remediation, Standing, current_profile_form, remediations};
use crate::requirement::Refusal;
use crate::secret::Secret;
use crate::transaction::{Shown, Subject, Transaction};
use crate::user::Profile;

/// Why the client has another page than the one that is offered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outdated {
    /// A policy has changed.
    Changed,
    /// Sign-up has closed under an open form: the person is back on the first page.
    SignUpClosed,
    /// Another browser was faster to sign up with the address that was proven just now.
    AccountExists,
    /// Another person was faster to take another value.
    ValueTaken,
}

impl Outdated {
    /// What is said.
    pub fn notices(self) -> Vec<Notice> {
        message::form(match self {
            Self::Changed => Message::Changed,
            Self::SignUpClosed => Message::RegistrationUnavailable,
            Self::AccountExists => Message::AccountExists,
            Self::ValueTaken => Message::ValueTaken,
        })
    }
}

impl Transaction {
    /// Remembers what is offered now as shown. At the end there is nothing more to show.
    pub fn show(&mut self, context: &Context<'_>) {
        let before = self.shown.take().map(|shown| shown.attributes).unwrap_or_default();
        if self.outcome.is_some() {
            return;
        }
        let standing = remediations(context, self);
        let mut attributes = asked(&standing);
        // A form that changes while it is open is one form: in another tab it may be as it was. A
        // page without one ends that.
        if !attributes.is_empty() {
            attributes.extend(before);
        }
        self.shown = Some(Shown { digest: digest(&standing), attributes });
    }
}

/// True if the client has another page than the one that is offered now.
pub(super) fn is_outdated(context: &Context<'_>, transaction: &Transaction) -> bool {
    let Some(shown) = &transaction.shown else { return false };
    let standing = remediations(context, transaction);
    matches!(standing, Standing::Offered(_)) && digest(&standing) != shown.digest
}

/// The page of today, instead of what was sent from another one. `None`: what was sent was never
/// offered.
pub(super) fn redrawn(
    context: &Context<'_>,
    input: &Input,
    mut transaction: Transaction,
) -> Option<Decision> {
    let shown = transaction.shown.as_ref()?.digest;
    let standing = remediations(context, &transaction);
    // The button behind a link is on no page that we drew.
    if digest(&standing) == shown || matches!(input, Input::ConfirmLink { .. }) {
        return None;
    }
    let why = match standing {
        // This link is on the first page, which says why it leads nowhere (idx.md §7).
        Standing::Offered(_)
            if matches!(input, Input::SelectEnrollProfile) && !context.offers_registration() =>
        {
            return None;
        }
        Standing::Offered(_) => Outdated::Changed,
        Standing::Refused(Refusal::RegistrationClosed) => {
            transaction.turn_to(Subject::Visitor);
            Outdated::SignUpClosed
        }
        Standing::Refused(_) | Standing::Finished { .. } | Standing::Cancelled => return None,
    };
    Some(remembered(context, input, Decision::unchanged(transaction).outdated(why)))
}

/// What the client is shown is remembered: not where it draws nothing anew, nor what a link led to,
/// of which its page learns later.
pub(super) fn remembered(context: &Context<'_>, input: &Input, mut decision: Decision) -> Decision {
    let drawn = matches!(decision.rejection, None | Some(Rejection::Outdated(_)))
        && !matches!(input, Input::ConfirmLink { .. });
    if drawn || decision.transaction.outcome.is_some() {
        decision.transaction.show(context);
    }
    decision
}

/// `input` without the values that its page offered and today's does not. What was never offered
/// stays, and is refused.
pub(super) fn without_what_left<'i>(
    context: &Context<'_>,
    transaction: &Transaction,
    input: &'i Input,
) -> Cow<'i, Input> {
    let Some(shown) = &transaction.shown else { return Cow::Borrowed(input) };
    let left =
        |form: &Form, name: &str| form.field(name).is_none() && shown.attributes.contains(name);
    let stays = |form: &Form, typed: &Profile| -> Option<Profile> {
        typed.keys().any(|name| left(form, name)).then(|| {
            typed
                .iter()
                .filter(|(name, _)| !left(form, name))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect()
        })
    };
    // A password is on the page or not: on one that is outdated it may have been.
    let drops_password = |asked: bool, typed: &Option<Secret>| {
        typed.is_some() && !asked && is_outdated(context, transaction)
    };
    match input {
        Input::Identify { identifier, password }
            if drops_password(!assurance::identifier_first(context.organisation), password) =>
        {
            Cow::Owned(Input::Identify { identifier: identifier.clone(), password: None })
        }
        Input::EnrollProfile { profile, password } => {
            let fewer = stays(&form::registration(context), profile);
            let drops = drops_password(context.enrollment.password_on_form(), password);
            if fewer.is_none() && !drops {
                return Cow::Borrowed(input);
            }
            let password = password.clone().filter(|_| !drops);
            Cow::Owned(Input::EnrollProfile {
                profile: fewer.unwrap_or_else(|| profile.clone()),
                password,
            })
        }
        Input::UpdateProfile(profile) => current_profile_form(context, transaction)
            .and_then(|form| stays(&form, profile))
            .map_or(Cow::Borrowed(input), |fewer| Cow::Owned(Input::UpdateProfile(fewer))),
        _ => Cow::Borrowed(input),
    }
}

impl Step<'_> {
    /// Values are wrong. If that may be because the page had another form, today's is shown
    /// instead.
    pub(super) fn wrong(&self, decision: Decision, notices: Vec<Notice>) -> Decision {
        if is_outdated(self.context, self.before) {
            decision.outdated(Outdated::Changed)
        } else {
            decision.reject(Rejection::Invalid, notices)
        }
    }

    /// Something was chosen that is not on the list.
    pub(super) fn not_listed(&self, decision: Decision) -> Result<Decision, StepError> {
        if is_outdated(self.context, self.before) {
            Ok(decision.outdated(Outdated::Changed))
        } else {
            Err(StepError::Malformed)
        }
    }
}

impl Decision {
    pub(super) fn outdated(self, why: Outdated) -> Self {
        self.reject(Rejection::Outdated(why), why.notices())
    }
}

/// The attributes that are asked for.
fn asked(standing: &Standing) -> BTreeSet<String> {
    let Standing::Offered(offered) = standing else { return BTreeSet::new() };
    let forms = offered.iter().filter_map(|one| match one {
        Remediation::EnrollProfile { form, .. } | Remediation::UpdateProfile { form } => Some(form),
        _ => None,
    });
    forms.flat_map(|form| form.fields.iter().map(|field| field.name.clone())).collect()
}

/// What is offered, as far as clients draw it and send something else for it.
fn digest(standing: &Standing) -> u32 {
    let mut digest = Digest(0x811c_9dc5);
    if let Standing::Offered(offered) = standing {
        for one in offered {
            discriminant(one).hash(&mut digest);
            match one {
                Remediation::Identify { with_password } => with_password.hash(&mut digest),
                Remediation::EnrollProfile { form, password } => {
                    (fields(form), password.is_some()).hash(&mut digest);
                }
                Remediation::UpdateProfile { form } => fields(form).hash(&mut digest),
                Remediation::SelectAuthenticator(keys)
                | Remediation::SelectAuthenticatorEnroll { keys, .. } => keys.hash(&mut digest),
                Remediation::Email { enrolls, .. } => enrolls.hash(&mut digest),
                Remediation::SelectEnrollProfile
                | Remediation::SelectIdentify
                | Remediation::EditRegistration
                | Remediation::EnrollPassword { .. }
                | Remediation::Password
                | Remediation::Skip
                | Remediation::Cancel => {}
            }
        }
    }
    digest.0
}

/// A field as far as it counts here: its name, its kind, and the options to choose from.
type Shape<'f> = (&'f str, Discriminant<form::Input>, &'f [(String, String)]);

/// A form without what a message at the field tells: that a value must be given, and how long it
/// may be.
fn fields(form: &Form) -> Vec<Shape<'_>> {
    form.fields
        .iter()
        .map(|field| (field.name.as_str(), discriminant(&field.input), options(&field.input)))
        .collect()
}

fn options(input: &form::Input) -> &[(String, String)] {
    match input {
        form::Input::Select(options) | form::Input::Radio(options) => options,
        _ => &[],
    }
}

/// FNV-1a, 32 bits: the same in every function, which the standard library's hashes do not promise.
struct Digest(u32);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    }

    fn finish(&self) -> u64 {
        self.0.into()
    }
}
