//! From a request to its operation.

use ::http::{HeaderMap, Method, StatusCode, header};
use idx::body;
use idx::operation::{Function, Operation, ROUTES, Route};
use policy::email::identifier_key;
use policy::step::Rejection;
use policy::transaction::Outcome;

use crate::advance::{Advanced, Arrival, Finder, Status};
use crate::configuration::Revision;
use crate::derive::sha256;
use crate::http::{Request, Response};
use crate::reply::{self, Reply};
use crate::{Engine, Failure, cookie};

/// Largest body of a form, in bytes; IDX bodies have [`body::MAX_BODY`].
const MAX_FORM: usize = 16 * 1024;

impl Engine {
    /// Serves a request to `function`. Never fails: a failure is an answer too.
    pub async fn serve(&self, function: Function, request: &Request) -> Response {
        let origin = Origin::of(&request.headers);
        let route = match find(function, request) {
            Ok(route) => route,
            Err(failure) => return self.answer_failure(None, request, &failure, &origin).await,
        };
        if request.method == Method::OPTIONS {
            return self.preflight(&request.path, &origin).await;
        }
        match self.dispatch(route, request, &origin).await {
            Ok(reply) => self.finish(reply, &origin).await,
            Err(failure) => self.answer_failure(Some(route.operation), request, &failure, &origin).await,
        }
    }

    /// Answers a request that [`serve`](Self::serve) did not answer, in the form of its operation. Looks nothing up: which page may read it is what
    /// this instance knows.
    pub fn unserved(&self, function: Function, request: &Request, why: Unserved) -> Response {
        let readable_by = match Origin::of(&request.headers) {
            Origin::Page(page) if self.knows(&page) => Some(page),
            _ => None,
        };
        why.reply(function, request).into_response(readable_by.as_deref())
    }

    async fn dispatch(&self, route: &Route, request: &Request, origin: &Origin) -> Result<Reply, Failure> {
        if route.method == "POST" && !self.may_write(origin).await? {
            return Err(Failure::ForeignOrigin);
        }
        let id = route.matches(&request.path).flatten().unwrap_or_default();
        match route.operation {
            Operation::OpenApi => Ok(self.openapi()),
            Operation::Discovery => Ok(self.discovery()),
            Operation::Keys => self.published_keys().await,
            Operation::Interact => self.interact(form(request)?, &request.headers, self.page(origin)).await,
            Operation::Token => self.token(form(request)?, self.page(origin)).await,
            Operation::Userinfo => self.userinfo(&request.headers).await,
            Operation::OpenLink => self.open_link(id, request).await,
            Operation::ConfirmLink => {
                let body = form(request)?;
                self.confirm_link(id, body, request).await
            }
            operation => self.idx(operation, request, origin).await,
        }
    }

    async fn idx(&self, operation: Operation, request: &Request, origin: &Origin) -> Result<Reply, Failure> {
        media_type(&request.headers, &body::MEDIA_TYPES)?;
        if request.body.len() > body::MAX_BODY {
            return Err(Failure::TooLarge);
        }
        let parsed = body::parse(operation, &request.body).map_err(|_| Failure::Malformed)?;
        let arrival = Arrival {
            operation,
            finder: Finder::Handle(parsed.handle),
            input: parsed.input,
            mac: self.request_mac(operation, &request.body),
            source: &request.source,
            browser: cookie::of(&request.headers).map(|cookie| sha256(cookie.expose())),
            page: self.page(origin),
        };
        let advanced = self.advance(&arrival).await?;
        self.log(operation, request, &advanced);
        self.step_reply(operation, &advanced)
    }

    /// What became of a step, as facts: no address, no handle, no code (security.md R-L1). Who it was about is a pseudonym.
    pub(crate) fn log(&self, operation: Operation, request: &Request, advanced: &Advanced) {
        let transaction = &advanced.transaction;
        let who = transaction.identifier().map(|identifier| self.interaction_key.pseudonym(&["log", &identifier_key(identifier)]));
        let outcome = match (&transaction.outcome, advanced.status) {
            (Some(Outcome::Done { .. }), _) => "done",
            (Some(Outcome::Cancelled), _) => "cancelled",
            (None, Status::Accepted) => "accepted",
            (None, Status::Rejected(Rejection::Invalid)) => "invalid",
            (None, Status::Rejected(Rejection::Unauthenticated)) => "unauthenticated",
            (None, Status::Rejected(Rejection::TooManyRequests)) => "too_many_requests",
            (None, Status::NotOffered) => "not_offered",
            (None, Status::Malformed) => "malformed",
            (None, Status::Hurried) => "hurried",
            (None, Status::NotMailed) => "not_mailed",
            (None, Status::Elsewhere) => "elsewhere",
        };
        let Request { request_id, source, .. } = request;
        tracing::info!(request_id, transaction = transaction.id, app = transaction.client.app, ?operation, outcome, who, source, "step");
    }

