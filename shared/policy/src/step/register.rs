//! Self-service registration: the sign-up form, setting authenticators up (policies.md §3).

use alloc::vec::Vec;

use super::lookup::password_context;
use super::profile::{self, cedes, claims, new_profile};
use super::{Decision, Effect, PasswordChange, Rejection, Step, StepError, budget};
use crate::email::identifier_key;
use crate::form::{self, Form, Unreadable};
use crate::message::{self, Message, Notice, Place};
use crate::organisation::AuthenticatorKey;
use crate::password_rules;
use crate::remediation::{Remediation, Standing, password_rules as rules_of, remediations};
use crate::secret::Secret;
use crate::transaction::{Registration, Subject};
use crate::user::Profile;

impl Step<'_> {
    pub(super) fn select_enroll_profile(&self, mut decision: Decision) -> Decision {
        // Back from what follows the form: it is shown as it was sent, but for the password.
        let draft = match &decision.transaction.subject {
            Subject::Applicant { registration: Some(registration) } => registration.profile.clone(),
            _ => Profile::new(),
        };
        decision.transaction.turn_to(Subject::Applicant { registration: None });
        decision.transaction.draft = draft;
        self.settle(decision)
    }

    pub(super) fn enroll_profile(
        &self,
        mut decision: Decision,
        typed: &Profile,
        password: Option<&Secret>,
    ) -> Result<Decision, StepError> {
        let asks_password = self.context.enrollment.password_on_form();
        if password.is_some() && !asks_password {
            return Err(StepError::Malformed);
        }
        let form = form::registration(self.context);
        let reading = match profile::read(self.context, &form, typed, &Profile::new()) {
            Ok(reading) => Ok(reading),
            Err(Unreadable::UnknownField(name)) => {
                return Ok(decision.reject(Rejection::Invalid, message::not_on_the_form(name)));
            }
            Err(Unreadable::Wrong(notices)) => Err(notices),
        };
        // The password is judged together with the fields, so that one answer tells all that is
        // wrong.
        let profile = reading
            .as_ref()
            .map(|reading| new_profile(self.context, &reading.stored))
            .unwrap_or_default();
        let mut wrong = reading.err().unwrap_or_default();
        wrong.extend(
            password
                .into_iter()
                .flat_map(|password| self.password_notices(&decision, password, &profile)),
        );
        wrong
            .extend((asks_password && password.is_none()).then(|| message::blank(Place::Passcode)));
        if !wrong.is_empty() {
            return Ok(self.wrong(decision, wrong));
        }

        let owned = self.owned(&profile);
        let by_address = |attribute: &str| {
            attribute == "email" || (attribute == "login" && login_is_email(&profile))
        };
        // Who has an address is not told where answers must not; who has another value is, whoever
        // has the address (security.md R-R1).
        let (hidden, told): (Vec<_>, Vec<_>) = owned
            .into_iter()
            .partition(|attribute| self.context.prevents_enumeration() && by_address(attribute));
        if !told.is_empty() {
            return Ok(self.taken(decision, not_unique(&form, &told)));
        }
        let decoy = !hidden.is_empty();
        // Nobody has ever proven the mailbox for whoever has the address: it is whose who proves it
        // now (security.md I3, A-049).
        let contested = !decoy && self.facts.owners.iter().any(Option::is_some);
        if password.is_some() && self.facts.new_password.is_none() {
            return Err(StepError::Malformed);
        }
        let registration = Registration {
            user_id: self.facts.new_user_id.clone(),
            profile,
            password: self.facts.new_password.clone(),
            decoy,
            contested,
        };
        decision.transaction.turn_to(Subject::Applicant { registration: Some(registration) });
        if password.is_some() {
            decision.transaction.proofs.insert(AuthenticatorKey::OktaPassword, self.context.now);
        }
        Ok(self.settle(decision))
    }

    pub(super) fn select_authenticator_enroll(
        &self,
        mut decision: Decision,
        key: AuthenticatorKey,
    ) -> Result<Decision, StepError> {
        let listed = match remediations(self.context, &decision.transaction) {
            Standing::Offered(offered) => {
                offered.iter().any(|one| matches!(one, Remediation::SelectAuthenticatorEnroll { keys, .. } if keys.contains(&key)))
            }
            _ => false,
        };
        if !listed {
            return self.not_listed(decision);
        }
        if key == AuthenticatorKey::OktaEmail {
            // If a code is out already, another one is what "resend" is for.
            let out = decision
                .transaction
                .challenge
                .as_ref()
                .is_some_and(|challenge| challenge.lives(self.context.now));
            return Ok(if out { decision } else { self.send_code(decision) });
        }
        decision.transaction.chosen = Some(key);
        Ok(self.settle(decision))
    }

    pub(super) fn enroll_password(&self, mut decision: Decision, password: &Secret) -> Decision {
        let empty = Profile::new();
        let wrong = self.password_notices(
            &decision,
            password,
            decision.transaction.profile().unwrap_or(&empty),
        );
        let hash = match self.facts.new_password.clone() {
            Some(hash) if wrong.is_empty() => hash,
            _ => return decision.reject(Rejection::Invalid, wrong),
        };
        let now = self.context.now;
        match &mut decision.transaction.subject {
            Subject::Applicant { registration: Some(registration) } => {
                registration.password = Some(hash);
            }
            Subject::Member { user, version, .. } => {
                user.has_password = true;
                user.last_updated = now;
                decision.effects.push(Effect::SaveUser {
                    user: user.clone(),
                    version: *version,
                    password: PasswordChange::Set(hash),
                    claims: Vec::new(),
                });
            }
            _ => {}
        }
        decision.transaction.proofs.insert(AuthenticatorKey::OktaPassword, now);
        decision.transaction.chosen = None;
        self.settle(decision)
    }

    pub(super) fn skip(&self, mut decision: Decision) -> Decision {
        decision.transaction.skipped = true;
        decision.transaction.chosen = None;
        self.settle(decision)
    }

    fn password_notices(
        &self,
        decision: &Decision,
        password: &Secret,
        profile: &Profile,
    ) -> Vec<Notice> {
        let rules = rules_of(self.context, &decision.transaction);
        match password_rules::check(password, &rules, &password_context(self.context, profile)) {
            Ok(_) => Vec::new(),
            Err(problems) => problems
                .into_iter()
                .map(|problem| Notice {
                    place: Place::Passcode,
                    message: Message::Password(problem),
                })
                .collect(),
        }
    }

    /// The attributes of `profile` whose value somebody else has for good. An account whose mailbox
    /// was never proven gives way to whoever proves it (security.md I3).
    fn owned(&self, profile: &Profile) -> Vec<alloc::string::String> {
        let claims = claims(self.context.organisation, profile);
        let owners = self
            .facts
            .owners
            .iter()
            .zip(&claims)
            .filter_map(|(owner, identity)| Some((&owner.as_ref()?.0, identity)));
        let for_good = owners.filter(|(owner, identity)| {
            !owner.gives_way_to(profile) && !cedes(owner, identity, profile)
        });
        for_good.map(|(_, identity)| identity.attribute.clone()).collect()
    }

    /// Says that values are taken, and counts it.
    pub(super) fn taken(&self, mut decision: Decision, notices: Vec<Notice>) -> Decision {
        if self.facts.over_commit_budget {
            return self.too_many(decision);
        }
        decision.count(budget::taken_name(&self.context.organisation.settings.limits));
        decision.reject(Rejection::Invalid, notices)
    }
}

/// True if people of this profile are named by their address.
fn login_is_email(profile: &Profile) -> bool {
    let key =
        |name: &str| profile.get(name).and_then(serde_json::Value::as_str).map(identifier_key);
    key("login") == key("email")
}

/// "A user with this … already exists", at the fields. A username that was made of the email is
/// spoken of as the email.
pub(super) fn not_unique(form: &Form, attributes: &[alloc::string::String]) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    for attribute in attributes {
        let field = form.field(attribute).or_else(|| form.field("email"));
        let notice = match field {
            Some(field) => Notice {
                place: Place::Attribute(field.name.clone()),
                message: Message::NotUnique { label: field.label.clone() },
            },
            None => {
                Notice { place: Place::Form, message: Message::NotUnique { label: "Email".into() } }
            }
        };
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
    if notices.is_empty() {
        message::form(Message::NotUnique { label: "Email".into() })
    } else {
        notices
    }
}
