//! Whether an IDX answer is what clients can work with: the structural schema, and beside it what a
//! schema cannot say.
//!
//! A module of several test crates: a test that gets an IDX answer has it checked.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// Published for authors of clients.
pub static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../schema/envelope.schema.json")).unwrap()
});

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&SCHEMA).unwrap());

/// The faults of an envelope; empty if there are none.
pub fn problems(envelope: &Value) -> Vec<String> {
    let mut problems: Vec<String> = VALIDATOR
        .iter_errors(envelope)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    each(envelope, &mut |object| {
        let paths: Vec<&str> = match &object["relatesTo"] {
            Value::Array(paths) => paths.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        // Every client throws "Cannot resolve relatesTo" and shows nothing.
        problems.extend(
            paths
                .iter()
                .filter(|path| resolve(envelope, path).is_none())
                .map(|path| format!("{path} resolves to nothing")),
        );
        if object["name"] == "stateHandle" && object["value"] != envelope["stateHandle"] {
            problems.push("a form has another stateHandle than the envelope".into());
        }
    });
    problems
}

/// What `$.a.b[0]` means in `envelope`.
fn resolve<'v>(envelope: &'v Value, path: &str) -> Option<&'v Value> {
    let pointer = path.strip_prefix('$')?.replace(['.', '['], "/").replace(']', "");
    envelope.pointer(&pointer)
}

fn each(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(map) => {
            visit(value);
            map.values().for_each(|value| each(value, visit));
        }
        Value::Array(values) => values.iter().for_each(|value| each(value, visit)),
        _ => {}
    }
}
