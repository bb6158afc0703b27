#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

use std::sync::Arc;

use async_trait::async_trait;
use engine::ports::{Item, Key, Store, StoreError, Write as StoreWrite};
use engine::testing::{Collecting, ThreadLog};
use policy::secret::Secret;
use serde_json::{Value, json};

use super::*;

/// A store that panics, quoting what it was asked.
struct Broken;

#[async_trait]
impl Store for Broken {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        panic!("cannot read {keys:?}")
    }

    async fn write(&self, _: &[StoreWrite]) -> Result<(), StoreError> {
        panic!("cannot write")
    }
}

fn broken() -> Engine {
    let key = Secret::new("0123456789abcdef0123456789abcdef");
    Engine::new(
        "https://id.example.org",
        Arc::new(Broken),
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        key,
    )
}

/// An introspection with a secret wherever one can be. Its origin makes the engine read which
/// origins are allowed.
fn event() -> Event {
    serde_json::from_value(json!({
        "version": "2.0",
        "rawPath": "/idp/idx/introspect",
        "rawQueryString": "token=canary",
        "cookies": ["canary=canary"],
        "headers": { "content-type": "application/json", "origin": "https://canary.example", "authorization": "canary", "x-amzn-trace-id": "canary" },
        "requestContext": { "http": { "method": "POST", "path": "/canary", "sourceIp": "192.0.2.7", "userAgent": "canary" }, "requestId": "r-1" },
        "body": "{\"interactionHandle\":\"canary\"}",
        "isBase64Encoded": false
    }))
    .unwrap()
}

/// The lines that are logged during the call, on this thread.
async fn lines(work: impl Future) -> Vec<Value> {
    let log = Collecting::begun(|| logs::lines().with_writer(|| ThreadLog).finish());
    work.await;
    log.ended().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn f_31_a_panic_is_500_with_the_request_id_and_the_next_request_works() {
    let engine = broken();
    for _ in 0..2 {
        let response = handle(&engine, Function::Identify, event()).await;
        assert_eq!(response.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap()["errorId"], "r-1");
        assert_eq!(response.headers()["x-okta-request-id"], "r-1");
    }
}

#[test]
fn f_31_r_t9_a_fault_has_the_form_that_the_clients_of_its_operation_read() {
    const OWN: &str = "https://id.example.org";
    let asked = |method: &str, path: &str, origin: &str| {
        let mut request = gateway::request(event());
        (request.method, request.path) = (method.parse().unwrap(), path.into());
        request.headers.insert("origin", origin.parse().unwrap());
        request
    };
    let engine = broken();
    for (method, path, media_type, said) in [
        ("POST", "/idp/idx/introspect", "application/json", "\"messages\""),
        ("POST", "/oauth2/default/v1/token", "application/json", "\"error\":"),
        ("GET", "/email/verify/canary", "text/html; charset=utf-8", "</html>"),
    ] {
        let request = asked(method, path, OWN);
        for (why, status) in
            [(Unserved::Panicked, 500), (Unserved::Unavailable, 503), (Unserved::Busy, 429)]
        {
            let response = engine.unserved(&request, why);
            assert_eq!(response.status(), status, "{path}");
            let body = String::from_utf8_lossy(response.body());
            assert!(body.contains(said) && !body.contains("canary"), "{path}: {body}");
            let header =
                |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("content-type"), Some(media_type), "{path}");
            assert_eq!(header("retry-after").is_some(), status != 500, "{path}");
            for name in [
                "cache-control",
                "x-content-type-options",
                "referrer-policy",
                "strict-transport-security",
                "vary",
            ] {
                assert!(header(name).is_some(), "{path}: {name}");
            }
            // To a page that may read answers a browser would show a network error otherwise.
            assert_eq!(header("access-control-allow-origin"), Some(OWN), "{path}");
            let foreign = engine.unserved(&asked(method, path, "https://evil.example"), why);
            assert!(foreign.headers().get("access-control-allow-origin").is_none(), "{path}");
        }
    }
}

/// A store that never answers.
struct Silent;

#[async_trait]
impl Store for Silent {
    async fn read(&self, _: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        std::future::pending().await
    }

    async fn write(&self, _: &[StoreWrite]) -> Result<(), StoreError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn i14_f_09_a_request_that_waits_for_ever_is_answered_in_time() {
    let key = Secret::new("0123456789abcdef0123456789abcdef");
    let engine = Engine::new(
        "https://id.example.org",
        Arc::new(Silent),
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        key,
    );
    let began = tokio::time::Instant::now();
    let response = handle(&engine, Function::Identify, event()).await;
    assert_eq!(response.status(), http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn r_l1_one_line_of_facts_and_no_secret() {
    let lines = lines(async { handle(&broken(), Function::Identify, event()).await }).await;
    let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 1, "{lines:?}");
    for (name, value) in [
        ("request_id", json!("r-1")),
        ("function", json!("identify")),
        ("operation", json!("Introspect")),
        ("source", json!("192.0.2.7")),
        ("status", json!(500)),
        ("level", json!("INFO")),
    ] {
        assert_eq!(requests[0][name], value, "{name}");
    }
    assert!(requests[0]["duration_ms"].is_u64());
    assert!(!json!(lines).to_string().contains("canary"), "{lines:?}");
}

#[tokio::test]
async fn r_a4_without_configuration_every_request_is_503_and_the_log_says_why() {
    // The variables of this process are not a function's.
    assert!(std::env::var("TABLE_NAME").is_err());
    let instance = Instance {
        function: Function::Identify,
        connect: async |_| Ok(broken()),
        engine: OnceCell::new(),
    };
    let lines = lines(async {
        for _ in 0..2 {
            let answer = Box::pin(instance.answer(event())).await;
            assert_eq!(answer.status_code, 503);
            assert!(answer.headers.contains_key("retry-after"));
        }
    })
    .await;
    let faults: Vec<&Value> =
        lines.iter().filter(|line| line["message"] == "cannot start").collect();
    assert_eq!(faults.len(), 2, "it is tried again with each request: {lines:?}");
    assert_eq!(faults[0]["error"], "TABLE_NAME is not set");
    assert_eq!(faults[0]["level"], "ERROR");
}
