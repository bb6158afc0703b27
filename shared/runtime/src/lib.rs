//! What every Lambda function shares: configuration, SDK settings, secrets, logs, and the way from
//! an event to the engine and back.
//!
//! A function's `main` is [`serve`] with the function's own `engine`. The local server calls
//! [`handle`] with the same events.

mod environment;
mod front;
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
pub use front::Front;
/// A request as API Gateway's HTTP API hands it to a function (payload format 2.0).
pub use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest as Event;
/// The answer of a function to an [`Event`].
pub use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse as Answer;
pub use logs::{lines as log_lines, start as start_logs};
pub use system::{SystemClock, SystemRandom};

/// Serves `function` in Lambda until the sandbox ends; `connect` makes its engine, with its
/// adapters.
///
/// If that fails, what is missing is logged by name and every request is answered 503 (security.md
/// R-A4) after trying again: a configuration that is wrong stays so, but a secret that could not be
/// read at this moment may be readable at the next.
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
    // While Lambda starts an instance the CPU is not throttled: connect now, not in the first
    // request.
    if let Some(engine) = instance.engine().await {
        engine.warm().await;
    }
    let instance = &instance;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        Ok::<_, Infallible>(instance.answer(event.payload).await)
    }))
    .await
}

/// Answers one event: the engine's answer, 500 with the request's id if the engine panics
/// (security.md R-B3), 503 if it has none in time. Writes one line of log.
pub async fn handle(engine: &Engine, function: Function, event: Event) -> Response {
    handle_within(engine, function, event, ANSWER_WITHIN).await
}

/// As [`handle`], with another time for the answer.
pub async fn handle_within(
    engine: &Engine,
    function: Function,
    event: Event,
    within: Duration,
) -> Response {
    let request = gateway::request(event);
    logged(function, &request, served(engine, function, &request, within)).await
}

/// Answers one event without asking the engine, because of `why`. Writes one line of log.
pub async fn refuse(engine: &Engine, function: Function, event: Event, why: Unserved) -> Response {
    let request = gateway::request(event);
    logged(function, &request, async { engine.unserved(&request, why) }).await
}

/// Answers one event as API Gateway reads it: what comes through `front` is [handled](handle), the
/// rest is refused.
pub async fn answer(
    engine: &Engine,
    front: &Front,
    function: Function,
    mut event: Event,
) -> Answer {
    front.mount(&mut event);
    let mut request = gateway::request(event);
    let answer = match front.admit(&mut request) {
        Ok(()) => {
            logged(function, &request, served(engine, function, &request, ANSWER_WITHIN)).await
        }
        Err(refused) => logged(function, &request, async { refused.answer(&request) }).await,
    };
    gateway::response(answer)
}

async fn served(
    engine: &Engine,
    function: Function,
    request: &Request,
    within: Duration,
) -> Response {
    // Boxed: what a step keeps while it waits is large.
    match tokio::time::timeout(within, gateway::guarded(Box::pin(engine.serve(function, request))))
        .await
    {
        Ok(Some(served)) => served,
        Ok(None) => engine.unserved(request, Unserved::Panicked),
        Err(_) => {
            tracing::error!(request_id = request.request_id, "no answer in time");
            engine.unserved(request, Unserved::Unavailable)
        }
    }
}

/// One sandbox.
struct Instance<C> {
    function: Function,
    connect: C,
    engine: OnceCell<(Engine, Front)>,
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

    async fn connected(&self) -> Option<&(Engine, Front)> {
        let made = self.engine.get_or_try_init(|| async {
            let environment = Environment::from_process()?;
            let front = environment.front().await?;
            // Boxed: what an SDK call keeps while it waits is large.
            Ok::<_, Error>((Box::pin((self.connect)(environment)).await?, front))
        });
        made.await
            .inspect_err(
                |error| tracing::error!(function = self.function.name(), %error, "cannot start"),
            )
            .ok()
    }

    async fn answer(&self, event: Event) -> Answer {
        if let Some((engine, front)) = self.connected().await {
            return answer(engine, front, self.function, event).await;
        }
        let request = gateway::request(event);
        gateway::response(
            logged(self.function, &request, async { Unserved::Unavailable.answer(&request) }).await,
        )
    }
}

/// Every request is answered within this time, whatever AWS does (security.md I14); the same
/// request again then tells the truth (I6). Below the functions' timeout in `template.yaml`, which
/// would answer with nothing.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(9);

/// Names a request in its answer, as it is named in the logs (security.md A-116). The header is
/// Okta's.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-okta-request-id");

/// Waits for the answer to `request` and logs that: facts, never what was in it (security.md R-L1).
async fn logged(
    function: Function,
    request: &Request,
    answer: impl Future<Output = Response>,
) -> Response {
    let started = Instant::now();
    let operation = ROUTES
        .iter()
        .find(|route| {
            route.function == function
                && route.takes(request.method.as_str())
                && route.matches(&request.path).is_some()
        })
        .map(|route| tracing::field::debug(route.operation));
    let mut response = answer.await;
    let Request { request_id, source, .. } = request;
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        request_id,
        function = function.name(),
        operation,
        source,
        status = response.status().as_u16(),
        duration_ms,
        "request"
    );
    response
}

#[cfg(test)]
mod tests;
