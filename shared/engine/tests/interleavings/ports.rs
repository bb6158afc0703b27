//! Ports whose calls wait for their turn, and chance that does not depend on whose turn it was.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::ports::{
    Item, Key, Mail, MailError, Mailer, PasswordError, PasswordHash, Passwords, Random, Signer,
    SignerError, Store, StoreError, Verdict, Write,
};
use engine::testing::{CountingStore, MemoryStore};
use policy::secret::Secret;
use serde_json::Value;

use crate::interleavings::scheduler::{Scheduler, Touches};
use crate::stage::{PlainPasswords, TestClock};

/// What all calls wait for.
#[derive(Clone)]
pub struct Waits {
    scheduler: Arc<Scheduler>,
    clock: Arc<TestClock>,
    time_passes: Arc<AtomicBool>,
}

/// A port whose calls wait.
pub struct Scheduled<T> {
    inner: T,
    waits: Waits,
}

/// The store behind the stage's, which counts and waits for others on its own.
pub struct Plain(pub Arc<CountingStore<MemoryStore>>);

/// Unpredictable enough, and the same for each request whatever the others do: so that ids can be
/// compared.
pub struct Streams {
    scheduler: Arc<Scheduler>,
    drawn: Mutex<BTreeMap<Option<usize>, u64>>,
}

/// Says of hashes that begin with "old" that they should be made again.
pub struct AgeingPasswords;

impl Waits {
    pub fn new(scheduler: Arc<Scheduler>, clock: Arc<TestClock>) -> Self {
        Self { scheduler, clock, time_passes: Arc::default() }
    }

    pub fn around<T>(&self, inner: T) -> Scheduled<T> {
        Scheduled { inner, waits: self.clone() }
    }

    pub fn let_time_pass(&self) {
        self.time_passes.store(true, Ordering::SeqCst);
    }

    /// Waits; whether it is scheduled at all.
    async fn turn(
        &self,
        what: &'static str,
        reads: impl IntoIterator<Item = &Key>,
        writes: impl IntoIterator<Item = &Key>,
    ) -> bool {
        let names = |keys: &mut dyn Iterator<Item = &Key>| keys.map(|key| key.0.clone()).collect();
        let touches = Touches {
            what,
            reads: names(&mut reads.into_iter()),
            writes: names(&mut writes.into_iter()),
        };
        let scheduled = self.scheduler.turn(touches).await;
        if scheduled && self.time_passes.load(Ordering::SeqCst) {
            self.clock.0.fetch_add(1, Ordering::SeqCst);
        }
        scheduled
    }

    /// A call that touches nothing that others see.
    async fn turn_apart(&self, what: &'static str) {
        self.turn(what, [], []).await;
    }
}

#[async_trait]
impl<S: Store> Store for Scheduled<S> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.waits.turn("read", keys, []).await;
        self.inner.read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let scheduled = self.waits.turn("write", [], writes.iter().map(place)).await;
        let answer = self.inner.write(writes).await;
        if scheduled && let Err(StoreError::Refused(places)) = &answer {
            let refused: Vec<_> =
                places.iter().map(|index| place(&writes[*index]).0.as_str()).collect();
            self.waits.scheduler.ended(&format!(" → refused: {}", refused.join(" ")));
        }
        answer
    }
}

#[async_trait]
impl Store for Plain {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.0.inner().read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.0.inner().write(writes).await
    }
}

#[async_trait]
impl<M: Mailer> Mailer for Scheduled<Arc<M>> {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.waits.turn_apart("mail").await;
        self.inner.send(mail).await
    }

    async fn send_to_nobody(&self, mail: &Mail) -> Result<(), MailError> {
        self.waits.turn_apart("mail").await;
        self.inner.send_to_nobody(mail).await
    }
}

#[async_trait]
impl<P: Passwords> Passwords for Scheduled<P> {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        self.waits.turn_apart("hash").await;
        self.inner.hash(password).await
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        self.waits.turn_apart("verify").await;
        self.inner.verify(password, hash).await
    }
}

#[async_trait]
impl<S: Signer> Signer for Scheduled<S> {
    async fn sign(&self, typ: &str, claims: &Value) -> Result<String, SignerError> {
        self.waits.turn_apart("sign").await;
        self.inner.sign(typ, claims).await
    }

    async fn keys(&self) -> Result<Value, SignerError> {
        self.inner.keys().await
    }

    async fn verify(&self, typ: &str, token: &str) -> Result<Option<Value>, SignerError> {
        self.inner.verify(typ, token).await
    }
}

#[async_trait]
impl Passwords for AgeingPasswords {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        PlainPasswords.hash(password).await
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        let aged = hash.and_then(|hash| hash.phc.strip_prefix("old"));
        let young = aged.map(|phc| PasswordHash { phc: phc.into(), pepper: "1".into() });
        let verdict = PlainPasswords.verify(password, young.as_ref().or(hash)).await?;
        Ok(Verdict { outdated: aged.is_some(), ..verdict })
    }
}

impl Streams {
    pub fn new(scheduler: Arc<Scheduler>) -> Self {
        Self { scheduler, drawn: Mutex::default() }
    }

    /// The requests of the next run draw what those of the last one drew.
    pub fn begin_anew(&self) {
        self.drawn.lock().unwrap().retain(|request, _| request.is_none());
    }
}

impl Random for Streams {
    fn fill(&self, bytes: &mut [u8]) {
        let request = self.scheduler.running();
        let mut drawn = self.drawn.lock().unwrap();
        let count = drawn.entry(request).or_default();
        for byte in bytes {
            *count += 1;
            let stream = request.map_or(0, |request| request as u64 + 1);
            *byte =
                crate::interleavings::schedules::mixed((stream << 32) + *count).to_be_bytes()[0];
        }
    }
}

/// The key that a write names.
pub fn place(write: &Write) -> &Key {
    match write {
        Write::Put { item, .. } => &item.key,
        Write::Delete { key, .. } | Write::Check { key, .. } | Write::Count { key, .. } => key,
    }
}
