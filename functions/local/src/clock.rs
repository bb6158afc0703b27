//! A clock that tests can move.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use engine::ports::Clock;
use policy::time::{Span, Timestamp};

/// The system's clock plus what it was moved by. Only ever moved forward: time that runs back is a
/// fault, not a feature.
#[derive(Debug, Default)]
pub struct MovableClock {
    ahead_ms: AtomicU64,
}

impl MovableClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Span) {
        self.ahead_ms.fetch_add(by.0, Ordering::SeqCst);
    }

    /// By how much it was moved.
    pub fn ahead(&self) -> Span {
        Span(self.ahead_ms.load(Ordering::SeqCst))
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)) + self.ahead()
    }
}
