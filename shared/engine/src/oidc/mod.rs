//! OAuth and OpenID Connect: how a transaction begins, and what its code is worth (idx.md §3, §10;
//! security.md §1.8).

mod claims;
mod discovery;
mod grant;
mod interact;
mod token;
mod userinfo;

use std::collections::BTreeMap;

use idx::operation::ISSUER_PATH;
use policy::time::Span;

use crate::Engine;

pub(crate) use grant::Grant;

/// Tokens are good for so long.
const TOKEN_LIFETIME: Span = Span::hours(1);

/// `typ` of ID tokens.
const ID_TOKEN: &str = "JWT";

/// The scopes that mean something here.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "groups"];

/// Parameters of an OAuth request. A repeated one is an error (RFC 6749 §3.2).
type Parameters = BTreeMap<String, String>;

impl Engine {
    fn issuer(&self) -> String {
        format!("{}{ISSUER_PATH}", self.base_url)
    }
}

fn parameters(body: &[u8]) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(parameters)
}
