//! The published description: an OpenAPI 3.1 document, of exactly the route table. That answers are
//! as it says is checked by the stage, for every answer of every test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::collections::BTreeSet;

use idx::operation::{Operation, Protocol, ROUTES};
use serde_json::{Value, json};
use stage::Stage;
use stage::description::{DOCUMENT, against};

/// Of the OpenAPI Initiative, <https://spec.openapis.org/oas/3.1/schema/2022-10-07>, Apache-2.0.
const META_SCHEMA: &str = include_str!("oas-3.1.schema.json");

#[test]
fn it_is_an_openapi_document_and_its_schemas_are_schemas() {
    let mut meta: Value = serde_json::from_str(META_SCHEMA).unwrap();
    // The published schema leaves open in which dialect schemas are (`$dynamicRef`): here they are
    // JSON Schema 2020-12.
    meta["$defs"]["schema"] =
        json!({"$dynamicAnchor": "meta", "$ref": "https://json-schema.org/draft/2020-12/schema"});
    let validator = jsonschema::validator_for(&meta).unwrap();
    let problems: Vec<_> = validator
        .iter_errors(&DOCUMENT)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");

    let mut wrong = DOCUMENT.clone();
    wrong["components"]["schemas"]["Envelope"]["type"] = json!("objekt");
    assert!(!validator.is_valid(&wrong), "schemas are not looked into");
}

#[test]
fn it_has_every_row_of_the_route_table_and_nothing_else() {
    let described: BTreeSet<(String, String, &str)> = each_operation()
        .into_iter()
        .map(|(path, method, operation)| {
            (path.clone(), method.to_uppercase(), operation["operationId"].as_str().unwrap())
        })
        .collect();
    let heads = ROUTES
        .iter()
        .filter(|route| route.method == "GET")
        .map(|route| (route.path, "HEAD", format!("Head{:?}", route.operation)));
    let rows = ROUTES
        .iter()
        .map(|route| (route.path, route.method, format!("{:?}", route.operation)))
        .chain(heads)
        .collect::<Vec<_>>();
    let table: BTreeSet<_> = rows
        .iter()
        .map(|(path, method, name)| ((*path).to_owned(), (*method).to_owned(), name.as_str()))
        .collect();
    assert_eq!(described, table);
}

#[test]
fn every_operation_says_what_it_is_what_it_takes_and_what_it_answers() {
    for (path, method, operation) in each_operation() {
        assert!(
            operation["summary"].as_str().is_some_and(|text| text.len() > 5),
            "{path} has no words"
        );
        assert_eq!(operation.get("requestBody").is_some(), method == "post", "{path}");
        let statuses: Vec<&str> =
            operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        let usual = if path == "/favicon.ico" { "204" } else { "200" };
        for status in [usual, "429", "500", "503"] {
            assert!(statuses.contains(&status), "{path} is never answered {status}");
        }
        assert_eq!(
            method == "post",
            ["403", "413", "415"].iter().all(|status| statuses.contains(status)),
            "{path}: {statuses:?}"
        );
    }
}

#[test]
fn every_reference_resolves() {
    let mut seen = 0;
    each(&DOCUMENT, &mut |reference| {
        seen += 1;
        assert!(DOCUMENT.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    });
    assert!(seen > 50, "only {seen} references: the walk misses some");
}

#[test]
fn it_is_served_and_says_where_it_is_served() {
    let stage = Stage::new();
    let answer = stage.request("GET", "/openapi.json", &[], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.body, *DOCUMENT);
    assert_eq!(answer.body["servers"], json!([{"url": stage::BASE}]));
}

#[test]
fn a_body_is_described_exactly_as_it_is_read() {
    let bodies = [
        json!({}),
        json!({"identifier": "ada"}),
        json!({"identifier": 1}),
        json!({"credentials": {"passcode": "x"}}),
        json!({"credentials": {"passcode": 1}}),
        json!({"credentials": {"passcode": "x", "more": 1}}),
        json!({"credentials": null}),
        json!({"identifier": "ada", "credentials": null}),
        json!({"identifier": "ada", "credentials": {"passcode": "x"}, "rememberMe": true}),
        json!({"identifier": "ada", "rememberMe": "true"}),
        json!({"userProfile": {"a": [1]}}),
        json!({"userProfile": [1]}),
        json!({"userProfile": null}),
        json!({"authenticator": {"id": "aut-email"}}),
        json!({"authenticator": {"id": "aut-email", "methodType": "email"}}),
        json!({"authenticator": {"id": "aut-email", "methodType": "password"}}),
        json!({"authenticator": {"id": "aut-password", "methodType": null}}),
        json!({"authenticator": {"id": "aut-phone"}}),
        json!({"resend": true}),
        json!({"interactionHandle": "x"}),
        json!({"interactionHandle": null}),
        json!({"stateToken": "x"}),
        json!({"admin": true}),
    ];
    let mut taken = 0;
    for operation in ROUTES
        .iter()
        .map(|route| route.operation)
        .filter(|operation| operation.protocol() == Protocol::Idx)
    {
        let schema = idx::body::schema(operation).unwrap();
        for with_handle in [true, false] {
            for mut body in bodies.clone() {
                if with_handle {
                    body["stateHandle"] = json!("handle");
                }
                let read = idx::body::parse(operation, body.to_string().as_bytes()).is_ok();
                taken += usize::from(read);
                assert_eq!(
                    against(&schema, &body).is_empty(),
                    read,
                    "{operation:?} {body}\n{schema:#}"
                );
            }
        }
    }
    assert!(taken > 30, "only {taken} bodies were taken");
    assert!(idx::body::schema(Operation::Discovery).is_none());
}

/// Path, method and description of every operation.
fn each_operation() -> Vec<(&'static String, &'static String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let of_path = |(path, item): (&'static String, &'static Value)| {
        item.as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "parameters")
            .map(move |(method, operation)| (path, method, operation))
    };
    paths.iter().flat_map(of_path).collect()
}

fn each(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                visit(reference);
            }
            fields.values().for_each(|value| each(value, visit));
        }
        Value::Array(values) => values.iter().for_each(|value| each(value, visit)),
        _ => {}
    }
}
