//! The [`Signer`] port: RS256 tokens (RFC 7515, RFC 7518 §3.3) signed by AWS KMS.
//!
//! The private key never leaves KMS (security.md R-T5). A rotation is a second key in front of the
//! first: the first one signs, all of them are published and verify.

mod public_key;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use engine::ports::{Signer, SignerError};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::public_key::PublicKey;

pub use aws_sdk_kms::Client;

/// Signs tokens with KMS.
pub struct KmsSigner {
    client: Client,
    key_ids: Vec<String>,
    /// The public keys in the order of `key_ids`, once they have been read; a key's public half
    /// never changes.
    keys: Mutex<Option<Arc<[PublicKey]>>>,
}

impl KmsSigner {
    /// Signs with the first of these keys (ids or ARNs of RSA keys for `SIGN_VERIFY`); publishes
    /// and verifies with all of them.
    #[must_use]
    pub fn new(client: Client, key_ids: Vec<String>) -> Self {
        Self { client, key_ids, keys: Mutex::new(None) }
    }

    /// The public keys; asks KMS once per instance. A failure is not remembered.
    async fn public_keys(&self) -> Result<Arc<[PublicKey]>, SignerError> {
        if let Some(keys) = &*self.keys.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(keys));
        }
        let mut keys = Vec::with_capacity(self.key_ids.len());
        for key_id in &self.key_ids {
            keys.push(self.public_key(key_id).await?);
        }
        let keys: Arc<[PublicKey]> = keys.into();
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }

    async fn public_key(&self, key_id: &str) -> Result<PublicKey, SignerError> {
        let answer = self
            .client
            .get_public_key()
            .key_id(key_id)
            .send()
            .await
            .map_err(|error| failure("GetPublicKey", &error))?;
        if !answer.signing_algorithms().contains(&SigningAlgorithmSpec::RsassaPkcs1V15Sha256) {
            return Err(SignerError(format!("{key_id} is not a key for RS256")));
        }
        let der = answer.public_key().map(Blob::as_ref).unwrap_or_default();
        PublicKey::from_der(der)
            .ok_or_else(|| SignerError(format!("the public key of {key_id} is not an RSA key")))
    }
}

/// RFC 7515 §4.1: what the signature says about itself.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

#[async_trait]
impl Signer for KmsSigner {
    async fn sign(&self, typ: &str, claims: &Value) -> Result<String, SignerError> {
        let keys = self.public_keys().await?;
        let (Some(key_id), Some(key)) = (self.key_ids.first(), keys.first()) else {
            return Err(SignerError("there is no signing key".into()));
        };
        let header = serde_json::to_vec(&Header { alg: "RS256", typ, kid: &key.kid })
            .map_err(|error| SignerError(error.to_string()))?;
        let encoded = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let message = format!("{}.{}", encoded(&header), encoded(claims.to_string().as_bytes()));
        let answer = self
            .client
            .sign()
            .key_id(key_id)
            .message(Blob::new(Sha256::digest(&message).to_vec()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256)
            .send()
            .await
            .map_err(|error| failure("Sign", &error))?;
        // As long as the modulus (RFC 8017 §8.2.1): never a token that is not signed (security.md
        // F-35).
        let signature =
            answer.signature().filter(|signature| signature.as_ref().len() == key.modulus.len());
        let signature =
            signature.ok_or_else(|| SignerError("Sign answered without a signature".into()))?;
        Ok(format!("{message}.{}", encoded(signature.as_ref())))
    }

    async fn keys(&self) -> Result<Value, SignerError> {
        let keys = self.public_keys().await?;
        Ok(json!({ "keys": keys.iter().map(PublicKey::jwk).collect::<Vec<_>>() }))
    }

    async fn verify(&self, typ: &str, token: &str) -> Result<Option<Value>, SignerError> {
        let keys = self.public_keys().await?;
        Ok(verified(&keys, typ, token))
    }
}

/// The claims of a token of this type that one of these keys signed.
///
/// The header only chooses among our keys: the algorithm is ours, and keys or addresses of keys in
/// it (`jwk`, `jku`, `x5u`) are never looked at (security.md R-T4). The library validates no
/// claims, so that a number written as text cannot slip past it (CVE-2026-25537): the caller gets
/// the claims as they are.
fn verified(keys: &[PublicKey], typ: &str, token: &str) -> Option<Value> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.alg != Algorithm::RS256 || header.typ.as_deref() != Some(typ) {
        return None;
    }
    let key = keys.iter().find(|key| header.kid.as_ref() == Some(&key.kid))?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_rsa_raw_components(&key.modulus, &key.exponent);
    Some(jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims)
        .filter(Value::is_object)
}

/// KMS's error code, without its message: that one names account and key.
fn failure<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> SignerError {
    let code = match error {
        SdkError::ServiceError(error) => error.err().code().unwrap_or("error without a code"),
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ConstructionFailure(_) => "request could not be built",
        _ => "unreadable answer",
    };
    tracing::warn!(operation, code, "KMS failed");
    SignerError(format!("{operation}: {code}"))
}

#[cfg(test)]
mod tests;
