//! The email authenticator: challenge, code, link, resend, poll (policies.md §9).

use alloc::vec::Vec;

use super::lookup::{passcode_digits, passcode_length};
use super::{Decision, Effect, Mail, PasswordChange, Rejection, Step, StepError, budget};
use crate::Context;
use crate::message::{self, Message};
use crate::organisation::{AuthenticatorKey, Organisation};
use crate::remediation::{Remediation, Standing, remediations};
use crate::requirement::own_mailbox;
use crate::secret::Secret;
use crate::time::Span;
use crate::transaction::{Challenge, Purpose, Subject, Transaction};

impl Step<'_> {
    pub(super) fn select_authenticator(&self, mut decision: Decision, key: AuthenticatorKey) -> Result<Decision, StepError> {
        let listed = match remediations(self.context, &decision.transaction) {
            Standing::Offered(offered) => offered.iter().any(|one| matches!(one, Remediation::SelectAuthenticator(keys) if keys.contains(&key))),
            _ => false,
        };
        if !listed {
            return Err(StepError::Malformed);
        }
        decision.transaction.chosen = Some(key);
        // Choosing the mailbox again shows the code that is out; a new one is what "resend" is for.
        let out = decision.transaction.challenge.as_ref().is_some_and(|challenge| challenge.lives(self.context.now));
        if key == AuthenticatorKey::OktaEmail && !out {
            return Ok(self.send_code(decision));
        }
        Ok(decision)
    }

    pub(super) fn answer_email(&self, decision: Decision, typed: &Secret) -> Decision {
        if passcode_digits(typed, passcode_length(self.context)).is_none() {
            return decision.reject(Rejection::Invalid, message::passcode(Message::InvalidPasscode));
        }
        let live = decision.transaction.challenge.as_ref().is_some_and(|challenge| challenge.lives(self.context.now));
        if !live || !self.facts.passcode_right || !provable(self.context, &decision.transaction) {
            return decision.reject(Rejection::Unauthenticated, message::passcode(Message::InvalidPasscode));
        }
        self.mailbox_proven(decision)
    }

    pub(super) fn confirm_link(&self, decision: Decision, sequence: u32) -> Result<Decision, StepError> {
        let live =
            decision.transaction.challenge.as_ref().is_some_and(|challenge| challenge.lives(self.context.now) && challenge.sequence == sequence);
        if !live || !provable(self.context, &decision.transaction) {
            return Err(StepError::NotOffered);
        }
        Ok(self.mailbox_proven(decision))
    }

    pub(super) fn resend(&self, decision: Decision) -> Decision {
        let limits = &self.context.organisation.settings.limits;
        let cooling = decision.transaction.challenge.as_ref().is_some_and(|challenge| {
            let waits = !challenge.is_unsent(self.context.now) || !tells_whether_sent(self.context.organisation, challenge);
            waits && challenge.lives(self.context.now) && self.context.now < challenge.made + Span::seconds(u64::from(limits.resend_cooldown_seconds))
        });
        if cooling {
            return decision.reject(Rejection::TooManyRequests, message::form(Message::TooManyRequests));
        }
        self.send_code(decision)
    }

    pub(super) fn poll(&self, mut decision: Decision) -> Decision {
        let now = self.context.now;
        let overdue = |challenge: &Challenge| challenge.is_overdue(now) && !challenge.retried && challenge.lives(now);
        let transaction = &mut decision.transaction;
        let Some(challenge) = transaction.challenge.as_mut().filter(|challenge| overdue(challenge) && !self.facts.over_commit_budget) else {
            return self.settle(decision);
        };
        // Of many who ask at once, one sends; nobody can have a code mailed a third time, and it counts like any mail (security.md I8, R-R6).
        challenge.retried = true;
        let challenge = challenge.clone();
        decision.counts.extend(budget::mail(self.context, &transaction.id, &challenge.address, challenge.purpose));
        decision.mail = Some(mail_for(self.context, transaction, challenge));
        decision
    }

    /// Makes a code and has it mailed. An older one is worthless from now on (security.md R-O5).
    pub(super) fn send_code(&self, mut decision: Decision) -> Decision {
        let settings = &self.context.organisation.settings;
        let transaction = &mut decision.transaction;
        let Some(address) = transaction.mailbox() else { return decision };
        if self.facts.over_commit_budget || transaction.sends >= settings.limits.sends_per_transaction {
            // What could not be mailed did not happen: the form that led here stays.
            return Decision::unchanged(self.before.clone()).reject(Rejection::TooManyRequests, message::form(Message::TooManyRequests));
        }
        let purpose = match transaction.subject {
            Subject::Applicant { .. } => Purpose::Registration,
            _ => Purpose::SignIn,
        };
        let lifetime = self.context.organisation.authenticator(AuthenticatorKey::OktaEmail).token_lifetime_in_minutes;
        transaction.sends += 1;
        let challenge = Challenge {
            purpose,
            address: address.clone(),
            sequence: transaction.sends,
            made: self.context.now,
            expires: self.context.now + Span::minutes(u64::from(lifetime)),
            sent: false,
            failed: false,
            retried: false,
        };
        transaction.challenge = Some(challenge.clone());
        decision.counts.extend(budget::mail(self.context, &decision.transaction.id, &address, purpose));
        decision.mail = Some(mail_for(self.context, &decision.transaction, challenge));
        decision
    }

    fn mailbox_proven(&self, mut decision: Decision) -> Decision {
        let now = self.context.now;
        let transaction = &mut decision.transaction;
        transaction.proofs.insert(AuthenticatorKey::OktaEmail, now);
        transaction.challenge = None;
        transaction.chosen = None;
        let knows_password = transaction.proven(AuthenticatorKey::OktaPassword);
        if let Subject::Member { user, version, .. } = &mut transaction.subject
            && !user.email_verified
        {
            // Whoever proves the mailbox first owns the account. A password that somebody else may have set before is void, and so are the
            // tokens that it got (security.md I3), unless this very person has just shown to know it.
            user.email_verified = true;
            user.last_updated = now;
            let password = if knows_password {
                PasswordChange::Keep
            } else {
                user.has_password = false;
                user.generation = user.generation.saturating_add(1);
                PasswordChange::Remove
            };
            decision.effects.push(Effect::SaveUser { user: user.clone(), version: *version, password, claims: Vec::new(), releases: Vec::new() });
        }
        self.settle(decision)
    }
}

