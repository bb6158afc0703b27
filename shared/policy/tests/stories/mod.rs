//! Short stories: who comes, what is asked, what becomes of it (policies.md §1–4).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod an_unknown_name;
mod coming_back;
mod forms;
mod getting_in;
mod groups;
mod looking_up;
mod mailing;
mod open_pages;
mod signing_up;
mod typing;

use crate::laws::people::{NOON, client, demo, people};
use policy::Context;
use policy::attribute::Violation;
use policy::dry_run;
use policy::form;
use policy::message::{Message, Place};
use policy::organisation::{
    Access, Action, AllowedFor, AuthenticatorKey, EnrollSelf, FactorMode, IncludeExclude,
    MfaEnrolment, Organisation, PeopleCondition, Permission, Policy, PolicyConditions,
    PrimaryFactor, ProfileAttribute, ProfileEnrollment, Property, PropertyType, SelfEnroll, Switch,
    UnknownUserAction,
};
use policy::remediation::{Remediation, Standing, remediations};
use policy::requirement::{Refusal, Requirement, requirements};
use policy::secret::Secret;
use policy::step::{
    Budget, Decision, Effect, Facts, Identity, Input, Mail, Needs, Outdated, PasswordChange,
    PasswordWork, Rejection, StepError, Whose, lookup, step,
};
use policy::time::Span;
use policy::transaction::{Familiar, Outcome, Purpose, Subject, Transaction};
use policy::user::{PasswordHash, Profile, User, UserStatus};
use serde_json::{Value, json};

fn enrollment(organisation: &mut Organisation) -> &mut ProfileEnrollment {
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    &mut policy.rules[0].actions.profile_enrollment
}

fn context(organisation: &Organisation) -> Context<'_> {
    Context::new(organisation, organisation.app("demo").unwrap(), NOON + Span::seconds(31)).unwrap()
}

fn ask(organisation: &mut Organisation, name: &str, required: bool) {
    enrollment(organisation).profile_attributes.push(ProfileAttribute {
        name: name.into(),
        label: format!("Your {name}"),
        required,
    });
}

fn enrolled_by_themselves(organisation: &mut Organisation, own: SelfEnroll, mail: SelfEnroll) {
    organisation.policies.authenticator_enrollment[0].settings.as_mut().unwrap().authenticators = vec![
        MfaEnrolment {
            key: AuthenticatorKey::OktaPassword.as_str().into(),
            enroll: EnrollSelf { own },
        },
        MfaEnrolment {
            key: AuthenticatorKey::OktaEmail.as_str().into(),
            enroll: EnrollSelf { own: mail },
        },
    ];
}

fn person(id: &str) -> User {
    people().into_iter().find(|user| user.id == id).unwrap()
}

/// Bob, once he has proven his mailbox.
fn bob() -> User {
    User { email_verified: true, ..person("bob") }
}

fn profile(value: Value) -> Profile {
    serde_json::from_value(value).unwrap()
}

fn begin() -> Transaction {
    Transaction::begin("transaction".into(), client(), NOON)
}

fn take(
    organisation: &Organisation,
    transaction: &Transaction,
    input: &Input,
    facts: &Facts,
) -> Decision {
    step(&context(organisation), transaction.clone(), input, facts).unwrap()
}

/// What must be known for this input.
fn needs(organisation: &Organisation, transaction: &Transaction, input: &Input) -> Needs {
    lookup(&context(organisation), transaction, input, Familiar::default(), false)
}

fn whose(budget: &Budget) -> &str {
    match &budget.whose {
        Whose::Source => "the source",
        Whose::Of(name) | Whose::Network(name) | Whose::Site(name) | Whose::Everybody(name) => name,
    }
}

fn password() -> Secret {
    Secret::new("correct horse battery")
}

fn hash() -> PasswordHash {
    PasswordHash { phc: "$new".into(), pepper: "1".into() }
}

/// The sign-up form sent with these values.
fn sign_up(
    organisation: &Organisation,
    typed: Value,
    owners: Vec<Option<(User, u64)>>,
) -> Decision {
    let form =
        take(organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let facts =
        Facts { owners, new_password: Some(hash()), new_user_id: "new".into(), ..Facts::default() };
    take(
        organisation,
        &form,
        &Input::EnrollProfile { profile: profile(typed), password: Some(password()) },
        &facts,
    )
}

fn ada() -> Value {
    json!({"email": "Ada@example.com", "firstName": "Ada", "lastName": "Lovelace"})
}

fn with(mut value: Value, name: &str, given: Value) -> Value {
    value[name] = given;
    value
}

fn answer_code(
    organisation: &Organisation,
    transaction: &Transaction,
    owners: Vec<Option<(User, u64)>>,
) -> Decision {
    let facts =
        Facts { passcode_right: true, contested: !owners.is_empty(), owners, ..Facts::default() };
    take(organisation, transaction, &Input::AnswerEmail(Secret::new("123456")), &facts)
}

fn created(decision: &Decision) -> &User {
    match decision.effects.as_slice() {
        [Effect::CreateUser { user, .. }] => user,
        other => panic!("{other:?}"),
    }
}

/// Somebody signs in with a password on the first page.
fn sign_in(organisation: &Organisation, user: User) -> Decision {
    let input = Input::Identify {
        identifier: user.text("login").unwrap().into(),
        password: Some(password()),
    };
    take(
        organisation,
        &begin(),
        &input,
        &Facts { owners: vec![Some((user, 7))], password_right: true, ..Facts::default() },
    )
}

fn is_done(decision: &Decision) -> bool {
    matches!(decision.transaction.outcome, Some(Outcome::Done { .. }))
}

/// The names on the progressive form, if that is what is asked.
fn asked(organisation: &Organisation, decision: &Decision) -> Vec<String> {
    match remediations(&context(organisation), &decision.transaction) {
        Standing::Offered(offered) => match offered.into_iter().next() {
            Some(Remediation::UpdateProfile { form }) => {
                form.fields.into_iter().map(|field| field.name).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn messages(decision: &Decision) -> Vec<Message> {
    decision.notices.iter().map(|notice| notice.message.clone()).collect()
}
