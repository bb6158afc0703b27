//! Accounts that an administrator makes: what may be in one, by the rules of the sign-up form.
//!
//! An administrator may give any attribute of the schema, also those that people may not write
//! themselves. What a value must be is the same for both: types, formats, allowed values, lengths,
//! the pattern of the username, and that no person is named by an address that is not theirs.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

use crate::Context;
use crate::assurance::{self, Keys, Who};
use crate::attribute::{self, Violation};
use crate::email::Email;
use crate::message::{Message, Notice, Place};
use crate::organisation::{
    App, AuthenticatorKey, EVERYONE, Mutability, Organisation, PropertyType,
};
use crate::password_rules::{self, PasswordContext, PasswordProblem};
use crate::requirement::{Requirement, of_account, own_mailbox};
use crate::secret::Secret;
use crate::step::{fits_a_profile, found_by_another_address};
use crate::time::Timestamp;
use crate::user::{Profile, User, UserStatus};

/// What an administrator gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Values by attribute. Without a username the email is one; numbers and truth values may be
    /// text.
    pub profile: Profile,
    /// Groups, by id or name.
    pub groups: Vec<String>,
    /// True if the administrator vouches for the mailbox.
    pub email_verified: bool,
}

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The schema has no attribute of this name.
    Undeclared(String),
    /// The attribute is a list, which cannot be given here.
    List(String),
    /// The schema says that the attribute cannot be written here.
    ReadOnly(String),
    /// A value is wrong, or missing.
    Value(Notice),
    /// The profile is too large to be stored.
    TooLarge,
    /// There is no group of this id or name.
    NoGroup(String),
    /// Several groups have this name: only an id tells which.
    Groups(String),
    /// Everybody is in the built-in group: it is neither given nor taken.
    Everyone,
}

/// The account, with `id`, at `now`. Without a password: that is hashed first ([`password`]).
///
/// # Errors
/// All that is wrong. Never empty.
pub fn account(
    organisation: &Organisation,
    wanted: &Wanted,
    id: String,
    now: Timestamp,
) -> Result<User, Vec<Fault>> {
    let profile = profile(organisation, &wanted.profile);
    let groups = groups(organisation, &wanted.groups);
    match (profile, groups) {
        (Ok(profile), Ok(groups)) => Ok(User {
            id,
            status: UserStatus::Active,
            created: now,
            last_updated: now,
            profile,
            email_verified: wanted.email_verified,
            has_password: false,
            groups,
            granted: <_>::default(),
            generation: 0,
            provisioned: true,
            other: <_>::default(),
        }),
        (profile, groups) => Err(profile.err().into_iter().chain(groups.err()).flatten().collect()),
    }
}

/// The ids of groups that are named by id or by name.
///
/// # Errors
/// All that are not there. Never empty.
pub fn groups(
    organisation: &Organisation,
    names: &[String],
) -> Result<BTreeSet<String>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    for name in names {
        let called = || organisation.groups.iter().filter(|group| group.profile.name == *name);
        match organisation.groups.iter().find(|group| group.id == *name).or_else(|| called().next())
        {
            _ if name == EVERYONE => faults.push(Fault::Everyone),
            None => faults.push(Fault::NoGroup(name.clone())),
            Some(group) if group.id != *name && called().count() > 1 => {
                faults.push(Fault::Groups(name.clone()));
            }
            Some(group) => {
                ids.insert(group.id.clone());
            }
        }
    }
    if faults.is_empty() { Ok(ids) } else { Err(faults) }
}

/// The password that is hashed for `user`, if their password policy allows `typed`.
///
/// # Errors
/// All that is wrong. Never empty.
pub fn password(
    organisation: &Organisation,
    user: &User,
    typed: &Secret,
) -> Result<Secret, Vec<PasswordProblem>> {
    let rules = assurance::password_settings(organisation, &Who::is(user)).complexity;
    let context = PasswordContext {
        login: user.text("login"),
        email: user.text("email"),
        first_name: user.text("firstName"),
        last_name: user.text("lastName"),
        app_label: None,
        company_name: Some(organisation.settings.company_name.as_str()),
    };
    password_rules::check(typed, &rules, &context)
}

