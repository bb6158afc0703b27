//! Deciding: an input arrives, and with the facts that [`lookup`] asked for, [`step`] says what changes.

mod budget;
mod identify;
mod lookup;
mod outdated;
mod profile;
mod progressive_enrollment;
mod register;
mod settle;
mod verify_email;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

pub use budget::{Budget, SHARES, Whose, requests, watched};
pub use lookup::{Needs, PasswordWork, lookup, passcode_digits};
pub use outdated::Outdated;
pub use profile::{Identity, claims};
pub(crate) use profile::{fits_a_profile, found_by_another_address};
pub use verify_email::tells_whether_sent;

use crate::Context;
use crate::message::{self, Message, Notice};
use crate::organisation::AuthenticatorKey;
use crate::remediation::{Remediation, Standing, remediations};
use crate::requirement::{Refusal, requirements};
use crate::secret::Secret;
use crate::time::{Span, Timestamp};
use crate::transaction::{Challenge, Familiar, Outcome, Subject, Transaction};
use crate::user::{PasswordHash, Profile, User};

/// What a client sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Show the current step.
    Introspect,
    /// Say who you are.
    Identify {
        /// What was typed.
        identifier: String,
        /// The password, where the page asks for it too.
        password: Option<Secret>,
    },
    /// From the sign-up form back to the first page.
    SelectIdentify,
    /// Go to the sign-up form; also back to it, from what follows it.
    SelectEnrollProfile,
    /// Send the sign-up form.
    EnrollProfile {
        /// Values by attribute.
        profile: Profile,
        /// The password, where the form asks for it too.
        password: Option<Secret>,
    },
    /// Answer a password challenge.
    AnswerPassword(Secret),
    /// Choose what to verify with.
    SelectAuthenticator(AuthenticatorKey),
    /// Choose what to set up.
    SelectAuthenticatorEnroll(AuthenticatorKey),
    /// Set a password.
    EnrollPassword(Secret),
    /// Go on without the optional authenticators.
    Skip,
    /// Type the code that was mailed.
    AnswerEmail(Secret),
    /// Ask for another code.
    Resend,
    /// Ask whether the link was followed.
    Poll,
    /// Press the button on the page behind the link. The engine has checked the link's token and the browser's cookie.
    ConfirmLink {
        /// Which code's link it was.
        sequence: u32,
    },
    /// Send the progressive form.
    UpdateProfile(Profile),
    /// Give up.
    Cancel,
}

/// What [`lookup`] asked for.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "these are independent facts, not a state")]
pub struct Facts {
    /// For each identity, whose it is and the version of that record.
    pub owners: Vec<Option<(User, u64)>>,
    /// Whether the password is right.
    pub password_right: bool,
    /// The hash of the new password.
    pub new_password: Option<PasswordHash>,
    /// Whether the code is right.
    pub passcode_right: bool,
    /// A budget was used up, so nothing was evaluated.
    pub over_budget: bool,
    /// A budget that the commit would count (a mail's, an unknown or taken name's, an unproven account's) is used up, whichever of the alternatives in
    /// [`Decision::counts`] is taken. Which one is not known.
    pub over_commit_budget: bool,
    /// When the budget that is used up has room again. `None`: waiting does not help.
    pub room: Option<Timestamp>,
    /// Where the person named has signed in from before.
    pub familiar: Familiar,
    /// Whether a commit was refused because somebody else has one of the values: `owners` then tells who.
    pub contested: bool,
    /// A random id, should a user be made.
    pub new_user_id: String,
}

/// What changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The transaction afterwards. The same as before: nothing is to be written.
    pub transaction: Transaction,
    /// What is written with it, all or nothing.
    pub effects: Vec<Effect>,
    /// What is counted with it: the first of these that all have room. If there is room in none, nothing of the decision happens, and it is made anew.
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
    /// An account whose mailbox was never proven makes room for the person who has proven it. Nothing of
    /// it survives, its id least of all: a subject is never reassigned (OpenID Connect Core §2).
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
    /// The same for somebody who has no account: nobody reads it, but whatever is done for a mail is done.
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
    /// What the client has on its page is not what is offered now: 200, because clients draw a new page only then (idx.md §12.12).
    Outdated(Outdated),
}

