//! All items of one kind, by a scan of the table: for the local server's pages and for administrators' commands, never in a decision. A scan
//! reads the whole table, costs accordingly, and is no snapshot.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::{Item, StoreError};

use crate::failure::failure;
use crate::item::{self, PK};

/// All items whose key begins with `kind` and `#`, expired ones too, in the order of their keys.
///
/// # Errors
/// As [`Store::read`](engine::ports::Store::read).
pub async fn list(client: &Client, table: &str, kind: &str) -> Result<Vec<Item>, StoreError> {
    let scan = client
        .scan()
        .table_name(table)
        .consistent_read(true)
        .filter_expression("begins_with(#key, :kind)")
        .expression_attribute_names("#key", PK)
        .expression_attribute_values(":kind", AttributeValue::S(format!("{kind}#")));
    let mut pages = scan.into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(attributes) = pages.next().await {
        items.push(item::from_attributes(attributes.map_err(|error| failure(&error))?)?);
    }
    items.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(items)
}
