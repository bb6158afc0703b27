//! What is offered now: the first unmet requirement, with the ways around it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Context;
use crate::assurance::{self, Who};
use crate::form::{self, Form};
use crate::organisation::{AuthenticatorKey, Complexity};
use crate::requirement::{self, Refusal, Requirement, requirements};
use crate::transaction::{Challenge, Outcome, Subject, Transaction};

/// Something that the client may do now. Each is accepted by exactly one kind of input.
#[derive(Clone, Debug, PartialEq)]
pub enum Remediation {
    /// Say who you are.
    Identify {
        /// True if the password is asked on the same page.
        with_password: bool,
    },
    /// Go to the sign-up form.
    SelectEnrollProfile,
    /// Go back from it.
    SelectIdentify,
    /// Go back to the sign-up form that was sent, to correct it: the address may be mistyped.
    EditRegistration,
    /// Send the sign-up form.
    EnrollProfile {
        /// Its fields.
        form: Form,
        /// The rules of the password, if it is asked on the same page.
        password: Option<Complexity>,
    },
    /// Type the code that was mailed.
    Email {
        /// True if that sets the mailbox up, rather than signing in with it.
        enrolls: bool,
        /// What was mailed.
        challenge: Challenge,
    },
    /// Set a password.
    EnrollPassword {
        /// Its rules.
        rules: Complexity,
    },
    /// Type the password.
    Password,
    /// Choose what to verify with.
    SelectAuthenticator(Vec<AuthenticatorKey>),
    /// Choose what to set up.
    SelectAuthenticatorEnroll {
        /// The choices.
        keys: Vec<AuthenticatorKey>,
        /// True if there is a way past.
        optional: bool,
    },
    /// Go on without.
    Skip,
    /// Send the progressive form.
    UpdateProfile {
        /// Its fields.
        form: Form,
    },
    /// Give up.
    Cancel,
}

/// Where a transaction stands, as far as the client is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// These are offered; the first is the view.
    Offered(Vec<Remediation>),
    /// Nothing helps.
    Refused(Refusal),
    /// Everything is met; the client may fetch its code.
    Finished {
        /// Who signed in.
        user_id: String,
        /// True if the client has its code already.
        issued: bool,
    },
    /// The person gave up.
    Cancelled,
}

/// What is offered now.
pub fn remediations(context: &Context<'_>, transaction: &Transaction) -> Standing {
    match &transaction.outcome {
        Some(Outcome::Done { user_id, issued, .. }) => {
            return Standing::Finished { user_id: user_id.clone(), issued: *issued };
        }
        Some(Outcome::Cancelled) => return Standing::Cancelled,
        None => {}
    }
    let requirements = requirements(context, transaction);
    let mut offered = match requirements.first() {
        Some(Requirement::Refused(refusal)) => return Standing::Refused(*refusal),
        Some(requirement @ Requirement::Register(_)) => view(context, transaction, requirement),
        Some(requirement) => {
            let mut offered = view(context, transaction, requirement);
            offered.extend(may_edit(transaction).then_some(Remediation::EditRegistration));
            offered
        }
        // Whoever meets the last requirement is finished in the same step; so this is a transaction
        // whose policies were relaxed meanwhile. The next answer finishes it: offer the first page,
        // which always exists.
        None => first_page(context),
    };
    offered.push(Remediation::Cancel);
    Standing::Offered(offered)
}

