//! The call that wrote an item.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::{StoreError, Write};

use crate::failure::broken;
use crate::item::{Attributes, NONCE};

/// 128 random bits in hex: one call of `write`, with all its attempts. Fits into a
/// `ClientRequestToken` (36 characters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// A new one. Fails only if the system has no randomness.
    pub(crate) fn draw() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| broken("no randomness"))?;
        Ok(Self(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })))
    }

    /// As `ClientRequestToken`.
    pub(crate) fn token(&self) -> &str {
        &self.0
    }

    /// As attribute.
    pub(crate) fn value(&self) -> AttributeValue {
        AttributeValue::S(self.0.clone())
    }

    /// True if this call left the item behind.
    pub(crate) fn wrote(&self, item: Option<&Attributes>) -> bool {
        item.and_then(|attributes| attributes.get(NONCE))
            .is_some_and(|nonce| *nonce == self.value())
    }
}

/// A call and when it was first made.
pub(crate) struct Call {
    pub(crate) nonce: Nonce,
    since: Instant,
}

/// Calls that ended without an answer, so that the caller who repeats one is told the truth (F-06,
/// F-07).
#[derive(Default)]
pub(crate) struct Unanswered(Mutex<VecDeque<(Call, Vec<Write>)>>);

/// DynamoDB forgets a `ClientRequestToken` after 10 minutes; after that a repeated call must be a
/// new one.
const MEMORY: Duration = Duration::from_mins(9);
/// In an outage every call ends without an answer; the latest are the ones that get repeated.
const PLACES: usize = 64;

impl Unanswered {
    /// The call that wrote exactly this and had no answer, or else a new one. No other caller gets
    /// the same.
    pub(crate) fn take(&self, writes: &[Write]) -> Result<Call, StoreError> {
        let mut calls = self.calls();
        calls.retain(|(call, _)| call.since.elapsed() < MEMORY);
        let known = calls
            .iter()
            .position(|(_, earlier)| earlier == writes)
            .and_then(|place| calls.remove(place));
        known.map_or_else(
            || Ok(Call { nonce: Nonce::draw()?, since: Instant::now() }),
            |(call, _)| Ok(call),
        )
    }

    /// Keeps a call for the caller that repeats it.
    pub(crate) fn keep(&self, call: Call, writes: &[Write]) {
        let mut calls = self.calls();
        if calls.len() == PLACES {
            calls.pop_front();
        }
        calls.push_back((call, writes.to_vec()));
    }

    fn calls(&self) -> MutexGuard<'_, VecDeque<(Call, Vec<Write>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use engine::ports::{Expect, Key};

    use super::*;

    fn delete(key: &str) -> [Write; 1] {
        [Write::Delete { key: Key(key.into()), expect: Expect::Anything }]
    }

    #[test]
    fn one_repetition_gets_the_nonce_of_the_call_without_an_answer() {
        let unanswered = Unanswered::default();
        let first = unanswered.take(&delete("TX#1")).unwrap();
        let nonce = first.nonce.clone();
        unanswered.keep(first, &delete("TX#1"));
        assert_ne!(unanswered.take(&delete("TX#2")).unwrap().nonce, nonce);
        assert_eq!(unanswered.take(&delete("TX#1")).unwrap().nonce, nonce);
        assert_ne!(unanswered.take(&delete("TX#1")).unwrap().nonce, nonce);
    }

    #[test]
    fn r_d2_a_call_that_is_too_old_for_its_token_is_made_anew() {
        let unanswered = Unanswered::default();
        let Some(since) = Instant::now().checked_sub(MEMORY) else { return };
        let old = Call { nonce: Nonce::draw().unwrap(), since };
        let nonce = old.nonce.clone();
        unanswered.keep(old, &delete("TX#1"));
        assert_ne!(unanswered.take(&delete("TX#1")).unwrap().nonce, nonce);
    }

    #[test]
    fn memory_is_bounded() {
        let unanswered = Unanswered::default();
        for n in 0..=PLACES {
            let writes = delete(&format!("TX#{n}"));
            unanswered.keep(unanswered.take(&writes).unwrap(), &writes);
        }
        assert_eq!(unanswered.calls().len(), PLACES);
    }

    #[test]
    fn nonces_differ_and_fit() {
        let nonce = Nonce::draw().unwrap();
        assert_ne!(nonce, Nonce::draw().unwrap());
        assert_eq!(nonce.token().len(), 32);
    }
}
