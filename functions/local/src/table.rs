//! Reads the whole table, for the people page and the test control: straight from the embedded engine, so that it neither counts as a call of
//! the functions nor suffers their faults.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{AttributeValue, Database};
use policy::user::User;
use serde_json::{Map, Value, json};

use crate::functions::TABLE;

/// Every item, expired ones too, in the order of their keys: `{key, version, count, expiresAt, body}`, the latter in milliseconds.
pub fn items(database: &Database) -> Result<Vec<Value>, String> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let request =
            ScanRequest { table_name: TABLE.into(), consistent_read: Some(true), exclusive_start_key: after.take(), ..ScanRequest::default() };
        let page = database.scan(request).map_err(|error| error.to_string())?;
        items.extend(page.items.unwrap_or_default().into_iter().map(item));
        after = page.last_evaluated_key;
        if after.is_none() {
            break;
        }
    }
    items.sort_by(|a, b| key(a).cmp(key(b)));
    Ok(items)
}

/// Everybody who has an account.
pub fn users(database: &Database) -> Result<Vec<User>, String> {
    let bodies = items(database)?.into_iter().filter(|item| key(item).starts_with("USER#")).filter_map(|mut item| Some(item.get_mut("body")?.take()));
    bodies.map(|body| serde_json::from_value(body).map_err(|_| "an account in the table cannot be read".into())).collect()
}

fn key(item: &Value) -> &str {
    item.get("key").and_then(Value::as_str).unwrap_or_default()
}

fn item(mut attributes: HashMap<String, AttributeValue>) -> Value {
    let mut taken = |name: &str| attributes.remove(name).map_or(Value::Null, value);
    json!({
        "key": taken("pk"),
        "version": taken("version"),
        "count": taken("count"),
        "expiresAt": taken("expiresAtMs"),
        "body": taken("body"),
    })
}

fn value(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::N(number) => serde_json::from_str(&number).unwrap_or(Value::String(number)),
        AttributeValue::B(bytes) => Value::String(STANDARD.encode(bytes)),
        AttributeValue::BOOL(truth) => Value::Bool(truth),
        AttributeValue::NULL(_) => Value::Null,
        AttributeValue::SS(texts) | AttributeValue::NS(texts) => texts.into_iter().map(Value::String).collect(),
        AttributeValue::BS(all) => all.into_iter().map(|bytes| Value::String(STANDARD.encode(bytes))).collect(),
        AttributeValue::L(list) => list.into_iter().map(value).collect(),
        AttributeValue::M(map) => Value::Object(map.into_iter().map(|(name, attribute)| (name, value(attribute))).collect::<Map<_, _>>()),
    }
}
