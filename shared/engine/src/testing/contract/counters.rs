//! Counters: limits on attempts, sends and guesses (security.md R-O4, R-O6, R-R5, R-R6).

use serde_json::json;

use super::{NOW, Timestamp, assert_refused, put, read_one, write_patiently};
use crate::ports::{Expect, Item, Key, Store, Write};

const END: Timestamp = Timestamp(NOW.0 + 60_000);

/// Counts one, as the engine does: read whether the counter is live, count accordingly, and read again if that was overtaken. `false` if the
/// cap is reached.
pub async fn count_up_to(store: &dyn Store, key: &str, max: u64) -> bool {
    loop {
        let counter = read_one(store, key).await.filter(|item| item.expires_at.is_none_or(|end| end > NOW));
        if counter.as_ref().is_some_and(|item| item.count >= max) {
            return false;
        }
        if write_patiently(store, &[Write::Count { key: Key(key.into()), by: 1, max, now: NOW, expires_at: END, live: counter.is_some() }]).await {
            return true;
        }
    }
}

fn count(key: &str, by: i64, max: u64, live: bool) -> Write {
    Write::Count { key: Key(key.into()), by, max, now: NOW, expires_at: END, live }
}

async fn count_of(store: &dyn Store, key: &str) -> Option<u64> {
    read_one(store, key).await.map(|item| item.count)
}

pub(super) async fn starts_adds_and_stops_at_the_cap(store: &dyn Store) {
    store.write(&[count("COUNT#1", 2, 5, false)]).await.unwrap();
    let Item { expires_at, count: counted, body, .. } = read_one(store, "COUNT#1").await.unwrap();
    assert_eq!((expires_at, counted, body), (Some(END), 2, json!({})));
    // Counting does not prolong the window.
    let later = Write::Count { key: Key("COUNT#1".into()), by: 3, max: 5, now: NOW, expires_at: Timestamp(END.0 + 9), live: true };
    store.write(&[later]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#1", 1, 5, true)]).await, &[0]);
    assert_eq!(read_one(store, "COUNT#1").await.map(|item| (item.count, item.expires_at)), Some((5, Some(END))));
    store.write(&[count("COUNT#1", 1, 6, true)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#2", 6, 5, false)]).await, &[0]);
    assert_refused(&store.write(&[count("COUNT#1", 1, 0, true)]).await, &[0]);
    assert_refused(&store.write(&[count("COUNT#2", 1, 0, false)]).await, &[0]);
    assert_eq!((count_of(store, "COUNT#1").await, count_of(store, "COUNT#2").await), (Some(6), None));
}

pub(super) async fn live_must_be_what_was_read(store: &dyn Store) {
    assert_refused(&store.write(&[count("COUNT#3", 1, 5, true)]).await, &[0]);
    store.write(&[count("COUNT#3", 1, 5, false)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#3", 1, 5, false)]).await, &[0]);
    assert_eq!(count_of(store, "COUNT#3").await, Some(1));
}

pub(super) async fn a_window_ends_and_starts_anew(store: &dyn Store) {
    let at = |now, expires_at, live| [Write::Count { key: Key("COUNT#4".into()), by: 1, max: 1, now, expires_at, live }];
    let later = Timestamp(END.0 + 60_000);
    store.write(&at(NOW, END, false)).await.unwrap();
    assert_refused(&store.write(&at(Timestamp(END.0 - 1), later, false)).await, &[0]);
    assert_refused(&store.write(&at(END, later, true)).await, &[0]);
    store.write(&at(END, later, false)).await.unwrap();
    assert_eq!(read_one(store, "COUNT#4").await.map(|item| (item.count, item.expires_at)), Some((1, Some(later))));
}

pub(super) async fn takes_back_never_below_zero(store: &dyn Store) {
    store.write(&[count("COUNT#5", 3, 5, false)]).await.unwrap();
    store.write(&[count("COUNT#5", -1, 5, true)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#5", -3, 5, true)]).await, &[0]);
    store.write(&[count("COUNT#5", -2, 5, true)]).await.unwrap();
    assert_refused(&store.write(&[count("COUNT#5", -1, 5, true)]).await, &[0]);
    // A new counter has nothing to give back.
    store.write(&[count("COUNT#6", -1, 5, false)]).await.unwrap();
    assert_eq!((count_of(store, "COUNT#5").await, count_of(store, "COUNT#6").await), (Some(0), Some(0)));
}

pub(super) async fn counts_together_with_other_writes(store: &dyn Store) {
    store.write(&[count("COUNT#7", 1, 2, false), count("COUNT#8", 1, 9, false), put("COUNT#tx", 1, Expect::Anything)]).await.unwrap();
    let step = [count("COUNT#7", 1, 2, true), count("COUNT#8", 1, 9, true), put("COUNT#tx", 2, Expect::Anything)];
    store.write(&step).await.unwrap();
    // Two callers may well write the same; each of them counts.
    assert_refused(&store.write(&step).await, &[0]);
    assert_eq!((count_of(store, "COUNT#7").await, count_of(store, "COUNT#8").await), (Some(2), Some(2)));
    assert_refused(&store.write(&[count("COUNT#8", 1, 9, true), count("COUNT#7", 9, 2, false)]).await, &[1]);
    assert_eq!(count_of(store, "COUNT#8").await, Some(2));
}
