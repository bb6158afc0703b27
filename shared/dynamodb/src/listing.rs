//! All items of one kind, by a scan of the table: for the local server's pages and for
//! administrators' commands, never in a decision. A scan reads the whole table, costs accordingly,
//! and is no snapshot.

use std::ops::ControlFlow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::{Item, StoreError};

use crate::failure::failure;
use crate::item::{self, PK};

/// All items with a key that begins with `kind` and `#`, expired ones too, in the order of their
/// keys.
///
/// # Errors
/// As [`Store::read`](engine::ports::Store::read).
pub async fn list(client: &Client, table: &str, kind: &str) -> Result<Vec<Item>, StoreError> {
    let mut items = Vec::new();
    pages(client, table, kind, |page, _| {
        items.extend(page);
        ControlFlow::Continue(())
    })
    .await?;
    items.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(items)
}

/// The same page by page, in no order: what a page has, and how many items of any kind were looked
/// at for it. Ends early where `see` breaks.
///
/// # Errors
/// As [`list`].
pub async fn pages(
    client: &Client,
    table: &str,
    kind: &str,
    mut see: impl FnMut(Vec<Item>, usize) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let scan = client
        .scan()
        .table_name(table)
        .consistent_read(true)
        .filter_expression("begins_with(#key, :kind)")
        .expression_attribute_names("#key", PK)
        .expression_attribute_values(":kind", AttributeValue::S(format!("{kind}#")));
    let mut pages = scan.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure(&error))?;
        let looked_at = usize::try_from(page.scanned_count).unwrap_or_default();
        let items = page
            .items
            .unwrap_or_default()
            .into_iter()
            .map(item::from_attributes)
            .collect::<Result<Vec<_>, _>>()?;
        if see(items, looked_at).is_break() {
            break;
        }
    }
    Ok(())
}
