//! From an event of API Gateway to the engine's request, and from its response to an answer of
//! Lambda.
//!
//! Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", payload format
//! 2.0. `lambda_http`'s own conversion is not used: it builds a URL from path, query and `Host`,
//! and panics where that is none.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use engine::http::{Request, Response};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use policy::secret::Secret;

use crate::Event;

/// The engine's form of an event. A body that claims to be base64 and is not stays as it came:
/// the parser refuses it.
pub fn request(event: Event) -> Request {
    let mut headers = event.headers;
    if let Some(cookies) = event.cookies.filter(|cookies| !cookies.is_empty()) {
        headers.remove(COOKIE);
        // One that cannot be in a header hides no other.
        let can_be = |cookie: &&String| HeaderValue::from_bytes(cookie.as_bytes()).is_ok();
        let cookies: Vec<&str> = cookies.iter().filter(can_be).map(String::as_str).collect();
        if let Ok(cookies) = HeaderValue::from_bytes(cookies.join("; ").as_bytes()) {
            headers.insert(COOKIE, cookies);
        }
    }
    let body = event.body.unwrap_or_default().into_bytes();
    let context = event.request_context;
    Request {
        method: context.http.method,
        path: event.raw_path.unwrap_or_default(),
        query: Secret::new(event.raw_query_string.unwrap_or_default()),
        headers,
        body: if event.is_base64_encoded {
            BASE64_STANDARD.decode(&body).unwrap_or(body)
        } else {
            body
        },
        // Never from a header, unless a proxy is in front that proves to be the one (`front`;
        // security.md R-R7).
        source: context.http.source_ip.unwrap_or_default(),
        request_id: context.request_id.unwrap_or_default(),
    }
}

/// Lambda's form of a response.
pub fn response(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = parts.status.as_u16().into();
    answer.cookies = parts
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| Some(value.to_str().ok()?.to_owned()))
        .collect();
    answer.headers = joined(&parts.headers);
    answer.body = match String::from_utf8(body) {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some(Body::Text(text)),
        Err(error) => {
            answer.is_base64_encoded = true;
            Some(Body::Binary(error.into_bytes()))
        }
    };
    answer
}

/// The headers without cookies, one value each: payload format 2.0 has no place for more (RFC 9110
/// §5.3 allows the comma).
fn joined(headers: &HeaderMap) -> HeaderMap {
    let one = |name| {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        HeaderValue::from_bytes(&values.join(&b", "[..])).ok()
    };
    headers
        .keys()
        .filter(|name| *name != SET_COOKIE)
        .filter_map(|name| Some((name.clone(), one(name)?)))
        .collect()
}

/// The output of the future; `None` if it panics. The panic hook has told where by then.
pub async fn guarded<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    // What the future borrowed is not looked at again after a panic, save by locks, and ours
    // tolerate that.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
        Err(_) => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests;
