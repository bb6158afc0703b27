//! What a write expects.

use serde_json::json;

use super::{NOW, Timestamp, assert_refused, check, delete, item, put, read_one, version_of};
use crate::ports::{Expect, Key, Store, Write};

pub(super) async fn put_expects(store: &dyn Store) {
    assert_refused(&store.write(&[put("PUT#1", 2, Expect::Version(1))]).await, &[0]);
    assert_eq!(read_one(store, "PUT#1").await, None);
    store.write(&[put("PUT#1", 1, Expect::Absent(NOW))]).await.unwrap();
    assert_refused(&store.write(&[put("PUT#1", 9, Expect::Absent(NOW))]).await, &[0]);
    assert_refused(&store.write(&[put("PUT#1", 9, Expect::Version(2))]).await, &[0]);
    assert_eq!(version_of(store, "PUT#1").await, Some(1));
    store.write(&[put("PUT#1", 2, Expect::Version(1))]).await.unwrap();
    assert_refused(&store.write(&[put("PUT#1", 2, Expect::Version(1))]).await, &[0]);
    store.write(&[put("PUT#1", 7, Expect::Anything)]).await.unwrap();
    store.write(&[put("PUT#2", 8, Expect::Anything)]).await.unwrap();
    assert_eq!(
        (version_of(store, "PUT#1").await, version_of(store, "PUT#2").await),
        (Some(7), Some(8))
    );
    // A put replaces the whole item.
    let narrow = item("PUT#1", 8, Some(NOW), json!({ "only": "this" }));
    store.write(&[Write::Put { item: narrow.clone(), expect: Expect::Version(7) }]).await.unwrap();
    assert_eq!(read_one(store, "PUT#1").await, Some(narrow));
}

pub(super) async fn delete_expects(store: &dyn Store) {
    assert_refused(&store.write(&[delete("DELETE#1", Expect::Version(1))]).await, &[0]);
    store.write(&[delete("DELETE#1", Expect::Anything)]).await.unwrap();
    store.write(&[delete("DELETE#1", Expect::Absent(NOW))]).await.unwrap();
    store.write(&[put("DELETE#1", 1, Expect::Anything)]).await.unwrap();
    assert_refused(&store.write(&[delete("DELETE#1", Expect::Absent(NOW))]).await, &[0]);
    assert_refused(&store.write(&[delete("DELETE#1", Expect::Version(2))]).await, &[0]);
    assert_eq!(version_of(store, "DELETE#1").await, Some(1));
    store.write(&[delete("DELETE#1", Expect::Version(1))]).await.unwrap();
    assert_eq!(read_one(store, "DELETE#1").await, None);
    // One deletion, one success: who comes second is refused, also with the very same call (a grant
    // is consumed once, R-O3).
    assert_refused(&store.write(&[delete("DELETE#1", Expect::Version(1))]).await, &[0]);
    store
        .write(&[put("DELETE#1", 1, Expect::Anything), put("DELETE#2", 1, Expect::Anything)])
        .await
        .unwrap();
    let both = [delete("DELETE#1", Expect::Version(1)), delete("DELETE#2", Expect::Anything)];
    store.write(&both).await.unwrap();
    assert_refused(&store.write(&both).await, &[0]);
}

pub(super) async fn check_expects(store: &dyn Store) {
    assert_refused(&store.write(&[check("CHECK#1", Expect::Version(1))]).await, &[0]);
    store.write(&[check("CHECK#1", Expect::Absent(NOW))]).await.unwrap();
    store.write(&[check("CHECK#1", Expect::Anything)]).await.unwrap();
    assert_eq!(read_one(store, "CHECK#1").await, None);
    store.write(&[put("CHECK#1", 1, Expect::Anything)]).await.unwrap();
    assert_refused(
        &store
            .write(&[put("CHECK#2", 1, Expect::Anything), check("CHECK#1", Expect::Version(2))])
            .await,
        &[1],
    );
    assert_refused(
        &store
            .write(&[check("CHECK#1", Expect::Absent(NOW)), put("CHECK#2", 1, Expect::Anything)])
            .await,
        &[0],
    );
    assert_eq!(read_one(store, "CHECK#2").await, None);
    store
        .write(&[
            check("CHECK#1", Expect::Version(1)),
            put("CHECK#2", 1, Expect::Anything),
            check("CHECK#3", Expect::Anything),
        ])
        .await
        .unwrap();
    assert_eq!(
        (version_of(store, "CHECK#1").await, version_of(store, "CHECK#2").await),
        (Some(1), Some(1))
    );
}

/// security.md R-D5, F-20: DynamoDB deletes expired items days late.
pub(super) async fn expired_is_absent_but_still_read(store: &dyn Store) {
    let end = Timestamp(NOW.0 + 1);
    let ends = |key: &str, expect| Write::Put { item: item(key, 1, Some(end), json!({})), expect };
    store.write(&[ends("EXPIRY#1", Expect::Absent(NOW))]).await.unwrap();
    assert_refused(&store.write(&[put("EXPIRY#1", 2, Expect::Absent(NOW))]).await, &[0]);
    assert_refused(&store.write(&[check("EXPIRY#1", Expect::Absent(NOW))]).await, &[0]);
    store.write(&[check("EXPIRY#1", Expect::Absent(end))]).await.unwrap();
    assert_eq!(read_one(store, "EXPIRY#1").await.and_then(|item| item.expires_at), Some(end));
    // A version is a version, expired or not: whoever names one has read the item and knows its
    // end.
    store
        .write(&[Write::Check { key: Key("EXPIRY#1".into()), expect: Expect::Version(1) }])
        .await
        .unwrap();
    store.write(&[put("EXPIRY#1", 5, Expect::Absent(end))]).await.unwrap();
    // What has no end never counts as absent.
    assert_refused(
        &store
            .write(&[put("EXPIRY#1", 6, Expect::Absent(Timestamp(u64::from(u32::MAX) * 1_000)))])
            .await,
        &[0],
    );
    assert_eq!(version_of(store, "EXPIRY#1").await, Some(5));
    store.write(&[ends("EXPIRY#2", Expect::Anything)]).await.unwrap();
    store.write(&[delete("EXPIRY#2", Expect::Absent(end))]).await.unwrap();
    assert_eq!(read_one(store, "EXPIRY#2").await, None);
}

pub(super) async fn all_or_nothing(store: &dyn Store) {
    store
        .write(&[put("ALL#taken", 3, Expect::Anything), put("ALL#gone", 1, Expect::Anything)])
        .await
        .unwrap();
    let counter = Write::Count {
        key: Key("ALL#limit".into()),
        by: 1,
        max: 0,
        expires_at: Timestamp(NOW.0 + 1_000),
    };
    let refused = store
        .write(&[
            put("ALL#new", 1, Expect::Absent(NOW)),
            put("ALL#taken", 1, Expect::Absent(NOW)),
            delete("ALL#gone", Expect::Version(1)),
            check("ALL#none", Expect::Version(1)),
            counter,
            put("ALL#taken2", 1, Expect::Anything),
        ])
        .await;
    assert_refused(&refused, &[1, 3, 4]);
    let versions = [
        version_of(store, "ALL#new").await,
        version_of(store, "ALL#taken").await,
        version_of(store, "ALL#gone").await,
    ];
    assert_eq!((versions, version_of(store, "ALL#taken2").await), ([None, Some(3), Some(1)], None));
}
