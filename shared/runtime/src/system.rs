//! Time and chance, from the operating system.

use std::time::{SystemTime, UNIX_EPOCH};

use engine::ports::{Clock, Random};
use policy::time::Timestamp;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The kernel's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // Handles and codes that can be guessed are worse than no service: the instance ends
            // here and Lambda starts another.
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_milliseconds_and_does_not_stand_still() {
        let first = SystemClock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(
            first > Timestamp(1_700_000_000_000)
                && (2..10_000).contains(&(SystemClock.now() - first).0)
        );
    }

    #[test]
    fn random_bytes_differ() {
        let [mut first, mut second] = [[0; 32]; 2];
        SystemRandom.fill(&mut first);
        SystemRandom.fill(&mut second);
        assert_ne!(first, second);
    }
}
