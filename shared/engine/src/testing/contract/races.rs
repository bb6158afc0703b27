//! Many callers at once.

use serde_json::json;

use super::counters::count_up_to;
use super::{NOW, item, put, read_one, version_of, write_patiently};
use crate::ports::{Expect, Key, Store, Write};
use crate::testing::join_all;

const CALLERS: u64 = 64;

fn marker(key: &str, owner: u64) -> Write {
    Write::Put { item: item(key, 1, None, json!({ "owner": owner })), expect: Expect::Absent(NOW) }
}

pub(super) async fn one_marker_one_winner(store: &dyn Store) {
    let won =
        join_all((0..CALLERS).map(|owner| async move {
            write_patiently(store, &[marker("RACE#marker", owner)]).await
        }))
        .await;
    let winners: Vec<u64> =
        (0..CALLERS).zip(won).filter_map(|(owner, won)| won.then_some(owner)).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(read_one(store, "RACE#marker").await.unwrap().body["owner"], winners[0]);
    // Callers that write exactly the same are still different callers: one may act on its success.
    let same = join_all(
        (0..CALLERS)
            .map(|_| async move { write_patiently(store, &[marker("RACE#same", 0)]).await }),
    )
    .await;
    assert_eq!(same.into_iter().filter(|won| *won).count(), 1);
}

/// security.md R-D1, I1: the marker of an address and its user are one write.
pub(super) async fn one_user_per_marker(store: &dyn Store) {
    let register = |owner: u64| async move {
        let user = put(&format!("RACE#user{owner}"), 1, Expect::Absent(NOW));
        write_patiently(store, &[marker("RACE#address", owner), user]).await
    };
    let won = join_all((0..CALLERS).map(register)).await;
    let users: Vec<_> = (0..CALLERS).map(|owner| Key(format!("RACE#user{owner}"))).collect();
    let exist: Vec<bool> = store.read(&users).await.unwrap().iter().map(Option::is_some).collect();
    assert_eq!(won, exist);
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

pub(super) async fn one_step_per_version(store: &dyn Store) {
    store.write(&[put("RACE#tx", 1, Expect::Anything)]).await.unwrap();
    let step = |owner: u64| async move {
        let next = Write::Put {
            item: item("RACE#tx", 2, None, json!({ "step": owner })),
            expect: Expect::Version(1),
        };
        write_patiently(store, &[next]).await
    };
    let won = join_all((0..CALLERS).map(step)).await;
    assert_eq!(
        (won.into_iter().filter(|won| *won).count(), version_of(store, "RACE#tx").await),
        (1, Some(2))
    );
}

pub(super) async fn a_counter_that_exists_stops_at_exactly_its_cap(store: &dyn Store) {
    assert!(count_up_to(store, "RACE#limit", 7).await);
    let counted = join_all((0..CALLERS).map(|_| count_up_to(store, "RACE#limit", 7))).await;
    let count = read_one(store, "RACE#limit").await.unwrap().count;
    assert_eq!((counted.into_iter().filter(|counted| *counted).count(), count), (6, 7));
}

pub(super) async fn a_counter_that_does_not_exist_yet_stops_at_exactly_its_cap(store: &dyn Store) {
    let counted = join_all((0..CALLERS).map(|_| count_up_to(store, "RACE#fresh", 5))).await;
    let count = read_one(store, "RACE#fresh").await.unwrap().count;
    assert_eq!((counted.into_iter().filter(|counted| *counted).count(), count), (5, 5));
}
