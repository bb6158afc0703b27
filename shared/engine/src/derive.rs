//! Secrets that are derived instead of stored: handles, codes, links (security.md, note after
//! 1.10).
//!
//! `MAC(key, purpose ‖ what it is bound to)`. Nothing secret is in the table, a table dump gives
//! nothing away, and sending again after a crash sends the same code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use policy::secret::Secret;
use policy::transaction::{Challenge, Transaction};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A key that never leaves memory. At least 32 bytes of text.
#[derive(Clone, Debug)]
pub struct Key(Secret);

impl Key {
    /// Wraps the key's text.
    pub fn new(text: Secret) -> Self {
        Self(text)
    }

    /// True if this is the key's own text, in a time that does not tell where they differ.
    pub fn is(&self, text: &str) -> bool {
        same(&self.0, text)
    }

    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes()) else {
            return [0; 32];
        };
        for part in parts {
            // Length-prefixed, so that no two lists of parts are the same bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// 256 bits as text.
    pub fn token(&self, parts: &[&str]) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.mac(parts)))
    }

    /// A short name for something personal, for keys of items and for logs.
    pub fn pseudonym(&self, parts: &[&str]) -> String {
        let mac = self.mac(parts);
        URL_SAFE_NO_PAD.encode(mac.get(..16).unwrap_or_default())
    }

    /// The emailed code: decimal digits, uniform, leading zeros kept (R-O1). Bound to transaction,
    /// address, purpose, app and sequence (R-O7).
    pub fn passcode(
        &self,
        transaction: &Transaction,
        challenge: &Challenge,
        length: u32,
    ) -> Secret {
        let modulus = 10_u64.pow(length.min(12));
        // 64 bits modulo 10^12: the bias is below 10^-7.
        let mac = self.mac(&["passcode", &bound(transaction, challenge)]);
        let mut head = [0_u8; 8];
        head.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        Secret::new(format!(
            "{:0width$}",
            u64::from_be_bytes(head) % modulus,
            width = length as usize
        ))
    }

    /// The token of the emailed link; separate from the code (R-O10).
    pub fn link(&self, transaction: &Transaction, challenge: &Challenge) -> Secret {
        self.token(&["link", &bound(transaction, challenge)])
    }
}

fn bound(transaction: &Transaction, challenge: &Challenge) -> String {
    let parts = [
        challenge.purpose.as_str(),
        &transaction.client.app,
        &transaction.id,
        &challenge.address,
        &challenge.sequence.to_string(),
    ];
    parts.join("\n")
}

/// True if two secrets are equal, in a time that does not tell where they differ.
pub fn same(one: &Secret, other: &str) -> bool {
    one.expose().as_bytes().ct_eq(other.as_bytes()).into()
}

/// SHA-256 as base64url: for PKCE and for keys of items whose name is a secret.
pub fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// The left half of SHA-256 as base64url: OpenID's `at_hash`.
pub fn half_sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}
