//! A store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use policy::time::Timestamp;
use serde_json::{Map, Value, json};

use super::touched::{note_read, note_write};
use crate::ports::{Expect, Item, Key, Store, StoreError, Write};

/// Keeps the contract of [`Store`] exactly, in a map behind one lock: the model that the real
/// adapter is compared with.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<Key, Item>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// All items, expired ones too, in the order of their keys.
    pub fn dump(&self) -> Vec<Item> {
        self.items().values().cloned().collect()
    }

    /// Puts everything back as it was when it was dumped.
    pub fn restore(&self, items: &[Item]) {
        *self.items() = items.iter().map(|item| (item.key.clone(), item.clone())).collect();
    }

    /// Deletes what has expired at `now`, as DynamoDB does some time later (security.md F-20,
    /// F-21).
    pub fn sweep(&self, now: Timestamp) {
        self.items().retain(|_, item| item.lives(now));
    }

    /// A test that failed while it held the lock must not hide behind a poisoned one.
    fn items(&self) -> MutexGuard<'_, BTreeMap<Key, Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        if keys.len() > 100 {
            return Err(StoreError::Broken("more than 100 keys in one read".into()));
        }
        keys.iter().for_each(note_read);
        let items = self.items();
        Ok(keys.iter().map(|key| items.get(key).cloned()).collect())
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let places: BTreeSet<&Key> = writes.iter().map(place).collect();
        if writes.is_empty() || writes.len() > 100 || places.len() < writes.len() {
            return Err(StoreError::Broken("a write needs 1 to 100 different keys".into()));
        }
        writes.iter().for_each(note_write);
        let mut items = self.items();
        let refused: Vec<usize> = writes
            .iter()
            .enumerate()
            .filter(|(_, write)| !holds(write, items.get(place(write))))
            .map(|(index, _)| index)
            .collect();
        if !refused.is_empty() {
            return Err(StoreError::Refused(refused));
        }
        for write in writes {
            apply(write, &mut items);
        }
        Ok(())
    }
}

/// The key that a write names.
pub(super) fn place(write: &Write) -> &Key {
    match write {
        Write::Put { item, .. } => &item.key,
        Write::Delete { key, .. } | Write::Check { key, .. } | Write::Count { key, .. } => key,
    }
}

fn holds(write: &Write, present: Option<&Item>) -> bool {
    match write {
        Write::Put { expect, .. } | Write::Delete { expect, .. } | Write::Check { expect, .. } => {
            match *expect {
                Expect::Absent(now) => present.is_none_or(|item| !item.lives(now)),
                Expect::Version(version) => present.is_some_and(|item| item.version == version),
                Expect::Anything => true,
            }
        }
        Write::Count { by, max, .. } => present
            .map_or(0, |item| item.count)
            .checked_add_signed(*by)
            .is_some_and(|count| count <= *max),
    }
}

fn apply(write: &Write, items: &mut BTreeMap<Key, Item>) {
    match write {
        Write::Put { item, .. } => {
            items.insert(item.key.clone(), Item { body: as_stored(&item.body), ..item.clone() });
        }
        Write::Delete { key, .. } => {
            items.remove(key);
        }
        Write::Check { .. } => {}
        Write::Count { key, by, expires_at, .. } => {
            let fresh = || Item {
                key: key.clone(),
                version: 0,
                expires_at: None,
                count: 0,
                body: json!({}),
            };
            let counter = items.entry(key.clone()).or_insert_with(fresh);
            counter.version += 1;
            if *by >= 0 {
                counter.expires_at = Some(*expires_at);
            }
            counter.count = counter.count.saturating_add_signed(*by);
        }
    }
}

/// DynamoDB has one type of number, so `2.0` comes back as `2`: a test that relies on the
/// difference must fail here already.
fn as_stored(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "whole and within 2^53, so the cast is exact"
            )]
            Some(float)
                if number.is_f64()
                    && float.fract() == 0.0
                    && float.abs() <= 9_007_199_254_740_992.0 =>
            {
                Value::from(float as i64)
            }
            _ => value.clone(),
        },
        Value::Array(values) => values.iter().map(as_stored).collect(),
        Value::Object(map) => Value::Object(
            map.iter().map(|(name, value)| (name.clone(), as_stored(value))).collect::<Map<_, _>>(),
        ),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::testing::{block_on, contract};

    #[test]
    fn keeps_the_contract() {
        block_on(contract::suite(&MemoryStore::new()));
    }

    #[test]
    fn keeps_the_cap_with_64_threads() {
        let store = MemoryStore::new();
        let ok = thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|_| {
                    scope.spawn(|| block_on(contract::count_up_to(&store, "LIMIT#threads", 5)))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .filter(|counted| *counted)
                .count()
        });
        assert_eq!((ok, store.dump()[0].count), (5, 5));
    }

    #[test]
    fn r_d5_sweep_deletes_only_what_has_expired() {
        let store = MemoryStore::new();
        let put = |id: &str, expires_at| Write::Put {
            item: contract::item(id, 1, expires_at, json!({})),
            expect: Expect::Anything,
        };
        block_on(store.write(&[
            put("TX#1", Some(Timestamp(10))),
            put("TX#2", Some(Timestamp(11))),
            put("TX#3", None),
        ]))
        .unwrap();
        store.sweep(Timestamp(10));
        let left: Vec<String> = store.dump().into_iter().map(|item| item.key.0).collect();
        assert_eq!(left, ["TX#2", "TX#3"]);
    }
}