    /// The page that sent a request, unless it is our own.
    fn page<'o>(&self, origin: &'o Origin) -> Option<&'o str> {
        match origin {
            Origin::Page(page) if *page != self.own_origin() => Some(page),
            _ => None,
        }
    }

    /// Whether a page of this origin may change anything: our own, or one that an app has listed. No origin: not a page.
    async fn may_write(&self, origin: &Origin) -> Result<bool, Failure> {
        Ok(match origin {
            Origin::None => true,
            Origin::Opaque => false,
            Origin::Page(page) => self.lists(page).await?,
        })
    }

    /// Whether `page` is our own or listed. What this instance knows is good enough for a yes, never for what a person must prove; before a no it
    /// looks: where all requests come from an origin that is new, nothing else would.
    async fn lists(&self, page: &str) -> Result<bool, Failure> {
        Ok(self.knows(page) || listed(&*self.current().await?, page))
    }

    fn knows(&self, page: &str) -> bool {
        page == self.own_origin() || self.cache.known().is_some_and(|known| listed(&known, page))
    }

    pub(crate) fn own_origin(&self) -> String {
        url::Url::parse(&self.base_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    async fn preflight(&self, path: &str, origin: &Origin) -> Response {
        let methods: Vec<_> = ROUTES.iter().filter(|route| route.matches(path).is_some()).map(|route| route.method).collect();
        let reply = Reply::empty(StatusCode::NO_CONTENT)
            .with_header(header::ACCESS_CONTROL_ALLOW_METHODS, methods.join(", "))
            .with_header(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-device-fingerprint, x-okta-user-agent-extended".into())
            .with_header(header::ACCESS_CONTROL_MAX_AGE, "600".into());
        self.finish(reply, origin).await
    }

    async fn answer_failure(&self, operation: Option<Operation>, request: &Request, failure: &Failure, origin: &Origin) -> Response {
        if matches!(failure, Failure::Internal(_) | Failure::Unavailable(_)) {
            tracing::error!(request_id = request.request_id, %failure, "a request could not be served");
        }
        let mut reply = reply::failure(operation, failure, &request.request_id);
        if matches!(failure, Failure::MethodNotAllowed) {
            let methods: Vec<_> = ROUTES.iter().filter(|route| route.matches(&request.path).is_some()).map(|route| route.method).collect();
            reply = reply.with_header(header::ALLOW, methods.join(", "));
        }
        match failure {
            Failure::ForeignOrigin => reply.into_response(None),
            _ => self.finish(reply, origin).await,
        }
    }

    /// Adds what every answer has (security.md R-T7, R-T9).
    async fn finish(&self, reply: Reply, origin: &Origin) -> Response {
        let readable = match origin {
            Origin::Page(page) => matches!(self.lists(page).await, Ok(true)).then_some(page),
            Origin::None | Origin::Opaque => None,
        };
        reply.into_response(readable.map(String::as_str))
    }
}

/// Why a request has no answer, as whoever called the engine saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// The engine panicked.
    Panicked,
    /// It did not answer in time, or there is none: what it needs is not there.
    Unavailable,
    /// It was not asked: too many others are waiting.
    Busy,
}

impl Unserved {
    /// The answer where there is no engine.
    pub fn answer(self, function: Function, request: &Request) -> Response {
        self.reply(function, request).into_response(None)
    }

    fn reply(self, function: Function, request: &Request) -> Reply {
        let failure = match self {
            Self::Panicked => Failure::internal("a panic"),
            Self::Unavailable => Failure::Unavailable("no answer".into()),
            Self::Busy => Failure::Busy,
        };
        reply::failure(find(function, request).ok().map(|route| route.operation), &failure, &request.request_id)
    }
}

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
    fn of(headers: &HeaderMap) -> Self {
        match headers.get(header::ORIGIN).map(|origin| origin.to_str()) {
            None => Self::None,
            Some(Ok(origin)) if origin != "null" => Self::Page(origin.into()),
            // Our own pages forbid a referrer, and then a browser hides the origin of their forms too (Fetch §3.2). This header no page can set.
            Some(_) if headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin") => Self::None,
            Some(_) => Self::Opaque,
        }
    }
}

fn find(function: Function, request: &Request) -> Result<&'static Route, Failure> {
    let mut of_path = ROUTES.iter().filter(|route| route.function == function && route.matches(&request.path).is_some()).peekable();
    let first = *of_path.peek().ok_or(Failure::NotFound)?;
    if request.method == Method::OPTIONS {
        return Ok(first);
    }
    of_path.find(|route| route.method == request.method.as_str()).ok_or(Failure::MethodNotAllowed)
}

fn listed(revision: &Revision, page: &str) -> bool {
    let active = |status| status == policy::organisation::Status::Active;
    revision.organisation.apps.iter().filter(|app| active(app.status)).any(|app| app.allowed_origins.iter().any(|origin| origin == page))
}

fn media_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), Failure> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else { return Err(Failure::UnsupportedMediaType) };
    let text = first.to_str().map_err(|_| Failure::UnsupportedMediaType)?;
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = parts
        .filter_map(|part| part.split_once('='))
        .all(|(name, value)| !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if utf8 && allowed.iter().any(|one| essence.eq_ignore_ascii_case(one)) { Ok(()) } else { Err(Failure::UnsupportedMediaType) }
}

/// The body of an HTML form or OAuth request.
fn form(request: &Request) -> Result<&[u8], Failure> {
    media_type(&request.headers, &body::FORM_MEDIA_TYPES)?;
    if request.body.len() > MAX_FORM {
        return Err(Failure::TooLarge);
    }
    Ok(&request.body)
}
