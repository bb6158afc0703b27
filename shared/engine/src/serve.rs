//! From a request to its operation.

use ::http::{HeaderMap, Method, StatusCode, header};
use idx::body;
use idx::operation::{Function, Operation, Protocol, ROUTES, Route};
use idx::page::Way;
use policy::email::identifier_key;
use policy::organisation::App;
use policy::step::Rejection;
use policy::transaction::Outcome;

use crate::advance::{Advanced, Arrival, Finder, Status};
use crate::cors::Origin;
use crate::derive::sha256;
use crate::http::{Request, Response};
use crate::reply::{self, Reply};
use crate::{Engine, Failure, cookie};

/// Largest body of a form, in bytes; IDX bodies have [`body::MAX_BODY`].
const MAX_FORM: usize = 16 * 1024;

/// Most apps that a page of ours leads to.
const MOST_WAYS: usize = 10;

impl Engine {
    /// Serves a request to `function`. Never fails: a failure is an answer too.
    pub async fn serve(&self, function: Function, request: &Request) -> Response {
        let origin = Origin::of(&request.headers);
        let mut response = match find(function, request) {
            Ok(_) if request.method == Method::OPTIONS => self.preflight(request, &origin).await,
            Ok(route) => match self.dispatch(route, request, &origin).await {
                Ok(reply) if route.operation.is_public() => {
                    self.finish(reply.public(&request.headers), &origin).await
                }
                Ok(reply) => self.finish(reply, &origin).await,
                Err(failure) => self.answer_failure(request, &failure, &origin).await,
            },
            Err(failure) => self.answer_failure(request, &failure, &origin).await,
        };
        if request.method == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }

    /// Answers a request that [`serve`](Self::serve) did not answer, in the form of its operation.
    /// Looks nothing up: which page may read it is what this instance knows.
    pub fn unserved(&self, request: &Request, why: Unserved) -> Response {
        let readable_by = match Origin::of(&request.headers) {
            Origin::Page(page) if self.knows(&page) => Some(page),
            _ => None,
        };
        why.reply(request).into_response(readable_by.as_deref())
    }

    async fn dispatch(
        &self,
        route: &Route,
        request: &Request,
        origin: &Origin,
    ) -> Result<Reply, Failure> {
        if route.method == "POST" && !self.may_write(origin).await? {
            return Err(Failure::ForeignOrigin);
        }
        let id = route.matches(&request.path).flatten().unwrap_or_default();
        match route.operation {
            Operation::OpenApi => Ok(self.openapi()),
            Operation::Favicon => Ok(Reply::empty(StatusCode::NO_CONTENT)),
            Operation::Discovery => Ok(self.discovery()),
            Operation::Keys => self.published_keys().await,
            Operation::Interact => {
                self.interact(form(request)?, &request.headers, self.page(origin)).await
            }
            Operation::Token => self.token(form(request)?, self.page(origin)).await,
            Operation::Userinfo => self.userinfo(&request.headers, None).await,
            Operation::UserinfoByPost => {
                let body = if request.body.is_empty() { None } else { Some(form(request)?) };
                self.userinfo(&request.headers, body).await
            }
            Operation::OpenLink => self.open_link(id, request).await,
            Operation::ConfirmLink => {
                let body = form(request)?;
                self.confirm_link(id, body, request).await
            }
            operation => self.idx(operation, request, origin).await,
        }
    }

    async fn idx(
        &self,
        operation: Operation,
        request: &Request,
        origin: &Origin,
    ) -> Result<Reply, Failure> {
        media_type(&request.headers, &body::MEDIA_TYPES)?;
        if request.body.len() > body::MAX_BODY {
            return Err(Failure::TooLarge);
        }
        let parsed = body::parse(operation, &request.body).map_err(|_| Failure::Malformed)?;
        let from = self.client_address(request).await?;
        let arrival = Arrival {
            operation,
            finder: Finder::Handle(parsed.handle),
            input: parsed.input,
            mac: self.request_mac(operation, &request.body),
            source: &from.address,
            server_of: from.server_of.as_deref(),
            browser: cookie::of(&request.headers).map(|cookie| sha256(cookie.expose())),
            page: self.page(origin),
        };
        let advanced = self.advance(&arrival).await?;
        self.log(operation, request, &advanced);
        self.step_reply(operation, &arrival.input, &advanced)
    }

