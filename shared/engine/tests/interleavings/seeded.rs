//! The tests can fail: stores that break their promise one way or another are caught, each by a
//! story of above.

use std::sync::Arc;

use async_trait::async_trait;
use engine::ports::{Expect, Item, Key, Store, StoreError, Write};
use serde_json::json;

use crate::interleavings::story::Story;
use crate::interleavings::world::{Act, World};
use crate::interleavings::{ADA, PASSWORD, another};
use crate::stage::demo;

/// How a store is spoilt.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Writes whatever version is there.
    NoVersions,
    /// Writes where something is already.
    NoAbsence,
    /// Counts without a limit.
    NoLimit,
    /// Writes one item after the other.
    NotAtOnce,
}

struct Spoilt {
    inner: Arc<dyn Store>,
    fault: Fault,
}

#[async_trait]
impl Store for Spoilt {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.inner.read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let spoilt: Vec<Write> = writes.iter().map(|write| self.fault.spoil(write)).collect();
        match self.fault {
            Fault::NotAtOnce => {
                for write in spoilt {
                    self.inner.write(&[write]).await?;
                }
                Ok(())
            }
            _ => self.inner.write(&spoilt).await,
        }
    }
}

impl Fault {
    fn spoil(self, write: &Write) -> Write {
        let mut write = write.clone();
        let expect = match &mut write {
            Write::Put { expect, .. }
            | Write::Delete { expect, .. }
            | Write::Check { expect, .. } => expect,
            Write::Count { max, .. } => {
                if matches!(self, Self::NoLimit) {
                    *max = u64::MAX;
                }
                return write;
            }
        };
        if matches!(
            (self, &expect),
            (Self::NoVersions, Expect::Version(_)) | (Self::NoAbsence, Expect::Absent(_))
        ) {
            *expect = Expect::Anything;
        }
        write
    }
}

/// What is wrong with a story over such a store.
fn caught(fault: Fault, story: impl Fn(&World) -> Vec<Act>) -> String {
    let world = World::with_store(&demo(), |inner| Arc::new(Spoilt { inner, fault }));
    let acts = story(&world);
    let wrong = Story::new(&world, acts).violation();
    let wrong = wrong.err().unwrap_or_else(|| panic!("{fault:?} is not noticed"));
    assert!(wrong.contains("REPLAY="), "{wrong}");
    wrong
}

fn sign_ups(world: &World) -> Vec<Act> {
    let passwords = [PASSWORD, "another password"];
    let sign_up = |password| {
        let mut browser = world.stage.browser("demo-spa");
        browser.sign_up(ADA, password);
        Act::code(&browser, &world.stage.code(ADA))
    };
    passwords.map(sign_up).to_vec()
}

fn code_and_cancel(world: &World) -> Vec<Act> {
    let mut browser = world.stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    vec![
        Act::code(&browser, &world.stage.code(ADA)),
        Act::step(&browser, "/idp/idx/cancel", json!({})),
    ]
}

/// Four wrong guesses were made; one is left.
fn guesses(world: &World) -> Vec<Act> {
    let mut browser = world.stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let mut wrong = another(&world.stage.code(ADA));
    for _ in 0..4 {
        browser.answer_code(&wrong);
        wrong = another(&wrong);
    }
    vec![Act::code(&browser, &wrong), Act::code(&browser, &another(&wrong))]
}

#[test]
fn a_store_that_ignores_versions_is_caught() {
    println!("{}", caught(Fault::NoVersions, code_and_cancel));
}

#[test]
fn a_store_that_overwrites_is_caught() {
    println!("{}", caught(Fault::NoAbsence, sign_ups));
}

#[test]
fn a_store_that_counts_on_is_caught() {
    assert!(caught(Fault::NoLimit, guesses).starts_with("I7"));
}

#[test]
fn a_store_that_writes_one_item_after_the_other_is_caught() {
    println!("{}", caught(Fault::NotAtOnce, sign_ups));
}

/// What is left out because it makes no difference does make none.
#[test]
fn the_reduced_search_finds_what_the_full_one_finds() {
    let world = World::new(&demo());
    let acts = code_and_cancel(&world);
    let mut story = Story::new(&world, acts);
    let (full, reduced) =
        (story.one_by_one(false, 100_000).unwrap(), story.one_by_one(true, 100_000).unwrap());
    assert!(full.all && reduced.all && reduced.schedules < full.schedules);
    assert!(
        full.outcomes.len() > 1
            && full.outcomes.iter().all(|outcome| reduced.outcomes.contains(outcome))
    );
    println!("{} schedules instead of {}", reduced.schedules, full.schedules);
}
