//! The test control: a second listener on loopback that reads mail, looks into the table, moves the
//! clock and orders faults (security.md §0.1).
//!
//! | request | does |
//! | --- | --- |
//! | `GET /mails?to=ADDRESS` | the mails, oldest first, with `code` and `link` taken out |
//! | `GET /dump` | every item of the table |
//! | `GET /clock` | `{"now": ms, "ahead_s": n}` |
//! | `POST /clock` `{"advance_s": n}` | moves the functions' clock |
//! | `POST /fault` `{"at","nth","times","do"}` | orders a fault; `{"clear": true}` forgets all orders |
//! | `POST /fault` `{"at","item","do"}` | `conflict` and `refuse`: at which write of the transaction it is |
//! | `POST /fault` `{"at","probability","seed","do"}` | lets that share of the calls fail, until all orders are forgotten |
//! | `GET /fault` | the orders that are open |
//! | `GET /calls`, `POST /calls` | how often each AWS operation was called; starts the count anew, that of faults too |
//! | `GET /suffered` | how often each fault has happened |
//! | `GET /organisation`, `POST /organisation` | what is configured, as JSON; applies the file in the body |
//! | `POST /sweep` | deletes what has expired by the functions' clock, as TTL does some day |
//!
//! It exists only in this package, which no function links (security.md R-B4). A body is read as
//! JSON whatever its content type, as the notation of security.md sends none; in exchange a request
//! from a browser's page is refused, since it would need none either.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::ports::Clock as _;
use http::StatusCode;
use policy::time::Span;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::MovableClock;
use crate::fault::{Fault, Faults};
use crate::pages::mail_json;
use crate::site::Site;

struct Control {
    site: Arc<Site>,
    clock: Arc<MovableClock>,
    faults: Arc<Faults>,
}

type Shared = State<Arc<Control>>;

/// The routes.
pub fn router(site: Arc<Site>, clock: Arc<MovableClock>, faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/mails", get(mails))
        .route("/dump", get(dump))
        .route("/clock", get(now).post(advance))
        .route("/fault", get(open_faults).post(order))
        .route("/calls", get(calls).post(reset_calls))
        .route("/suffered", get(suffered))
        .route("/organisation", get(organisation).post(apply))
        .route("/sweep", post(sweep))
        .layer(middleware::from_fn(no_browsers))
        .with_state(Arc::new(Control { site, clock, faults }))
}

/// A page that a person opens in a browser on this machine shall not be able to do any of this.
async fn no_browsers(request: Request, next: Next) -> Response {
    let host =
        request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let navigates = request.headers().get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    let from_page = request.headers().contains_key("origin")
        || (request.headers().contains_key("sec-fetch-site") && !navigates);
    if !["localhost", "127.0.0.1"].contains(&name) || from_page {
        return problem(StatusCode::FORBIDDEN, "the test control does not answer pages");
    }
    next.run(request).await
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
}

async fn mails(State(control): Shared, Query(To { to }): Query<To>) -> Json<Value> {
    Json(control.site.mailbox.to(to.as_deref()).iter().map(mail_json).collect())
}

async fn dump(State(control): Shared) -> Response {
    let database = control.site.database.clone();
    match tokio::task::spawn_blocking(move || crate::table::items(&database)).await {
        Ok(Ok(items)) => Json(items).into_response(),
        Ok(Err(cause)) => problem(StatusCode::INTERNAL_SERVER_ERROR, &cause),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the table could not be read"),
    }
}

async fn now(State(control): Shared) -> Json<Value> {
    Json(json!({ "now": control.clock.now(), "ahead_s": control.clock.ahead().0 / 1_000 }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u64,
}

async fn advance(State(control): Shared, body: Bytes) -> Response {
    match parsed::<Advance>(&body) {
        Ok(Advance { advance_s }) => {
            control.clock.advance(Span::seconds(advance_s));
            now(State(control)).await.into_response()
        }
        Err(wrong) => problem(StatusCode::BAD_REQUEST, &wrong),
    }
}

async fn open_faults(State(control): Shared) -> Json<Vec<Fault>> {
    Json(control.faults.open())
}

async fn order(State(control): Shared, body: Bytes) -> Response {
    if parsed::<Value>(&body).is_ok_and(|body| body == json!({ "clear": true })) {
        control.faults.clear();
    } else {
        match parsed::<Fault>(&body) {
            Ok(fault) => control.faults.order(fault),
            Err(wrong) => return problem(StatusCode::BAD_REQUEST, &wrong),
        }
    }
    open_faults(State(control)).await.into_response()
}

async fn calls(State(control): Shared) -> Json<Value> {
    Json(json!(control.faults.calls()))
}

async fn suffered(State(control): Shared) -> Json<Value> {
    Json(json!(control.faults.suffered()))
}

async fn reset_calls(State(control): Shared) -> Json<Value> {
    control.faults.reset_calls();
    Json(json!({}))
}

async fn organisation(State(control): Shared) -> Response {
    match control.site.configuration.current().await {
        Ok(organisation) => Json(organisation).into_response(),
        Err(cause) => problem(StatusCode::INTERNAL_SERVER_ERROR, &cause),
    }
}

async fn apply(State(control): Shared, body: String) -> Response {
    match control.site.configuration.apply_text("organisation.yaml", &body).await {
        Ok(_) => Json(json!({ "applied": true })).into_response(),
        Err(cause) => problem(StatusCode::BAD_REQUEST, &cause),
    }
}

async fn sweep(State(control): Shared) -> Response {
    let (database, now) = (control.site.database.clone(), control.clock.now());
    match tokio::task::spawn_blocking(move || crate::table::sweep(&database, now)).await {
        Ok(Ok(deleted)) => Json(json!({ "deleted": deleted })).into_response(),
        _ => problem(StatusCode::INTERNAL_SERVER_ERROR, "the table could not be swept"),
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn problem(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
