//! Counters: limits on attempts, sends and guesses (security.md R-O4, R-O6, R-R5, R-R6).

use serde_json::json;

use super::{NOW, Timestamp, assert_refused, put, read_one, write_patiently};
use crate::ports::{Expect, Item, Key, Store, Write};

const END: Timestamp = Timestamp(NOW.0 + 60_000);

/// Counts one. `false` if the cap is reached.
pub async fn count_up_to(store: &dyn Store, key: &str, max: u64) -> bool {
    write_patiently(store, &[count(key, 1, max)]).await
}

fn count(key: &str, by: i64, max: u64) -> Write {
    Write::Count { key: Key(key.into()), by, max, expires_at: END }
}

async fn count_of(store: &dyn Store, key: &str) -> Option<u64> {
    read_one(store, key).await.map(|item| item.count)
}

pub(super) async fn starts_adds_and_stops_at_the_cap(store: &dyn Store) {
    store.write(&[count("COUNT#1", 2, 5)]).await.unwrap();
    let Item { expires_at, count: counted, body, .. } = read_one(store, "COUNT#1").await.unwrap();
    assert_eq!((expires_at, counted, body), (Some(END), 2, json!({})));
    // The last count says when it no longer matters; one that is refused says nothing.
    let later = Timestamp(END.0 + 9);
    store
        .write(&[Write::Count { key: Key("COUNT#1".into()), by: 3, max: 5, expires_at: later }])
        .await
        .unwrap();
    assert_refused(&store.write(&[count("COUNT#1", 1, 5)]).await, &[0]);
    assert_eq!(
        read_one(store, "COUNT#1").await.map(|item| (item.count, item.expires_at)),
        Some((5, Some(later)))
    );
    store.write(&[count("COUNT#1", 1, 6)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#2", 6, 5)]).await, &[0]);
    assert_refused(&store.write(&[count("COUNT#1", 1, 0)]).await, &[0]);
    assert_refused(&store.write(&[count("COUNT#2", 1, 0)]).await, &[0]);
    assert_eq!(
        (count_of(store, "COUNT#1").await, count_of(store, "COUNT#2").await),
        (Some(6), None)
    );
}

pub(super) async fn takes_back_never_below_zero(store: &dyn Store) {
    store.write(&[count("COUNT#5", 3, 5)]).await.unwrap();
    store
        .write(&[Write::Count {
            key: Key("COUNT#5".into()),
            by: -1,
            max: 5,
            expires_at: Timestamp(END.0 + 9),
        }])
        .await
        .unwrap();
    assert_eq!(
        read_one(store, "COUNT#5").await.map(|item| (item.count, item.expires_at)),
        Some((2, Some(END)))
    );
    assert_refused(&store.write(&[count("COUNT#5", -3, 5)]).await, &[0]);
    store.write(&[count("COUNT#5", -2, 5)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#5", -1, 5)]).await, &[0]);
    // Nothing can be taken back from a counter that is not there.
    assert_refused(&store.write(&[count("COUNT#6", -1, 5)]).await, &[0]);
    assert_eq!(
        (count_of(store, "COUNT#5").await, count_of(store, "COUNT#6").await),
        (Some(0), None)
    );
}

/// By nothing at all: whether the count is within the limit.
pub(super) async fn counting_nothing_asks(store: &dyn Store) {
    store.write(&[count("COUNT#9", 3, 5)]).await.unwrap();
    store.write(&[count("COUNT#9", 0, 3)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#9", 0, 2)]).await, &[0]);
    assert_eq!(count_of(store, "COUNT#9").await, Some(3));
}

pub(super) async fn counts_together_with_other_writes(store: &dyn Store) {
    let step = |version| {
        [count("COUNT#7", 1, 2), count("COUNT#8", 1, 9), put("COUNT#tx", version, Expect::Anything)]
    };
    store.write(&step(1)).await.unwrap();
    store.write(&step(2)).await.unwrap();
    // Two callers may well write the same; each of them counts.
    assert_refused(&store.write(&step(2)).await, &[0]);
    assert_eq!(
        (count_of(store, "COUNT#7").await, count_of(store, "COUNT#8").await),
        (Some(2), Some(2))
    );
    assert_refused(&store.write(&[count("COUNT#8", 1, 9), count("COUNT#7", 9, 2)]).await, &[1]);
    assert_eq!(count_of(store, "COUNT#8").await, Some(2));
}
