//! Who are you: identify, password challenges (policies.md §3.6, §6.3).

use super::{Decision, Rejection, Step, StepError, budget};
use crate::email::identifier_key;
use crate::form;
use crate::message::{self, Message, Place};
use crate::organisation::AuthenticatorKey;
use crate::secret::Secret;
use crate::transaction::Subject;

impl Step<'_> {
    pub(super) fn identify(
        &self,
        mut decision: Decision,
        identifier: &str,
        password: Option<&Secret>,
    ) -> Result<Decision, StepError> {
        let asks_password = !crate::assurance::identifier_first(self.context.organisation);
        if password.is_some() && !asks_password {
            return Err(StepError::Malformed);
        }
        let left_blank = [
            identifier_key(identifier).is_empty().then(|| message::blank(Place::Identifier)),
            (asks_password && password.is_none_or(|password| password.expose().is_empty()))
                .then(|| message::blank(Place::Passcode)),
        ];
        if left_blank.iter().any(Option::is_some) {
            return Ok(self.wrong(decision, left_blank.into_iter().flatten().collect()));
        }
        // The first attribute that has a match decides; there is no fall-through to a lower one
        // (policies.md §1.6).
        let found = self.facts.owners.iter().flatten().next().filter(|(user, _)| user.is_active());
        let Some((user, version)) = found.cloned() else {
            return Ok(self.unknown(decision, identifier, asks_password));
        };
        // Without a password none can be right: such a person is asked for what there is, as on a
        // page that asks for the name alone. What was typed proves nothing. That there is such an
        // account is told by this, but only where the answers may tell who has one: elsewhere the
        // page asks for the name alone.
        let proves = asks_password && user.has_password;
        if proves && !self.facts.password_right {
            return Ok(decision
                .reject(Rejection::Unauthenticated, message::form(Message::AuthenticationFailed)));
        }
        decision.transaction.turn_to(Subject::Member {
            identifier: identifier.into(),
            user,
            version,
        });
        decision.transaction.familiar = self.facts.familiar;
        if proves {
            decision.transaction.proofs.insert(AuthenticatorKey::OktaPassword, self.context.now);
        }
        Ok(self.settle(decision))
    }

    /// The table of policies.md §3.6.
    fn unknown(&self, mut decision: Decision, identifier: &str, asks_password: bool) -> Decision {
        if self.context.tells_who_is_unknown() {
            // Where no password is asked, this was counted before anybody was looked up.
            if asks_password {
                if self.facts.over_commit_budget {
                    return self.too_many(decision);
                }
                decision.count(budget::unknown_name(self.context));
            }
            decision.notices = message::form(Message::UnknownUser {
                label: form::identifier_label(self.context),
                name: identifier.into(),
            });
            return decision;
        }
        if asks_password {
            return decision
                .reject(Rejection::Unauthenticated, message::form(Message::AuthenticationFailed));
        }
        decision.transaction.turn_to(Subject::Stranger { identifier: identifier.into() });
        decision
    }

    pub(super) fn answer_password(&self, mut decision: Decision) -> Decision {
        let member = matches!(decision.transaction.subject, Subject::Member { .. });
        if !member || !self.facts.password_right {
            let message = if self.context.tells_who_is_unknown() {
                Message::IncorrectPassword
            } else {
                Message::AuthenticationFailed
            };
            return decision.reject(Rejection::Unauthenticated, message::passcode(message));
        }
        decision.transaction.proofs.insert(AuthenticatorKey::OktaPassword, self.context.now);
        decision.transaction.chosen = None;
        self.settle(decision)
    }

    pub(super) fn select_identify(&self, mut decision: Decision) -> Decision {
        decision.transaction.turn_to(Subject::Visitor);
        self.settle(decision)
    }
}
