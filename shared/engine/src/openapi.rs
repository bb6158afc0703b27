//! The description of the API, with what only the engine knows: which failures an operation may
//! meet, and how each is answered. Not written down a second time: every failure is answered for
//! the description as it is for a client.

use ::http::{StatusCode, header};
use idx::openapi::{self, Answer};
use idx::operation::{Operation, Protocol, Route};
use serde_json::Value;

use crate::reply::{self, Reply};
use crate::{Engine, Failure};

impl Engine {
    pub(crate) fn openapi(&self) -> Reply {
        Reply::json(StatusCode::OK, &document(&self.base_url))
    }
}

/// The OpenAPI document of an API at `base_url`.
pub fn document(base_url: &str) -> Value {
    let common = reply::common().map(|(name, value)| (name.to_string(), value.to_string()));
    openapi::document(base_url, &common, failures)
}

fn failures(route: &Route) -> Vec<Answer> {
    let every = [
        Failure::NotFound,
        Failure::MethodNotAllowed,
        Failure::UnsupportedMediaType,
        Failure::TooLarge,
        Failure::ForeignOrigin,
        Failure::Malformed,
        Failure::SessionExpired,
        Failure::Busy(Failure::SOON),
        Failure::Unavailable(String::new()),
        Failure::Internal(String::new()),
    ];
    let met = every.into_iter().filter(|failure| may_meet(route, failure));
    met.map(|failure| answer(reply::failure(route.operation.protocol(), &failure, "", Vec::new())))
        .collect()
}

/// True if a request to this path and method may end so.
fn may_meet(route: &Route, failure: &Failure) -> bool {
    let writes = route.method == "POST";
    match failure {
        // Of another path, of another method.
        Failure::NotFound | Failure::MethodNotAllowed => false,
        Failure::UnsupportedMediaType | Failure::TooLarge | Failure::ForeignOrigin => writes,
        Failure::Malformed => {
            route.operation.protocol() == Protocol::Idx || route.operation == Operation::ConfirmLink
        }
        Failure::SessionExpired => route.operation.protocol() != Protocol::OAuth,
        Failure::Busy(_) | Failure::Unavailable(_) | Failure::Internal(_) => true,
    }
}

fn answer(reply: Reply) -> Answer {
    let response = reply.into_response(None);
    let media_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(String::from);
    Answer {
        status: response.status().as_u16(),
        media_type,
        headers: response.headers().keys().map(ToString::to_string).collect(),
    }
}
