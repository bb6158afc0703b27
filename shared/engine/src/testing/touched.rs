//! What was done to stores in memory: which verb, on which kind of item.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::ports::{Key, Write};

/// `read`, `put`, `count`, `check` or `delete`, and the kind: what comes before the first `#` of a
/// key.
pub type Touch = (&'static str, String);

thread_local! {
    static TOUCHED: RefCell<BTreeSet<Touch>> = const { RefCell::new(BTreeSet::new()) };
}

/// What this thread has done to any [`MemoryStore`](super::MemoryStore) since it asked last.
pub fn touched() -> BTreeSet<Touch> {
    TOUCHED.take()
}

pub(super) fn note_read(key: &Key) {
    note("read", key);
}

pub(super) fn note_write(write: &Write) {
    match write {
        Write::Put { item, .. } => note("put", &item.key),
        Write::Delete { key, .. } => note("delete", key),
        Write::Check { key, .. } => note("check", key),
        Write::Count { key, .. } => note("count", key),
    }
}

fn note(verb: &'static str, key: &Key) {
    let kind = key.0.split('#').next().unwrap_or_default().to_owned();
    TOUCHED.with_borrow_mut(|touched| touched.insert((verb, kind)));
}
