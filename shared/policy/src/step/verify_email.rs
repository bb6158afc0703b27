//! The email authenticator: challenge, code, link, resend, poll (policies.md §9).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::lookup::{passcode_digits, passcode_length};
use super::profile::{claims, new_profile};
use super::{Decision, Effect, Mail, PasswordChange, Rejection, Step, StepError, budget};
use crate::Context;
use crate::message::{self, Message};
use crate::organisation::{AuthenticatorKey, Organisation};
use crate::remediation::{Remediation, Standing, remediations};
use crate::requirement::own_mailbox;
use crate::secret::Secret;
use crate::time::Span;
use crate::transaction::{Challenge, Familiar, IDLE_LIFETIME, Purpose, Subject, Transaction};
use crate::user::User;

impl Step<'_> {
    pub(super) fn select_authenticator(
        &self,
        mut decision: Decision,
        key: AuthenticatorKey,
    ) -> Result<Decision, StepError> {
        let listed = match remediations(self.context, &decision.transaction) {
            Standing::Offered(offered) => offered.iter().any(
                |one| matches!(one, Remediation::SelectAuthenticator(keys) if keys.contains(&key)),
            ),
            _ => false,
        };
        if !listed {
            return self.not_listed(decision);
        }
        decision.transaction.chosen = Some(key);
        // Choosing the mailbox again shows the code that is out; a new one is what "resend" is for.
        let out = decision
            .transaction
            .challenge
            .as_ref()
            .is_some_and(|challenge| challenge.lives(self.context.now));
        if key == AuthenticatorKey::OktaEmail && !out {
            return Ok(self.send_code(decision));
        }
        Ok(decision)
    }

    pub(super) fn answer_email(&self, decision: Decision, typed: &Secret) -> Decision {
        if passcode_digits(typed, passcode_length(self.context)).is_none() {
            return decision.reject(Rejection::Invalid, message::passcode(Message::NewestPasscode));
        }
        let live = decision
            .transaction
            .challenge
            .as_ref()
            .is_some_and(|challenge| challenge.lives(self.context.now));
        if !live || !self.facts.passcode_right || !provable(self.context, &decision.transaction) {
            // Of several mails only the newest has a code that is good (security.md R-O5), and
            // people often have the first one open.
            let message = if live && decision.transaction.sends <= 1 {
                Message::InvalidPasscode
            } else {
                Message::NewestPasscode
            };
            return decision.reject(Rejection::Unauthenticated, message::passcode(message));
        }
        self.mailbox_proven(decision)
    }

    pub(super) fn confirm_link(
        &self,
        decision: Decision,
        sequence: u32,
    ) -> Result<Decision, StepError> {
        let live = decision.transaction.challenge.as_ref().is_some_and(|challenge| {
            challenge.lives(self.context.now) && challenge.sequence == sequence
        });
        if !live || !provable(self.context, &decision.transaction) {
            return Err(StepError::NotOffered);
        }
        Ok(self.mailbox_proven(decision))
    }

    pub(super) fn resend(&self, decision: Decision) -> Decision {
        let now = self.context.now;
        let cooldown = Span::seconds(u64::from(
            self.context.organisation.settings.limits.resend_cooldown_seconds,
        ));
        let warm = decision.transaction.challenge.as_ref().filter(|challenge| {
            let waits = !challenge.is_unsent(now)
                || !tells_whether_sent(self.context.organisation, challenge);
            waits && challenge.lives(now) && now < challenge.made + cooldown
        });
        if let Some(challenge) = warm {
            let wait = (challenge.made + cooldown).min(challenge.expires) - now;
            return decision.reject(
                Rejection::TooManyRequests,
                message::form(Message::TooManyRequests(Some(wait))),
            );
        }
        self.send_code(decision)
    }

    pub(super) fn poll(&self, mut decision: Decision) -> Decision {
        let now = self.context.now;
        // A page that waits keeps its transaction alive. Once in half of its life is enough: any
        // other poll writes nothing.
        if decision.transaction.outcome.is_none()
            && now - decision.transaction.touched > IDLE_LIFETIME.half()
        {
            decision.transaction.touched = now;
        }
        let overdue = |challenge: &Challenge| {
            challenge.is_overdue(now) && !challenge.retried && challenge.lives(now)
        };
        let transaction = &mut decision.transaction;
        let Some(challenge) = transaction
            .challenge
            .as_mut()
            .filter(|challenge| overdue(challenge) && !self.facts.over_commit_budget)
        else {
            return self.settle(decision);
        };
        // Of many who ask at once, one sends; nobody can have a code mailed a third time, and it
        // counts like any mail (security.md I8, R-R6).
        challenge.retried = true;
        let challenge = challenge.clone();
        let counts =
            budget::mail(self.context, &transaction.id, &challenge.address, challenge.purpose);
        decision.mail = Some(mail_for(self.context, transaction, challenge));
        decision.count_first_of(counts);
        decision
    }

    /// Makes a code and has it mailed. An older one is worthless from now on (security.md R-O5).
    pub(super) fn send_code(&self, mut decision: Decision) -> Decision {
        let settings = &self.context.organisation.settings;
        let transaction = &mut decision.transaction;
        let Some(address) = transaction.mailbox() else { return decision };
        // What could not be mailed did not happen: the form that led here stays.
        if transaction.sends >= settings.limits.sends_per_transaction {
            let notices = message::form(Message::TooManyRequests(None));
            return Decision::unchanged(self.before.clone())
                .reject(Rejection::TooManyRequests, notices);
        }
        if self.facts.over_commit_budget {
            return self.too_many(Decision::unchanged(self.before.clone()));
        }
        let purpose = match transaction.subject {
            Subject::Applicant { .. } => Purpose::Registration,
            _ => Purpose::SignIn,
        };
        let lifetime = self
            .context
            .organisation
            .authenticator(AuthenticatorKey::OktaEmail)
            .token_lifetime_in_minutes;
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
        decision.count_first_of(budget::mail(
            self.context,
            &decision.transaction.id,
            &address,
            purpose,
        ));
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
        let transaction = &mut decision.transaction;
        if let Subject::Member { user, version, .. } = &mut transaction.subject
            && !user.email_verified
        {
            // The account is theirs: they know its password, or it has none, so that nobody ever
            // signed in to it.
            if knows_password || !user.has_password {
                user.email_verified = true;
                user.last_updated = now;
                let (user, version) = (user.clone(), *version);
                decision.effects.push(Effect::SaveUser {
                    user,
                    version,
                    password: PasswordChange::Keep,
                    claims: Vec::new(),
                });
            } else if user.provisioned {
                // An administrator made the account for its owner, and here they are: it stays. The
                // password that was given with it may be another person's, so it does not
                // (security.md I3).
                user.email_verified = true;
                user.has_password = false;
                user.generation = user.generation.saturating_add(1);
                user.last_updated = now;
                let (user, version) = (user.clone(), *version);
                decision.effects.push(Effect::SaveUser {
                    user,
                    version,
                    password: PasswordChange::Remove,
                    claims: Vec::new(),
                });
                transaction.familiar = Familiar::default();
            } else {
                // Whoever proves a mailbox first owns its account. The one that is there was made
                // by somebody who never proved it: it makes room for one with another id
                // (security.md I3).
                let new = newcomer(self.context, user, self.facts.new_user_id.clone());
                let claims = claims(self.context.organisation, &new.profile);
                decision.effects.push(self.replace(user, *version, new.clone(), None, claims));
                (*user, *version) = (new, 0);
                transaction.familiar = Familiar::default();
            }
        }
        self.settle(decision)
    }
}

