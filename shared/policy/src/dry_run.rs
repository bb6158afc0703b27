//! Whom would a policy ask for what, and whom would it stop? The very function that asks at
//! sign-in, run over stored people without a transaction, so that the answer cannot differ from
//! what will happen.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::Context;
use crate::attribute::{Violation, is_empty, same, validate};
use crate::organisation::{App, Organisation, Property, PropertyType};
use crate::requirement::{Refusal, Requirement, enrolled, of_account};
use crate::time::Timestamp;
use crate::user::{User, UserStatus};

/// What `app` would ask `user` for at the next sign-in, in this order, once they have proven
/// whatever they can prove. What they may skip is not among it.
///
/// # Errors
/// The person does not get in, whatever they do.
pub fn asked(
    organisation: &Organisation,
    app: &App,
    user: &User,
    now: Timestamp,
) -> Result<Vec<Requirement>, Refusal> {
    let context = Context::new(organisation, app, now)
        .filter(|_| user.status == UserStatus::Active)
        .ok_or(Refusal::AccessDenied)?;
    let proven = enrolled(&context, user);
    if proven.is_empty() {
        return Err(Refusal::AccessDenied);
    }
    let list = of_account(&context, user, &proven, true);
    let refusal = list.iter().find_map(|one| {
        if let Requirement::Refused(refusal) = one { Some(*refusal) } else { None }
    });
    refusal.map_or(Ok(list), Err)
}

/// Why a stored value is none that its attribute would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misfit {
    /// It is of another type.
    Type,
    /// It is none of the allowed values.
    Options,
    /// It is a number below the minimum or above the maximum.
    Range,
    /// It is a text that is too short or too long.
    Length,
    /// It is a text of another format, or with characters that are not taken.
    Format,
    /// There is no such attribute.
    NoAttribute,
}

/// Stored values of one attribute that it would not take, all for the same reason. How many, never
/// which: they may be private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfits {
    /// The attribute.
    pub attribute: String,
    /// The reason.
    pub why: Misfit,
    /// How many values.
    pub values: usize,
    /// How many of them are taken today.
    pub new: usize,
}

/// The values of these people that `planned` would not take: a schema may change under people who
/// have values. They stay as they are, and keep nobody out: people are asked for what is missing,
/// never for what was right when they gave it.
pub fn misfits<'u>(
    planned: &Organisation,
    today: Option<&Organisation>,
    users: impl IntoIterator<Item = &'u User>,
) -> Vec<Misfits> {
    let properties = |organisation: &Organisation| {
        organisation.user_schema.properties().collect::<BTreeMap<String, Property>>()
    };
    let (planned, today) = (properties(planned), today.map(properties).unwrap_or_default());
    let mut found: BTreeMap<(&str, Misfit), (usize, usize)> = BTreeMap::new();
    for (name, value) in
        users.into_iter().flat_map(|user| &user.profile).filter(|(_, value)| !is_empty(Some(value)))
    {
        if let Some(why) = misfit(name, planned.get(name), value) {
            let (values, new) = found.entry((name, why)).or_default();
            *values += 1;
            *new += usize::from(misfit(name, today.get(name), value).is_none());
        }
    }
    found
        .into_iter()
        .map(|((attribute, why), (values, new))| Misfits {
            attribute: attribute.into(),
            why,
            values,
            new,
        })
        .collect()
}

fn misfit(name: &str, property: Option<&Property>, value: &Value) -> Option<Misfit> {
    let Some(property) = property else { return Some(Misfit::NoAttribute) };
    if property.kind() == PropertyType::Array {
        let Some(items) = value.as_array() else { return Some(Misfit::Type) };
        let item = property.item();
        return items.iter().find_map(|value| misfit(name, Some(&item), value));
    }
    match validate(name, property, value) {
        // A number that stands there as text would be read as one, if somebody typed it.
        Ok(taken) => (core::mem::discriminant(&taken) != core::mem::discriminant(value))
            .then_some(Misfit::Type),
        Err(violations) => violations.first().map(|violation| match violation {
            Violation::WrongType => Misfit::Type,
            Violation::BelowMinimum { .. } | Violation::AboveMaximum { .. } => Misfit::Range,
            Violation::TooShort { .. } | Violation::TooLong { .. } => Misfit::Length,
            Violation::NotAllowed if !is_option(property, value) => Misfit::Options,
            _ => Misfit::Format,
        }),
    }
}

/// True if it is one of the allowed values, where these are listed.
fn is_option(property: &Property, value: &Value) -> bool {
    property
        .enumeration
        .as_ref()
        .is_none_or(|allowed| allowed.iter().any(|member| same(member, value)))
}
