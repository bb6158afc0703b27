#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::front::Front;

/// An event as API Gateway sends it, with these fields instead.
fn event(changes: &Value) -> Event {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "ANY /idp/idx/identify",
        "rawPath": "/idp/idx/identify",
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9" },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "api.example.org",
            "http": { "method": "POST", "path": "/idp/idx/identify", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "test" },
            "requestId": "r-1",
            "stage": "$default",
            "timeEpoch": 1
        },
        "body": "{\"a\":1}",
        "isBase64Encoded": false
    });
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

#[test]
fn a_request_is_read() {
    let request = request(event(
        &json!({ "rawQueryString": "t=a%2Bb&t=c", "rawPath": "/email/verify/%41%2f" }),
    ));
    assert_eq!(
        (request.method, request.path.as_str(), request.query.expose()),
        (Method::POST, "/email/verify/%41%2f", "t=a%2Bb&t=c")
    );
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!((request.body.as_slice(), request.request_id.as_str()), (&b"{\"a\":1}"[..], "r-1"));
}

#[test]
fn r_r7_the_source_is_what_the_gateway_saw() {
    assert_eq!(request(event(&json!({}))).source, "192.0.2.7");
}

#[test]
fn cookies_are_put_together() {
    assert_eq!(request(event(&json!({ "cookies": ["a=1", "b=2"] }))).headers["cookie"], "a=1; b=2");
    assert!(request(event(&json!({ "cookies": [] }))).headers.get("cookie").is_none());
}

#[test]
fn r_v8_a_base64_body_is_the_same_body() {
    assert_eq!(
        request(event(&json!({ "body": "eyJhIjoxfQ==", "isBase64Encoded": true }))).body,
        b"{\"a\":1}"
    );
    assert_eq!(
        request(event(&json!({ "body": "not base64!", "isBase64Encoded": true }))).body,
        b"not base64!"
    );
    assert!(request(event(&json!({ "body": null }))).body.is_empty());
}

#[test]
fn r_v9_no_path_query_or_host_makes_it_panic() {
    for odd in ["", "*", "//", "/../..", "/%", "/\u{0}\u{7f}", "/<>|^\"{}`\\", "/ä\u{202e}", "/?#"]
    {
        let headers = json!({ "host": "a b:99999", "x-forwarded-proto": "ht tp", "cookie": "own" });
        let request = request(event(
            &json!({ "rawPath": odd, "rawQueryString": odd, "headers": headers, "cookies": ["a=\u{1}"] }),
        ));
        assert_eq!((request.path.as_str(), request.query.expose()), (odd, odd));
    }
}

#[test]
fn a_response_is_what_api_gateway_takes() {
    let answer = http::Response::builder()
        .status(201)
        .header("vary", "origin")
        .header("vary", "accept")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2");
    let answer = serde_json::to_value(response(answer.body("ä".into()).unwrap())).unwrap();
    assert_eq!(
        (&answer["statusCode"], &answer["body"], &answer["isBase64Encoded"]),
        (&json!(201), &json!("ä"), &json!(false))
    );
    assert_eq!(
        (&answer["headers"], &answer["cookies"]),
        (&json!({ "vary": "origin, accept" }), &json!(["a=1", "b=2"]))
    );

    let answer = serde_json::to_value(response(Response::new(vec![0xff]))).unwrap();
    assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    assert_eq!(serde_json::to_value(response(Response::new(vec![]))).unwrap().get("body"), None);
}

#[tokio::test]
async fn f_31_a_panic_is_caught_wherever_it_happens() {
    assert_eq!(guarded(async { 1 }).await, Some(1));
    assert_eq!(guarded(async { panic!("before it waits") }).await, None::<()>);
    let later = async {
        tokio::task::yield_now().await;
        panic!("after it waited")
    };
    assert_eq!(guarded(later).await, None::<()>);
}

/// Events as API Gateway would never send them. Coverage-guided on demand (`.ci/fuzz`); here, the
/// corpus kept beside this.
#[test]
fn events() {
    bolero::check!(name = "events").with_iterations(200).for_each(|input: &[u8]| {
        // Of fields that an event does not have serde reads less than of a `Value`: they may be no
        // UTF-8.
        let (Ok(mut event), Ok(json)) =
            (serde_json::from_slice::<Event>(input), serde_json::from_slice::<Value>(input))
        else {
            return;
        };
        let path = event.raw_path.clone();
        Front::new("/stage", None).mount(&mut event);
        let mounted = event.raw_path.clone().unwrap_or_default();
        assert!(
            path.unwrap_or_default().ends_with(&mounted),
            "only what is in front is taken away"
        );
        let request = request(event);
        assert_eq!(request.path, mounted);
        // The source is what the gateway saw, whatever the headers say (security.md R-R7).
        assert_eq!(
            request.source,
            json["requestContext"]["http"]["sourceIp"].as_str().unwrap_or_default()
        );
        if json["isBase64Encoded"] != true {
            assert_eq!(request.body, json["body"].as_str().unwrap_or_default().as_bytes());
        }
        // An answer with the headers and the body of the request: nothing is lost, and JSON holds
        // it.
        let mut answer = Response::new(request.body.clone());
        *answer.headers_mut() = request.headers;
        let sent = serde_json::to_value(response(answer)).unwrap();
        assert_eq!(sent["isBase64Encoded"], std::str::from_utf8(&request.body).is_err());
    });
}