fn view(
    context: &Context<'_>,
    transaction: &Transaction,
    requirement: &Requirement,
) -> Vec<Remediation> {
    let emailed = |enrolls| {
        transaction.challenge.clone().map(|challenge| Remediation::Email { enrolls, challenge })
    };
    match requirement {
        Requirement::Identify | Requirement::Refused(_) => first_page(context),
        Requirement::Register(form) => {
            let password = context
                .enrollment
                .password_on_form()
                .then(|| complexity(context, &requirement::future_member(context)));
            alloc::vec![
                Remediation::EnrollProfile { form: form.clone(), password },
                Remediation::SelectIdentify
            ]
        }
        Requirement::Verify(keys) => verify(transaction, keys),
        // Okta's server-side SDKs choose from a list, also where there is one thing to choose.
        Requirement::Enroll(key) => {
            let current = match key {
                AuthenticatorKey::OktaEmail => emailed(true),
                AuthenticatorKey::OktaPassword => Some(Remediation::EnrollPassword {
                    rules: complexity(context, &who(context, transaction)),
                }),
            };
            let list =
                Remediation::SelectAuthenticatorEnroll { keys: alloc::vec![*key], optional: false };
            current.into_iter().chain([list]).collect()
        }
        Requirement::EnrollOptional(keys) => {
            let mut offered = Vec::new();
            if transaction.chosen == Some(AuthenticatorKey::OktaPassword)
                && keys.contains(&AuthenticatorKey::OktaPassword)
            {
                offered.push(Remediation::EnrollPassword {
                    rules: complexity(context, &who(context, transaction)),
                });
            }
            offered.push(Remediation::SelectAuthenticatorEnroll {
                keys: keys.clone(),
                optional: true,
            });
            offered.push(Remediation::Skip);
            offered
        }
        Requirement::CompleteProfile(form) => {
            alloc::vec![Remediation::UpdateProfile { form: form.clone() }]
        }
    }
}

/// Until the mailbox is proven, the address may be another person's.
fn may_edit(transaction: &Transaction) -> bool {
    matches!(transaction.subject, Subject::Applicant { registration: Some(_) })
        && !transaction.proven(AuthenticatorKey::OktaEmail)
}

fn first_page(context: &Context<'_>) -> Vec<Remediation> {
    let mut offered = alloc::vec![Remediation::Identify {
        with_password: !assurance::identifier_first(context.organisation)
    }];
    if context.offers_registration() {
        offered.push(Remediation::SelectEnrollProfile);
    }
    offered
}

fn verify(transaction: &Transaction, keys: &[AuthenticatorKey]) -> Vec<Remediation> {
    let list = Remediation::SelectAuthenticator(keys.to_vec());
    let chosen = match (transaction.chosen, keys) {
        (Some(chosen), keys) if keys.contains(&chosen) => Some(chosen),
        (_, [AuthenticatorKey::OktaPassword]) => Some(AuthenticatorKey::OktaPassword),
        _ => None,
    };
    let challenge = match chosen {
        Some(AuthenticatorKey::OktaPassword) => Some(Remediation::Password),
        // A mail is sent when the person asks for it, never because somebody typed a name.
        Some(AuthenticatorKey::OktaEmail) => transaction
            .challenge
            .clone()
            .map(|challenge| Remediation::Email { enrolls: false, challenge }),
        None => None,
    };
    match challenge {
        Some(challenge) if keys.len() > 1 => alloc::vec![challenge, list],
        Some(challenge) => alloc::vec![challenge],
        None => alloc::vec![list],
    }
}

fn who(context: &Context<'_>, transaction: &Transaction) -> Who {
    match &transaction.subject {
        Subject::Member { user, .. } => Who::is(user),
        Subject::Visitor | Subject::Applicant { .. } => requirement::future_member(context),
        Subject::Stranger { .. } => Who::default(),
    }
}

fn complexity(context: &Context<'_>, who: &Who) -> Complexity {
    assurance::password_settings(context.organisation, who).complexity
}

/// The rules that a new password of this transaction must satisfy.
pub(crate) fn password_rules(context: &Context<'_>, transaction: &Transaction) -> Complexity {
    complexity(context, &who(context, transaction))
}

/// The form that the progressive step shows, if it is the current one.
pub(crate) fn current_profile_form(
    context: &Context<'_>,
    transaction: &Transaction,
) -> Option<Form> {
    match &transaction.subject {
        Subject::Member { user, .. } => form::progressive(context, &user.profile),
        Subject::Applicant { registration: Some(registration) } => {
            form::lacking(context, &registration.profile)
        }
        _ => None,
    }
}
