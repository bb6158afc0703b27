//! A small organisation that is right, and what a change to it is expected to give.

use policy::organisation::Organisation;
use policy::organisation::check::check;
use serde_json::{Value, json};

/// A small organisation that is right.
pub fn right() -> Value {
    json!({
        "settings": { "limits": {} },
        "userSchema": { "definitions": {
            "base": { "properties": { "department": { "title": "Department", "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }] } } },
            "custom": { "properties": {
                "size": { "title": "Size", "type": "string", "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }] },
                "badge": { "title": "Badge", "type": "string", "unique": true, "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }] },
                "count": { "title": "Count", "type": "integer", "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }] },
                "agreed": { "title": "Agreed", "type": "boolean", "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }] },
                "tags": { "title": "Tags", "type": "array", "items": { "type": "string" } }
            } }
        } },
        "uiSchemas": [{ "id": "ui", "uiSchema": { "type": "Group", "elements": [
            { "type": "Control", "scope": "#/properties/email", "options": { "format": "text" } },
            { "type": "Control", "scope": "#/properties/invitation" }
        ] } }],
        "groups": [{ "id": "customers", "profile": { "name": "Customers" } }, { "id": "staff", "profile": { "name": "Staff" } }],
        "authenticators": [{ "key": "okta_email" }, { "key": "okta_password" }],
        "policies": {
            "PROFILE_ENROLLMENT": [
                { "id": "pe-default", "name": "Default Policy", "system": true, "rules": [{ "actions": { "profileEnrollment": {
                    "unknownUserAction": "DENY",
                    "profileAttributes": [
                        { "name": "email", "label": "Email", "required": true },
                        { "name": "firstName", "label": "First name", "required": true },
                        { "name": "lastName", "label": "Last name", "required": true }
                    ]
                } } }] },
                { "id": "pe-app", "name": "App", "rules": [{ "actions": { "profileEnrollment": {
                    "unknownUserAction": "REGISTER",
                    "targetGroupIds": ["customers"],
                    "allowedIdentifiers": ["login", "badge"],
                    "uiSchemaId": "ui",
                    "profileAttributes": [
                        { "name": "email", "label": "Email", "required": true },
                        { "name": "firstName", "label": "First name", "required": true },
                        { "name": "lastName", "label": "Last name", "required": true },
                        { "name": "size", "label": "Size" },
                        { "name": "invitation", "label": "Invitation" }
                    ]
                } } }] }
            ],
            "OKTA_SIGN_ON": [
                { "id": "gsp-staff", "name": "Staff", "conditions": { "people": { "groups": { "include": ["staff"] } } }, "rules": [
                    { "name": "Staff", "conditions": { "people": { "groups": { "exclude": ["customers"] } } }, "actions": { "signon": {} } }
                ] },
                { "id": "gsp-default", "name": "Default Policy", "system": true, "rules": [{ "name": "Default Rule", "actions": { "signon": {} } }] }
            ],
            "ACCESS_POLICY": [{ "id": "any-two", "name": "Any two factors", "system": true, "rules": [
                { "name": "Catch-all Rule", "actions": { "appSignOn": { "verificationMethod": { "constraints": [{}] } } } }
            ] }, { "id": "one", "name": "One factor", "rules": [{ "name": "Catch-all Rule", "actions": { "appSignOn": {
                "verificationMethod": { "factorMode": "1FA" } } } }] }],
            "MFA_ENROLL": [{ "id": "mfa", "name": "Default Policy", "system": true, "settings": { "authenticators": [
                { "key": "okta_password", "enroll": { "self": "REQUIRED" } }, { "key": "okta_email", "enroll": { "self": "OPTIONAL" } }
            ] } }],
            "PASSWORD": [{ "id": "pw", "name": "Default Policy", "system": true, "settings": { "password": { "complexity": {} } } }]
        },
        "apps": [{
            "id": "app", "label": "App",
            "credentials": { "oauthClient": { "client_id": "app" } },
            "settings": { "oauthClient": { "redirect_uris": ["https://app.example.com/callback"] } },
            "groups": ["everyone"], "profileEnrollment": "pe-app", "accessPolicy": "one", "allowedOrigins": ["https://app.example.com"]
        }]
    })
}

pub const CUSTOM: &str = "/userSchema/definitions/custom/properties";
pub const BASE: &str = "/userSchema/definitions/base/properties";
pub const PE: &str = "/policies/PROFILE_ENROLLMENT/1/rules/0/actions/profileEnrollment";
pub const GSP: &str = "/policies/OKTA_SIGN_ON/1/rules/0/actions/signon";
pub const AP: &str = "/policies/ACCESS_POLICY/1/rules/0/actions/appSignOn/verificationMethod";
pub const COMPLEXITY: &str = "/policies/PASSWORD/0/settings/password/complexity";
pub const CLIENT: &str = "/apps/0/settings/oauthClient";

/// Writes `value` at a JSON pointer; a last part of `-` appends, a key that is missing is added,
/// `null` takes a key away.
pub fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer} leads nowhere")) {
        Value::Object(entries) if value.is_null() => {
            drop(entries.remove(last).unwrap_or_else(|| panic!("{pointer} is not there")))
        }
        Value::Object(entries) => drop(entries.insert(last.into(), value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => *items.get_mut(last.parse::<usize>().unwrap()).unwrap() = value,
        other => panic!("{pointer}: {other} has no parts"),
    }
}

pub fn organisation(changes: &[(&str, &str, Value)]) -> Organisation {
    let mut document = right();
    for (at, rest, value) in changes {
        put(&mut document, &format!("{at}{rest}"), value.clone());
    }
    serde_json::from_value(document).unwrap_or_else(|error| panic!("{changes:?}: {error}"))
}

/// These changes together give exactly one problem, whose path is where `expected` points and whose
/// message has the words `says`.
pub fn one_problem(changes: &[(&str, &str, Value)], expected: &str, says: &str) {
    let problems = check(&organisation(changes));
    let found: Vec<_> =
        problems.iter().map(|problem| format!("/{}", problem.path.join("/"))).collect();
    assert_eq!(found, [expected], "{changes:?}: {problems:#?}");
    let message = &problems.first().unwrap().message;
    assert!(message.contains(says), "{changes:?}: {message:?} does not say {says:?}");
    assert!(!message.ends_with('.') || message.ends_with("..."), "{message}");
}

/// One change at the place where the problem is.
pub fn wrong(at: &str, rest: &str, value: Value, says: &str) {
    one_problem(&[(at, rest, value)], &format!("{at}{rest}"), says);
}

/// One change, and a problem further down from, or above, its place.
pub fn wrong_at(at: &str, rest: &str, value: Value, expected: &str, says: &str) {
    one_problem(&[(at, rest, value)], expected, says);
}

pub fn fine(changes: &[(&str, &str, Value)]) {
    assert_eq!(check(&organisation(changes)), [], "{changes:?}");
}

pub fn writable(mut property: Value) -> Value {
    put(&mut property, "/permissions", json!([{ "principal": "SELF", "action": "READ_WRITE" }]));
    property
}
