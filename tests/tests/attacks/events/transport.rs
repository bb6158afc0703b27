//! Events as text and answers as text, as Lambda's runtime passes them on. Each function runs in
//! two instances that take turns, with nothing in common but the table: a budget that one of them
//! kept for itself would be twice as large.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Engine;
use idx::operation::{Function, NOWHERE, ROUTES};
use local::Running;
use runtime::Environment;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const INSTANCES: usize = 2;

pub struct Transport {
    environment: Environment,
    instances: BTreeMap<(Function, usize), OnceCell<Engine>>,
    requests: AtomicUsize,
}

impl Transport {
    pub fn new(running: &Running) -> Self {
        let environment = Environment::from_vars(|name| running.variables.get(name).cloned())
            .unwrap()
            .with_clock(running.clock.clone());
        let instances = Function::ALL.iter().flat_map(|function| {
            (0..INSTANCES).map(|number| ((*function, number), OnceCell::new()))
        });
        Self { environment, instances: instances.collect(), requests: AtomicUsize::new(0) }
    }

    /// Status, headers, body.
    pub async fn exchange(
        &self,
        source: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, Vec<(String, String)>, String) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let function = ROUTES
            .iter()
            .find(|route| route.matches(path_of(path)).is_some())
            .map_or(NOWHERE, |route| route.function);
        let instance = self.instances[&(function, number % INSTANCES)]
            .get_or_init(|| self.start(function))
            .await;
        let event = event(number, source, method, path, headers, body).to_string();
        let front = self.environment.front().await.unwrap();
        let answer =
            runtime::answer(instance, &front, function, serde_json::from_str(&event).unwrap())
                .await;
        read(&serde_json::to_value(answer).unwrap())
    }

    async fn start(&self, function: Function) -> Engine {
        let engine = match function {
            Function::Identify => identify::engine(&self.environment).await,
            Function::Register => register::engine(&self.environment).await,
            Function::VerifyEmail => verify_email::engine(&self.environment).await,
            Function::ProgressiveEnrollment => {
                progressive_enrollment::engine(&self.environment).await
            }
            Function::Oidc => oidc::engine(&self.environment).await,
        };
        engine.unwrap()
    }
}

/// What API Gateway makes of a request (payload format 2.0). It sends as base64 what it does not
/// take for text; here every other body is, since it must not make a difference (R-V8, F-42).
pub fn event(
    number: usize,
    source: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Value {
    let mut joined: BTreeMap<String, String> =
        BTreeMap::from([("host".into(), "id.example".into())]);
    let mut cookies = Vec::new();
    for (name, value) in headers {
        match *name {
            "cookie" => cookies.extend(value.split("; ")),
            "host" => drop(joined.insert("host".into(), (*value).into())),
            name => drop(
                joined
                    .entry(name.into())
                    .and_modify(|all| *all = format!("{all},{value}"))
                    .or_insert_with(|| (*value).into()),
            ),
        }
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path_of(path),
        "rawQueryString": path.split_once('?').map_or("", |(_, query)| query),
        "headers": joined,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "attacks",
            "http": { "method": method, "path": path_of(path), "protocol": "HTTP/1.1", "sourceIp": source, "userAgent": "attacks" },
            "requestId": format!("attack-{number}"),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    match std::str::from_utf8(body) {
        Ok("") => {}
        Ok(text) if number.is_multiple_of(2) => event["body"] = json!(text),
        _ => {
            (event["body"], event["isBase64Encoded"]) = (json!(STANDARD.encode(body)), json!(true))
        }
    }
    event
}

fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// An answer of Lambda, as API Gateway reads it.
pub fn read(answer: &Value) -> (u16, Vec<(String, String)>, String) {
    let headers = answer["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let cookies = answer["cookies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cookie| ("set-cookie".to_owned(), cookie.as_str().unwrap().to_owned()));
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    assert_eq!(answer["isBase64Encoded"], json!(false), "{answer}");
    (
        status,
        headers.chain(cookies).collect(),
        answer["body"].as_str().unwrap_or_default().to_owned(),
    )
}
