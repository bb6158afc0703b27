//! Schemas: the envelope's, and those of OAuth, which is read by name and not by type.

use serde_json::{Map, Value, json};

use crate::operation::{Operation, Protocol};

/// What every envelope is tested against.
const ENVELOPE: &str = include_str!("../../schema/envelope.schema.json");

/// `components/schemas`.
pub(super) fn all() -> Value {
    let mut all: Map<String, Value> = Map::new();
    let mut envelope: Value = serde_json::from_str(ENVELOPE).unwrap_or_default();
    if let Value::Object(fields) = &mut envelope {
        // Here the document is the dialect, and its definitions stand beside it.
        fields.retain(|name, _| name != "$schema" && name != "$id");
        if let Some(Value::Object(definitions)) = fields.remove("$defs") {
            all.extend(definitions);
        }
    }
    all.insert("Envelope".into(), envelope);
    all.values_mut().for_each(relocate);
    all.insert(
        "OAuthError".into(),
        object(
            &json!({"error": text(), "error_description": text()}),
            &["error", "error_description"],
        ),
    );
    all.insert("Tokens".into(), tokens());
    all.insert("Claims".into(), claims());
    all.insert("Keys".into(), keys());
    all.into()
}

/// The schema of a body that is answered.
pub(super) fn of_answer(operation: Operation, status: u16) -> Value {
    match (operation.protocol(), operation, status) {
        (Protocol::Idx, _, _) => component("Envelope"),
        (Protocol::OAuth, Operation::Interact, 200) => {
            object(&json!({"interaction_handle": text()}), &["interaction_handle"])
        }
        (Protocol::OAuth, Operation::Token, 200) => component("Tokens"),
        (Protocol::OAuth, Operation::Userinfo | Operation::UserinfoByPost, 200) => {
            component("Claims")
        }
        (Protocol::OAuth, Operation::Keys, 200) => component("Keys"),
        (Protocol::OAuth, Operation::Discovery, 200) => discovery(),
        (Protocol::OAuth, _, 200) => {
            json!({"type": "object", "required": ["openapi", "info", "paths"]})
        }
        (Protocol::OAuth, _, _) => component("OAuthError"),
        (Protocol::Page, _, _) => json!({"type": "string"}),
    }
}

/// The schema of a header that not every answer has.
pub(super) fn of_header(name: &str) -> Value {
    match name {
        "location" => json!({"type": "string", "format": "uri"}),
        "retry-after" => json!({"type": "integer", "minimum": 1}),
        _ => json!({"type": "string"}),
    }
}

pub(super) fn interact_form() -> Value {
    let properties = json!({
        "client_id": text(),
        "redirect_uri": {"type": "string", "minLength": 1, "description": "One of the app's, character by character."},
        "code_challenge": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
        "code_challenge_method": {"const": "S256"},
        "scope": {"type": "string", "pattern": r"^(\s|(openid|profile|email|groups)(\s|$))*$"},
        "state": {"type": "string", "maxLength": 1024},
        "nonce": {"type": "string", "maxLength": 1024},
        "login_hint": {"type": "string", "maxLength": 1024, "description": "Prefills the name on the first page."},
        "ui_locales": {"type": "string", "description": "There is English."},
        "prompt": {"type": "string", "pattern": "^(login|select_account)?$"},
        "max_age": {"type": "string", "pattern": "^[0-9]{0,15}$", "description": "Everybody proves themselves anew: always met."},
        "acr_values": {"type": "string", "pattern": "^(urn:okta:loa:1fa:any)?$", "description": "urn:okta:loa:2fa:any where the app's policy asks all for it."},
    });
    form(&properties, &["client_id", "redirect_uri", "code_challenge", "code_challenge_method"])
}

pub(super) fn token_form() -> Value {
    let properties = json!({
        "grant_type": {"const": "interaction_code"},
        "client_id": text(),
        "interaction_code": text(),
        "code_verifier": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{43,128}$"},
        "redirect_uri": {"type": "string"},
    });
    form(&properties, &["grant_type", "client_id", "interaction_code", "code_verifier"])
}

pub(super) fn userinfo_form() -> Value {
    form(
        &json!({"access_token": {"type": "string", "description": "Here or in the header, not in both."}}),
        &[],
    )
}

pub(super) fn confirm_form() -> Value {
    form(&json!({"token": {"type": "string"}}), &["token"])
}

/// References of a schema of its own become references of the document.
fn relocate(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value.as_str().and_then(|text| text.strip_prefix("#/$defs/")))
                {
                    ("$ref", Some(definition)) => {
                        *value = format!("#/components/schemas/{definition}").into()
                    }
                    _ => relocate(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(relocate),
        _ => {}
    }
}

fn component(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

/// Exactly these properties.
fn object(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// What OAuth does not know it passes over, if it is there once (RFC 6749 §3.1).
fn form(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": {"type": "string"}})
}

fn tokens() -> Value {
    let properties = json!({
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer", "minimum": 1},
        "access_token": text(),
        "scope": text(),
        "id_token": {"type": "string", "minLength": 1, "description": "If the scope has `openid`."},
    });
    object(&properties, &["token_type", "expires_in", "access_token", "scope"])
}

fn claims() -> Value {
    let properties = json!({
        "sub": text(),
        "name": text(),
        "given_name": text(),
        "family_name": text(),
        "preferred_username": text(),
        "locale": text(),
        "zoneinfo": text(),
        "updated_at": {"type": "integer"},
        "email": text(),
        "email_verified": {"type": "boolean"},
        "groups": {"type": "array", "items": text()},
    });
    object(&properties, &["sub"])
}

fn keys() -> Value {
    let properties = json!({
        "kty": {"const": "RSA"},
        "alg": {"const": "RS256"},
        "use": {"const": "sig"},
        "kid": text(),
        "n": text(),
        "e": text(),
    });
    let key = object(&properties, &["kty", "alg", "use", "kid", "n", "e"]);
    object(&json!({"keys": {"type": "array", "items": key}}), &["keys"])
}

fn discovery() -> Value {
    let endpoints =
        ["issuer", "token_endpoint", "userinfo_endpoint", "jwks_uri", "interaction_endpoint"];
    let lists = [
        "response_types_supported",
        "grant_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "scopes_supported",
    ];
    let endpoint =
        endpoints.map(|name| (name.to_string(), json!({"type": "string", "format": "uri"})));
    let list = lists
        .map(|name| (name.to_string(), json!({"type": "array", "items": text(), "minItems": 1})));
    let properties: Map<String, Value> = endpoint.into_iter().chain(list).collect();
    let required: Vec<&str> = endpoints.into_iter().chain(lists).collect();
    json!({"type": "object", "properties": properties, "required": required})
}
