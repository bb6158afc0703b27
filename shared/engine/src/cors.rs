//! Which page sent a request, and what pages of other origins may send and read (security.md R-T7,
//! R-T8).

use ::http::{HeaderMap, StatusCode, header};
use idx::operation::{ROUTES, Route};

use crate::configuration::Revision;
use crate::http::{Request, Response};
use crate::reply::Reply;
use crate::{Engine, Failure};

/// Headers that our clients send.
const OF_CLIENTS: &str =
    "authorization, content-type, x-device-fingerprint, x-okta-user-agent-extended";

/// Headers that pages add for their own use, tracing most of all. A browser sends the request only
/// if they are allowed; none of them means anything here.
const IGNORED: [&str; 21] = [
    "accept",
    "accept-language",
    "b3",
    "baggage",
    "cache-control",
    "content-language",
    "correlation-id",
    "elastic-apm-traceparent",
    "newrelic",
    "pragma",
    "request-context",
    "request-id",
    "sentry-trace",
    "traceparent",
    "tracestate",
    "uber-trace-id",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
    "x-correlation-id",
    "x-request-id",
    "x-requested-with",
];

/// How families of such headers begin.
const IGNORED_FAMILIES: [&str; 7] =
    ["ot-tracer-", "x-b3-", "x-datadog-", "x-dynatrace", "x-instana-", "x-newrelic-", "x-trace-"];

/// Most headers that a preflight allows by name.
const MOST_HEADERS: usize = 30;

/// Who sent a request, as far as a browser says.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Nothing is said: not a page, or a page of the same origin that only reads.
    None,
    /// A page of this origin.
    Page(String),
    /// `null`, or something unreadable.
    Opaque,
}

impl Origin {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match headers.get(header::ORIGIN).map(|origin| origin.to_str()) {
            None => Self::None,
            Some(Ok(origin)) if origin != "null" => Self::Page(origin.into()),
            // Our own pages forbid a referrer, and then a browser hides the origin of their forms
            // too (Fetch §3.2). This header no page can set.
            Some(_) if headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin") => {
                Self::None
            }
            Some(_) => Self::Opaque,
        }
    }
}

impl Engine {
    /// The page that sent a request, unless it is our own.
    pub(crate) fn page<'o>(&self, origin: &'o Origin) -> Option<&'o str> {
        match origin {
            Origin::Page(page) if *page != self.own_origin() => Some(page),
            _ => None,
        }
    }

    /// Whether a page of this origin may change anything: our own, or one that an app has listed.
    /// No origin: not a page.
    pub(crate) async fn may_write(&self, origin: &Origin) -> Result<bool, Failure> {
        Ok(match origin {
            Origin::None => true,
            Origin::Opaque => false,
            Origin::Page(page) => self.lists(page).await?,
        })
    }

    /// Whether `page` is our own or listed. What this instance knows is good enough for a yes,
    /// never for what a person must prove; before a no it looks: where all requests come from an
    /// origin that is new, nothing else would.
    pub(crate) async fn lists(&self, page: &str) -> Result<bool, Failure> {
        Ok(self.knows(page) || listed(&*self.current().await?, page))
    }

    /// True if this instance knows that `page` is our own or listed.
    pub(crate) fn knows(&self, page: &str) -> bool {
        page == self.own_origin() || self.cache.known().is_some_and(|known| listed(&known, page))
    }

    pub(crate) fn own_origin(&self) -> String {
        url::Url::parse(&self.base_url)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default()
    }

    /// Answers a browser that asks what a page may send.
    pub(crate) async fn preflight(&self, request: &Request, origin: &Origin) -> Response {
        let public = ROUTES
            .iter()
            .any(|route| route.matches(&request.path).is_some() && route.operation.is_public());
        let reply = Reply::empty(StatusCode::NO_CONTENT)
            .with_header(header::ACCESS_CONTROL_ALLOW_METHODS, Route::methods_of(&request.path))
            .with_header(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(&request.headers))
            .with_header(header::ACCESS_CONTROL_MAX_AGE, "600".into());
        self.finish(if public { reply.readable_by_all() } else { reply }, origin).await
    }
}

/// What our clients send, and of what this page wants to send what is ignored.
fn allowed_headers(headers: &HeaderMap) -> String {
    let wanted = headers
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let wanted = wanted
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| is_ignored(name))
        .take(MOST_HEADERS);
    std::iter::once(OF_CLIENTS.to_owned()).chain(wanted).collect::<Vec<_>>().join(", ")
}

fn is_ignored(name: &str) -> bool {
    let plain = name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain
        && (IGNORED.contains(&name)
            || IGNORED_FAMILIES.iter().any(|family| name.starts_with(family)))
}

fn listed(revision: &Revision, page: &str) -> bool {
    let active = |status| status == policy::organisation::Status::Active;
    revision
        .organisation
        .apps
        .iter()
        .filter(|app| active(app.status))
        .any(|app| app.allowed_origins.iter().any(|origin| origin == page))
}
