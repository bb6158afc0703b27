//! The contract, against the engine that is embedded in the local server.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use crate::common;

use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveStatus};
use common::{TABLE, embedded};
use dynamodb::{DynamoStore, create_table, listing};
use engine::ports::{Expect, Store, Write};
use engine::testing::contract;
use policy::time::Timestamp;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    contract::suite(&DynamoStore::new(embedded().await.1, TABLE)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_is_made_once_and_expires_by_the_attribute_that_items_carry() {
    let client = embedded().await.1;
    create_table(&client, TABLE).await.unwrap();
    let described = client
        .describe_time_to_live()
        .table_name(TABLE)
        .send()
        .await
        .unwrap()
        .time_to_live_description
        .unwrap();
    assert_eq!(described.time_to_live_status, Some(TimeToLiveStatus::Enabled));

    let store = DynamoStore::new(client.clone(), TABLE);
    let item = contract::item("TX#1", 1, Some(Timestamp(1_900_000_000_001)), json!({}));
    store.write(&[Write::Put { item, expect: Expect::Anything }]).await.unwrap();
    let raw = client
        .get_item()
        .table_name(TABLE)
        .key("pk", AttributeValue::S("TX#1".into()))
        .send()
        .await
        .unwrap()
        .item
        .unwrap();
    assert_eq!(
        raw.get(&described.attribute_name.unwrap()),
        Some(&AttributeValue::N("1900000001".into()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_one_kind_over_several_pages() {
    let client = embedded().await.1;
    let store = DynamoStore::new(client.clone(), TABLE);
    // Three times 400 KB is more than the megabyte that one page of a scan holds.
    for key in ["USER#3", "USER#1", "USER#2", "USERS#4", "TX#USER#5"] {
        let item =
            contract::item(key, 1, Some(Timestamp(1)), json!({ "text": "x".repeat(390_000) }));
        store.write(&[Write::Put { item, expect: Expect::Anything }]).await.unwrap();
    }
    let keys: Vec<_> = listing::list(&client, TABLE, "USER")
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.key.0)
        .collect();
    assert_eq!(keys, ["USER#1", "USER#2", "USER#3"]);
}
