//! A store that fails on demand (security.md §3.2).

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::ports::{Item, Key, Store, StoreError, Write};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the caller is told so: [`StoreError::Unavailable`] (F-02, F-05).
    Before,
    /// The write takes effect but its answer is lost: [`StoreError::Unavailable`] (F-06, F-07). Repeating the same write once succeeds without
    /// doing it again, as the contract of [`Store`] promises. A read answers nothing.
    After,
    /// Somebody else was faster: [`StoreError::Refused`] with this place in the list of writes, or the last if it is shorter (F-10). A read
    /// cannot be refused and passes.
    Refused(usize),
    /// The store answers [`StoreError::Broken`], nothing happens (F-14, F-16).
    Broken,
    /// The process dies before the call: its future never ends and must be dropped (F-27).
    KilledBefore,
    /// The process dies after the call took effect: its future never ends and must be dropped (F-27).
    KilledAfter,
}

/// Counts calls and lets chosen ones fail.
///
/// A sweep runs a story once without faults, asks [`calls`](Self::calls) how many there were, and runs it again for each call and each
/// [`Fault`].
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: S,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: usize,
    planned: BTreeMap<usize, Fault>,
    always: Option<Fault>,
    /// Writes that took effect without an answer.
    unanswered: Vec<Vec<Write>>,
}

impl<S> FaultStore<S> {
    /// A store without faults yet.
    pub fn new(inner: S) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// The `nth` call from the beginning (the first is 1) will fail, once.
    pub fn fail(&self, nth: usize, fault: Fault) {
        self.state().planned.insert(nth, fault);
    }

    /// From now on every call fails.
    pub fn fail_always(&self, fault: Fault) {
        self.state().always = Some(fault);
    }

    /// From now on no call fails.
    pub fn heal(&self) {
        let mut state = self.state();
        state.planned.clear();
        state.always = None;
    }

    /// How many calls there have been, failed ones too.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// The store behind.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut state = self.state();
        state.calls += 1;
        let nth = state.calls;
        state.planned.remove(&nth).or(state.always)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> FaultStore<S> {
    /// Writes, unless this very write has taken effect already and its writer was not told.
    async fn write_once(&self, writes: &[Write], answered: bool) -> Result<(), StoreError> {
        let known = self.state().unanswered.iter().position(|earlier| earlier == writes);
        match known {
            Some(index) if answered => drop(self.state().unanswered.remove(index)),
            Some(_) => {}
            None => {
                self.inner.write(writes).await?;
                if !answered {
                    self.state().unanswered.push(writes.to_vec());
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<S: Store> Store for FaultStore<S> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        match self.next_fault() {
            None | Some(Fault::Refused(_)) => self.inner.read(keys).await,
            Some(Fault::Before | Fault::After) => Err(unavailable()),
            Some(Fault::Broken) => Err(broken()),
            Some(Fault::KilledBefore | Fault::KilledAfter) => pending().await,
        }
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        match self.next_fault() {
            None => self.write_once(writes, true).await,
            Some(Fault::Before) => Err(unavailable()),
            Some(Fault::After) => self.write_once(writes, false).await.and(Err(unavailable())).map_err(|_| unavailable()),
            Some(Fault::Refused(index)) => Err(StoreError::Refused(vec![index.min(writes.len().saturating_sub(1))])),
            Some(Fault::Broken) => Err(broken()),
            Some(Fault::KilledBefore) => pending().await,
            Some(Fault::KilledAfter) => {
                drop(self.inner.write(writes).await);
                pending().await
            }
        }
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("an injected fault".into())
}

fn broken() -> StoreError {
    StoreError::Broken("an injected fault".into())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use serde_json::json;

    use super::*;
    use crate::ports::Expect;
    use crate::testing::{MemoryStore, block_on, contract};

    fn put(version: u64, expect: Expect) -> [Write; 1] {
        [Write::Put { item: contract::item("TX#1", version, None, json!({})), expect }]
    }

    #[test]
    fn without_faults_it_is_the_store_behind() {
        block_on(contract::suite(&FaultStore::new(MemoryStore::new())));
    }

    #[test]
    fn f_05_before_does_nothing() {
        let store = FaultStore::new(MemoryStore::new());
        store.fail(1, Fault::Before);
        let first = block_on(store.write(&put(1, Expect::Version(1))));
        assert!(matches!(first, Err(StoreError::Unavailable(_))));
        assert_eq!((store.calls(), store.inner().dump().len()), (1, 0));
    }

    #[test]
    fn f_07_after_takes_effect_and_the_same_write_succeeds_once_more() {
        let now = policy::time::Timestamp(0);
        let store = FaultStore::new(MemoryStore::new());
        store.fail(1, Fault::After);
        let lost = block_on(store.write(&put(1, Expect::Absent(now))));
        assert!(matches!(lost, Err(StoreError::Unavailable(_))));
        assert_eq!(store.inner().dump().len(), 1);
        block_on(store.write(&put(1, Expect::Absent(now)))).unwrap();
        // The answer was given: whoever writes the same now is somebody else.
        assert!(matches!(block_on(store.write(&put(1, Expect::Absent(now)))), Err(StoreError::Refused(places)) if places == [0]));
    }

    #[test]
    fn refusals_and_breakage_are_passed_on_and_healed() {
        let store = FaultStore::new(MemoryStore::new());
        store.fail_always(Fault::Refused(7));
        assert!(matches!(block_on(store.write(&put(1, Expect::Anything))), Err(StoreError::Refused(places)) if places == [0]));
        assert!(block_on(store.read(&[Key("TX#1".into())])).is_ok());
        store.fail_always(Fault::Broken);
        assert!(matches!(block_on(store.read(&[])), Err(StoreError::Broken(_))));
        store.heal();
        block_on(store.write(&put(1, Expect::Anything))).unwrap();
    }

    #[test]
    fn f_27_killed_never_answers() {
        let poll = |store: &FaultStore<MemoryStore>| {
            let writes = put(1, Expect::Anything);
            pin!(store.write(&writes)).poll(&mut Context::from_waker(Waker::noop())).is_pending()
        };
        let store = FaultStore::new(MemoryStore::new());
        store.fail(1, Fault::KilledBefore);
        store.fail(2, Fault::KilledAfter);
        assert!(poll(&store) && store.inner().dump().is_empty());
        assert!(poll(&store) && store.inner().dump().len() == 1);
    }
}
