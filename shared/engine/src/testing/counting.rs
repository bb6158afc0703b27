//! A store that counts what it costs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::ports::{Expect, Item, Key, Store, StoreError, Write};

/// One call: one round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What was called.
    pub verb: Verb,
    /// How many items it named.
    pub items: usize,
    /// What DynamoDB charges for it, refused or not: read units of 4 KB (strongly consistent) or write units of 1 KB, twice in a transaction.
    /// Sizes are estimated by the JSON text; a deletion counts as 1 KB.
    pub units: u64,
}

/// The verbs of [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// [`Store::read`].
    Read,
    /// [`Store::write`].
    Write,
}

/// Notes every call and passes it on.
#[derive(Debug)]
pub struct CountingStore<S> {
    inner: S,
    calls: Mutex<Vec<Call>>,
}

impl<S> CountingStore<S> {
    /// Nothing counted yet.
    pub fn new(inner: S) -> Self {
        Self { inner, calls: Mutex::default() }
    }

    /// The calls since the last time this was asked.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls())
    }

    /// The store behind.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<S: Store> Store for CountingStore<S> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let answer = self.inner.read(keys).await;
        let found = answer.as_deref().unwrap_or_default();
        let units = found.iter().map(|item| item.as_ref().map_or(1, |item| size(item).div_ceil(4_096))).sum();
        self.calls().push(Call { verb: Verb::Read, items: keys.len(), units });
        answer
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let units: u64 = writes.iter().map(|write| if let Write::Put { item, .. } = write { size(item).div_ceil(1_024) } else { 1 }).sum();
        let units = if in_transaction(writes) { 2 * units } else { units };
        self.calls().push(Call { verb: Verb::Write, items: writes.len(), units });
        self.inner.write(writes).await
    }
}

/// A single write goes without a transaction where the item it leaves behind can tell who wrote it (see `dynamodb`'s README).
fn in_transaction(writes: &[Write]) -> bool {
    match writes {
        [Write::Put { .. } | Write::Delete { expect: Expect::Anything, .. }] => false,
        [Write::Count { by, .. }] => *by < 0,
        _ => true,
    }
}

fn size(item: &Item) -> u64 {
    serde_json::to_vec(item).map_or(0, |text| text.len() as u64)
}

#[cfg(test)]
mod tests {
    use policy::time::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::testing::{MemoryStore, block_on, contract};

    #[test]
    fn counts_round_trips_and_units() {
        let store = CountingStore::new(MemoryStore::new());
        let put = |id: &str, body| Write::Put { item: contract::item(id, 1, None, body), expect: Expect::Anything };
        let count = Write::Count { key: Key("LIMIT#1".into()), by: 1, max: 5, expires_at: Timestamp(9) };
        block_on(store.write(&[put("TX#1", json!({ "text": "x".repeat(5_000) }))])).unwrap();
        block_on(store.write(&[count])).unwrap();
        block_on(store.write(&[put("TX#2", json!({})), put("TX#3", json!({}))])).unwrap();
        block_on(store.read(&[Key("TX#1".into()), Key("TX#4".into())])).unwrap();
        let calls: Vec<_> = store.take().into_iter().map(|call| (call.verb, call.items, call.units)).collect();
        assert_eq!(calls, [(Verb::Write, 1, 5), (Verb::Write, 1, 1), (Verb::Write, 2, 4), (Verb::Read, 2, 3)]);
        assert!(store.take().is_empty());
    }
}
