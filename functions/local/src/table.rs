//! The whole table, for the people page and the test control: straight from the embedded engine, so
//! that it neither counts as a call of the functions nor suffers their faults.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::list_tables::ListTablesRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{AttributeValue, Database, DynoxideError};
use policy::time::Timestamp;
use policy::user::User;
use serde_json::{Map, Value, json};

use crate::functions::TABLE;

/// Every item, expired ones too, in the order of their keys: `{key, version, count, expiresAt,
/// body}`, the latter in milliseconds.
pub fn items(database: &Database) -> Result<Vec<Value>, String> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let request = ScanRequest {
            table_name: TABLE.into(),
            consistent_read: Some(true),
            exclusive_start_key: after.take(),
            ..ScanRequest::default()
        };
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

/// True if an account exists. A table that was not made yet has none.
pub fn has_accounts(database: &Database) -> Result<bool, String> {
    let tables =
        database.list_tables(ListTablesRequest::default()).map_err(|error| error.to_string())?;
    Ok(tables.table_names.iter().any(|name| name == TABLE)
        && items(database)?.iter().any(is_account))
}

/// Deletes what has expired at `now`: how many items. By the exact end, where the engine's own
/// sweep goes by its own clock.
pub fn sweep(database: &Database, now: Timestamp) -> Result<usize, String> {
    let expired = |item: &Value| {
        item.get("expiresAt").and_then(Value::as_u64).is_some_and(|end| end <= now.0)
    };
    let mut deleted = 0;
    for item in items(database)?.iter().filter(|item| expired(item)) {
        let request = DeleteItemRequest {
            table_name: TABLE.into(),
            key: HashMap::from([("pk".into(), AttributeValue::S(key(item).into()))]),
            // What was written anew since it was looked at stays.
            condition_expression: Some("expiresAtMs <= :now".into()),
            expression_attribute_values: Some(HashMap::from([(
                ":now".into(),
                AttributeValue::N(now.0.to_string()),
            )])),
            ..DeleteItemRequest::default()
        };
        match database.delete_item(request) {
            Ok(_) => deleted += 1,
            Err(DynoxideError::ConditionalCheckFailedException(..)) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(deleted)
}

/// All users who have an account.
pub fn users(database: &Database) -> Result<Vec<User>, String> {
    let bodies = items(database)?
        .into_iter()
        .filter(is_account)
        .filter_map(|mut item| Some(item.get_mut("body")?.take()));
    bodies
        .map(|body| {
            serde_json::from_value(body)
                .map_err(|_| "an account in the table cannot be read".into())
        })
        .collect()
}

fn is_account(item: &Value) -> bool {
    key(item).starts_with("USER#")
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
        AttributeValue::SS(texts) | AttributeValue::NS(texts) => {
            texts.into_iter().map(Value::String).collect()
        }
        AttributeValue::BS(all) => {
            all.into_iter().map(|bytes| Value::String(STANDARD.encode(bytes))).collect()
        }
        AttributeValue::L(list) => list.into_iter().map(value).collect(),
        AttributeValue::M(map) => Value::Object(
            map.into_iter()
                .map(|(name, attribute)| (name, value(attribute)))
                .collect::<Map<_, _>>(),
        ),
    }
}
