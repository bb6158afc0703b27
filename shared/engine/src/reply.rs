//! Answers: IDX envelopes, OAuth JSON, pages, redirects; the one place where a status is chosen.

use ::http::header::{self, HeaderName, HeaderValue};
use ::http::{HeaderMap, Response as HttpResponse, StatusCode};
use idx::envelope::{self, Ending, View};
use idx::message;
use idx::operation::{Operation, PUBLIC_CACHE, Protocol};
use idx::page::{Page, Way};
use policy::Context;
use policy::remediation::{Standing, remediations};
use policy::requirement::Refusal;
use policy::step::{Input, Rejection};
use policy::user::Profile;
use serde_json::{Value, json};

use crate::advance::{Advanced, Status};
use crate::derive::half_sha256;
use crate::http::Response;
use crate::{Engine, Failure};

/// An answer, before the headers that all have.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
    readable_by_all: bool,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), readable_by_all: false }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::typed(status, "application/json", body.to_string().into_bytes())
    }

    fn ion(status: StatusCode, body: &Value) -> Self {
        Self::typed(status, envelope::MEDIA_TYPE, body.to_string().into_bytes())
    }

    pub(crate) fn html(status: StatusCode, page: &idx::page::Rendered) -> Self {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            idx::page::STYLE_SHA256.as_str()
        );
        Self::typed(status, "text/html; charset=utf-8", page.0.clone().into_bytes())
            .with_header(header::CONTENT_SECURITY_POLICY, policy)
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::empty(StatusCode::SEE_OTHER).with_header(header::LOCATION, to.into())
    }

    /// An OAuth error (RFC 6749 §5.2).
    pub(crate) fn oauth(error: &str, description: &str) -> Self {
        Self::json(
            StatusCode::BAD_REQUEST,
            &json!({"error": error, "error_description": description}),
        )
    }

    fn typed(status: StatusCode, kind: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, kind.into())],
            body,
            readable_by_all: false,
        }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What any page may read.
    pub(crate) fn readable_by_all(self) -> Self {
        Self { readable_by_all: true, ..self }
    }

    /// What is the same for all: any page may read it, caches keep it for a while, and who has it
    /// already is told so (RFC 9110 §13.1.2).
    pub(crate) fn public(self, asked: &HeaderMap) -> Self {
        if self.status == StatusCode::NO_CONTENT {
            return self.with_header(header::CACHE_CONTROL, PUBLIC_CACHE.into()).readable_by_all();
        }
        let tag = format!("\"{}\"", half_sha256(&String::from_utf8_lossy(&self.body)));
        let reply =
            if has_already(asked, &tag) { Self::empty(StatusCode::NOT_MODIFIED) } else { self };
        reply
            .with_header(header::CACHE_CONTROL, PUBLIC_CACHE.into())
            .with_header(header::ETAG, tag)
            .readable_by_all()
    }

    /// With the headers that every answer has. `readable_by`: the origin of the page that may read
    /// it.
    pub(crate) fn into_response(self, readable_by: Option<&str>) -> Response {
        let mut response = HttpResponse::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in common() {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let cors = match readable_by {
            Some(origin) => vec![
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.into()),
                (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true".into()),
                (header::ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after".into()),
            ],
            None if self.readable_by_all => vec![(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".into())],
            None => Vec::new(),
        };
        for (name, value) in self.headers.into_iter().chain(cors) {
            // What cannot be a header is left out rather than half said.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// True if a client names this tag among those that it has, weakly or strongly.
fn has_already(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    tags.map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// The headers that every answer has (security.md R-T9). HSTS is of this host alone: its neighbours
/// are not ours.
pub(crate) fn common() -> [(HeaderName, &'static str); 5] {
    [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
        (header::VARY, "Origin"),
    ]
}

impl Engine {
    /// The answer to a step.
    pub(crate) fn step_reply(
        &self,
        operation: Operation,
        input: &Input,
        advanced: &Advanced,
    ) -> Result<Reply, Failure> {
        let organisation = &advanced.revision.organisation;
        let transaction = &advanced.transaction;
        let app = organisation.app(&transaction.client.app).ok_or(Failure::SessionExpired)?;
        let context = Context::new(organisation, app, self.clock.now())
            .ok_or_else(|| Failure::internal("an app without enrollment policy"))?;
        let standing = remediations(&context, transaction);
        let state_handle = self.state_handle(&transaction.id);
        // A form that was not taken is on the client's page; one that is shown for the first time
        // may have a draft.
        let nothing = Profile::new();
        let typed = input
            .profile()
            .map_or(&transaction.draft, |sent| if advanced.is_redrawn() { sent } else { &nothing });
        let view = View {
            context: &context,
            transaction,
            standing: &standing,
            notices: &advanced.notices,
            typed,
            state_handle: state_handle.expose(),
            base_url: &self.base_url,
            expires_at: envelope::rfc3339(transaction.expires()),
        };
        if let Some(code) = &advanced.code {
            let ending = if operation == Operation::Poll {
                Ending::Redirect
            } else {
                Ending::InteractionCode
            };
            return Ok(Reply::ion(
                StatusCode::OK,
                &envelope::success(&view, ending, code.expose()),
            ));
        }
        if operation == Operation::Cancel && standing == Standing::Cancelled {
            // Nothing left to say: clients begin anew.
            return Ok(Reply::ion(
                StatusCode::OK,
                &json!({"version": "1.0.0", "stateHandle": state_handle.expose(), "intent": "LOGIN"}),
            ));
        }
        let body = envelope::step(&view);
        let status = match (advanced.status, &standing) {
            (Status::Rejected(Rejection::Invalid) | Status::NotOffered | Status::Malformed, _) => {
                StatusCode::BAD_REQUEST
            }
            (Status::Rejected(Rejection::Unauthenticated), _) => StatusCode::UNAUTHORIZED,
            (Status::Rejected(Rejection::TooManyRequests) | Status::Hurried, _) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            (_, Standing::Refused(Refusal::AccessDenied)) => StatusCode::FORBIDDEN,
            (_, Standing::Refused(Refusal::NotAssigned | Refusal::RegistrationClosed)) => {
                StatusCode::BAD_REQUEST
            }
            // The form is the one that the client has: only an error makes it say so (idx.md
            // §12.12).
            (Status::NotMailed, _) if operation == Operation::Resend => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            (
                Status::Accepted
                | Status::Rejected(Rejection::Outdated(_))
                | Status::NotMailed
                | Status::Elsewhere,
                _,
            ) => StatusCode::OK,
        };
        let reply = if operation == Operation::Introspect && status != StatusCode::OK {
            Reply::json(status, &body)
        } else {
            Reply::ion(status, &body)
        };
        // When it is worth trying again, as the text has it.
        Ok(match message::wait(&advanced.notices) {
            Some(seconds) if status == StatusCode::TOO_MANY_REQUESTS => {
                reply.with_header(header::RETRY_AFTER, seconds.to_string())
            }
            _ => reply,
        })
    }
}

/// The answer to a request that gets no ordinary one. Fixed texts: nothing of the request, nothing
/// of the program (security.md A-116). `ways`: where a page leads on.
pub(crate) fn failure(
    protocol: Protocol,
    failure: &Failure,
    request_id: &str,
    ways: Vec<Way>,
) -> Reply {
    let (status, key, text): (_, _, String) = match failure {
        Failure::NotFound => (StatusCode::NOT_FOUND, "E0000007", "Not found.".into()),
        Failure::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "E0000022",
            "The endpoint does not support the provided HTTP method.".into(),
        ),
        Failure::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "E0000021",
            "The endpoint does not support the provided content type.".into(),
        ),
        Failure::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "E0000020", "The request body is too large.".into())
        }
        Failure::ForeignOrigin => {
            (StatusCode::FORBIDDEN, "E0000006", "Requests from this origin are not allowed.".into())
        }
        Failure::Malformed => (StatusCode::BAD_REQUEST, "E0000020", "Bad request.".into()),
        Failure::SessionExpired => (
            StatusCode::UNAUTHORIZED,
            "idx.session.expired",
            "You have been logged out due to inactivity. Refresh or return to the sign in screen."
                .into(),
        ),
        Failure::Busy(wait) => {
            (StatusCode::TOO_MANY_REQUESTS, "tooManyRequests", message::too_many(Some(*wait)))
        }
        Failure::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "E0000010",
            "The service is unavailable for the moment. Try again.".into(),
        ),
        Failure::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "E0000009", "Internal Server Error".into())
        }
    };
    let reply = match protocol {
        Protocol::OAuth => {
            let error = match failure {
                Failure::Unavailable(_) | Failure::Busy(_) => "temporarily_unavailable",
                Failure::Internal(_) => "server_error",
                _ => "invalid_request",
            };
            Reply::json(status, &json!({"error": error, "error_description": text}))
        }
        Protocol::Page => {
            let page = if matches!(failure, Failure::NotFound) {
                Page::NotFound { ways }
            } else {
                Page::Error { text, ways }
            };
            Reply::html(status, &page.render())
        }
        Protocol::Idx => {
            let mut body = envelope::terminal(key, &text);
            if let (Failure::Internal(_), Value::Object(map)) = (failure, &mut body) {
                map.insert("errorId".into(), request_id.into());
            }
            // Of an introspect error, clients read the body only as plain JSON (idx.md §3.3).
            Reply::json(status, &body)
        }
    };
    match failure {
        Failure::Busy(wait) => {
            reply.with_header(header::RETRY_AFTER, message::seconds(*wait).to_string())
        }
        Failure::Unavailable(_) => {
            reply.with_header(header::RETRY_AFTER, message::seconds(Failure::SOON).to_string())
        }
        _ => reply,
    }
}
