//! A page that hosts Okta's sign-in widget, if a copy of it is installed on this machine. Nothing
//! is fetched from anywhere.

use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Deserialize;

use crate::StartError;
use crate::site::Site;

/// The folder where npm puts the package, from the root of the repository.
const USUAL_PLACES: [&str; 2] = [
    "node_modules/@okta/okta-signin-widget",
    "tests/browser/node_modules/@okta/okta-signin-widget",
];

/// The `dist` folder of the installed widget: the one named, which must be there, else the first of
/// the usual places that is.
pub fn find(named: Option<PathBuf>) -> Result<Option<PathBuf>, StartError> {
    let dist = |folder: &PathBuf| {
        [folder.join("dist"), folder.clone()]
            .into_iter()
            .find(|dist| dist.join("js/okta-sign-in.min.js").is_file())
    };
    match named {
        Some(folder) => dist(&folder).map(Some).ok_or(StartError::Widget(folder)),
        None => Ok(USUAL_PLACES.iter().map(PathBuf::from).find_map(|folder| dist(&folder))),
    }
}

/// `/widget` and `/siw`.
pub fn router() -> Router<Arc<Site>> {
    Router::new()
        .route("/widget", get(host))
        .route("/widget/callback", get(host))
        .route("/siw/{*file}", get(file))
}

#[derive(Deserialize)]
struct Generation {
    #[serde(default, rename = "gen")]
    generation: Option<String>,
}

/// The host page of idx.md §13. The widget sets styles of its own, which a nonce allows.
async fn host(
    State(site): State<Arc<Site>>,
    Query(Generation { generation }): Query<Generation>,
) -> Response {
    if site.widget.is_none() {
        return Html(include_str!("../pages/widget-absent.html")).into_response();
    }
    let Ok(nonce) = crate::random_hex::<16>() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (style, script) = if generation.as_deref() == Some("3") {
        ("okta-sign-in.next.css", "okta-sign-in.next.js")
    } else {
        ("okta-sign-in.min.css", "okta-sign-in.min.js")
    };
    let page = include_str!("../pages/widget.html")
        .replace("{{nonce}}", &nonce)
        .replace("{{style}}", style)
        .replace("{{script}}", script);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; font-src 'self' data:; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

async fn file(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Response {
    let relative = FilePath::new(&name);
    let plain = relative.components().all(|component| matches!(component, Component::Normal(_)));
    let Some(path) = site.widget.as_ref().filter(|_| plain).map(|dist| dist.join(relative)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(Ok(content)) = tokio::task::spawn_blocking(move || std::fs::read(path)).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match relative.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        _ => "application/octet-stream",
    };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=3600")], content).into_response()
}