/// Whether the client may know that a mail was not sent. Where answers must not tell who has an account, whoever signs in may not: an address that does
/// not exist fails otherwise than one that is nobody's.
pub fn tells_whether_sent(organisation: &Organisation, challenge: &Challenge) -> bool {
    challenge.purpose == Purpose::Registration || !organisation.settings.user_enumeration_prevention.authentication
}

/// Whether a right code can be right for whom this is about at all.
fn provable(context: &Context<'_>, transaction: &Transaction) -> bool {
    match &transaction.subject {
        Subject::Applicant { registration: Some(registration) } => !registration.decoy,
        // Whoever has proven something else already may set the mailbox up, also where it is not for signing in.
        Subject::Member { user, .. } => !transaction.proofs.is_empty() || own_mailbox(context, user),
        Subject::Visitor | Subject::Applicant { registration: None } | Subject::Stranger { .. } => false,
    }
}

fn mail_for(context: &Context<'_>, transaction: &Transaction, challenge: Challenge) -> Mail {
    match &transaction.subject {
        Subject::Applicant { registration: Some(registration) } if registration.decoy => Mail::AlreadyRegistered { address: challenge.address },
        // Everybody is offered the same where answers must not tell who has an account: also who may not sign in by mail.
        _ if !provable(context, transaction) => Mail::Nobody(challenge),
        _ => Mail::Passcode(challenge),
    }
}
