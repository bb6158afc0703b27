//! The pages, and what they fetch. Plain files, embedded; no script or style is inline, so the
//! policy allows none.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::mailbox::Mail;
use crate::site::Site;

/// What a page may load and do (security.md R-T9): its own files and its own origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a mail may do: be read, and be left by its links.
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                           frame-ancestors 'self'";

/// Put into the head of a mail: its frame may not go anywhere, so links open beside it.
const BASE: &str = "<base target=\"_blank\">";

/// Embedded files: name, content type, text.
const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", include_str!("../pages/style.css")),
    ("oauth.js", "text/javascript; charset=utf-8", include_str!("../pages/oauth.js")),
    ("signin.js", "text/javascript; charset=utf-8", include_str!("../pages/signin.js")),
    ("form.js", "text/javascript; charset=utf-8", include_str!("../pages/form.js")),
    ("demo.js", "text/javascript; charset=utf-8", include_str!("../pages/demo.js")),
    ("mailbox.js", "text/javascript; charset=utf-8", include_str!("../pages/mailbox.js")),
    ("people.js", "text/javascript; charset=utf-8", include_str!("../pages/people.js")),
    ("widget.js", "text/javascript; charset=utf-8", include_str!("../pages/widget.js")),
    ("icon.svg", "image/svg+xml", include_str!("../pages/icon.svg")),
];

/// The pages.
pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", page(include_str!("../pages/home.html")))
        .route("/signin", page(include_str!("../pages/signin.html")))
        .route("/signin/callback", page(include_str!("../pages/demo.html")))
        .route("/demo", page(include_str!("../pages/demo.html")))
        .route("/demo/callback", page(include_str!("../pages/demo.html")))
        .route("/mailbox", page(include_str!("../pages/mailbox.html")))
        .route("/people", page(include_str!("../pages/people.html")))
        .route("/assets/{name}", get(asset))
        .route("/health", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/mailbox/messages", get(messages))
        .route("/mailbox/messages/{id}/html", get(message_html))
        .route("/v1/profile", post(new_profile))
        .route("/v1/profile/{id}/email/latest", get(latest_mail))
        .merge(crate::people::router())
        .merge(crate::widget::router())
        .layer(middleware::from_fn_with_state(site.clone(), guard))
        .with_state(site)
}

fn page(text: &'static str) -> axum::routing::MethodRouter<Arc<Site>> {
    get(move || async move { Html(text) })
}

/// Sees to the headers, and to the address: pages live at one origin, and a site that points its
/// own name at this machine gets nothing.
async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let address = header(&request, &HOST).replacen("127.0.0.1", "localhost", 1);
    // A person at the other name of this machine is led to the first: a tab keeps what it knows by
    // origin. A program may use either.
    let astray =
        header(&request, &HOST) != address && header(&request, &ACCEPT).contains("text/html");
    if astray || Some(address.as_str()) != site.base_url.strip_prefix("http://") {
        if request.method() != Method::GET {
            return (
                StatusCode::FORBIDDEN,
                Json(json!({ "message": "open the pages at their own address" })),
            )
                .into_response();
        }
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        return Redirect::temporary(&format!("{}{target}", site.base_url)).into_response();
    }
    let from_elsewhere =
        request.headers().get("origin").is_some_and(|origin| origin != site.base_url.as_str());
    if request.method() != Method::GET && from_elsewhere {
        return (
            StatusCode::FORBIDDEN,
            Json(json!({ "message": "only pages of this server may ask that" })),
        )
            .into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn header<'r>(request: &'r Request, name: &HeaderName) -> &'r str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(file, ..)| *file == name) {
        Some((_, kind, text)) => ([(CONTENT_TYPE, *kind)], *text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct Wanted {
    /// Only mails after the one with this id.
    #[serde(default)]
    after: u64,
    /// Only mails to this address.
    to: Option<String>,
}

async fn messages(
    State(site): State<Arc<Site>>,
    Query(Wanted { after, to }): Query<Wanted>,
) -> Json<Value> {
    Json(
        site.mailbox
            .to(to.as_deref())
            .iter()
            .filter(|mail| mail.id > after)
            .map(mail_json)
            .collect(),
    )
}

async fn message_html(State(site): State<Arc<Site>>, Path(id): Path<u64>) -> Response {
    let Some(mail) = site.mailbox.mail(id) else { return StatusCode::NOT_FOUND.into_response() };
    let body = if mail.html.contains("<head>") {
        mail.html.replacen("<head>", &format!("<head>{BASE}"), 1)
    } else {
        format!("{BASE}{}", mail.html)
    };
    ([(CONTENT_SECURITY_POLICY, MAIL_POLICY)], Html(body)).into_response()
}

/// An address for a test client that reads its own mail (idx.md §16.7).
async fn new_profile() -> Response {
    match crate::random_hex::<8>() {
        Ok(id) => {
            Json(json!({ "profileId": id, "emailAddress": profile_address(&id) })).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn latest_mail(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Response {
    match site.mailbox.to(Some(&profile_address(&id))).last() {
        Some(mail) => Json(json!({
            "messageId": mail.id.to_string(),
            "profileId": id,
            "toAddress": mail.to,
            "fromAddress": mail.from,
            "subject": mail.subject,
            "content": mail.html,
            "createdAt": mail.at,
        }))
        .into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "message": "no mail yet" }))).into_response(),
    }
}

fn profile_address(id: &str) -> String {
    format!("{id}@mailbox.example")
}

/// A mail with the code and the link that it holds.
pub fn mail_json(mail: &Mail) -> Value {
    json!({
        "id": mail.id, "at": mail.at, "from": mail.from, "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html,
        "code": mail.code(), "link": mail.link(),
    })
}
