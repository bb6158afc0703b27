//! What must be loaded, counted or hashed before an input can be decided.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;
use zeroize::Zeroizing;

use super::budget::{self, Budget};
use super::profile::{self, Identity, claims, new_profile, profile_today};
use super::{Input, taken};
use crate::Context;
use crate::assurance;
use crate::email::identifier_key;
use crate::form;
use crate::organisation::AuthenticatorKey;
use crate::password_rules;
use crate::remediation::{current_profile_form, password_rules as rules_of};
use crate::requirement::proves_mailbox_first;
use crate::secret::Secret;
use crate::text;
use crate::transaction::{Challenge, Familiar, Subject, Transaction};
use crate::user::Profile;

/// What must be known to decide.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Whose these values are.
    pub identities: Vec<Identity>,
    /// Work for the slow hash.
    pub password: PasswordWork,
    /// Budgets to count before anything is evaluated (security.md R-O4), the first ones that all
    /// have room: some are kept for some guesses (R-R8). If there is room in none, nothing is
    /// evaluated.
    pub budgets: Vec<Vec<Budget>>,
    /// Not counted now, but if one of these is used up, nothing is evaluated either: whether there
    /// is room must not depend on the answer.
    pub watched_budgets: Vec<Budget>,
    /// True if the typed code is to be compared.
    pub passcode: bool,
}

/// Work for the slow hash.
#[derive(Clone, Debug, Default)]
pub enum PasswordWork {
    /// None.
    #[default]
    None,
    /// Compare what is to be hashed with the password of whoever the first owned identity belongs
    /// to, or of the transaction's member; with a dummy if there is none.
    Verify(Secret),
    /// Hash a new one.
    Hash(Secret),
}

/// What must be known to decide `input`. `familiar` is as in [`Facts`](super::Facts); with
/// `contested`, the owners of a sign-up's values too.
pub fn lookup(
    context: &Context<'_>,
    transaction: &Transaction,
    input: &Input,
    familiar: Familiar,
    contested: bool,
) -> Needs {
    // What is not offered costs nothing.
    let Some(taken) = taken(context, transaction, input) else { return Needs::default() };
    let mut needs = match taken.as_ref() {
        Input::Identify { identifier, password } => {
            identify(context, transaction, identifier, password.as_ref(), familiar)
        }
        Input::AnswerPassword(password) => Needs {
            password: guess(password),
            budgets: budget::password_guess(
                context,
                transaction,
                transaction.identifier().unwrap_or_default(),
                transaction.familiar,
            ),
            ..Needs::default()
        },
        // What is not a code is not evaluated, and so not counted.
        Input::AnswerEmail(typed) if passcode_digits(typed, passcode_length(context)).is_none() => {
            Needs::default()
        }
        Input::AnswerEmail(_) => transaction
            .challenge
            .as_ref()
            .map_or_else(Needs::default, |challenge| answer_email(context, transaction, challenge)),
        Input::EnrollProfile { profile, password } => {
            enroll_profile(context, transaction, profile, password.as_ref())
        }
        Input::EnrollPassword(password) => Needs {
            password: new_password(context, transaction, password, None),
            ..Needs::default()
        },
        Input::UpdateProfile(profile) => update_profile(context, transaction, profile),
        _ => Needs::default(),
    };
    if contested
        && needs.identities.is_empty()
        && let Subject::Applicant { registration: Some(registration) } = &transaction.subject
    {
        needs.identities = claims(context.organisation, &profile_today(context, registration));
    }
    // Whatever somebody answers whose mailbox need not be proven may make the account.
    if matches!(taken.as_ref(), Input::EnrollPassword(_) | Input::Skip | Input::UpdateProfile(_))
        && let Subject::Applicant { registration: Some(registration) } = &transaction.subject
        && !(transaction.proven(AuthenticatorKey::OktaEmail)
            || registration.contested
            || proves_mailbox_first(context))
    {
        needs.watched_budgets.push(budget::unproven_account(&context.organisation.settings.limits));
    }
    needs
}

/// What a new password is held against: it must not be something that anybody would guess of this
/// person.
pub(super) fn password_context<'a>(
    context: &Context<'a>,
    profile: &'a Profile,
) -> password_rules::PasswordContext<'a> {
    let text = |name: &str| profile.get(name).and_then(Value::as_str);
    password_rules::PasswordContext {
        login: text("login"),
        email: text("email"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        app_label: Some(context.app.label.as_str()),
        company_name: Some(context.organisation.settings.company_name.as_str()),
    }
}

