//! What random walks have found, as stories of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use engine::ports::{Item, Key, Store, StoreError, Write};
use engine::testing::{CountingStore, MemoryStore};
use serde_json::json;
use stage::{Browser, Stage};

const PASSWORD: &str = "correct horse battery";

#[test]
fn r_o4_five_attempts_per_code_whatever_the_clock_says() {
    let mut organisation = stage::demo();
    let limits = &mut organisation.settings.limits;
    (
        limits.mails_per_source_per_hour,
        limits.guesses_per_source_per_hour,
        limits.guesses_per_address_per_hour,
    ) = (9_999, 9_999, 9_999);
    let stage = Stage::with(&organisation);
    // Windows of budgets end at any time: sixty codes are out at moments all over the hour.
    for person in 0..60 {
        let address = format!("person{person}@example.com");
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(&address, PASSWORD);
        let wrong =
            format!("{:06}", (stage.code(&address).parse::<u32>().unwrap() + 1) % 1_000_000);
        for attempt in 1..=8 {
            let status = browser.answer_code(&wrong).status;
            assert_eq!(
                status,
                if attempt <= 5 { 401 } else { 429 },
                "attempt {attempt} of {address}"
            );
            stage.advance(36);
        }
        stage.advance(71);
    }
}

#[test]
fn r_o5_another_code_can_be_had_as_soon_as_the_cooldown_is_over() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up("ada@example.com", PASSWORD);
    for mails in [2, 3] {
        stage.advance(31);
        let sent = browser.step("/idp/idx/email/resend", json!({}));
        assert_eq!((sent.status, stage.mails().len()), (200, mails), "{}", sent.text);
        // The same request at once is the same request: the first answer may have been lost.
        let again = browser.step("/idp/idx/email/resend", json!({}));
        assert_eq!((again.status, stage.mails().len()), (200, mails), "{}", again.text);
    }
}

/// The stage's store, of which some writes fail.
struct Failing {
    inner: Arc<CountingStore<MemoryStore>>,
    how: fn(&[Write]) -> Option<StoreError>,
    failed: AtomicUsize,
}

#[async_trait]
impl Store for Failing {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.inner.read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        match (self.how)(writes) {
            Some(error) => {
                self.failed.fetch_add(1, Ordering::SeqCst);
                Err(error)
            }
            None => self.inner.write(writes).await,
        }
    }
}

/// Ada has signed up and types the right code, while the store fails. The status, how often it
/// failed, and how many people there are then.
fn right_code_while(how: fn(&[Write]) -> Option<StoreError>) -> (u16, usize, usize) {
    let mut stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up("ada@example.com", PASSWORD);
    let (handle, cookie) = (browser.handle.clone(), browser.cookie.clone());
    let failing =
        Arc::new(Failing { inner: stage.store.clone(), how, failed: AtomicUsize::new(0) });
    stage.engine = Stage::engine(failing.clone(), stage.clock.clone(), stage.mailbox.clone());
    let code = stage.code("ada@example.com");
    let mut browser = Browser { cookie, handle, ..stage.browser("demo-spa") };
    let status = browser.answer_code(&code).status;
    (status, failing.failed.load(Ordering::SeqCst), stage.items("USER").len())
}

#[test]
fn i12_f_03_a_guess_that_cannot_be_counted_is_not_evaluated() {
    let counts_fail = |writes: &[Write]| {
        let counts = writes.iter().all(|write| matches!(write, Write::Count { .. }));
        counts.then(|| StoreError::Unavailable("throttled".into()))
    };
    assert_eq!(right_code_while(counts_fail), (503, 1, 0));
}

#[test]
fn i14_whoever_is_overtaken_again_and_again_is_told_so_soon() {
    let always_overtaken = |writes: &[Write]| {
        let transaction = writes.iter().position(
            |write| matches!(write, Write::Put { item, .. } if item.key.0.starts_with("TX#")),
        );
        transaction.map(|place| StoreError::Refused(vec![place]))
    };
    let (status, tries, people) = right_code_while(always_overtaken);
    assert_eq!((status, people), (503, 0));
    assert!(tries <= 4, "{tries} tries");
}

#[test]
fn i12_f_02_a_commit_that_failed_is_not_said_to_be_done() {
    let nobody_is_made = |writes: &[Write]| {
        let makes_somebody = writes.iter().any(
            |write| matches!(write, Write::Put { item, .. } if item.key.0.starts_with("USER#")),
        );
        makes_somebody.then(|| StoreError::Unavailable("throttled".into()))
    };
    assert_eq!(right_code_while(nobody_is_made), (503, 1, 0));
}
