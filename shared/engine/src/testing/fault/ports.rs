//! The other ports, failing on demand.

use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use policy::secret::Secret;
use serde_json::Value;

use super::{Fault, Faults, INJECTED, PortCall};
use crate::ports::{
    Mail, MailError, Mailer, PasswordError, PasswordHash, Passwords, Signer, SignerError, Verdict,
};

/// A mailer that fails on demand.
#[derive(Debug)]
pub struct FaultMailer<M> {
    inner: M,
    faults: Arc<Faults>,
}

/// A slow hash that fails on demand.
#[derive(Debug)]
pub struct FaultPasswords<P> {
    inner: P,
    faults: Arc<Faults>,
}

/// A signer that fails on demand.
#[derive(Debug)]
pub struct FaultSigner<S> {
    inner: S,
    faults: Arc<Faults>,
}

impl<M> FaultMailer<M> {
    /// A mailer whose calls count among those of `faults`.
    pub fn new(inner: M, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    async fn pass(
        &self,
        sent: impl Future<Output = Result<(), MailError>> + Send,
    ) -> Result<(), MailError> {
        match self.faults.next(PortCall::Send).await {
            None => sent.await,
            Some(Fault::Before | Fault::Broken) => Err(MailError::NotTaken(INJECTED.into())),
            Some(Fault::After) => {
                sent.await?;
                Err(MailError::Unavailable(INJECTED.into()))
            }
            Some(Fault::Refused(_)) => Err(MailError::Rejected),
            Some(Fault::KilledBefore) => pending().await,
            Some(Fault::KilledAfter) => {
                drop(sent.await);
                pending().await
            }
        }
    }
}

impl<P> FaultPasswords<P> {
    /// Passwords whose calls count among those of `faults`.
    pub fn new(inner: P, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    async fn pass(&self, call: PortCall) -> Result<(), PasswordError> {
        match self.faults.next(call).await {
            None | Some(Fault::Refused(_)) => Ok(()),
            Some(Fault::Before | Fault::After) => Err(PasswordError::Busy),
            Some(Fault::Broken) => Err(PasswordError::Broken(INJECTED.into())),
            Some(Fault::KilledBefore | Fault::KilledAfter) => pending().await,
        }
    }
}

impl<S> FaultSigner<S> {
    /// A signer whose calls count among those of `faults`.
    pub fn new(inner: S, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    async fn pass(&self, call: PortCall) -> Result<(), SignerError> {
        match self.faults.next(call).await {
            None | Some(Fault::Refused(_)) => Ok(()),
            Some(Fault::Before | Fault::After | Fault::Broken) => Err(SignerError(INJECTED.into())),
            Some(Fault::KilledBefore | Fault::KilledAfter) => pending().await,
        }
    }
}

#[async_trait]
impl<M: Mailer> Mailer for FaultMailer<M> {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.pass(self.inner.send(mail)).await
    }

    async fn send_to_nobody(&self, mail: &Mail) -> Result<(), MailError> {
        self.pass(self.inner.send_to_nobody(mail)).await
    }
}

#[async_trait]
impl<P: Passwords> Passwords for FaultPasswords<P> {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        self.pass(PortCall::Hash).await?;
        self.inner.hash(password).await
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        self.pass(PortCall::Verify).await?;
        self.inner.verify(password, hash).await
    }
}

#[async_trait]
impl<S: Signer> Signer for FaultSigner<S> {
    async fn sign(&self, typ: &str, claims: &Value) -> Result<String, SignerError> {
        self.pass(PortCall::Sign).await?;
        self.inner.sign(typ, claims).await
    }

    async fn keys(&self) -> Result<Value, SignerError> {
        self.pass(PortCall::Keys).await?;
        self.inner.keys().await
    }

    async fn verify(&self, typ: &str, token: &str) -> Result<Option<Value>, SignerError> {
        self.pass(PortCall::VerifyToken).await?;
        self.inner.verify(typ, token).await
    }
}
