//! The one cookie: it says "the same browser", and nothing else.
//!
//! A link in a mail continues a transaction only in the browser that began it (security.md R-O10), and a browser that somebody has signed in from
//! before has a guess budget of its own (R-R8). The cookie is random; only its hash is stored.

use ::http::HeaderMap;
use ::http::header::COOKIE;
use policy::secret::Secret;

/// `__Host-`: only this host, only over TLS (browsers take `http://localhost` for secure), for every path (security.md R-S6).
const NAME: &str = "__Host-vestibule-browser";

/// Seconds that a browser keeps it.
const MAX_AGE: u32 = 400 * 24 * 60 * 60;

/// The cookie's value, if the request has a well-formed one.
pub(crate) fn of(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(';'));
    let value = cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(name, _)| *name == NAME).map(|(_, value)| value)?;
    let well_formed = value.len() == 43 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    well_formed.then(|| Secret::new(value))
}

/// The header that sets it.
pub(crate) fn set(value: &Secret) -> String {
    format!("{NAME}={}; Path=/; Max-Age={MAX_AGE}; Secure; HttpOnly; SameSite=Lax", value.expose())
}
