//! What tokens and userinfo say about a person.

use policy::user::User;
use serde_json::{Map, Value, json};

use super::Grant;
use crate::configuration::read;
use crate::ports::{Item, StoreError};

/// The person, if they may sign in.
pub(super) fn active(found: Option<&Option<Item>>) -> Result<Option<User>, StoreError> {
    let user: Option<User> = found.and_then(Option::as_ref).map(read).transpose()?;
    Ok(user.filter(User::is_active))
}

/// What the scopes tell about a person.
pub(super) fn claims(grant: &Grant, user: &User) -> Map<String, Value> {
    let mut claims = fields(json!({"sub": user.id}));
    let mut add = |claim: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(claim.into(), value);
        }
    };
    let text = |name: &str| user.text(name).map(Value::from);
    if grant.has("profile") {
        let name: Vec<_> =
            ["firstName", "lastName"].into_iter().filter_map(|name| user.text(name)).collect();
        add("name", (!name.is_empty()).then(|| name.join(" ").into()));
        add("given_name", text("firstName"));
        add("family_name", text("lastName"));
        add("preferred_username", text("login"));
        add("locale", text("locale"));
        add("zoneinfo", text("timezone"));
        add("updated_at", Some(user.last_updated.seconds().into()));
    }
    if grant.has("email") {
        add("email", text("email"));
        add("email_verified", Some(user.email_verified.into()));
    }
    if grant.has("groups") {
        add("groups", Some(json!(user.groups)));
    }
    claims
}

pub(super) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
