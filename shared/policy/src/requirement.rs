//! The ordered list of what is not yet met. This file is the pipeline of policies.md §0: to change
//! the order, change it here.

use alloc::vec::Vec;

use crate::Context;
use crate::assurance::{self, Keys, Rules, Who};
use crate::form::{self, Form};
use crate::organisation::{AuthenticatorKey, EVERYONE, SelfEnroll};
use crate::transaction::{Registration, Subject, Transaction};
use crate::user::User;

/// Something that is not yet met.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// Say who you are.
    Identify,
    /// Fill in the sign-up form.
    Register(Form),
    /// Verify with one of these.
    Verify(Vec<AuthenticatorKey>),
    /// Set this up; there is no way around.
    Enroll(AuthenticatorKey),
    /// Set one of these up, or go on without.
    EnrollOptional(Vec<AuthenticatorKey>),
    /// Give what the profile lacks.
    CompleteProfile(Form),
    /// Nothing helps.
    Refused(Refusal),
}

/// Why nothing helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A sign-on policy denies access, or asks for what the person cannot have.
    AccessDenied,
    /// The person is not assigned to the app.
    NotAssigned,
    /// Sign-up was open when this one began, and is not any more.
    RegistrationClosed,
}

/// What `transaction` still has to meet, in the order in which it is asked. Empty: signed in.
pub fn requirements(context: &Context<'_>, transaction: &Transaction) -> Vec<Requirement> {
    match &transaction.subject {
        Subject::Visitor => alloc::vec![Requirement::Identify],
        Subject::Applicant { .. } if !context.offers_registration() => {
            alloc::vec![Requirement::Refused(Refusal::RegistrationClosed)]
        }
        Subject::Applicant { registration: None } => {
            alloc::vec![Requirement::Register(form::registration(context))]
        }
        Subject::Applicant { registration: Some(registration) } => {
            of_applicant(context, transaction, registration)
        }
        Subject::Member { user, .. } => of_member(context, transaction, user),
        Subject::Stranger { .. } => of_stranger(context),
    }
}

/// True if an applicant must prove the mailbox before there is an account. Where answers must not
/// tell who has one, everybody must; and where there need be no password, or the account would be
/// nobody's (policies.md §3.7).
pub fn proves_mailbox_first(context: &Context<'_>) -> bool {
    let password = || {
        assurance::enrolment(
            context.organisation,
            &future_member(context),
            AuthenticatorKey::OktaPassword,
        )
    };
    context.enrollment.activation_requirements.email_verification
        || context.prevents_enumeration()
        || password() != SelfEnroll::Required
}

/// The facts about somebody who will be in the policy's target group: policies are evaluated for
/// the future member (policies.md §3.4).
pub fn future_member(context: &Context<'_>) -> Who {
    Who { user: None, groups: context.enrollment.target_groups().iter().cloned().collect() }
}

fn of_applicant(
    context: &Context<'_>,
    transaction: &Transaction,
    registration: &Registration,
) -> Vec<Requirement> {
    let lacking = form::lacking(context, &registration.profile);
    if lacking.as_ref().is_some_and(Form::asks_who) {
        return alloc::vec![Requirement::Register(form::registration(context))];
    }
    let who = future_member(context);
    let mailbox_proven = transaction.proven(AuthenticatorKey::OktaEmail);
    let mut list = Vec::new();

    if !mailbox_proven && (proves_mailbox_first(context) || registration.contested) {
        list.push(Requirement::Enroll(AuthenticatorKey::OktaEmail));
    }
    let has = |key| match key {
        AuthenticatorKey::OktaPassword => registration.password.is_some(),
        AuthenticatorKey::OktaEmail => mailbox_proven,
    };
    enrolments(context, transaction.skipped, &who, has, &mut list);

    // Nothing of an applicant is enrolled before this transaction, so what the sign-on policies
    // want beyond that is enrolled now.
    sign_on(
        context,
        &transaction.proven_keys(),
        &who,
        &Keys::new(),
        &allowed(context, &who),
        &mut list,
    );
    if !assigned(context, |group| group == EVERYONE || who.groups.contains(group)) {
        list.push(Requirement::Refused(Refusal::NotAssigned));
    }
    // The policy asks for more than when the form was sent: just that is asked for (security.md
    // R-S9).
    list.extend(lacking.map(Requirement::CompleteProfile));
    list
}

fn of_member(context: &Context<'_>, transaction: &Transaction, user: &User) -> Vec<Requirement> {
    if transaction.proofs.is_empty() {
        if context.prevents_enumeration() {
            // What this person has, and what their groups' rules ask, would tell that there is such
            // a person (security.md R-R1).
            return alloc::vec![Requirement::Verify(assurance::first_of_anybody(
                context.organisation,
                context.app
            ))];
        }
        if enrolled(context, user).is_empty() {
            // To let such a person set something up would be to give the account to whoever knows
            // its name.
            return alloc::vec![Requirement::Refused(Refusal::AccessDenied)];
        }
    }
    of_account(context, user, &transaction.proven_keys(), transaction.skipped)
}

/// What this person can prove to be themselves with.
pub(crate) fn enrolled(context: &Context<'_>, user: &User) -> Keys {
    let password = user.has_password.then_some(AuthenticatorKey::OktaPassword);
    // A mailbox can be proven at any time; whether it has been is another matter.
    let mailbox = own_mailbox(context, user).then_some(AuthenticatorKey::OktaEmail);
    password.into_iter().chain(mailbox).collect()
}

