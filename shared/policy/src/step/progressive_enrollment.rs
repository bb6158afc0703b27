//! Progressive enrollment: what a known person lacks is asked for before tokens are handed out
//! (policies.md §4). So is what a sign-up lacks whose policy has become stricter since its form was
//! sent (security.md R-S9).

use alloc::vec::Vec;

use super::profile::{self, claims, profile_today};
use super::register::not_unique;
use super::{Decision, Effect, Identity, PasswordChange, Rejection, Step, StepError};
use crate::form::Unreadable;
use crate::message;
use crate::remediation::current_profile_form;
use crate::transaction::Subject;
use crate::user::{Profile, User};

impl Step<'_> {
    pub(super) fn update_profile(
        &self,
        mut decision: Decision,
        typed: &Profile,
    ) -> Result<Decision, StepError> {
        let form = current_profile_form(self.context, &decision.transaction)
            .ok_or(StepError::NotOffered)?;
        let known = decision.transaction.profile().cloned().unwrap_or_default();
        let reading = match profile::read(self.context, &form, typed, &known) {
            Ok(reading) => reading,
            Err(Unreadable::UnknownField(name)) => {
                return Ok(decision.reject(Rejection::Invalid, message::not_on_the_form(name)));
            }
            Err(Unreadable::Wrong(notices)) => return Ok(self.wrong(decision, notices)),
        };
        let (claims, own) = match &decision.transaction.subject {
            Subject::Member { user, .. } => {
                (claims(self.context.organisation, &reading.stored), Some(user.id.as_str()))
            }
            Subject::Applicant { registration: Some(registration) } => (
                claims(
                    self.context.organisation,
                    &profile_today(self.context, &registration.with(&reading.stored)),
                ),
                None,
            ),
            _ => return Err(StepError::NotOffered),
        };
        // Of a sign-up, what was sent before is looked at when the account is made.
        let asked = |claim: &Identity| reading.stored.contains_key(&claim.attribute);
        let somebody_else = |owner: &Option<(User, u64)>| {
            owner.as_ref().is_some_and(|(owner, _)| Some(owner.id.as_str()) != own)
        };
        let owners = self
            .facts
            .owners
            .iter()
            .zip(&claims)
            .filter(|(owner, claim)| asked(claim) && somebody_else(owner));
        let taken: Vec<_> = owners.map(|(_, claim)| claim.attribute.clone()).collect();
        if !taken.is_empty() {
            return Ok(self.taken(decision, not_unique(&form, &taken)));
        }
        match &mut decision.transaction.subject {
            Subject::Member { user, version, .. } => {
                user.profile.extend(reading.stored);
                user.last_updated = self.context.now;
                decision.effects.push(Effect::SaveUser {
                    user: user.clone(),
                    version: *version,
                    password: PasswordChange::Keep,
                    claims,
                });
            }
            Subject::Applicant { registration: Some(registration) } => {
                registration.profile.extend(reading.stored)
            }
            _ => {}
        }
        Ok(self.settle(decision))
    }
}
