//! KMS, `Sign` and `GetPublicKey`, for one RSA key that is made at the first start, while the rest
//! already serves: it takes up to a second.

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

/// Id of the one key. Tokens name their key by its thumbprint, so that a new key in a new folder is
/// not taken for the old one.
const KEY_ID: &str = "local";

/// KMS with one key.
#[derive(Debug)]
pub struct Kms {
    data: Arc<Data>,
    key: OnceCell<Arc<RsaPrivateKey>>,
}

/// Without a data folder a process needs a key all the same; since making one takes so long, all
/// servers of a process share it.
static IN_MEMORY: OnceCell<Arc<RsaPrivateKey>> = OnceCell::const_new();

impl Kms {
    /// KMS with the key of the data folder. A key that is there is read now, so that a broken file
    /// is told now; a new one is made at the same time.
    pub async fn open(data: &Arc<Data>) -> Result<Arc<Self>, StartError> {
        let kms = Arc::new(Self { data: data.clone(), key: OnceCell::new() });
        if data.path(FILE).is_some_and(|path| path.exists()) {
            kms.key().await?;
        } else {
            let kms = kms.clone();
            tokio::spawn(async move { kms.key().await.is_ok() });
        }
        Ok(kms)
    }

    /// Waits until there is a key.
    pub async fn ready(&self) -> Result<(), StartError> {
        self.key().await.map(drop)
    }

    /// The ARN of the key.
    pub fn key_arn() -> String {
        format!("arn:aws:kms:{REGION}:000000000000:key/{KEY_ID}")
    }

    /// `Sign`.
    pub async fn sign(&self, input: &Value) -> Response {
        if let Some(error) = not_ours(input) {
            return error;
        }
        if text(input, "SigningAlgorithm") != Some(ALGORITHM) {
            return error(
                StatusCode::BAD_REQUEST,
                "ValidationException",
                "only RSASSA_PKCS1_V1_5_SHA_256 is supported here",
            );
        }
        let Some(message) =
            text(input, "Message").and_then(|message| STANDARD.decode(message).ok())
        else {
            return error(
                StatusCode::BAD_REQUEST,
                "ValidationException",
                "Message is expected in base64",
            );
        };
        let digest = match text(input, "MessageType") {
            Some("DIGEST") if message.len() == 32 => message,
            Some("DIGEST") => {
                return error(
                    StatusCode::BAD_REQUEST,
                    "ValidationException",
                    "a SHA-256 digest has 32 bytes",
                );
            }
            _ => Sha256::digest(&message).to_vec(),
        };
        let Ok(key) = self.key().await.cloned() else { return broken() };
        let sign = move || {
            key.sign_with_rng(&mut rsa::rand_core::OsRng, Pkcs1v15Sign::new::<Sha256>(), &digest)
        };
        match tokio::task::spawn_blocking(sign).await {
            Ok(Ok(signature)) => ok(
                &json!({ "KeyId": Self::key_arn(), "Signature": STANDARD.encode(signature), "SigningAlgorithm": ALGORITHM }),
            ),
            _ => broken(),
        }
    }

    /// `GetPublicKey`.
    pub async fn public_key(&self, input: &Value) -> Response {
        if let Some(error) = not_ours(input) {
            return error;
        }
        let Ok(key) = self.key().await else { return broken() };
        let Ok(der) = key.to_public_key().to_public_key_der() else { return broken() };
        ok(&json!({
            "KeyId": Self::key_arn(),
            "PublicKey": STANDARD.encode(der.as_bytes()),
            "CustomerMasterKeySpec": "RSA_2048",
            "KeySpec": "RSA_2048",
            "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": [ALGORITHM],
        }))
    }

    async fn key(&self) -> Result<&Arc<RsaPrivateKey>, StartError> {
        match self.data.path(FILE) {
            Some(_) => self.key.get_or_try_init(|| read_or_make(self.data.clone())).await,
            None => IN_MEMORY.get_or_try_init(|| read_or_make(self.data.clone())).await,
        }
    }
}

fn not_ours(input: &Value) -> Option<Response> {
    let asked = text(input, "KeyId").unwrap_or_default();
    (asked != KEY_ID && asked != Kms::key_arn())
        .then(|| error(StatusCode::BAD_REQUEST, "NotFoundException", "there is no such key"))
}

fn broken() -> Response {
    error(StatusCode::INTERNAL_SERVER_ERROR, "KMSInternalException", "the key cannot be used")
}

async fn read_or_make(data: Arc<Data>) -> Result<Arc<RsaPrivateKey>, StartError> {
    let read = tokio::task::spawn_blocking(move || {
        let pem = data.keep(FILE, || {
            let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS)
                .map_err(|_| StartError::SigningKey)?;
            Ok(key.to_pkcs8_pem(LineEnding::LF).map_err(|_| StartError::SigningKey)?.to_string())
        })?;
        RsaPrivateKey::from_pkcs8_pem(&pem).map(Arc::new).map_err(|_| StartError::SigningKey)
    });
    read.await.map_err(|_| StartError::SigningKey)?
}
