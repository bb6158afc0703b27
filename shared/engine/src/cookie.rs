//! The one cookie: it says "the same browser", and nothing else.
//!
//! A link in a mail continues a transaction only in the browser that began it (security.md R-O10),
//! and a browser that somebody has signed in from before has a guess budget of its own (R-R8). The
//! cookie is random; only its hash is stored.

use ::http::HeaderMap;
use ::http::header::COOKIE;
use policy::secret::Secret;

/// `__Host-`: only this host, only over TLS (browsers take `http://localhost` for secure), for
/// every path (security.md R-S6).
const NAME: &str = "__Host-vestibule-browser";

/// Seconds that a browser keeps it.
const MAX_AGE: u32 = 400 * 24 * 60 * 60;

/// The cookie's value, if the request has a well-formed one. The others are not judged: a cookie
/// that a neighbour set may have any byte in it.
pub(crate) fn of(headers: &HeaderMap) -> Option<Secret> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let values = pairs
        .filter_map(|pair| pair.trim_ascii().strip_prefix(NAME.as_bytes())?.strip_prefix(b"="));
    let well_formed = |value: &&str| {
        value.len() == 43
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    values.filter_map(|value| std::str::from_utf8(value).ok()).find(well_formed).map(Secret::new)
}

/// The header that sets it.
pub(crate) fn set(value: &Secret) -> String {
    format!("{NAME}={}; Path=/; Max-Age={MAX_AGE}; Secure; HttpOnly; SameSite=Lax", value.expose())
}
