//! What every Lambda function shares: configuration, SDK settings, secrets, logs, and the way from an event to the engine and back.
//!
//! A function's `main` is [`serve`] with the function's own `engine`. The local server calls [`handle`] with the same events.

mod environment;
mod gateway;
mod logs;
mod system;

use std::convert::Infallible;
use std::future::Future;
use std::time::{Duration, Instant};

use engine::http::{Request, Response};
use engine::{Engine, Unserved};
use http::{HeaderName, HeaderValue};
use idx::operation::{Function, ROUTES};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use tokio::sync::OnceCell;

pub use environment::{Deadlines, Environment, Error};
/// A request as API Gateway's HTTP API hands it to a function (payload format 2.0).
pub use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest as Event;
/// What a function answers to an [`Event`].
pub use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse as Answer;
pub use logs::start as start_logs;
pub use system::{SystemClock, SystemRandom};

/// Serves `function` in Lambda until the sandbox ends; `connect` makes its engine, with its adapters.
///
/// If that fails, what is missing is logged by name and every request is answered 503 (security.md R-A4) after trying again: a configuration that is
/// wrong stays so, but a secret that could not be read at this moment may be readable at the next.
///
/// # Errors
/// When Lambda's runtime API cannot be reached.
pub async fn serve<C, F>(function: Function, connect: C) -> Result<(), lambda_http::Error>
where
    C: Fn(Environment) -> F,
    F: Future<Output = Result<Engine, Error>>,
{
    logs::start();
    let instance = Instance { function, connect, engine: OnceCell::new() };
    // While Lambda starts an instance the CPU is not throttled: connect now, not in the first request.
    if let Some(engine) = instance.engine().await {
        engine.warm().await;
    }
    let instance = &instance;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| Ok::<_, Infallible>(instance.answer(event.payload).await))).await
}

/// Answers one event: the engine's answer, 500 with the request's id if the engine panics (security.md R-B3), 503 if it has none in time. Writes one
/// line of log.
pub async fn handle(engine: &Engine, function: Function, event: Event) -> Response {
    handle_within(engine, function, event, ANSWER_WITHIN).await
}

/// As [`handle`], with another time for the answer.
pub async fn handle_within(engine: &Engine, function: Function, event: Event, within: Duration) -> Response {
    logged(function, event, async |request| {
        // Boxed: what a step keeps while it waits is large.
        match tokio::time::timeout(within, gateway::guarded(Box::pin(engine.serve(function, request)))).await {
            Ok(Some(served)) => served,
            Ok(None) => engine.unserved(request, Unserved::Panicked),
            Err(_) => {
                tracing::error!(request_id = request.request_id, "no answer in time");
                engine.unserved(request, Unserved::Unavailable)
            }
        }
    })
    .await
}

/// Answers one event without asking the engine, because of `why`. Writes one line of log.
pub async fn refuse(engine: &Engine, function: Function, event: Event, why: Unserved) -> Response {
    logged(function, event, async |request| engine.unserved(request, why)).await
}

/// Answers one event as API Gateway reads it: [`handle`], below the path of the base URL.
pub async fn answer(engine: &Engine, base_path: &str, function: Function, mut event: Event) -> Answer {
    gateway::mount(&mut event, base_path);
    gateway::response(handle(engine, function, event).await)
}

/// One sandbox.
struct Instance<C> {
    function: Function,
    connect: C,
    engine: OnceCell<(Engine, String)>,
}

impl<C, F> Instance<C>
where
    C: Fn(Environment) -> F,
    F: Future<Output = Result<Engine, Error>>,
{
    /// The engine, made now if it was not yet.
    async fn engine(&self) -> Option<&Engine> {
        self.connected().await.map(|(engine, _)| engine)
    }

    async fn connected(&self) -> Option<&(Engine, String)> {
        let made = self.engine.get_or_try_init(|| async {
            let environment = Environment::from_process()?;
            let base_path = environment.base_path().to_owned();
            // Boxed: what an SDK call keeps while it waits is large.
            Ok::<_, Error>((Box::pin((self.connect)(environment)).await?, base_path))
        });
        made.await.inspect_err(|error| tracing::error!(function = self.function.name(), %error, "cannot start")).ok()
    }

    async fn answer(&self, event: Event) -> Answer {
        if let Some((engine, base_path)) = self.connected().await {
            return answer(engine, base_path, self.function, event).await;
        }
        gateway::response(logged(self.function, event, async |request| Unserved::Unavailable.answer(request)).await)
    }
}

/// Every request is answered within this time, whatever AWS does (security.md I14); the same request again then tells the truth (I6). Below the
/// functions' timeout in `template.yaml`, which would answer with nothing.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(9);

/// Names a request in its answer, as it is named in the logs (security.md A-116). The header is Okta's.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-okta-request-id");

/// Answers `event` and logs that: facts, never what was in it (security.md R-L1).
async fn logged(function: Function, event: Event, answer: impl AsyncFnOnce(&Request) -> Response) -> Response {
    let started = Instant::now();
    let request = gateway::request(event);
    let operation = ROUTES
        .iter()
        .find(|route| route.function == function && route.takes(request.method.as_str()) && route.matches(&request.path).is_some())
        .map(|route| tracing::field::debug(route.operation));
    let mut response = answer(&request).await;
    let Request { request_id, source, .. } = &request;
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request_id, function = function.name(), operation, source, status = response.status().as_u16(), duration_ms, "request");
    response
}

#[cfg(test)]
mod tests;
