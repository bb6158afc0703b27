//! The work of API Gateway's HTTP API: routes a request to a function as an event, and turns the
//! function's answer into a response.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use engine::ports::Clock as _;
use engine::{Engine, Unserved};
use http::StatusCode;
use idx::operation::{Function, NOWHERE, ROUTES};
use serde_json::json;

use crate::clock::MovableClock;
use crate::event;
use crate::queue::{Queue, cores};

/// API Gateway's limit on a body.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// API Gateway's limit on the request line and all headers together.
const MAX_HEADERS: usize = 10_240;

/// Requests that are served at a time, for each core. More would only wait for each other, with
/// their time for an answer running: hashes keep a core busy, and the embedded store takes one call
/// after the other.
const PLACES_PER_CORE: usize = 2;

/// Requests that may wait for a place. Their time for an answer begins when they have one.
const WAITING: usize = 256;

/// The functions behind the routes.
pub struct Gateway {
    engines: BTreeMap<Function, Engine>,
    clock: Arc<MovableClock>,
    requests: AtomicU64,
    queue: Queue,
    answer_within: Duration,
}

impl Gateway {
    /// A gateway in front of these functions, which answer within this time.
    pub fn new(
        engines: BTreeMap<Function, Engine>,
        clock: Arc<MovableClock>,
        answer_within: Duration,
    ) -> Self {
        let queue = Queue::new(PLACES_PER_CORE * cores(), WAITING);
        Self { engines, clock, requests: AtomicU64::new(0), queue, answer_within }
    }
}

/// Answers any request.
pub async fn serve(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    // Routes are `ANY`: the function says what it makes of the method. What none names goes to
    // `$default`.
    let route = ROUTES.iter().find_map(|route| Some((route, route.matches(parts.uri.path())?)));
    let function = route.map_or(NOWHERE, |(route, _)| route.function);
    let Some(engine) = gateway.engines.get(&function) else {
        return refusal(StatusCode::NOT_FOUND, "Not Found");
    };
    let line = parts.method.as_str().len()
        + parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize =
        parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if line + headers > MAX_HEADERS {
        return refusal(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request Header Fields Too Large",
        );
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let number = gateway.requests.fetch_add(1, Ordering::Relaxed);
    let event = event::build(&event::Facts {
        parts: &parts,
        body: &body,
        route: route.map_or("$default", |(route, _)| route.path),
        id: route.and_then(|(_, id)| id),
        source: source.ip(),
        request_id: &format!("local-{number:08x}"),
        now: gateway.clock.now(),
    });
    let Ok(event) = serde_json::from_value::<runtime::Event>(event) else {
        return refusal(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let answer = match gateway.queue.enter().await {
        Some(_place) => {
            runtime::handle_within(engine, function, event, gateway.answer_within).await
        }
        None => runtime::refuse(engine, function, event, Unserved::Busy).await,
    };
    answer.map(Body::from)
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