    /// What became of a step, as facts: no address, no handle, no code (security.md R-L1). Who it
    /// was about is a pseudonym.
    pub(crate) fn log(&self, operation: Operation, request: &Request, advanced: &Advanced) {
        let transaction = &advanced.transaction;
        let who = transaction.identifier().map(|identifier| {
            self.interaction_key.pseudonym(&["log", &identifier_key(identifier)])
        });
        let outcome = match (&transaction.outcome, advanced.status) {
            (Some(Outcome::Done { .. }), _) => "done",
            (Some(Outcome::Cancelled), _) => "cancelled",
            (None, Status::Accepted) => "accepted",
            (None, Status::Rejected(Rejection::Invalid)) => "invalid",
            (None, Status::Rejected(Rejection::Unauthenticated)) => "unauthenticated",
            (None, Status::Rejected(Rejection::TooManyRequests)) => "too_many_requests",
            (None, Status::Rejected(Rejection::Outdated(_))) => "outdated",
            (None, Status::NotOffered) => "not_offered",
            (None, Status::Malformed) => "malformed",
            (None, Status::Hurried) => "hurried",
            (None, Status::NotMailed) => "not_mailed",
            (None, Status::Elsewhere) => "elsewhere",
        };
        let Request { request_id, source, .. } = request;
        tracing::info!(
            request_id,
            transaction = transaction.id,
            app = transaction.client.app,
            ?operation,
            outcome,
            who,
            source,
            "step"
        );
    }

    async fn answer_failure(
        &self,
        request: &Request,
        failure: &Failure,
        origin: &Origin,
    ) -> Response {
        if matches!(failure, Failure::Internal(_) | Failure::Unavailable(_)) {
            tracing::error!(request_id = request.request_id, %failure, "a request could not be served");
        }
        let protocol = spoken(request);
        let lost = protocol == Protocol::Page
            && matches!(failure, Failure::NotFound | Failure::MethodNotAllowed);
        let ways = if lost { self.ways().await } else { Vec::new() };
        let mut reply = reply::failure(protocol, failure, &request.request_id, ways);
        if matches!(failure, Failure::MethodNotAllowed) {
            reply = reply.with_header(header::ALLOW, Route::methods_of(&request.path));
        }
        match failure {
            Failure::ForeignOrigin => reply.into_response(None),
            _ => self.finish(reply, origin).await,
        }
    }

    /// Where people go on who have lost their way: the apps that name a page for it. As this
    /// instance knows them; it asks only if it knows nothing.
    async fn ways(&self) -> Vec<Way> {
        let known = match self.cache.known() {
            Some(known) => known,
            None => match self.current().await {
                Ok(current) => current,
                Err(_) => return Vec::new(),
            },
        };
        let active = known
            .organisation
            .apps
            .iter()
            .filter(|app| app.status == policy::organisation::Status::Active);
        active.filter_map(way).take(MOST_WAYS).collect()
    }

    /// Adds what every answer has (security.md R-T7, R-T9).
    pub(crate) async fn finish(&self, reply: Reply, origin: &Origin) -> Response {
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
    pub fn answer(self, request: &Request) -> Response {
        self.reply(request).into_response(None)
    }

    fn reply(self, request: &Request) -> Reply {
        let failure = match self {
            Self::Panicked => Failure::internal("a panic"),
            Self::Unavailable => Failure::Unavailable("no answer".into()),
            Self::Busy => Failure::Busy(Failure::SOON),
        };
        reply::failure(spoken(request), &failure, &request.request_id, Vec::new())
    }
}

fn find(function: Function, request: &Request) -> Result<&'static Route, Failure> {
    let mut of_path = ROUTES
        .iter()
        .filter(|route| route.function == function && route.matches(&request.path).is_some())
        .peekable();
    let first = *of_path.peek().ok_or(Failure::NotFound)?;
    if request.method == Method::OPTIONS {
        return Ok(first);
    }
    of_path.find(|route| route.takes(request.method.as_str())).ok_or(Failure::MethodNotAllowed)
}

/// The language of an answer that no operation gives: the path's, or else a page for browsers and
/// JSON for everything else.
fn spoken(request: &Request) -> Protocol {
    let browser = || {
        request
            .headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
    };
    Protocol::of_path(&request.path)
        .unwrap_or_else(|| if browser() { Protocol::Page } else { Protocol::OAuth })
}

/// The way to an app, if it names a page for it.
pub(crate) fn way(app: &App) -> Option<Way> {
    Some(Way {
        app: app.label.clone(),
        href: app.settings.oauth_client.initiate_login_uri.clone()?,
    })
}

fn media_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), Failure> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else {
        return Err(Failure::UnsupportedMediaType);
    };
    let text = first.to_str().map_err(|_| Failure::UnsupportedMediaType)?;
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || is_utf8(value.trim().trim_matches('"'))
    });
    if utf8 && allowed.iter().any(|one| essence.eq_ignore_ascii_case(one)) {
        Ok(())
    } else {
        Err(Failure::UnsupportedMediaType)
    }
}

/// Both names that the Encoding Standard knows and clients send.
fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8"].iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// The body of an HTML form or OAuth request.
fn form(request: &Request) -> Result<&[u8], Failure> {
    media_type(&request.headers, &body::FORM_MEDIA_TYPES)?;
    if request.body.len() > MAX_FORM {
        return Err(Failure::TooLarge);
    }
    Ok(&request.body)
}
