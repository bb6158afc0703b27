//! The address that a step comes from (security.md R-R7, policies.md §12 no. 22).
//!
//! The gateway says which one that is. Where the server of an app speaks for people, all of them
//! would come from one address; so the server may name the person's, beside a secret that it shares
//! with us. No page can send these headers from a browser: preflights do not allow them.

use std::fmt::Write as _;
use std::net::IpAddr;

use ::http::HeaderMap;
use policy::organisation::{Organisation, Status};
use policy::secret::Secret;
use sha2::{Digest, Sha256};

use crate::derive::same;
use crate::http::Request;
use crate::{Engine, Failure};

/// The address of the person that a server speaks for.
const ADDRESS: &str = "x-vestibule-client-address";

/// The secret that the server shows.
const SECRET: &str = "x-vestibule-server-secret";

/// Where a step comes from.
#[derive(Debug)]
pub(crate) struct ClientAddress {
    pub address: String,
    /// Id of the app whose server says so; none: the gateway does.
    pub server_of: Option<String>,
}

impl Engine {
    /// The address that this request comes from. A secret that no app has is refused: a server that
    /// is set up wrongly shall be noticed.
    pub(crate) async fn client_address(&self, request: &Request) -> Result<ClientAddress, Failure> {
        let (address, secret) =
            (header(&request.headers, ADDRESS)?, header(&request.headers, SECRET)?);
        let (address, secret) = match (address, secret) {
            (None, None) => {
                return Ok(ClientAddress { address: request.source.clone(), server_of: None });
            }
            (Some(address), Some(secret)) => {
                (address.parse::<IpAddr>().map_err(|_| Failure::Malformed)?, secret)
            }
            _ => return Err(Failure::Malformed),
        };
        let hash = Secret::new(hex(secret));
        let known = self.cache.known().and_then(|known| app_of(&known.organisation, &hash));
        let app = match known {
            Some(app) => app,
            // It may be new.
            None => {
                app_of(&self.current().await?.organisation, &hash).ok_or(Failure::ForeignOrigin)?
            }
        };
        Ok(ClientAddress { address: address.to_string(), server_of: Some(app) })
    }
}

/// The app whose server has this secret.
fn app_of(organisation: &Organisation, hash: &Secret) -> Option<String> {
    let mut apps = organisation.apps.iter().filter(|app| app.status == Status::Active);
    let app =
        apps.find(|app| app.credentials.server.secret_sha256.iter().any(|one| same(hash, one)))?;
    Some(app.id.clone())
}

/// The value of a header that may be there once.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Failure> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Failure::Malformed),
        _ => Err(Failure::Malformed),
    }
}

fn hex(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
