//! The public half of a signing key.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Bits of the shortest modulus that RS256 may use (RFC 7518 §3.3).
const MIN_BITS: usize = 2048;

/// The public half of an RSA key. Numbers are big-endian without leading zeros, as RFC 7518 §6.3.1
/// wants them.
pub struct PublicKey {
    /// Its thumbprint (RFC 7638): the same key has the same id in every deployment that uses it.
    pub kid: String,
    pub modulus: Vec<u8>,
    pub exponent: Vec<u8>,
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1), as KMS gives it; `None` if it is no RSA
    /// key of at least 2048 bits.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let key =
            RsaPublicKey::from_public_key_der(der).ok().filter(|key| key.n().bits() >= MIN_BITS)?;
        Some(Self::new(key.n().to_bytes_be(), key.e().to_bytes_be()))
    }

    fn new(modulus: Vec<u8>, exponent: Vec<u8>) -> Self {
        let encoded = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
        // RFC 7638 §3.2: the required members in the order of their names, without spaces.
        let canonical =
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encoded(&exponent), encoded(&modulus));
        Self { kid: encoded(&Sha256::digest(canonical)), modulus, exponent }
    }

    /// RFC 7517.
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.kid,
            "n": BASE64_URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": BASE64_URL_SAFE_NO_PAD.encode(&self.exponent),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use super::*;

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_7638() {
        // RFC 7638 §3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W\
                 -5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdk\
                 t-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::new(
            BASE64_URL_SAFE_NO_PAD.decode(n).unwrap(),
            BASE64_URL_SAFE_NO_PAD.decode("AQAB").unwrap(),
        );
        assert_eq!(key.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(
            key.jwk(),
            json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": key.kid, "n": n, "e": "AQAB" })
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(PublicKey::from_der(&[]).is_none());
        assert!(PublicKey::from_der(b"-----BEGIN PUBLIC KEY-----").is_none());
    }
}
