//! An instance of the engine, with ports that fail.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use engine::Engine;
use engine::ports::{Mail, PasswordError, PasswordHash, Passwords, Verdict};
use engine::testing::{FaultMailer, FaultPasswords, FaultSigner, FaultStore, Faults, MemoryStore};
use policy::secret::Secret;

use crate::stage::{BASE, Mailbox, PlainPasswords, PlainSigner, TestClock, TestRandom};

/// Starts one.
pub fn start(
    store: &Arc<MemoryStore>,
    clock: &Arc<TestClock>,
    random: &Arc<TestRandom>,
    mailbox: &Arc<Mailbox>,
    faults: &Arc<Faults>,
) -> Engine {
    let key = |text: &str| Secret::new(text.repeat(8));
    let port = Arc::new(FaultStore::new(store.clone(), faults.clone()));
    Engine::new(BASE, port, clock.clone(), random.clone(), key("interact"))
        .with_mailer(
            Arc::new(FaultMailer::new(Posted(mailbox.clone()), faults.clone())),
            key("passcode"),
        )
        .with_passwords(Arc::new(FaultPasswords::new(Ageing, faults.clone())))
        .with_signer(Arc::new(FaultSigner::new(PlainSigner, faults.clone())))
}

/// The mailbox, which people look into.
struct Posted(Arc<Mailbox>);

#[async_trait]
impl engine::ports::Mailer for Posted {
    async fn send(&self, mail: &Mail) -> Result<(), engine::ports::MailError> {
        self.0.send(mail).await
    }

    async fn send_to_nobody(&self, mail: &Mail) -> Result<(), engine::ports::MailError> {
        self.0.send_to_nobody(mail).await
    }
}

/// Hashes whose pepper is not the current one should be made again.
struct Ageing;

#[async_trait]
impl Passwords for Ageing {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        PlainPasswords.hash(password).await
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        let verdict = PlainPasswords.verify(password, hash).await?;
        Ok(Verdict { outdated: hash.is_some_and(|hash| hash.pepper != "1"), ..verdict })
    }
}

/// Nothing here waits for anything: what does not end at once never ends, since its process died.
pub fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
