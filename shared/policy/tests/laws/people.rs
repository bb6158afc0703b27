//! The organisation that everything is tried on, and five people.

use std::collections::{BTreeMap, BTreeSet};

use policy::organisation::Organisation;
use policy::time::Timestamp;
use policy::transaction::Client;
use policy::user::{User, UserStatus};
use serde_json::{Value, json};

pub const NOON: Timestamp = Timestamp(1_795_348_800_000);

pub fn client() -> Client {
    Client {
        app: "demo".into(),
        client_id: "demo-spa".into(),
        redirect_uri: "http://localhost:8787/demo/callback".into(),
        scopes: vec!["openid".into()],
        state: "state".into(),
        nonce: None,
        acr_values: Vec::new(),
        login_hint: None,
        code_challenge: "c".repeat(43),
        browser: "browser".into(),
    }
}

/// The organisation that is shipped as an example.
pub fn demo() -> Organisation {
    organisation::parse(
        "organisation.yaml",
        include_str!("../../../../functions/local/organisation.yaml"),
    )
    .unwrap()
}

/// Ada has everything; Bob's mailbox was never proven; Cleo has no password and no first name; Dan
/// was deactivated; Eve was made by an administrator.
pub fn people() -> Vec<User> {
    let person = |id: &str, email: &str, profile: Value| {
        let Value::Object(mut map) = profile else { panic!("a profile is an object") };
        map.insert("email".into(), json!(email));
        map.insert("login".into(), json!(email));
        User {
            id: id.into(),
            status: UserStatus::Active,
            created: Timestamp(1),
            last_updated: Timestamp(1),
            profile: map.into_iter().collect(),
            email_verified: true,
            has_password: true,
            groups: BTreeSet::new(),
            granted: BTreeMap::new(),
            generation: 0,
            provisioned: false,
            other: <_>::default(),
        }
    };
    let customers = BTreeSet::from(["customers".to_string()]);
    vec![
        User {
            groups: customers.clone(),
            granted: BTreeMap::from([("demo-enrollment".to_string(), customers)]),
            ..person(
                "ada",
                "ada@example.com",
                json!({"firstName": "Ada", "lastName": "Lovelace", "shoeSize": "38", "newsletterOptIn": true}),
            )
        },
        User {
            email_verified: false,
            ..person("bob", "bob@example.com", json!({"firstName": "Bob", "lastName": "Bobson"}))
        },
        User {
            has_password: false,
            ..person("cleo", "cleo@example.com", json!({"lastName": "Patra", "shoeSize": ""}))
        },
        User {
            status: UserStatus::Deprovisioned,
            ..person("dan", "dan@example.com", json!({"firstName": "Dan", "lastName": "Brown"}))
        },
        User {
            provisioned: true,
            email_verified: false,
            has_password: false,
            ..person("eve", "eve@example.com", json!({"firstName": "Eve", "lastName": "Smith"}))
        },
    ]
}