impl Rejection {
    /// Why the client has another page, if that is it.
    pub fn outdated(self) -> Option<Outdated> {
        if let Self::Outdated(why) = self { Some(why) } else { None }
    }
}

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
pub fn step(context: &Context<'_>, transaction: Transaction, input: &Input, facts: &Facts) -> Result<Decision, StepError> {
    let Some(taken) = taken(context, &transaction, input) else {
        return outdated::redrawn(context, input, transaction).ok_or(StepError::NotOffered);
    };
    let before = transaction.clone();
    let step = Step { context, facts, before: &before, can_mail: input.can_mail() };
    let decision = Decision::unchanged(transaction);
    if facts.over_budget {
        let wait = step.wait();
        let message = if matches!(input, Input::AnswerEmail(_)) { Message::TooManyPasscodes(wait) } else { Message::TooManyRequests(wait) };
        return Ok(decision.reject(Rejection::TooManyRequests, message::form(message)));
    }
    let decided = match taken.as_ref() {
        Input::Introspect => Ok(step.settle(decision)),
        Input::Cancel => Ok(cancel(decision)),
        Input::Identify { identifier, password } => step.identify(decision, identifier, password.as_ref()),
        Input::AnswerPassword(_) => Ok(step.answer_password(decision)),
        Input::SelectIdentify => Ok(step.select_identify(decision)),
        Input::SelectEnrollProfile => Ok(step.select_enroll_profile(decision)),
        Input::EnrollProfile { profile, password } => step.enroll_profile(decision, profile, password.as_ref()),
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

/// What `input` is taken for: itself, where it is offered, without what its page offered and the page of today does not. Where nothing is missing any more,
/// because another tab was faster or a policy was relaxed, it is a mere look, which ends the flow: whoever sends a form that is not asked for any more
/// goes on (policies.md §4, edge cases).
pub(crate) fn taken<'i>(context: &Context<'_>, transaction: &Transaction, input: &'i Input) -> Option<Cow<'i, Input>> {
    if accepts(context, transaction, input) {
        return Some(outdated::without_what_left(context, transaction, input));
    }
    let ends = transaction.outcome.is_none() && requirements(context, transaction).is_empty();
    ends.then_some(Cow::Owned(Input::Introspect))
}

/// Whether `input` is offered now. The one place that says which input belongs to which remediation.
pub fn accepts(context: &Context<'_>, transaction: &Transaction, input: &Input) -> bool {
    // A tab that waits for a link asks where it is, and the flow may have gone on in another one (idx.md §9, §16.3). Nobody waits for a mail that
    // was never sent.
    let looks = matches!(input, Input::Introspect) || (matches!(input, Input::Poll) && transaction.sends > 0);
    match remediations(context, transaction) {
        Standing::Offered(offered) => looks || offered.iter().any(|remediation| remediation.takes(input)),
        // The sign-up form, which may still be open, has a way back of its own.
        Standing::Refused(Refusal::RegistrationClosed) => looks || matches!(input, Input::Cancel | Input::SelectIdentify),
        Standing::Refused(_) => looks || matches!(input, Input::Cancel),
        // The client whose link was followed elsewhere fetches its code by asking again.
        Standing::Finished { issued, .. } => !issued && looks,
        Standing::Cancelled => false,
    }
}

impl Remediation {
    /// Whether this remediation takes this kind of input.
    pub fn takes(&self, input: &Input) -> bool {
        match self {
            Self::Identify { .. } => matches!(input, Input::Identify { .. }),
            Self::SelectEnrollProfile | Self::EditRegistration => matches!(input, Input::SelectEnrollProfile),
            Self::SelectIdentify => matches!(input, Input::SelectIdentify),
            Self::EnrollProfile { .. } => matches!(input, Input::EnrollProfile { .. }),
            Self::Email { .. } => matches!(input, Input::AnswerEmail(_) | Input::Resend | Input::ConfirmLink { .. }),
            Self::EnrollPassword { .. } => matches!(input, Input::EnrollPassword(_)),
            Self::Password => matches!(input, Input::AnswerPassword(_)),
            Self::SelectAuthenticator(_) => matches!(input, Input::SelectAuthenticator(_)),
            Self::SelectAuthenticatorEnroll { .. } => matches!(input, Input::SelectAuthenticatorEnroll(_)),
            Self::Skip => matches!(input, Input::Skip),
            Self::UpdateProfile { .. } => matches!(input, Input::UpdateProfile(_)),
            Self::Cancel => matches!(input, Input::Cancel),
        }
    }
}

impl Input {
    /// The values of a profile form.
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::EnrollProfile { profile, .. } | Self::UpdateProfile(profile) => Some(profile),
            _ => None,
        }
    }

    /// Whether the function that serves this input may send mail (`functions/README.md`): `register` and `verify-email` may.
    fn can_mail(&self) -> bool {
        match self {
            Self::EnrollProfile { .. }
            | Self::SelectAuthenticatorEnroll(_)
            | Self::EnrollPassword(_)
            | Self::Skip
            | Self::SelectEnrollProfile
            | Self::SelectAuthenticator(_)
            | Self::AnswerEmail(_)
            | Self::Resend
            | Self::Poll
            | Self::ConfirmLink { .. } => true,
            Self::Introspect | Self::Identify { .. } | Self::SelectIdentify | Self::AnswerPassword(_) | Self::UpdateProfile(_) | Self::Cancel => {
                false
            }
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
        decision.reject(Rejection::TooManyRequests, message::form(Message::TooManyRequests(self.wait())))
    }
}

impl Decision {
    fn unchanged(transaction: Transaction) -> Self {
        Self { transaction, effects: Vec::new(), counts: Vec::new(), mail: None, notices: Vec::new(), rejection: None }
    }

    /// What this step saves is what the next one finds.
    fn with_new_version(mut self) -> Self {
        let saves = self.effects.iter().any(|effect| matches!(effect, Effect::SaveUser { .. } | Effect::ReplaceUser { .. }));
        if let (true, Subject::Member { version, .. }) = (saves, &mut self.transaction.subject) {
            *version += 1;
        }
        self
    }

    fn reject(mut self, rejection: Rejection, notices: Vec<Notice>) -> Self {
        self.rejection = Some(rejection);
        self.notices = notices;
        self
    }
}

fn cancel(mut decision: Decision) -> Decision {
    decision.transaction.challenge = None;
    decision.transaction.outcome = Some(Outcome::Cancelled);
    decision
}
