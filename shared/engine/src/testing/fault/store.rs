//! A store that fails on demand.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Fault, Faults, INJECTED, PortCall};
use crate::ports::{Item, Key, Store, StoreError, Write};

/// Passes calls on, unless they shall fail.
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: S,
    faults: Arc<Faults>,
    /// Writes that took effect without an answer.
    unanswered: Mutex<Vec<Vec<Write>>>,
}

impl<S> FaultStore<S> {
    /// A store whose calls count among those of `faults`.
    pub fn new(inner: S, faults: Arc<Faults>) -> Self {
        Self { inner, faults, unanswered: Mutex::default() }
    }

    /// The store behind.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn unanswered(&self) -> MutexGuard<'_, Vec<Vec<Write>>> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> FaultStore<S> {
    /// Writes, unless this very write has taken effect already and its writer was not told.
    async fn write_once(&self, writes: &[Write], answered: bool) -> Result<(), StoreError> {
        let known = self.unanswered().iter().position(|earlier| earlier == writes);
        match known {
            Some(index) if answered => drop(self.unanswered().remove(index)),
            Some(_) => {}
            None => {
                self.inner.write(writes).await?;
                if !answered {
                    self.unanswered().push(writes.to_vec());
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<S: Store> Store for FaultStore<S> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        match self.faults.next(PortCall::Read).await {
            None | Some(Fault::Refused(_)) => self.inner.read(keys).await,
            Some(Fault::Before | Fault::After) => Err(unavailable()),
            Some(Fault::Broken) => Err(broken()),
            Some(Fault::KilledBefore | Fault::KilledAfter) => pending().await,
        }
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        match self.faults.next(PortCall::Write(writes.len())).await {
            None => self.write_once(writes, true).await,
            Some(Fault::Before) => Err(unavailable()),
            Some(Fault::After) => self
                .write_once(writes, false)
                .await
                .and(Err(unavailable()))
                .map_err(|_| unavailable()),
            Some(Fault::Refused(index)) => {
                Err(StoreError::Refused(vec![index.min(writes.len().saturating_sub(1))]))
            }
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
    StoreError::Unavailable(INJECTED.into())
}

fn broken() -> StoreError {
    StoreError::Broken(INJECTED.into())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use serde_json::json;

    use super::*;
    use crate::ports::Expect;
    use crate::testing::{MemoryStore, block_on, contract};

    fn faulty() -> (Arc<Faults>, FaultStore<MemoryStore>) {
        let faults = Arc::<Faults>::default();
        (faults.clone(), FaultStore::new(MemoryStore::new(), faults))
    }

    fn put(version: u64, expect: Expect) -> [Write; 1] {
        [Write::Put { item: contract::item("TX#1", version, None, json!({})), expect }]
    }

    #[test]
    fn without_faults_it_is_the_store_behind() {
        block_on(contract::suite(&faulty().1));
    }

    #[test]
    fn f_05_before_does_nothing() {
        let (faults, store) = faulty();
        faults.fail(1, Fault::Before);
        let first = block_on(store.write(&put(1, Expect::Version(1))));
        assert!(matches!(first, Err(StoreError::Unavailable(_))));
        assert_eq!((faults.calls(), store.inner().dump().len()), (vec![PortCall::Write(1)], 0));
    }

    #[test]
    fn f_07_after_takes_effect_and_the_same_write_succeeds_once_more() {
        let now = policy::time::Timestamp(0);
        let (faults, store) = faulty();
        faults.fail(1, Fault::After);
        let lost = block_on(store.write(&put(1, Expect::Absent(now))));
        assert!(matches!(lost, Err(StoreError::Unavailable(_))));
        assert_eq!(store.inner().dump().len(), 1);
        block_on(store.write(&put(1, Expect::Absent(now)))).unwrap();
        // The answer was given: whoever writes the same now is somebody else.
        assert!(
            matches!(block_on(store.write(&put(1, Expect::Absent(now)))), Err(StoreError::Refused(places)) if places == [0])
        );
    }

    #[test]
    fn refusals_and_breakage_are_passed_on_and_healed() {
        let (faults, store) = faulty();
        faults.fail_from(1, Fault::Refused(7));
        assert!(
            matches!(block_on(store.write(&put(1, Expect::Anything))), Err(StoreError::Refused(places)) if places == [0])
        );
        assert!(block_on(store.read(&[Key("TX#1".into())])).is_ok());
        faults.fail_from(1, Fault::Broken);
        assert!(matches!(block_on(store.read(&[])), Err(StoreError::Broken(_))));
        faults.heal();
        block_on(store.write(&put(1, Expect::Anything))).unwrap();
    }

    #[test]
    fn f_27_killed_never_answers_and_nothing_comes_after_it() {
        let (faults, store) = faulty();
        let poll = || {
            let writes = put(1, Expect::Anything);
            pin!(store.write(&writes)).poll(&mut Context::from_waker(Waker::noop())).is_pending()
        };
        faults.fail(1, Fault::KilledBefore);
        assert!(poll() && poll() && store.inner().dump().is_empty());
        faults.restart();
        faults.fail(1, Fault::KilledAfter);
        assert!(poll() && poll() && store.inner().dump().len() == 1);
        faults.restart();
        assert!(!poll());
    }
}
