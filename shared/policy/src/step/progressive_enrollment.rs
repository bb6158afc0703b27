//! Progressive enrollment: what a known person lacks is asked for before tokens are handed out (policies.md §4).

use alloc::vec::Vec;

use super::lookup::claims;
use super::register::not_unique;
use super::{Decision, Effect, PasswordChange, Rejection, Step, StepError};
use crate::form::Unreadable;
use crate::remediation::current_profile_form;
use crate::transaction::Subject;
use crate::user::Profile;

impl Step<'_> {
    pub(super) fn update_profile(&self, mut decision: Decision, typed: &Profile) -> Result<Decision, StepError> {
        let form = current_profile_form(self.context, &decision.transaction).ok_or(StepError::NotOffered)?;
        let reading = match form.read(typed) {
            Ok(reading) => reading,
            Err(Unreadable::UnknownField) => return Err(StepError::Malformed),
            Err(Unreadable::Wrong(notices)) => return Ok(decision.reject(Rejection::Invalid, notices)),
        };
        let Subject::Member { user, version, .. } = &mut decision.transaction.subject else { return Err(StepError::NotOffered) };
        let claims = claims(self.context, &reading.stored);
        let somebody_else = |owner: &Option<(crate::user::User, u64)>| owner.as_ref().is_some_and(|(owner, _)| owner.id != user.id);
        let taken: Vec<_> =
            self.facts.owners.iter().zip(&claims).filter(|(owner, _)| somebody_else(owner)).map(|(_, claim)| claim.attribute.clone()).collect();
        if !taken.is_empty() {
            let notices = not_unique(&form, &taken);
            return Ok(decision.reject(Rejection::Invalid, notices));
        }
        user.profile.extend(reading.stored);
        user.last_updated = self.context.now;
        decision.effects.push(Effect::SaveUser {
            user: user.clone(),
            version: *version,
            password: PasswordChange::Keep,
            claims,
            releases: Vec::new(),
        });
        Ok(self.settle(decision))
    }
}