/// True if the client may know that a mail was not sent. Where answers must not tell who has an
/// account, whoever signs in may not: an address that does not exist fails otherwise than one that
/// is nobody's.
pub fn tells_whether_sent(organisation: &Organisation, challenge: &Challenge) -> bool {
    challenge.purpose == Purpose::Registration
        || !organisation.settings.user_enumeration_prevention.authentication
}

/// The account of somebody who has proven the mailbox of `old`. Of that profile only the address is
/// theirs: what else the app needs, it asks for. Groups that an administrator put the old account
/// in went to a stranger, and stay behind as well.
fn newcomer(context: &Context<'_>, old: &User, id: String) -> User {
    let email =
        old.profile.get_key_value("email").map(|(name, value)| (name.clone(), value.clone()));
    User {
        id,
        status: old.status,
        created: context.now,
        last_updated: context.now,
        profile: new_profile(context, &email.into_iter().collect()),
        email_verified: true,
        has_password: false,
        groups: BTreeSet::new(),
        granted: BTreeMap::new(),
        generation: 0,
        provisioned: false,
        other: BTreeMap::new(),
    }
}

/// True if a right code can be right for whom this is about at all: it proves the mailbox that it
/// was sent to, and no later one (security.md R-O7).
fn provable(context: &Context<'_>, transaction: &Transaction) -> bool {
    if transaction.challenge.as_ref().is_some_and(|challenge| !transaction.is_mailbox_of(challenge))
    {
        return false;
    }
    match &transaction.subject {
        Subject::Applicant { registration: Some(registration) } => !registration.decoy,
        // Whoever has proven something else already may set the mailbox up, also where it is not
        // for signing in.
        Subject::Member { user, .. } => {
            !transaction.proofs.is_empty() || own_mailbox(context, user)
        }
        Subject::Visitor | Subject::Applicant { registration: None } | Subject::Stranger { .. } => {
            false
        }
    }
}

fn mail_for(context: &Context<'_>, transaction: &Transaction, challenge: Challenge) -> Mail {
    match &transaction.subject {
        Subject::Applicant { registration: Some(registration) } if registration.decoy => {
            Mail::AlreadyRegistered { address: challenge.address }
        }
        // Everybody is offered the same where answers must not tell who has an account: also who
        // may not sign in by mail.
        _ if !provable(context, transaction) => Mail::Nobody(challenge),
        _ => Mail::Passcode(challenge),
    }
}
