//! A network that follows a script: between the real SDK and a real (embedded) engine, so that a
//! fault has its real consequences.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// The fate of one request. A request for which the script has nothing gets through.
#[derive(Clone, Debug)]
pub enum Step {
    /// It gets through.
    Through,
    /// DynamoDB does nothing and answers this.
    Answer(u16, Value),
    /// It gets through, but what comes back is an HTTP 500.
    Lost,
    /// It gets through, but DynamoDB has forgotten the token of the transaction, as after 10
    /// minutes.
    Forgotten,
    /// It never arrives, and no answer comes back.
    Hangs,
    /// It gets through, but no answer ever comes back.
    HangsAfter,
}

/// An error as DynamoDB words it.
pub fn error(code: &str) -> Step {
    failure(if code == "InternalServerError" { 500 } else { 400 }, code, json!({}))
}

/// A cancelled transaction.
pub fn cancelled(codes: &[&str]) -> Step {
    let reasons: Vec<_> =
        codes.iter().map(|code| json!({ "Code": code, "Message": "canary" })).collect();
    failure(400, "TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}

fn failure(status: u16, code: &str, mut body: Value) -> Step {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
    body["message"] = json!("canary");
    Step::Answer(status, body)
}

/// The network. A clone sees the same.
#[derive(Clone, Debug)]
pub struct Network {
    real: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Step>,
    requests: Vec<Value>,
}

impl Network {
    pub fn new() -> Self {
        Self { real: aws_smithy_http_client::Builder::new().build_http(), state: Arc::default() }
    }

    /// Sets the fate of the next requests; forgets those seen so far.
    pub fn follow(&self, script: impl IntoIterator<Item = Step>) {
        *self.state.lock().unwrap() =
            State { script: script.into_iter().collect(), requests: Vec::new() };
    }

    /// The bodies of the requests since then.
    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().unwrap().requests.clone()
    }

    fn next(&self, request: &HttpRequest) -> Step {
        let mut state = self.state.lock().unwrap();
        state.requests.push(serde_json::from_slice(request.body().bytes().unwrap()).unwrap());
        state.script.pop_front().unwrap_or(Step::Through)
    }
}

impl HttpClient for Network {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            network: self.clone(),
            real: self.real.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct Connector {
    network: Network,
    real: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let real = self.real.clone();
        match self.network.next(&request) {
            Step::Through => real.call(request),
            Step::Forgotten => real.call(with_another_token(request)),
            Step::Answer(status, body) => HttpConnectorFuture::ready(Ok(response(status, &body))),
            Step::Lost => HttpConnectorFuture::new(async move {
                real.call(request).await?;
                Ok(response(500, &json!({})))
            }),
            Step::Hangs => HttpConnectorFuture::new(pending()),
            Step::HangsAfter => HttpConnectorFuture::new(async move {
                real.call(request).await?;
                pending().await
            }),
        }
    }
}

fn response(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))
}

fn with_another_token(mut request: HttpRequest) -> HttpRequest {
    let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
    let token = body["ClientRequestToken"].as_str().unwrap().chars().rev().collect::<String>();
    body["ClientRequestToken"] = json!(token);
    let body = body.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    request
}
