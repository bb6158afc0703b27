//! What a profile form comes to: whose its values are, and what of it is stored.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::Context;
use crate::attribute::{self, Violation};
use crate::email::{Email, identifier_key};
use crate::form::{self, Form, Reading, Unreadable};
use crate::organisation::Organisation;
use crate::text::is_blank;
use crate::transaction::Registration;
use crate::user::{Profile, User};

/// Octets of a profile as JSON (security.md R-V7). Far from what an item of the store may have, and
/// every sign-in carries it along.
const MOST_OCTETS: usize = 32 * 1024;

/// A value that at most one person may have: `(attribute, canonical value)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Name of the attribute.
    pub attribute: String,
    /// The value in its one canonical form.
    pub value: String,
}

impl Identity {
    /// The identity that `text` typed for `attribute` names.
    pub fn of(attribute: &str, text: &str) -> Self {
        Self { attribute: attribute.into(), value: identifier_key(text) }
    }

    /// The identity that a stored value has, whether or not the attribute is unique.
    pub fn of_value(attribute: &str, value: &Value) -> Self {
        Self { attribute: attribute.into(), value: canonical(value) }
    }
}

/// The values of `profile` that at most one person may have. Whatever the username is, people are
/// also found by their email, and nobody else by it.
pub fn claims(organisation: &Organisation, profile: &Profile) -> Vec<Identity> {
    let unique = |name: &str| {
        organisation.user_schema.property(name).is_some_and(|property| property.is_unique())
    };
    let mut claims: Vec<_> = profile
        .iter()
        .filter(|(name, _)| unique(name))
        .map(|(name, value)| Identity { attribute: name.clone(), value: canonical(value) })
        .collect();
    if let (Some(email), Some(_)) =
        (profile.get("email").and_then(Value::as_str), profile.get("login"))
    {
        let by_email = Identity::of("login", email);
        if !claims.contains(&by_email) {
            claims.push(by_email);
        }
    }
    claims
}

/// The profile that a sign-up form makes: the email becomes the username, unless a username was
/// asked for (policies.md §3.2), and defaults fill what was not given.
pub(super) fn new_profile(context: &Context<'_>, typed: &Profile) -> Profile {
    let mut profile = typed.clone();
    if let Some(email) = typed.get("email").cloned() {
        profile.entry("login".to_string()).or_insert(email);
    }
    for (name, property) in context.organisation.user_schema.properties() {
        if let Some(default) = &property.default {
            // As it is stored when it is typed: 1 for 1.0. A list cannot be typed.
            let value =
                attribute::validate(&name, &property, default).unwrap_or_else(|_| default.clone());
            profile.entry(name).or_insert(value);
        }
    }
    profile
}

/// What is stored of a sign-up: only what the policy still asks for, and what is right for it today
/// (security.md R-S9).
pub(super) fn profile_today(context: &Context<'_>, registration: &Registration) -> Profile {
    let form = form::registration(context);
    let asked = form.fields.iter().filter(|field| field.property.is_some());
    let names_others = |name: &str| names_somebody_else(name, context, &registration.profile);
    let value = |field: &form::Field| field.read(registration.profile.get(&field.name)).ok()?;
    new_profile(
        context,
        &asked
            .filter(|field| !names_others(&field.name))
            .filter_map(|field| Some((field.name.clone(), value(field)?)))
            .collect(),
    )
}

/// Reads a form that adds to what is `known`. Beside the fields by themselves: nobody is named by
/// an address that is not theirs, and all together is not too much.
pub(super) fn read(
    context: &Context<'_>,
    form: &Form,
    typed: &Profile,
    known: &Profile,
) -> Result<Reading, Unreadable> {
    let reading = form.read(typed)?;
    let mut whole = known.clone();
    whole.extend(reading.stored.clone());
    let notice = |name: &str| form.field(name).map(|field| field.notice(Violation::NotAllowed));
    let mut wrong: Vec<_> = reading
        .stored
        .keys()
        .filter(|name| names_somebody_else(name, context, &whole))
        .filter_map(|name| notice(name))
        .collect();
    if !fits_a_profile(&whole) {
        let longest =
            reading.stored.iter().max_by_key(|(_, value)| value.as_str().map_or(0, str::len));
        wrong.extend(longest.and_then(|(name, _)| notice(name)));
    }
    if wrong.is_empty() { Ok(reading) } else { Err(Unreadable::Wrong(wrong)) }
}

/// True if a person would be named by an address that is not the one that they prove: the owner of
/// that mailbox would end up in another account (security.md A-046), and apps that know people by
/// `preferred_username` would take one for the other. Whatever is configured, a username that looks
/// like an address is refused unless it is one's own email; so is any other identifier that is an
/// address.
fn names_somebody_else(name: &str, context: &Context<'_>, profile: &Profile) -> bool {
    found_by_another_address(name, context.organisation, profile)
}

/// The same, of whatever is to be in an account.
pub(crate) fn found_by_another_address(
    name: &str,
    organisation: &Organisation,
    profile: &Profile,
) -> bool {
    let mut policies =
        organisation.policies.profile_enrollment.iter().flat_map(|policy| &policy.rules);
    let own = address(profile, "email");
    match name {
        "login" => {
            profile.get(name).and_then(Value::as_str).is_some_and(looks_like_an_address)
                && address(profile, name).is_none_or(|named| Some(named) != own)
        }
        _ => {
            policies.any(|rule| {
                rule.actions.profile_enrollment.allowed_identifiers.iter().any(|one| one == name)
            }) && address(profile, name).is_some_and(|named| Some(named) != own)
        }
    }
}

/// True if a profile is small enough to be carried along by every sign-in (security.md R-V7).
pub(crate) fn fits_a_profile(profile: &Profile) -> bool {
    serde_json::to_vec(profile).is_ok_and(|json| json.len() <= MOST_OCTETS)
}

/// True if people would take `text` for an address: something before an at sign, of whatever width,
/// and something behind it.
fn looks_like_an_address(text: &str) -> bool {
    let text: String = text.nfkc().collect();
    text.split_once('@').is_some_and(|(local, domain)| !is_blank(local) && !is_blank(domain))
}

/// True if `owner` gives up a username that is the address of the person who proves it now: nobody
/// but them ever proved it (security.md A-046). The owner goes by their own email from then on.
/// Such a username is refused today; this is for those that were given before.
pub(super) fn cedes(owner: &User, identity: &Identity, profile: &Profile) -> bool {
    let wanted = Some(&identity.value);
    identity.attribute == "login"
        && address(profile, "email").as_ref() == wanted
        && address(&owner.profile, "email").as_ref() != wanted
}

fn address(profile: &Profile, name: &str) -> Option<String> {
    profile
        .get(name)
        .and_then(Value::as_str)
        .and_then(|text| Email::parse(text).ok())
        .map(|email| email.identity_key())
}

/// Texts are compared alike, whatever the attribute is called: an address is one (security.md
/// R-E1), and case and what cannot be seen make no difference. People may be found by any of them,
/// and "AB-1" would not be told from "ab-1" by whoever reads it out.
fn canonical(value: &Value) -> String {
    match value {
        Value::String(text) => identifier_key(text),
        other => other.to_string(),
    }
}
