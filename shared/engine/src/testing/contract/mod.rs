//! The contract of [`Store`] as a suite. Whoever implements the port runs it: the store in memory,
//! the embedded engine, Amazon's DynamoDB Local.

mod conditions;
mod counters;
mod items;
mod races;

use policy::time::Timestamp;
use serde_json::{Value, json};

pub use counters::count_up_to;

use crate::ports::{Expect, Item, Key, Store, StoreError, Write};

/// Runs every case; a store that breaks the contract makes it panic. The keys of all cases differ,
/// so one empty store is enough.
pub async fn suite(store: &dyn Store) {
    items::reads_in_order_and_says_what_is_missing(store).await;
    items::reads_and_writes_a_hundred(store).await;
    items::refuses_calls_outside_the_contract(store).await;
    items::keeps_every_kind_of_json(store).await;
    items::keeps_versions_counts_and_milliseconds(store).await;
    items::treats_names_as_data(store).await;
    conditions::put_expects(store).await;
    conditions::delete_expects(store).await;
    conditions::check_expects(store).await;
    conditions::expired_is_absent_but_still_read(store).await;
    conditions::all_or_nothing(store).await;
    counters::starts_adds_and_stops_at_the_cap(store).await;
    counters::takes_back_never_below_zero(store).await;
    counters::counting_nothing_asks(store).await;
    counters::counts_together_with_other_writes(store).await;
    races::one_marker_one_winner(store).await;
    races::one_user_per_marker(store).await;
    races::one_step_per_version(store).await;
    races::a_counter_that_exists_stops_at_exactly_its_cap(store).await;
    races::a_counter_that_does_not_exist_yet_stops_at_exactly_its_cap(store).await;
}

/// An item to put.
pub fn item(key: &str, version: u64, expires_at: Option<Timestamp>, body: Value) -> Item {
    Item { key: Key(key.into()), version, expires_at, count: 0, body }
}

const NOW: Timestamp = Timestamp(1_900_000_000_000);

fn put(key: &str, version: u64, expect: Expect) -> Write {
    Write::Put { item: item(key, version, None, json!({ "version": version })), expect }
}

fn delete(key: &str, expect: Expect) -> Write {
    Write::Delete { key: Key(key.into()), expect }
}

fn check(key: &str, expect: Expect) -> Write {
    Write::Check { key: Key(key.into()), expect }
}

async fn read_one(store: &dyn Store, key: &str) -> Option<Item> {
    store.read(&[Key(key.into())]).await.unwrap().remove(0)
}

async fn version_of(store: &dyn Store, key: &str) -> Option<u64> {
    read_one(store, key).await.map(|item| item.version)
}

/// Writes as a patient caller does: if the store is unavailable (transactions of DynamoDB collide
/// when they touch the same item at once), it repeats the same call. `false` if it was refused.
async fn write_patiently(store: &dyn Store, writes: &[Write]) -> bool {
    for _ in 0..200 {
        match store.write(writes).await {
            Ok(()) => return true,
            Err(StoreError::Refused(_)) => return false,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store stayed unavailable")
}

#[track_caller]
fn assert_refused(answer: &Result<(), StoreError>, places: &[usize]) {
    assert!(
        matches!(answer, Err(StoreError::Refused(refused)) if refused == places),
        "{answer:?}, expected a refusal of {places:?}"
    );
}

#[track_caller]
fn assert_broken<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Broken(_))), "{answer:?}");
}
