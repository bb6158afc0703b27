//! The event of an API Gateway HTTP API, payload format 2.0.
//!
//! Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway".

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use policy::time::Timestamp;
use serde_json::{Value, json};

/// The parts of an event.
pub struct Facts<'a> {
    /// Method, target and headers.
    pub parts: &'a Parts,
    /// The body.
    pub body: &'a Bytes,
    /// Path of the route, with `{id}`, or `$default`.
    pub route: &'a str,
    /// The value of `{id}`.
    pub id: Option<&'a str>,
    /// The client, as the socket has it.
    pub source: IpAddr,
    /// Unique.
    pub request_id: &'a str,
    /// The time of its arrival.
    pub now: Timestamp,
}

/// The event.
pub fn build(facts: &Facts<'_>) -> Value {
    let headers = &facts.parts.headers;
    let mut joined: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|all| *all = format!("{all},{value}"))
            .or_insert_with(|| value.clone().into_owned());
    }
    let cookies: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let cookies: Vec<&str> = cookies.iter().flat_map(|value| value.split("; ")).collect();
    let (method, path) = (facts.parts.method.as_str(), facts.parts.uri.path());
    let query = facts.parts.uri.query().unwrap_or_default();
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let route_key = if facts.route.starts_with('/') {
        format!("ANY {}", facts.route)
    } else {
        facts.route.into()
    };
    let (body, base64) =
        body(facts.body, headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()));
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "localhost",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": facts.source.to_string(), "userAgent": agent },
            "requestId": facts.request_id,
            "routeKey": route_key,
            "stage": "$default",
            "timeEpoch": facts.now.0,
        },
        "isBase64Encoded": base64,
    });
    if let Some(object) = event.as_object_mut() {
        // Absent rather than empty, as API Gateway has it.
        let optional = [
            ("cookies", (!cookies.is_empty()).then(|| json!(cookies))),
            ("pathParameters", facts.id.map(|id| json!({ "id": id }))),
            ("body", body.map(Value::String)),
        ];
        object.extend(
            optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))),
        );
    }
    event
}

/// API Gateway passes on as text what it knows to be text; anything else, forms and
/// `application/ion+json` among it, as base64 (F-42).
fn body(body: &Bytes, content_type: Option<&str>) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"]
            .contains(&kind.as_str());
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(request: http::Request<&'static str>) -> runtime::Event {
        let (parts, text) = request.into_parts();
        let event = build(&Facts {
            parts: &parts,
            body: &Bytes::from_static(text.as_bytes()),
            route: "/email/verify/{id}",
            id: Some("x"),
            source: "192.0.2.7".parse().unwrap(),
            request_id: "r-1",
            now: Timestamp(1),
        });
        serde_json::from_value(event).unwrap()
    }

    fn request(content_type: &str) -> http::Request<&'static str> {
        let request = http::Request::post("/email/verify/x?t=a%2Bb&t=c")
            .header("host", "localhost:8787")
            .header("content-type", content_type);
        let request = request
            .header("cookie", "a=1; b=2")
            .header("x-a", "1")
            .header("x-a", "2")
            .header("x-forwarded-for", "203.0.113.9");
        request.body(r#"{"a":1}"#).unwrap()
    }

    #[test]
    fn a_function_reads_it_as_api_gateways() {
        let event = event(request("application/json"));
        assert_eq!(event.request_context.http.method, "POST");
        assert_eq!(event.raw_path.as_deref(), Some("/email/verify/x"));
        assert_eq!(event.raw_query_string.as_deref(), Some("t=a%2Bb&t=c"));
        assert_eq!(event.headers.get("x-a").unwrap(), "1,2");
        assert_eq!(event.cookies.unwrap(), ["a=1", "b=2"]);
        assert_eq!(event.path_parameters.get("id").unwrap(), "x");
        assert_eq!(event.body.as_deref(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn the_source_is_the_sockets_whatever_a_header_says() {
        assert_eq!(
            event(request("application/json")).request_context.http.source_ip.as_deref(),
            Some("192.0.2.7")
        );
    }

    #[test]
    fn f_42_what_is_not_known_as_text_comes_as_base64() {
        for (kind, base64) in [
            ("application/json; charset=utf-8", false),
            ("application/ion+json", true),
            ("application/x-www-form-urlencoded", true),
        ] {
            let event = event(request(kind));
            assert_eq!(event.is_base64_encoded, base64, "{kind}");
            let body = event.body.unwrap();
            assert_eq!(
                if base64 { STANDARD.decode(body).unwrap() } else { body.into_bytes() },
                br#"{"a":1}"#
            );
        }
    }
}
