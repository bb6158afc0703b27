//! DynamoDB: the embedded engine on a loopback listener, and, under test control, a proxy in front
//! of it that can fail.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use dynoxide::Database;
use http::StatusCode;
use tokio::net::TcpListener;

use crate::StartError;
use crate::data::Data;
use crate::fault::{Faults, error};

const FILE: &str = "table.db";

/// DynamoDB takes bodies up to 16 MB.
const MAX_BODY: usize = 16 << 20;

/// How often expired items are deleted. Nothing depends on it: to the functions an expired item is
/// absent (security.md R-D5).
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Opens the database of the data folder, or one in memory.
///
/// What cannot be read is an error, and so is a table that is no longer there: never a new and
/// empty database in its place (security.md F-40).
pub fn open(data: &Data) -> Result<Database, StartError> {
    let failed = |cause: &dyn std::fmt::Display| StartError::Database(cause.to_string());
    let Some(path) = data.path(FILE) else {
        return Database::memory().map_err(|cause| failed(&cause));
    };
    // The secrets are made after the table: where there are some, there was one, and it was never
    // empty.
    if is_empty(&path) && data.path(super::secrets::FILE).is_some_and(|secrets| secrets.exists()) {
        return Err(StartError::TableLost(path));
    }
    // SQLite would make a file that every user may read.
    data.append_to(FILE)?;
    Database::new(&path.to_string_lossy()).map_err(|cause| {
        let said = cause.to_string();
        // The engine's advice is for those who build it.
        if said.contains("not a valid SQLite database") {
            failed(&"table.db is not an SQLite database")
        } else {
            failed(&said)
        }
    })
}

/// True if there is no such file, or nothing in it.
fn is_empty(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(file) => file.is_file() && file.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Serves the database until `stop` resolves.
pub async fn serve(
    listener: TcpListener,
    database: Database,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let _ = dynoxide::server::serve_with_shutdown(listener, database, stop).await;
}

/// Deletes expired items now and then, as DynamoDB's TTL does. Never returns.
pub async fn sweep(database: Database) {
    let mut timer = tokio::time::interval(SWEEP_EVERY);
    loop {
        timer.tick().await;
        let database = database.clone();
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    }
}

/// A proxy in front of the engine at `upstream`: counts the calls and carries out the orders of
/// `faults`, so that the retries of the real SDK are what is tested.
pub fn proxy(upstream: SocketAddr, faults: Arc<Faults>) -> Router {
    let proxy =
        Proxy { upstream: format!("http://{upstream}/"), client: reqwest::Client::new(), faults };
    Router::new().fallback(forward).with_state(Arc::new(proxy))
}

struct Proxy {
    upstream: String,
    client: reqwest::Client,
    faults: Arc<Faults>,
}

async fn forward(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "the body is too large",
        );
    };
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let call = format!(
        "ddb.{}",
        target.and_then(|target| target.split_once('.')).map_or("", |(_, operation)| operation)
    );
    let proxy = &proxy;
    proxy.faults.around(&call, &body, || proxy.pass_on(parts, body.clone())).await
}

impl Proxy {
    async fn pass_on(&self, parts: http::request::Parts, body: axum::body::Bytes) -> Response {
        let mut headers = parts.headers;
        headers.remove(http::header::HOST);
        headers.remove(http::header::CONTENT_LENGTH);
        match self.answer(parts.method, headers, body).await {
            Ok(response) => response,
            Err(_) => error(
                StatusCode::BAD_GATEWAY,
                "InternalServerError",
                "the embedded engine does not answer",
            ),
        }
    }

    async fn answer(
        &self,
        method: http::Method,
        headers: http::HeaderMap,
        body: axum::body::Bytes,
    ) -> reqwest::Result<Response> {
        let answer =
            self.client.request(method, &self.upstream).headers(headers).body(body).send().await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove(http::header::TRANSFER_ENCODING);
        let mut response = Response::new(Body::from(answer.bytes().await?));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }
}