/// How a person begins who has nothing but the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// By saying who they are.
    SignIn {
        /// The first page asks for a password as well, and they have none: any will do.
        asks_password: bool,
    },
    /// By the sign-up form, with their address: the account is theirs once the mailbox is proven.
    SignUp,
}

/// How `user`, who has nothing but the mailbox, begins at `app`. `None`: there is no way in.
pub fn beginning(
    organisation: &Organisation,
    app: &App,
    user: &User,
    now: Timestamp,
) -> Option<Beginning> {
    let context = Context::new(organisation, app, now)?;
    let mailbox = AuthenticatorKey::OktaEmail;
    let offered = if context.prevents_enumeration() {
        // The same for everybody, whatever this person has.
        assurance::first_of_anybody(organisation, app).contains(&mailbox)
            && own_mailbox(&context, user)
    } else {
        let asked = of_account(&context, user, &Keys::new(), false);
        matches!(asked.first(), Some(Requirement::Verify(keys)) if keys.contains(&mailbox))
    };
    let let_in = crate::dry_run::asked(organisation, app, user, now).is_ok();
    match (let_in, offered) {
        (true, true) => {
            Some(Beginning::SignIn { asks_password: !assurance::identifier_first(organisation) })
        }
        (true, false) if context.offers_registration() => Some(Beginning::SignUp),
        _ => None,
    }
}

fn profile(organisation: &Organisation, wanted: &Profile) -> Result<Profile, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut profile = Profile::new();
    let given: Profile = wanted
        .iter()
        .filter(|(_, value)| !attribute::is_empty(Some(value)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in &given {
        match organisation.user_schema.property(name) {
            None => faults.push(Fault::Undeclared(name.clone())),
            Some(property) if property.kind() == PropertyType::Array => {
                faults.push(Fault::List(name.clone()));
            }
            Some(property) if property.mutability == Some(Mutability::ReadOnly) => {
                faults.push(Fault::ReadOnly(name.clone()));
            }
            Some(property) => match attribute::validate(name, &property, value) {
                Ok(value) => {
                    profile.insert(name.clone(), value);
                }
                Err(violations) => faults.extend(
                    violations.into_iter().map(|violation| wrong(organisation, name, violation)),
                ),
            },
        }
    }
    complete(organisation, &given, &mut profile);
    let missing = organisation
        .user_schema
        .properties()
        .filter(|(name, property)| property.is_required() && !given.contains_key(name));
    let missing = missing.filter(|(name, _)| !profile.contains_key(name)).map(|(name, _)| name);
    faults.extend(missing.map(|name| wrong(organisation, &name, Violation::Blank)));
    let named =
        profile.keys().filter(|name| found_by_another_address(name, organisation, &profile));
    faults.extend(named.map(|name| wrong(organisation, name, Violation::NotAllowed)));
    faults.extend((!fits_a_profile(&profile)).then_some(Fault::TooLarge));
    if faults.is_empty() { Ok(profile) } else { Err(faults) }
}

/// Username and email stand for each other, and defaults fill what was not given.
fn complete(organisation: &Organisation, given: &Profile, profile: &mut Profile) {
    let address = |name: &str| {
        given.get(name).and_then(Value::as_str).and_then(|text| Email::parse(text).ok())
    };
    for (name, other) in [("login", "email"), ("email", "login")] {
        if let Some(email) = address(other).filter(|_| !given.contains_key(name)) {
            profile.insert(name.to_string(), Value::String(email.address().into()));
        }
    }
    for (name, property) in organisation.user_schema.properties() {
        if let Some(default) = property.default.as_ref().filter(|_| !given.contains_key(&name)) {
            let value =
                attribute::validate(&name, &property, default).unwrap_or_else(|_| default.clone());
            profile.entry(name).or_insert(value);
        }
    }
}

fn wrong(organisation: &Organisation, name: &str, violation: Violation) -> Fault {
    let property = Box::new(organisation.user_schema.property(name).unwrap_or_default());
    let label = property.title.clone().unwrap_or_else(|| name.to_string());
    let message = Message::Attribute { label, name: name.to_string(), violation, property };
    Fault::Value(Notice { place: Place::Attribute(name.to_string()), message })
}
