//! Stand-ins for AWS: the same SDK clients that talk to AWS talk HTTP to these, on loopback.
//!
//! DynamoDB is an engine of its own ([`dynamodb`]). SES, KMS and Secrets Manager are the few
//! operations that the functions use, on one listener.

pub mod dynamodb;
pub mod kms;
pub mod secrets;
pub mod ses;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::clock::MovableClock;
use crate::fault::{Faults, error};
use crate::mailbox::Mailbox;
use kms::Kms;
use secrets::Secrets;

/// The region that everything pretends to be in.
pub const REGION: &str = "eu-central-1";

/// Larger than anything a function sends (a mail is a few kilobytes).
const MAX_BODY: usize = 1 << 20;

/// SES, KMS and Secrets Manager.
#[derive(Debug)]
pub struct Services {
    /// The destination of mail.
    pub mailbox: Arc<Mailbox>,
    /// The key that signs tokens.
    pub kms: Arc<Kms>,
    /// The secrets.
    pub secrets: Secrets,
    /// Orders to fail.
    pub faults: Arc<Faults>,
    /// Dates the mail.
    pub clock: Arc<MovableClock>,
}

/// The listener's one handler: AWS's JSON services are told apart by the header `X-Amz-Target`, SES
/// by its path.
pub fn router(services: Arc<Services>) -> Router {
    Router::new().fallback(serve).with_state(services)
}

async fn serve(State(services): State<Arc<Services>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // A page of a site with a name that leads to this machine must not have tokens signed, nor read
    // secrets.
    let host = parts
        .headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if !["127.0.0.1:", "localhost:"].iter().any(|here| host.starts_with(here)) {
        return error(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "this is for the functions on this machine",
        );
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "the body is too large",
        );
    };
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let call = match (target, &parts.method, parts.uri.path()) {
        (Some("TrentService.Sign"), ..) => "kms.Sign",
        (Some("TrentService.GetPublicKey"), ..) => "kms.GetPublicKey",
        (Some("secretsmanager.GetSecretValue"), ..) => "secretsmanager.GetSecretValue",
        (None, &Method::POST, "/v2/email/outbound-emails") => "ses.SendEmail",
        _ => {
            return error(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "no such operation here: only what the functions use",
            );
        }
    };
    let Ok(input) = serde_json::from_slice::<Value>(&body) else {
        return error(StatusCode::BAD_REQUEST, "SerializationException", "the body is not JSON");
    };
    let services = &services;
    services
        .faults
        .around(call, &body, || async move {
            match call {
                "kms.Sign" => services.kms.sign(&input).await,
                "kms.GetPublicKey" => services.kms.public_key(&input).await,
                "secretsmanager.GetSecretValue" => services.secrets.value(&input),
                _ => ses::send(&services.mailbox, &services.clock, &input),
            }
        })
        .await
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn ok(body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
