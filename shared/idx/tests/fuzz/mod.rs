//! What strangers send and what is shown of it. Coverage-guided on demand (`.ci/fuzz`); in `cargo
//! test`, the corpus kept beside this.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::schema;

use std::sync::LazyLock;

use bolero::check;
use idx::body::{Malformed, parse};
use idx::envelope::{self, View, rfc3339};
use idx::operation::{Operation, Protocol, ROUTES};
use idx::page::{Page, Way};
use jsonschema::Validator;
use policy::Context;
use policy::message::{Message, Notice, Place};
use policy::organisation::Organisation;
use policy::remediation::remediations;
use policy::time::Timestamp;
use policy::transaction::{Client, Subject, Transaction};
use policy::user::Profile;
use serde_json::Value;

/// Random inputs beside the corpus, in `cargo test`.
const ITERATIONS: usize = 200;

/// Each operation with an IDX body, and the schema of its body.
static BODIES: LazyLock<Vec<(Operation, Validator)>> = LazyLock::new(|| {
    let operations = ROUTES
        .iter()
        .map(|route| route.operation)
        .filter(|operation| operation.protocol() == Protocol::Idx);
    operations
        .map(|operation| {
            (operation, jsonschema::validator_for(&idx::body::schema(operation).unwrap()).unwrap())
        })
        .collect()
});

#[test]
fn request_bodies() {
    check!(name = "request_bodies").with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let lenient = serde_json::from_slice::<Value>(input);
        for (operation, schema) in BODIES.iter() {
            let parsed = parse(*operation, input);
            let Ok(value) = &lenient else {
                assert_eq!(parsed, Err(Malformed), "{operation:?}: no JSON");
                continue;
            };
            let canonical = value.to_string();
            let Ok(parsed) = parsed else {
                // Beside what a schema sees there is only a repeated key and too long a body.
                let unseen = input.len() > idx::body::MAX_BODY
                    || parse(*operation, canonical.as_bytes()).is_ok();
                assert!(
                    unseen || !schema.is_valid(value),
                    "{operation:?} refuses what its schema takes: {value}"
                );
                continue;
            };
            assert!(
                schema.is_valid(value),
                "{operation:?} takes what its schema does not: {value}"
            );
            assert_eq!(
                parse(*operation, canonical.as_bytes()),
                Ok(parsed),
                "{operation:?}: one meaning however it is written"
            );
            let inner = canonical.strip_prefix('{').unwrap();
            let (key, _) = inner.split_once(':').unwrap();
            assert_eq!(
                parse(*operation, format!("{{{key}:null,{inner}").as_bytes()),
                Err(Malformed),
                "{operation:?}: {key} twice"
            );
        }
    });
}

static DEMO: LazyLock<Organisation> = LazyLock::new(|| {
    organisation::parse(
        "organisation.yaml",
        include_str!("../../../../functions/local/organisation.yaml"),
    )
    .unwrap()
});

#[test]
fn envelopes() {
    check!(name = "envelopes").with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input).into_owned();
        if text.trim().is_empty() {
            return;
        }
        let organisation = labelled(&text);
        for subject in subjects(&text) {
            let client = Client {
                app: "demo".into(),
                client_id: text.clone(),
                redirect_uri: "http://localhost:8787/demo/callback".into(),
                scopes: vec!["openid".into()],
                state: text.clone(),
                nonce: None,
                acr_values: Vec::new(),
                login_hint: None,
                code_challenge: "c".repeat(43),
                browser: "b".into(),
            };
            let mut transaction =
                Transaction::begin("tx".into(), client, Timestamp(1_795_348_800_000));
            transaction.subject = subject;
            let context = Context::new(
                &organisation,
                organisation.app("demo").unwrap(),
                Timestamp(1_795_348_800_000),
            )
            .unwrap();
            let standing = remediations(&context, &transaction);
            let notices = [Notice {
                place: Place::Form,
                message: Message::UnknownUser { label: text.clone(), name: text.clone() },
            }];
            let rendered = envelope::step(&View {
                context: &context,
                transaction: &transaction,
                standing: &standing,
                notices: &notices,
                typed: &Profile::new(),
                state_handle: "02handle",
                base_url: "https://id.example.com",
                expires_at: rfc3339(transaction.expires()),
            });
            let problems = schema::problems(&rendered);
            assert!(problems.is_empty(), "{problems:#?}\n{rendered:#}");
            // Clients insert top-level messages as HTML (idx.md §12.1).
            let message = rendered["messages"]["value"][0]["message"].as_str().unwrap();
            assert!(!message.contains(['<', '>', '&', '"', '\'']), "{message}");
        }
    });
}

#[test]
fn pages() {
    check!(name = "pages").with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input).into_owned();
        let pages = |text: &str| {
            let text = || text.to_owned();
            [
                Page::Confirm { action: text(), token: text(), app: text() },
                Page::ConfirmAddress { action: text(), token: text() },
                Page::Code { code: text(), app: text() },
                Page::Error { text: text(), ways: vec![Way { app: text(), href: text() }] },
                Page::NotFound { ways: Vec::new() },
            ]
        };
        // Whatever is shown, the markup is that of harmless text.
        for (page, harmless) in pages(&text).iter().zip(&pages("x")) {
            assert_eq!(markup(&page.render().0), markup(&harmless.render().0), "{text:?}");
        }
    });
}

/// The characters that make markup, in their order.
fn markup(html: &str) -> String {
    html.chars().filter(|c| matches!(c, '<' | '>' | '"')).collect()
}

/// The demo in which everything that an administrator names is called this.
fn labelled(text: &str) -> Organisation {
    let mut organisation = DEMO.clone();
    for app in &mut organisation.apps {
        app.label = text.into();
    }
    for policy in &mut organisation.policies.profile_enrollment {
        for rule in &mut policy.rules {
            for attribute in &mut rule.actions.profile_enrollment.profile_attributes {
                attribute.label = text.into();
            }
        }
    }
    organisation
}

/// Before and after a form was asked for.
fn subjects(text: &str) -> [Subject; 3] {
    [
        Subject::Visitor,
        Subject::Stranger { identifier: text.into() },
        Subject::Applicant { registration: None },
    ]
}
