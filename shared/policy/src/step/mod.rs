//! Deciding: an [`Input`] arrives, and with the [`Facts`] that [`lookup`] asked for, [`step`] makes
//! a [`Decision`].

mod budget;
mod decision;
mod facts;
mod identify;
mod input;
mod lookup;
mod outdated;
mod profile;
mod progressive_enrollment;
mod register;
mod settle;
mod verify_email;

use alloc::borrow::Cow;

pub use budget::{Budget, SHARES, Whose, requests, watched};
pub use decision::{Decision, Effect, Mail, PasswordChange, Rejection};
pub use facts::Facts;
pub use input::Input;
pub use lookup::{Needs, PasswordWork, lookup, passcode_digits};
pub use outdated::Outdated;
pub use profile::{Identity, claims};
pub(crate) use profile::{fits_a_profile, found_by_another_address};
pub use verify_email::tells_whether_sent;

use crate::Context;
use crate::message::{self, Message};
use crate::remediation::{Remediation, Standing, remediations};
use crate::requirement::{Refusal, requirements};
use crate::time::Span;
use crate::transaction::{Outcome, Transaction};

/// No person does this by following what is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The input is not offered now.
    #[error("not offered now")]
    NotOffered,
    /// The input has fields that were not asked for, or lacks those that were.
    #[error("not what was asked for")]
    Malformed,
}

/// Decides. Pure: called again with the same arguments, it decides the same.
///
/// # Errors
/// [`StepError`] if the input is not what is offered now; nothing changes then.
pub fn step(
    context: &Context<'_>,
    transaction: Transaction,
    input: &Input,
    facts: &Facts,
) -> Result<Decision, StepError> {
    let Some(taken) = taken(context, &transaction, input) else {
        return outdated::redrawn(context, input, transaction).ok_or(StepError::NotOffered);
    };
    let before = transaction.clone();
    let step = Step { context, facts, before: &before, can_mail: input.can_mail() };
    let decision = Decision::unchanged(transaction);
    if facts.over_budget {
        let wait = step.wait();
        let message = if matches!(input, Input::AnswerEmail(_)) {
            Message::TooManyPasscodes(wait)
        } else {
            Message::TooManyRequests(wait)
        };
        return Ok(decision.reject(Rejection::TooManyRequests, message::form(message)));
    }
    let decided = match taken.as_ref() {
        Input::Introspect => Ok(step.settle(decision)),
        Input::Cancel => Ok(cancel(decision)),
        Input::Identify { identifier, password } => {
            step.identify(decision, identifier, password.as_ref())
        }
        Input::AnswerPassword(_) => Ok(step.answer_password(decision)),
        Input::SelectIdentify => Ok(step.select_identify(decision)),
        Input::SelectEnrollProfile => Ok(step.select_enroll_profile(decision)),
        Input::EnrollProfile { profile, password } => {
            step.enroll_profile(decision, profile, password.as_ref())
        }
        Input::SelectAuthenticatorEnroll(key) => step.select_authenticator_enroll(decision, *key),
        Input::EnrollPassword(password) => Ok(step.enroll_password(decision, password)),
        Input::Skip => Ok(step.skip(decision)),
        Input::SelectAuthenticator(key) => step.select_authenticator(decision, *key),
        Input::AnswerEmail(typed) => Ok(step.answer_email(decision, typed)),
        Input::Resend => Ok(step.resend(decision)),
        Input::Poll => Ok(step.poll(decision)),
        Input::ConfirmLink { sequence } => step.confirm_link(decision, *sequence),
        Input::UpdateProfile(profile) => step.update_profile(decision, profile),
    };
    decided.map(|decision| outdated::remembered(context, input, decision).with_new_version())
}

/// What `input` is taken for: itself, where it is offered, without what its page offered and the
/// page of today does not. Where nothing is missing any more, because another tab was faster or a
/// policy was relaxed, it is a mere look, which ends the flow: whoever sends a form that is not
/// asked for any more goes on (policies.md §4, edge cases).
pub(crate) fn taken<'i>(
    context: &Context<'_>,
    transaction: &Transaction,
    input: &'i Input,
) -> Option<Cow<'i, Input>> {
    if accepts(context, transaction, input) {
        return Some(outdated::without_what_left(context, transaction, input));
    }
    let ends = transaction.outcome.is_none() && requirements(context, transaction).is_empty();
    ends.then_some(Cow::Owned(Input::Introspect))
}

/// True if `input` is offered now. The one place that says which input belongs to which
/// remediation.
pub fn accepts(context: &Context<'_>, transaction: &Transaction, input: &Input) -> bool {
    // A tab that waits for a link asks where it is, and the flow may have gone on in another one
    // (idx.md §9, §16.3). Nobody waits for a mail that was never sent.
    let looks = matches!(input, Input::Introspect)
        || (matches!(input, Input::Poll) && transaction.sends > 0);
    match remediations(context, transaction) {
        Standing::Offered(offered) => {
            looks || offered.iter().any(|remediation| remediation.takes(input))
        }
        // The sign-up form, which may still be open, has a way back of its own.
        Standing::Refused(Refusal::RegistrationClosed) => {
            looks || matches!(input, Input::Cancel | Input::SelectIdentify)
        }
        Standing::Refused(_) => looks || matches!(input, Input::Cancel),
        // The client whose link was followed elsewhere fetches its code by asking again.
        Standing::Finished { issued, .. } => !issued && looks,
        Standing::Cancelled => false,
    }
}

impl Remediation {
    /// True if this remediation takes this kind of input.
    pub fn takes(&self, input: &Input) -> bool {
        match self {
            Self::Identify { .. } => matches!(input, Input::Identify { .. }),
            Self::SelectEnrollProfile | Self::EditRegistration => {
                matches!(input, Input::SelectEnrollProfile)
            }
            Self::SelectIdentify => matches!(input, Input::SelectIdentify),
            Self::EnrollProfile { .. } => matches!(input, Input::EnrollProfile { .. }),
            Self::Email { .. } => {
                matches!(input, Input::AnswerEmail(_) | Input::Resend | Input::ConfirmLink { .. })
            }
            Self::EnrollPassword { .. } => matches!(input, Input::EnrollPassword(_)),
            Self::Password => matches!(input, Input::AnswerPassword(_)),
            Self::SelectAuthenticator(_) => matches!(input, Input::SelectAuthenticator(_)),
            Self::SelectAuthenticatorEnroll { .. } => {
                matches!(input, Input::SelectAuthenticatorEnroll(_))
            }
            Self::Skip => matches!(input, Input::Skip),
            Self::UpdateProfile { .. } => matches!(input, Input::UpdateProfile(_)),
            Self::Cancel => matches!(input, Input::Cancel),
        }
    }
}

/// What every part of a step sees.
struct Step<'a> {
    context: &'a Context<'a>,
    facts: &'a Facts,
    /// The transaction as it came in.
    before: &'a Transaction,
    can_mail: bool,
}

impl Step<'_> {
    /// How long until the budget that is used up has room again, if waiting helps.
    fn wait(&self) -> Option<Span> {
        self.facts.room.map(|room| room - self.context.now)
    }

    /// Refuses: a budget that the commit would count is used up.
    fn too_many(&self, decision: Decision) -> Decision {
        decision.reject(
            Rejection::TooManyRequests,
            message::form(Message::TooManyRequests(self.wait())),
        )
    }
}

fn cancel(mut decision: Decision) -> Decision {
    decision.transaction.challenge = None;
    decision.transaction.outcome = Some(Outcome::Cancelled);
    decision
}