fn identify(
    context: &Context<'_>,
    transaction: &Transaction,
    identifier: &str,
    password: Option<&Secret>,
    familiar: Familiar,
) -> Needs {
    // Not what was asked for, or left blank: neither counted nor compared.
    let blank = identifier_key(identifier).is_empty()
        || password.is_some_and(|password| password.expose().is_empty());
    if blank || password.is_some() == assurance::identifier_first(context.organisation) {
        return Needs::default();
    }
    let identities = context
        .enrollment
        .allowed_identifiers
        .iter()
        .map(|attribute| Identity::of(attribute, identifier))
        .collect();
    let (password, budgets) = match password {
        Some(password) => {
            (guess(password), budget::password_guess(context, transaction, identifier, familiar))
        }
        // Either answer tells whether there is such a name.
        None if context.tells_who_is_unknown() && familiar.is_nowhere() => {
            (PasswordWork::None, alloc::vec![alloc::vec![budget::unknown_name(context)]])
        }
        None => (PasswordWork::None, Vec::new()),
    };
    Needs { identities, password, budgets, ..Needs::default() }
}

/// The work for a password that is tried. One that no account can have, being too long or having a
/// NUL, is wrong without a hash: for everybody, so that the time of the answer tells nothing of
/// anybody, and counted like any other (security.md R-P2, A-007).
fn guess(password: &Secret) -> PasswordWork {
    password_rules::normalise(password).map_or(PasswordWork::None, PasswordWork::Verify)
}

fn answer_email(context: &Context<'_>, transaction: &Transaction, challenge: &Challenge) -> Needs {
    Needs {
        budgets: budget::passcode_guess(context, transaction, challenge),
        passcode: true,
        ..Needs::default()
    }
}

fn enroll_profile(
    context: &Context<'_>,
    transaction: &Transaction,
    typed: &Profile,
    password: Option<&Secret>,
) -> Needs {
    if password.is_some() != context.enrollment.password_on_form() {
        return Needs::default();
    }
    // Wrong values are reported before anybody is looked up (security.md A-007).
    let Ok(reading) = profile::read(context, &form::registration(context), typed, &Profile::new())
    else {
        return Needs::default();
    };
    let profile = new_profile(context, &reading.stored);
    let password = match password {
        Some(password) => match new_password(context, transaction, password, Some(&profile)) {
            PasswordWork::None => return Needs::default(),
            work => work,
        },
        None => PasswordWork::None,
    };
    let limits = &context.organisation.settings.limits;
    let mut watched_budgets = alloc::vec![budget::taken_name(limits)];
    // Where a code must be mailed, this is looked at before the slow hash (security.md R-R9). Not
    // the budget of the address: that one would tell.
    watched_budgets.push(if proves_mailbox_first(context) {
        budget::mail_of_source(limits)
    } else {
        budget::unproven_account(limits)
    });
    Needs {
        identities: claims(context.organisation, &profile),
        password,
        watched_budgets,
        ..Needs::default()
    }
}

fn update_profile(context: &Context<'_>, transaction: &Transaction, typed: &Profile) -> Needs {
    let known = transaction.profile().cloned().unwrap_or_default();
    let Some(reading) = current_profile_form(context, transaction)
        .and_then(|form| profile::read(context, &form, typed, &known).ok())
    else {
        return Needs::default();
    };
    let identities = match &transaction.subject {
        Subject::Applicant { registration: Some(registration) } => claims(
            context.organisation,
            &profile_today(context, &registration.with(&reading.stored)),
        ),
        _ => claims(context.organisation, &reading.stored),
    };
    let watched_budgets = if identities.is_empty() {
        Vec::new()
    } else {
        alloc::vec![budget::taken_name(&context.organisation.settings.limits)]
    };
    Needs { identities, watched_budgets, ..Needs::default() }
}

fn new_password(
    context: &Context<'_>,
    transaction: &Transaction,
    password: &Secret,
    profile: Option<&Profile>,
) -> PasswordWork {
    let empty = Profile::new();
    let profile = profile.or_else(|| transaction.profile()).unwrap_or(&empty);
    match password_rules::check(
        password,
        &rules_of(context, transaction),
        &password_context(context, profile),
    ) {
        Ok(password) => PasswordWork::Hash(password),
        Err(_) => PasswordWork::None,
    }
}

/// Digits of a code.
pub(super) fn passcode_length(context: &Context<'_>) -> u32 {
    context.organisation.authenticator(AuthenticatorKey::OktaEmail).passcode_length
}

/// The digits of a typed code by their value, in any script: what stands around and between them
/// came along when it was copied. `None`: not a code (security.md R-O9).
pub fn passcode_digits(typed: &Secret, length: u32) -> Option<Secret> {
    let digits = typed.expose().chars().filter_map(|c| char::from_digit(text::digit(c)?, 10));
    // One more than asked for is enough to know; a string that does not grow leaves no copy behind.
    let mut code = Zeroizing::new(String::with_capacity(length as usize + 1));
    code.extend(digits.take(length as usize + 1));
    (code.len() == length as usize).then(|| Secret::new(core::mem::take(&mut *code)))
}
