//! What tests of the engine and of the adapters share (cargo feature `testing`): a store in memory,
//! wrappers that fail and that count, the contract suite that every [`Store`] must pass, and just
//! enough of an executor to run it all without a runtime.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]
#![allow(
    clippy::must_use_candidate,
    reason = "nothing here is worth forgetting: a test that drops a result shows it"
)]

pub mod contract;
mod counting;
mod executor;
mod fault;
mod log;
mod memory;
mod touched;

use std::sync::Arc;

use async_trait::async_trait;

pub use counting::{Call, CountingStore, Verb};
pub use executor::{block_on, join_all};
pub use fault::{Fault, FaultMailer, FaultPasswords, FaultSigner, FaultStore, Faults, PortCall};
pub use log::{Collecting, ThreadLog};
pub use memory::MemoryStore;
pub use touched::{Touch, touched};

use crate::ports::{Item, Key, Store, StoreError, Write};

/// A test keeps one handle, to look at what happened, and gives the engine the other.
#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        (**self).read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        (**self).write(writes).await
    }
}
