//! The end of every step: ask what is not yet met; if nothing is, finish.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::profile::{Identity, cedes, claims, profile_today};
use super::{Decision, Effect, Mail, Outdated, PasswordChange, Step, budget};
use crate::organisation::AuthenticatorKey;
use crate::requirement::{Requirement, requirements};
use crate::transaction::{Outcome, Purpose, Registration, Subject};
use crate::user::{PasswordHash, Profile, User, UserStatus};

impl Step<'_> {
    /// Sends the code that the next requirement waits for, or finishes if there is none.
    pub(super) fn settle(&self, decision: Decision) -> Decision {
        if decision.transaction.outcome.is_some() {
            return decision;
        }
        let list = requirements(self.context, &decision.transaction);
        match list.first() {
            Some(Requirement::Enroll(AuthenticatorKey::OktaEmail))
                if self.can_mail && decision.transaction.challenge.is_none() =>
            {
                self.send_code(decision)
            }
            Some(_) => decision,
            None => self.finish(decision),
        }
    }

    fn finish(&self, mut decision: Decision) -> Decision {
        match decision.transaction.subject.clone() {
            Subject::Applicant { registration: Some(registration) } => {
                self.create(decision, &registration)
            }
            Subject::Member { user, version, .. } if user.is_active() => {
                self.join_groups(&mut decision, user, version);
                decision
            }
            // Nobody is never done.
            _ => decision,
        }
    }

    /// A known person joins the policy's group once: whoever was taken out of it stays out
    /// (policies.md §4.4).
    fn join_groups(&self, decision: &mut Decision, mut user: User, version: u64) {
        self.grant_groups(&mut user);
        self.done(decision, &user);
        // What this step has saved already gets the groups too; otherwise the person must still be
        // who was signed in (security.md A-073).
        let groups = user.groups.clone();
        let granted = user.granted.clone();
        let saved = decision.effects.iter_mut().find_map(|effect| match effect {
            Effect::SaveUser { user, .. } | Effect::ReplaceUser { user, .. } => Some(user),
            _ => None,
        });
        match saved {
            Some(saved) => {
                saved.groups = groups;
                saved.granted = granted;
            }
            None if matches!(&decision.transaction.subject, Subject::Member { user: before, .. } if before.groups != groups || before.granted != granted) =>
            {
                decision.effects.push(Effect::SaveUser {
                    user: user.clone(),
                    version,
                    password: PasswordChange::Keep,
                    claims: Vec::new(),
                });
            }
            None => decision.effects.push(Effect::CheckUser { id: user.id.clone(), version }),
        }
        if let Subject::Member { user: stored, .. } = &mut decision.transaction.subject {
            // What only a further form would be filled from is not kept.
            *stored = User { profile: Profile::new(), ..user };
        }
    }

    fn grant_groups(&self, user: &mut User) {
        let granted = user.granted.entry(self.context.enrollment_id.into()).or_default();
        let new: Vec<_> = self
            .context
            .enrollment
            .target_groups()
            .iter()
            .filter(|group| !granted.contains(*group))
            .cloned()
            .collect();
        if !new.is_empty() {
            granted.extend(new.iter().cloned());
            user.groups.extend(new);
            user.last_updated = self.context.now;
        }
    }

    /// The account is made now, whole: profile, password, groups (policies.md §3.3, §3.4;
    /// security.md I5).
    fn create(&self, mut decision: Decision, registration: &Registration) -> Decision {
        let mailbox_proven = decision.transaction.proven(AuthenticatorKey::OktaEmail);
        let groups: BTreeSet<_> = self.context.enrollment.target_groups().iter().cloned().collect();
        let user = User {
            id: registration.user_id.clone(),
            status: UserStatus::Active,
            created: self.context.now,
            last_updated: self.context.now,
            profile: profile_today(self.context, registration),
            email_verified: mailbox_proven,
            has_password: registration.password.is_some(),
            groups: groups.clone(),
            granted: BTreeMap::from([(self.context.enrollment_id.into(), groups)]),
            generation: 0,
            provisioned: false,
            other: <_>::default(),
        };
        let mut claims = claims(self.context.organisation, &user.profile);
        let contested = self
            .facts
            .owners
            .iter()
            .zip(claims.clone())
            .filter_map(|(owner, identity)| Some((owner.as_ref()?, identity)));
        let (ceded, contested): (Vec<_>, Vec<_>) = contested.partition(|((owner, _), identity)| {
            mailbox_proven
                && !owner.gives_way_to(&user.profile)
                && cedes(owner, identity, &user.profile)
        });
        for ((owner, version), identity) in ceded {
            claims.retain(|claim| *claim != identity);
            decision.effects.push(self.cede(owner, *version, identity, &user.id));
        }
        let owners: Vec<_> = contested.iter().map(|(owner, _)| *owner).collect();
        let Some((owner, version)) = owners.first() else {
            return self.created(decision, user, registration, claims);
        };
        let one_owner = owners.iter().all(|(other, _)| other.id == owner.id);
        if mailbox_proven && one_owner && owner.gives_way_to(&user.profile) {
            if owner.provisioned {
                return self.hand_over(
                    decision,
                    owner,
                    *version,
                    &user,
                    registration.password.clone(),
                );
            }
            self.done(&mut decision, &user);
            decision.effects.push(self.replace(
                owner,
                *version,
                user,
                registration.password.clone(),
                claims,
            ));
            return decision;
        }
        // Another browser was faster. Whoever reads the mailbox may know (security.md A-031), and
        // is led on: to sign in to the account that has their address by now, or to the form, where
        // another value is needed.
        decision.effects.clear();
        if owners.iter().any(|(owner, _)| owner.is_active() && owner.has_address_of(&user.profile))
        {
            decision.transaction.turn_to(Subject::Visitor);
            return decision.outdated(Outdated::AccountExists);
        }
        decision.transaction.turn_to(Subject::Applicant { registration: None });
        decision.outdated(Outdated::ValueTaken)
    }

    /// An account that an administrator made goes to the owner of its mailbox: its id, profile and
    /// groups stay, and the form adds what is not there.
    fn hand_over(
        &self,
        mut decision: Decision,
        owner: &User,
        version: u64,
        made: &User,
        password: Option<PasswordHash>,
    ) -> Decision {
        let organisation = self.context.organisation;
        let before = claims(organisation, &owner.profile);
        let mut user = owner.clone();
        for (name, value) in &made.profile {
            user.profile.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self.grant_groups(&mut user);
        user.email_verified = true;
        user.has_password = password.is_some();
        user.generation = owner.generation.saturating_add(1);
        user.last_updated = self.context.now;
        let claims = claims(organisation, &user.profile)
            .into_iter()
            .filter(|identity| !before.contains(identity))
            .collect();
        let password = password.map_or(PasswordChange::Remove, PasswordChange::Set);
        self.done(&mut decision, &user);
        decision.effects.push(Effect::SaveUser { user, version, password, claims });
        decision
    }

    /// The account `old` is over: `user` has proven its mailbox, which was never proven before
    /// (security.md I3).
    pub(super) fn replace(
        &self,
        old: &User,
        version: u64,
        user: User,
        password: Option<PasswordHash>,
        claims: Vec<Identity>,
    ) -> Effect {
        let held = super::profile::claims(self.context.organisation, &old.profile);
        let releases = held.into_iter().filter(|identity| !claims.contains(identity)).collect();
        Effect::ReplaceUser { user, password, old: old.id.clone(), version, claims, releases }
    }

    /// A username goes to whoever has proven that it is their address; its owner so far goes by
    /// their own.
    fn cede(&self, owner: &User, version: u64, identity: Identity, to: &str) -> Effect {
        let mut user = User { last_updated: self.context.now, ..owner.clone() };
        if let Some(email) = user.profile.get("email").cloned() {
            user.profile.insert("login".into(), email);
        }
        Effect::CedeName { user, version, identity, to: to.into() }
    }

    fn created(
        &self,
        mut decision: Decision,
        user: User,
        registration: &Registration,
        claims: Vec<Identity>,
    ) -> Decision {
        if !user.email_verified {
            decision.count(budget::unproven_account(&self.context.organisation.settings.limits));
        }
        // Nothing waits for the welcome mail, so a function without a mailer goes without.
        if self.can_mail
            && !user.email_verified
            && let Some(address) = user.text("email")
            && !self.facts.over_commit_budget
        {
            // If its budget is used up, it is not sent either (policies.md §3.3).
            decision.mail =
                Some(Mail::Welcome { user_id: user.id.clone(), address: address.into() });
            decision.count_first_of(budget::mail(
                self.context,
                &decision.transaction.id,
                address,
                Purpose::Registration,
            ));
        }
        self.done(&mut decision, &user);
        decision.effects.push(Effect::CreateUser {
            user,
            password: registration.password.clone(),
            claims,
        });
        decision
    }

    fn done(&self, decision: &mut Decision, user: &User) {
        decision.transaction.challenge = None;
        if let Subject::Applicant { registration: Some(registration) } =
            &mut decision.transaction.subject
        {
            // It is the account's from now on.
            registration.password = None;
        }
        decision.transaction.outcome = Some(Outcome::Done {
            user_id: user.id.clone(),
            generation: user.generation,
            at: self.context.now,
            issued: false,
        });
    }
}
