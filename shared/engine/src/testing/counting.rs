//! A store that counts what it costs.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use serde_json::Value;

use crate::ports::{Expect, Item, Key, Store, StoreError, Write};

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What was called.
    pub verb: Verb,
    /// How many items it named.
    pub items: usize,
    /// What DynamoDB charges for it, refused or not: read units of 4 KB (strongly consistent) or
    /// write units of 1 KB, twice in a transaction. A deletion counts as 1 KB, and so does an item
    /// that shrinks as the smaller one that it becomes.
    pub units: u64,
    /// It began while another call was under way: whoever waits for both waits for one round trip.
    pub joined: bool,
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
    under_way: AtomicUsize,
}

/// A call under way, until it is dropped.
struct UnderWay<'a>(&'a AtomicUsize);

impl<S> CountingStore<S> {
    /// Nothing counted yet.
    pub fn new(inner: S) -> Self {
        Self { inner, calls: Mutex::default(), under_way: AtomicUsize::new(0) }
    }

    /// The calls since the last time this was asked.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls())
    }

    /// The store behind.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Whether another call is under way, and this one from now on. Lets go once, so that calls
    /// that are made at once meet here.
    async fn begin(&self) -> (bool, UnderWay<'_>) {
        let joined = self.under_way.fetch_add(1, Ordering::SeqCst) > 0;
        let under_way = UnderWay(&self.under_way);
        let mut let_go = false;
        poll_fn(|context| {
            if let_go {
                return Poll::Ready(());
            }
            let_go = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        (joined, under_way)
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<S: Store> Store for CountingStore<S> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let (joined, _under_way) = self.begin().await;
        let answer = self.inner.read(keys).await;
        let found = answer.as_deref().unwrap_or_default();
        let units = found
            .iter()
            .map(|item| item.as_ref().map_or(1, |item| size(item).div_ceil(4_096)))
            .sum();
        self.calls().push(Call { verb: Verb::Read, items: keys.len(), units, joined });
        answer
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let (joined, _under_way) = self.begin().await;
        let units: u64 =
            writes
                .iter()
                .map(|write| {
                    if let Write::Put { item, .. } = write { size(item).div_ceil(1_024) } else { 1 }
                })
                .sum();
        let units = if in_transaction(writes) { 2 * units } else { units };
        self.calls().push(Call { verb: Verb::Write, items: writes.len(), units, joined });
        self.inner.write(writes).await
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A single write goes without a transaction where the item it leaves behind can tell who wrote it
/// (see `dynamodb`'s README).
fn in_transaction(writes: &[Write]) -> bool {
    match writes {
        [Write::Put { .. } | Write::Delete { expect: Expect::Anything, .. }] => false,
        [Write::Count { by, .. }] => *by < 0,
        _ => true,
    }
}

/// The size of an item as DynamoDB counts it: names and texts as they are, two digits to a byte,
/// three bytes for a list or map and one for each of its elements (Developer Guide, "DynamoDB item
/// sizes and formats"). The attributes are those of the `dynamodb` crate, which adds a nonce and
/// the end in seconds.
fn size(item: &Item) -> u64 {
    const NONCE: usize = 22;
    let end = item.expires_at.map_or(0, |end| {
        "expiresAtMs".len() + number(&end.0) + "expiresAt".len() + number(&end.seconds())
    });
    let fixed = ["pk", "version", "count", "body", "nonce"].map(str::len).iter().sum::<usize>();
    let bytes = fixed
        + item.key.0.len()
        + number(&item.version)
        + number(&item.count)
        + value(&item.body)
        + NONCE
        + end;
    bytes as u64
}

fn value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(one) => number(one),
        Value::String(text) => text.len(),
        Value::Array(values) => 3 + values.iter().map(|one| 1 + self::value(one)).sum::<usize>(),
        Value::Object(map) => {
            3 + map.iter().map(|(name, one)| 1 + name.len() + self::value(one)).sum::<usize>()
        }
    }
}

fn number(number: &impl ToString) -> usize {
    number.to_string().trim_end_matches('0').len().div_ceil(2) + 1
}

#[cfg(test)]
mod tests {
    use policy::time::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::testing::{MemoryStore, block_on, contract, join_all};

    #[test]
    fn counts_round_trips_and_units() {
        let store = CountingStore::new(MemoryStore::new());
        let put = |id: &str, body| Write::Put {
            item: contract::item(id, 1, None, body),
            expect: Expect::Anything,
        };
        let count =
            Write::Count { key: Key("LIMIT#1".into()), by: 1, max: 5, expires_at: Timestamp(9) };
        block_on(store.write(&[put("TX#1", json!({ "text": "x".repeat(5_000) }))])).unwrap();
        block_on(store.write(&[count])).unwrap();
        block_on(store.write(&[put("TX#2", json!({})), put("TX#3", json!({}))])).unwrap();
        block_on(store.read(&[Key("TX#1".into()), Key("TX#4".into())])).unwrap();
        let calls: Vec<_> =
            store.take().into_iter().map(|call| (call.verb, call.items, call.units)).collect();
        assert_eq!(
            calls,
            [(Verb::Write, 1, 5), (Verb::Write, 1, 1), (Verb::Write, 2, 4), (Verb::Read, 2, 3)]
        );
        assert!(store.take().is_empty());
    }

    #[test]
    fn calls_at_once_are_one_trip() {
        let store = CountingStore::new(MemoryStore::new());
        let key = Key("TX#1".into());
        let keys = std::slice::from_ref(&key);
        block_on(async {
            join_all([store.read(keys), store.read(keys)]).await;
            store.read(keys).await.unwrap();
        });
        let joined: Vec<_> = store.take().iter().map(|call| call.joined).collect();
        assert_eq!(joined, [false, true, false]);
    }

    #[test]
    fn sizes_are_those_of_the_developer_guide() {
        let item = contract::item(
            "TX#1",
            12,
            Some(Timestamp(1_700)),
            json!({"name": "Zoë", "list": [true, null], "n": 1_000}),
        );
        let fixed = 2 + 4 + 7 + 2 + 5 + 1 + 4 + 5 + 22 + (11 + 2) + (9 + 2);
        assert_eq!(size(&item), fixed + 3 + (1 + 4 + 4) + (1 + 4 + 3 + 2 + 2) + (1 + 1 + 2));
    }
}
