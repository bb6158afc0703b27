//! The edge: requests and responses without a server.

use policy::secret::Secret;

/// A request, from whichever gateway.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: http::Method,
    /// Path below the base URL, as sent (not decoded).
    pub path: String,
    /// The query string, without `?`; may hold a link's token.
    pub query: Secret,
    /// Headers, cookies among them.
    pub headers: http::HeaderMap,
    /// The body, decoded if the gateway sent base64.
    pub body: Vec<u8>,
    /// Address of the client as the gateway saw it (`requestContext.http.sourceIp`), never from a
    /// header that the client sent.
    pub source: String,
    /// The gateway's id of the request, for logs and error bodies.
    pub request_id: String,
}

/// A response, for whichever gateway.
pub type Response = http::Response<Vec<u8>>;
