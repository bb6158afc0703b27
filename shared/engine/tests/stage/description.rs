//! Whether an answer is one that the published description ([`engine::openapi`]) declares: status,
//! media type, headers, body.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use idx::operation::ROUTES;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::BASE;
use super::browser::Answer;

/// The description as it is published.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| engine::openapi::document(BASE));

/// Compiled schemas, by their text.
static VALIDATORS: LazyLock<Mutex<BTreeMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

/// What is wrong with an answer to `method` and `path` without its query; empty if nothing is.
pub fn problems(method: &str, path: &str, answer: &Answer) -> Vec<String> {
    let routes: Vec<_> = ROUTES.iter().filter(|route| route.matches(path).is_some()).collect();
    let Some(route) = routes.iter().find(|route| route.takes(method)) else {
        // What the table does not have is not there, or is there for browsers that ask before they
        // post.
        let expected = if routes.is_empty() {
            404
        } else if method == "OPTIONS" {
            204
        } else {
            405
        };
        return if answer.status == expected {
            Vec::new()
        } else {
            vec![format!("{} for {method} {path}", answer.status)]
        };
    };
    let head = method == "HEAD";
    let operation = &DOCUMENT["paths"][route.path][method.to_lowercase()];
    let Some(response) = operation["responses"].get(answer.status.to_string()) else {
        return vec![format!("{} is not declared", answer.status)];
    };
    let mut problems = headers(&response["headers"], answer);
    match (answer.header("content-type"), response.get("content")) {
        (None, None) => {}
        // What it would be of, if there were a body.
        (Some(_), None) if head && answer.text.is_empty() => {}
        (Some(kind), Some(content)) => match content.get(kind) {
            Some(declared) if kind.contains("json") => {
                problems.extend(against(&declared["schema"], &answer.body))
            }
            Some(_) => {}
            None => problems.push(format!("{kind} is not declared")),
        },
        (kind, content) => problems.push(format!("{kind:?} where {content:?} is declared")),
    }
    problems
        .iter()
        .map(|problem| format!("{method} {path}, {}: {problem}", answer.status))
        .collect()
}

/// What a value has that a schema of the document does not allow.
pub fn against(schema: &Value, value: &Value) -> Vec<String> {
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = *validators.entry(schema.to_string()).or_insert_with(|| {
        let with_components = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        Box::leak(Box::new(jsonschema::validator_for(&with_components).unwrap()))
    });
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn headers(declared: &Value, answer: &Answer) -> Vec<String> {
    let empty = Map::new();
    let declared = declared.as_object().unwrap_or(&empty);
    let missing = declared
        .iter()
        .filter(|(name, header)| header["required"] == true && answer.header(name).is_none());
    let wrong = declared.iter().filter_map(|(name, header)| {
        Some((name, header["schema"].get("const")?, answer.header(name)?))
    });
    let undeclared = answer
        .headers
        .iter()
        .filter(|(name, _)| name != "content-type" && !declared.contains_key(name));
    let missing = missing.map(|(name, _)| format!("no header {name}"));
    let wrong = wrong
        .filter(|(_, value, actual)| *value != actual)
        .map(|(name, _, actual)| format!("{name}: {actual}"));
    missing
        .chain(wrong)
        .chain(undeclared.map(|(name, _)| format!("{name} is not declared")))
        .collect()
}
