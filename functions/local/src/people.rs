//! The people page: who has an account, what the demo app asks for, and of whom.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use policy::organisation::{
    Action, App, EVERYONE, Organisation, Permission, ProfileAttribute, ProfileEnrollment, Property,
    PropertyType, base_properties,
};
use policy::time::Timestamp;
use policy::user::User;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::plan::Prospect;
use crate::site::Site;
use crate::table;

/// The routes.
pub fn router() -> Router<Arc<Site>> {
    Router::new()
        .route("/apps", get(apps))
        .route("/people/data", get(data))
        .route("/people/attributes", post(add).delete(remove))
}

/// The apps that people may sign in to, for the pages that begin a sign-in.
async fn apps(State(site): State<Arc<Site>>) -> Response {
    answer(site.configuration.current().await.map(|organisation| {
        let app = |app: &App| {
            let client = &app.credentials.oauth_client;
            json!({ "clientId": client.client_id, "label": app.label, "redirectUris": app.settings.oauth_client.redirect_uris })
        };
        organisation.apps.iter().map(app).collect()
    }))
}

async fn data(State(site): State<Arc<Site>>) -> Response {
    answer(view(&site).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    label: String,
    /// Type of an attribute that is not in the schema yet.
    #[serde(rename = "type")]
    kind: Option<PropertyType>,
}

async fn add(State(site): State<Arc<Site>>, Json(wanted): Json<Wanted>) -> Response {
    answer(change(&site, |organisation| require(organisation, wanted)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unwanted {
    name: String,
}

async fn remove(
    State(site): State<Arc<Site>>,
    Json(Unwanted { name }): Json<Unwanted>,
) -> Response {
    answer(
        change(&site, |organisation| {
            demo_enrollment(organisation)
                .map(|form| form.profile_attributes.retain(|field| field.name != name))
        })
        .await,
    )
}

/// Changes a copy of the organisation, checks it as a whole, and stores it.
async fn change(
    site: &Site,
    make: impl FnOnce(&mut Organisation) -> Result<(), String>,
) -> Result<Value, String> {
    let mut organisation = site.configuration.current().await?;
    make(&mut organisation)?;
    let problems = site.configuration.problems(&organisation);
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    site.configuration.put(&organisation).await?;
    view(site).await
}

/// Makes the demo app's policy require an attribute, one of the schema or a new one that people may
/// write.
fn require(organisation: &mut Organisation, wanted: Wanted) -> Result<(), String> {
    let Wanted { name, label, kind } = wanted;
    if let Some(kind) = kind {
        if base_properties().contains_key(name.as_str())
            || organisation.user_schema.definitions.custom.properties.contains_key(&name)
        {
            return Err(format!("there is an attribute {name:?} already: choose it from the list"));
        }
        let own = Permission { principal: "SELF".into(), action: Action::ReadWrite };
        let property = Property {
            title: Some(label.clone()),
            kind: Some(kind),
            permissions: Some(vec![own]),
            ..Property::default()
        };
        organisation.user_schema.definitions.custom.properties.insert(name.clone(), property);
    }
    let form = demo_enrollment(organisation)?;
    match form.profile_attributes.iter_mut().find(|field| field.name == name) {
        Some(field) => field.required = true,
        None => form.profile_attributes.push(ProfileAttribute { name, label, required: true }),
    }
    Ok(())
}

/// The first app's policy: the demo's, unless an organisation file says otherwise.
fn demo_enrollment(organisation: &mut Organisation) -> Result<&mut ProfileEnrollment, String> {
    let app = organisation.apps.first().ok_or("there is no app")?;
    let id = organisation
        .enrollment_policy(app)
        .ok_or("the app has no profile enrollment policy")?
        .id
        .clone();
    let policy = organisation.policies.profile_enrollment.iter_mut().find(|policy| policy.id == id);
    let rule =
        policy.and_then(|policy| policy.rules.first_mut()).ok_or("the policy has no rule")?;
    Ok(&mut rule.actions.profile_enrollment)
}

async fn view(site: &Site) -> Result<Value, String> {
    let organisation = site.configuration.current().await?;
    let database = site.database.clone();
    let mut users = tokio::task::spawn_blocking(move || table::users(&database))
        .await
        .map_err(|_| "the table could not be read")??;
    users.sort_by_key(|user| std::cmp::Reverse(user.created));
    let app = organisation.apps.first().ok_or("there is no app")?;
    let policy =
        organisation.enrollment_policy(app).ok_or("the app has no profile enrollment policy")?;
    let form = organisation.profile_enrollment(app).ok_or("the policy has no rule")?;
    Ok(json!({
        "app": { "label": app.label, "clientId": app.credentials.oauth_client.client_id },
        "policy": {
            "name": policy.name,
            "progressive": form.progressive_profiling_action == policy::organisation::Switch::Enabled,
            "attributes": form.profile_attributes.iter().map(|field| attribute(&organisation, field)).collect::<Vec<_>>(),
        },
        "available": available(&organisation, form),
        "asked": asked(&organisation, app, &users, site.configuration.now()),
        "users": users.iter().map(|user| person(&organisation, user)).collect::<Vec<_>>(),
    }))
}

fn attribute(organisation: &Organisation, field: &ProfileAttribute) -> Value {
    // What the schema requires stays; the check would refuse it, so the page does not offer it.
    let removable = !organisation
        .user_schema
        .property(&field.name)
        .is_some_and(|property| property.is_required());
    json!({ "name": field.name, "label": field.label, "required": field.required, "removable": removable })
}

/// Attributes of the schema that people may write and that the form does not require yet.
fn available(organisation: &Organisation, form: &ProfileEnrollment) -> Vec<Value> {
    let is_required = |name: &str| {
        form.profile_attributes.iter().any(|field| field.name == name && field.required)
    };
    let can_be_asked = |(name, property): &(String, Property)| {
        name != "login"
            && property.writable()
            && property.kind() != PropertyType::Array
            && !is_required(name)
    };
    let properties = organisation.user_schema.properties().filter(can_be_asked);
    properties.map(|(name, property)| json!({ "title": property.title.as_ref().unwrap_or(&name), "name": name })).collect()
}

fn person(organisation: &Organisation, user: &User) -> Value {
    let group = |id: &String| {
        organisation
            .groups
            .iter()
            .find(|group| group.id == *id)
            .map_or_else(|| id.clone(), |group| group.profile.name.clone())
    };
    json!({
        "id": user.id,
        "login": user.text("login"),
        "profile": user.profile,
        "groups": user.groups.iter().filter(|id| *id != EVERYONE).map(group).collect::<Vec<_>>(),
        "emailVerified": user.email_verified,
        "created": user.created,
    })
}

fn asked(organisation: &Organisation, app: &App, users: &[User], now: Timestamp) -> Vec<Value> {
    let asked = users.iter().filter_map(|user| match Prospect::of(organisation, app, user, now) {
        Prospect::Asked(asked) if !asked.is_empty() => {
            Some(json!({ "login": user.name(), "attributes": asked }))
        }
        _ => None,
    });
    asked.collect()
}

fn answer(result: Result<Value, String>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(message) => {
            (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response()
        }
    }
}
