//! What is put is what is read.

use super::{NOW, Timestamp, assert_broken, item, put, read_one};
use crate::ports::{Expect, Item, Key, Store, Write};
use serde_json::json;

pub(super) async fn reads_in_order_and_says_what_is_missing(store: &dyn Store) {
    store
        .write(&[put("ORDER#a", 1, Expect::Anything), put("ORDER#b", 2, Expect::Anything)])
        .await
        .unwrap();
    let keys = ["ORDER#b", "ORDER#none", "ORDER#a", "ORDER#b"].map(|key| Key(key.into()));
    let versions: Vec<_> = store
        .read(&keys)
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.map(|item| item.version))
        .collect();
    assert_eq!(versions, [Some(2), None, Some(1), Some(2)]);
    assert_eq!(store.read(&[]).await.unwrap(), []);
    assert_eq!(store.read(&keys[1..2]).await.unwrap(), [None]);
}

pub(super) async fn reads_and_writes_a_hundred(store: &dyn Store) {
    let writes: Vec<_> =
        (1..=100).map(|n| put(&format!("HUNDRED#{n}"), n, Expect::Absent(NOW))).collect();
    let keys: Vec<_> = (1..=100).map(|n| Key(format!("HUNDRED#{n}"))).collect();
    store.write(&writes).await.unwrap();
    let items = store.read(&keys).await.unwrap();
    assert_eq!(items.len(), 100);
    assert!(items.iter().zip(1..).all(|(item, n)| {
        item.as_ref().is_some_and(|item| item.version == n && item.body["version"] == n)
    }));
}

pub(super) async fn refuses_calls_outside_the_contract(store: &dyn Store) {
    let keys: Vec<_> = (0..101).map(|n| Key(format!("LIMITS#{n}"))).collect();
    let writes: Vec<_> =
        (0..101).map(|n| put(&format!("LIMITS#{n}"), 1, Expect::Anything)).collect();
    assert_broken(&store.read(&keys).await);
    assert_broken(&store.write(&writes).await);
    assert_broken(&store.write(&[]).await);
    assert_broken(
        &store
            .write(&[put("LIMITS#1", 1, Expect::Anything), put("LIMITS#1", 2, Expect::Anything)])
            .await,
    );
    assert_eq!(read_one(store, "LIMITS#1").await, None);
}

pub(super) async fn keeps_every_kind_of_json(store: &dyn Store) {
    let body = json!({
        "empty": "", "text": "Zo\u{eb} \u{1f980} \u{4f60}\u{597d} \"quoted\" \\ \n", "nothing": null, "yes": true, "no": false,
        "zero": 0, "negative": -7, "largest": 9_007_199_254_740_991_u64, "smallest": -9_007_199_254_740_991_i64,
        "float": 0.1, "tiny": -2.5e-7, "long": 123_456.789_012_345,
        "list": [1, "two", null, [true, [], {}], { "deep": [{ "deeper": "x" }] }], "empty list": [],
        "map": { "empty map": {}, "Ключ": { "a": { "b": { "c": { "d": "deep" } } } } },
    });
    let stored = item("JSON#1", 1, None, body);
    store.write(&[Write::Put { item: stored.clone(), expect: Expect::Absent(NOW) }]).await.unwrap();
    assert_eq!(read_one(store, "JSON#1").await.as_ref(), Some(&stored));
    // The same through a transaction and a batch, which are other requests.
    let twin = Item { key: Key("JSON#2".into()), ..stored.clone() };
    store
        .write(&[
            Write::Put { item: twin.clone(), expect: Expect::Anything },
            put("JSON#3", 1, Expect::Anything),
        ])
        .await
        .unwrap();
    assert_eq!(
        store.read(&[twin.key.clone(), stored.key.clone()]).await.unwrap(),
        [Some(twin), Some(stored)]
    );
    // DynamoDB has one type of number.
    let whole = item("JSON#4", 1, None, json!({ "whole": 2.0, "list": [{ "whole": -3.0 }] }));
    store.write(&[Write::Put { item: whole, expect: Expect::Anything }]).await.unwrap();
    assert_eq!(
        read_one(store, "JSON#4").await.unwrap().body,
        json!({ "whole": 2, "list": [{ "whole": -3 }] })
    );
}

pub(super) async fn keeps_versions_counts_and_milliseconds(store: &dyn Store) {
    for (n, expires_at) in [
        (1, None),
        (2, Some(Timestamp(0))),
        (3, Some(Timestamp(1_900_000_000_001))),
        (4, Some(Timestamp(4_102_444_800_999))),
    ] {
        let stored = Item {
            version: u64::from(u32::MAX) + n,
            count: 9_007_199_254_740_991,
            ..item(&format!("META#{n}"), 1, expires_at, json!({}))
        };
        store
            .write(&[Write::Put { item: stored.clone(), expect: Expect::Anything }])
            .await
            .unwrap();
        assert_eq!(read_one(store, &stored.key.0).await, Some(stored));
    }
}

/// security.md R-V6: names of attributes are the organisation's, and must not be read as
/// expressions.
pub(super) async fn treats_names_as_data(store: &dyn Store) {
    let body = json!({ "#n": 1, ":v": 2, "a.b": 3, "a[0]": 4, "size": 5, "pk": "other", "version": 99, "nonce": "x", "expiresAtMs": 0, "count": -1 });
    let stored = item("NAMES##k :v a.b", 1, None, body);
    store.write(&[Write::Put { item: stored.clone(), expect: Expect::Absent(NOW) }]).await.unwrap();
    let next = Item { version: 2, ..stored.clone() };
    store.write(&[Write::Put { item: next.clone(), expect: Expect::Version(1) }]).await.unwrap();
    assert_eq!(read_one(store, &stored.key.0).await, Some(next));
}