/// What is asked of this person who has `proven` that much: more proofs, and what the account
/// lacks.
pub(crate) fn of_account(
    context: &Context<'_>,
    user: &User,
    proven: &Keys,
    skipped: bool,
) -> Vec<Requirement> {
    let who = Who::is(user);
    let mut list = Vec::new();
    sign_on(context, proven, &who, &enrolled(context, user), &allowed(context, &who), &mut list);
    if !assigned(context, |group| user.in_group(group)) {
        list.push(Requirement::Refused(Refusal::NotAssigned));
    }
    let has = |key| match key {
        AuthenticatorKey::OktaPassword => user.has_password,
        AuthenticatorKey::OktaEmail => user.email_verified,
    };
    // Somebody may have signed up where the proof was not asked for (policies.md §1,
    // `emailVerification`).
    let proof = Requirement::Enroll(AuthenticatorKey::OktaEmail);
    if !user.email_verified
        && context.enrollment.activation_requirements.email_verification
        && !list.contains(&proof)
    {
        list.push(proof);
    }
    enrolments(context, skipped, &who, has, &mut list);
    list.extend(form::progressive(context, &user.profile).map(Requirement::CompleteProfile));
    list
}

fn of_stranger(context: &Context<'_>) -> Vec<Requirement> {
    if context.prevents_enumeration() {
        return alloc::vec![Requirement::Verify(assurance::first_of_anybody(
            context.organisation,
            context.app
        ))];
    }
    let nobody = Who::default();
    let enrolled: Keys = allowed(context, &nobody).into_iter().collect();
    let mut list = Vec::new();
    sign_on(context, &Keys::new(), &nobody, &enrolled, &Keys::new(), &mut list);
    if list.is_empty() {
        // Nothing proves that one is somebody whom nobody is.
        list.push(Requirement::Verify(alloc::vec![AuthenticatorKey::OktaPassword]));
    }
    list
}

/// Both sign-on policies (policies.md §7.4), for somebody who has `proven` that much. `enrolled` is
/// what can be verified with; `enrollable` what could be set up if that is not enough.
fn sign_on(
    context: &Context<'_>,
    proven: &Keys,
    who: &Who,
    enrolled: &Keys,
    enrollable: &Keys,
    list: &mut Vec<Requirement>,
) {
    let Some(rules) = Rules::of(context.organisation, context.app, who) else {
        list.push(Requirement::Refused(Refusal::AccessDenied));
        return;
    };
    if rules.satisfied(proven) {
        return;
    }
    let next = rules.next(proven, enrolled);
    if !next.is_empty() {
        list.push(Requirement::Verify(next));
        return;
    }
    // Not enough with what there is. Whatever is there is proven first: nobody may set up an
    // authenticator for an account on someone's word.
    let unproven: Vec<_> = enrolled.difference(proven).copied().collect();
    let could: Keys = enrolled.union(enrollable).copied().collect();
    match rules.next(proven, &could).first() {
        Some(_) if proven.is_empty() && !unproven.is_empty() => {
            list.push(Requirement::Verify(unproven));
        }
        Some(key) if !enrolled.contains(key) => {
            let enroll = Requirement::Enroll(*key);
            if !list.contains(&enroll) {
                list.push(enroll);
            }
        }
        Some(key) => list.push(Requirement::Verify(alloc::vec![*key])),
        None => list.push(Requirement::Refused(Refusal::AccessDenied)),
    }
}

/// What the authenticator enrollment policy wants: required ones first, then the optional ones with
/// a way past (policies.md §8.3).
fn enrolments(
    context: &Context<'_>,
    skipped: bool,
    who: &Who,
    has: impl Fn(AuthenticatorKey) -> bool,
    list: &mut Vec<Requirement>,
) {
    let missing = |wanted: SelfEnroll| {
        AuthenticatorKey::ALL
            .into_iter()
            .filter(move |key| assurance::enrolment(context.organisation, who, *key) == wanted)
    };
    for key in missing(SelfEnroll::Required).filter(|key| !has(*key)) {
        let enroll = Requirement::Enroll(key);
        if !list.contains(&enroll) {
            list.push(enroll);
        }
    }
    // An optional mailbox enrols itself once it is proven (policies.md §8.3), so it is not offered.
    let optional: Vec<_> = missing(SelfEnroll::Optional)
        .filter(|key| !has(*key) && *key != AuthenticatorKey::OktaEmail && !skipped)
        .collect();
    if !optional.is_empty() {
        list.push(Requirement::EnrollOptional(optional));
    }
}

fn allowed(context: &Context<'_>, who: &Who) -> Keys {
    let permitted = |key: &AuthenticatorKey| {
        assurance::enrolment(context.organisation, who, *key) != SelfEnroll::NotAllowed
    };
    AuthenticatorKey::ALL
        .into_iter()
        .filter(permitted)
        .filter(|key| *key != AuthenticatorKey::OktaEmail || usable_mailbox(context, who))
        .collect()
}

/// True if codes to their mailbox count for this person at sign-in.
pub fn usable_mailbox(context: &Context<'_>, who: &Who) -> bool {
    assurance::signs_in_by_mail(context.organisation)
        && assurance::enrolment(context.organisation, who, AuthenticatorKey::OktaEmail)
            != SelfEnroll::NotAllowed
}

/// True if this person proves themselves by a code to their mailbox: where codes count at sign-in,
/// and where there is nothing else.
pub fn own_mailbox(context: &Context<'_>, user: &User) -> bool {
    usable_mailbox(context, &Who::is(user)) || user.has_only_the_mailbox()
}

fn assigned(context: &Context<'_>, in_group: impl Fn(&str) -> bool) -> bool {
    context.app.groups.iter().any(|group| in_group(group))
}
