//! KMS, `Sign` and `GetPublicKey`, for one RSA key that is made at the first start.

use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::sha2::{Digest as _, Sha256};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{REGION, ok, text};
use crate::StartError;
use crate::data::Data;
use crate::fault::error;

const FILE: &str = "signing-key.pem";
const ALGORITHM: &str = "RSASSA_PKCS1_V1_5_SHA_256";
const BITS: usize = 2048;

/// The key that signs tokens.
#[derive(Debug)]
pub struct SigningKey {
    key: RsaPrivateKey,
    public_der: Vec<u8>,
    id: String,
}

/// Without a data folder a process needs a key all the same; making one is the slow part of a start, so all servers of a process share it.
static IN_MEMORY: OnceCell<Arc<SigningKey>> = OnceCell::const_new();

impl SigningKey {
    /// The key of the data folder, made at the first start.
    pub async fn open(data: &Arc<Data>) -> Result<Arc<Self>, StartError> {
        if data.path(FILE).is_none() {
            return IN_MEMORY.get_or_try_init(|| in_background(None)).await.cloned();
        }
        in_background(Some(data.clone())).await
    }

    /// Its ARN. Follows from the key, because clients keep a public key for a day under the id they saw it with.
    pub fn arn(&self) -> String {
        format!("arn:aws:kms:{REGION}:000000000000:key/{}", self.id)
    }

    /// `Sign`.
    pub async fn sign(self: &Arc<Self>, input: &Value) -> Response {
        if let Some(error) = self.not_ours(input) {
            return error;
        }
        if text(input, "SigningAlgorithm") != Some(ALGORITHM) {
            return error(StatusCode::BAD_REQUEST, "ValidationException", "only RSASSA_PKCS1_V1_5_SHA_256 is supported here");
        }
        let Some(message) = text(input, "Message").and_then(|message| STANDARD.decode(message).ok()) else {
            return error(StatusCode::BAD_REQUEST, "ValidationException", "Message is expected in base64");
        };
        let digest = match text(input, "MessageType") {
            Some("DIGEST") if message.len() == 32 => message,
            Some("DIGEST") => return error(StatusCode::BAD_REQUEST, "ValidationException", "a SHA-256 digest has 32 bytes"),
            _ => Sha256::digest(&message).to_vec(),
        };
        let this = self.clone();
        let signature =
            tokio::task::spawn_blocking(move || this.key.sign_with_rng(&mut rsa::rand_core::OsRng, Pkcs1v15Sign::new::<Sha256>(), &digest));
        match signature.await {
            Ok(Ok(signature)) => ok(&json!({ "KeyId": self.arn(), "Signature": STANDARD.encode(signature), "SigningAlgorithm": ALGORITHM })),
            _ => error(StatusCode::INTERNAL_SERVER_ERROR, "KMSInternalException", "the key could not sign"),
        }
    }

    /// `GetPublicKey`.
    pub fn public_key(&self, input: &Value) -> Response {
        self.not_ours(input).unwrap_or_else(|| {
            ok(&json!({
                "KeyId": self.arn(),
                "PublicKey": STANDARD.encode(&self.public_der),
                "CustomerMasterKeySpec": "RSA_2048",
                "KeySpec": "RSA_2048",
                "KeyUsage": "SIGN_VERIFY",
                "SigningAlgorithms": [ALGORITHM],
            }))
        })
    }

    fn not_ours(&self, input: &Value) -> Option<Response> {
        let asked = text(input, "KeyId").unwrap_or_default();
        (asked != self.id && asked != self.arn()).then(|| error(StatusCode::BAD_REQUEST, "NotFoundException", "there is no such key"))
    }

    fn from_pem(pem: &str) -> Result<Self, StartError> {
        let key = RsaPrivateKey::from_pkcs8_pem(pem).map_err(|_| StartError::SigningKey)?;
        let public_der = key.to_public_key().to_public_key_der().map_err(|_| StartError::SigningKey)?.into_vec();
        let id = Sha256::digest(&public_der).iter().take(16).copied().collect::<Vec<_>>();
        Ok(Self { id: crate::hex(&id), key, public_der })
    }
}

async fn in_background(data: Option<Arc<Data>>) -> Result<Arc<SigningKey>, StartError> {
    let opened = tokio::task::spawn_blocking(move || {
        let pem = match &data {
            Some(data) => data.keep(FILE, make)?,
            None => make()?,
        };
        SigningKey::from_pem(&pem).map(Arc::new)
    });
    opened.await.map_err(|_| StartError::SigningKey)?
}

fn make() -> Result<String, StartError> {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).map_err(|_| StartError::SigningKey)?;
    Ok(key.to_pkcs8_pem(LineEnding::LF).map_err(|_| StartError::SigningKey)?.to_string())
}
