//! A function as Lambda runs it: a process of its own that asks the Runtime API for events, with
//! SDK clients on the endpoints of a local server. What it does without AWS at its start, and that
//! it writes nothing secret, whatever happens to it (security.md R-L1).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex as Lock;
use std::thread::JoinHandle;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use engine::Engine;
use engine::ports::{PasswordError, PasswordHash, Passwords, Verdict};
use idx::operation::Function;
use local::{Options, Patience, Running, start};
use password::{Argon2Passwords, Cost, Pepper};
use policy::secret::Secret;
use runtime::{Environment, Error};
use serde_json::{Value, json};
use tests::{Browser, Control};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

const EMAIL: &str = "canary-mailbox@canary-host.example";
const PASSWORD: &str = "yellow-bird-7Qx1";
/// Makes whatever hashes it panic, quoting it.
const PANICS: &str = "yellow-panic-3Rt8";
const AWS_SECRET: &str = "canary-aws-secret-1Mm4";

/// The function that this process is, if it is one.
const THIS_PROCESS: &str = "FUNCTION_UNDER_TEST";

/// A test begins with this: the process that it starts is this same program, which runs this same
/// test, and then serves events instead until it is killed.
async fn unless_under_test() {
    match std::env::var(THIS_PROCESS).as_deref() {
        Ok("register") => {
            runtime::serve(Function::Register, register_that_may_panic).await.unwrap();
        }
        Ok("oidc") => {
            runtime::serve(Function::Oidc, async |environment| oidc::engine(&environment).await)
                .await
                .unwrap();
        }
        Ok(other) => panic!("{other} is not started here"),
        Err(_) => return,
    }
    panic!("Lambda's runtime ended");
}

async fn register_that_may_panic(environment: Environment) -> Result<Engine, Error> {
    let engine = register::engine(&environment).await?;
    let peppers = Pepper::parse(&environment.peppers().await?)
        .map_err(|error| Error::invalid("PEPPER_SECRET_ID", error))?;
    let real = Argon2Passwords::new(peppers, Cost::default())
        .map_err(|error| Error::invalid("PEPPER_SECRET_ID", error))?;
    Ok(engine.with_passwords(Arc::new(MayPanic(real))))
}

struct MayPanic(Argon2Passwords);

#[async_trait]
impl Passwords for MayPanic {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        assert!(password.expose() != PANICS, "cannot hash {}", password.expose());
        self.0.hash(password).await
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        self.0.verify(password, hash).await
    }
}

/// A function in a process, and Lambda around it.
struct Lambda {
    events: mpsc::Sender<String>,
    answers: Mutex<mpsc::Receiver<Value>>,
    child: Child,
    output: Arc<Lock<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// Lambda's Runtime API: what the process asks.
struct Api {
    events: Mutex<mpsc::Receiver<String>>,
    answers: mpsc::Sender<Value>,
}

impl Lambda {
    /// Starts `function` for the test of this name, with the variables that the template gives it.
    async fn start(test: &str, function: &str, running: &Running) -> Self {
        let ((events, next), (answered, answers)) = (mpsc::channel(1), mpsc::channel(1));
        let api = Arc::new(Api { events: Mutex::new(next), answers: answered });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_event))
            .route("/2018-06-01/runtime/invocation/{id}/{what}", post(answer))
            .with_state(api);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async { axum::serve(listener, router).await });
        let mut variables: BTreeMap<&str, String> = running.variables.clone();
        variables.insert("AWS_SECRET_ACCESS_KEY", AWS_SECRET.into());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--nocapture"])
            .env_clear()
            .envs(variables)
            .env(THIS_PROCESS, function);
        command.env("AWS_LAMBDA_RUNTIME_API", address).env("AWS_LAMBDA_FUNCTION_NAME", function);
        command
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        // Neither shall have a say in what is written.
        command
            .env("RUST_LOG", "trace")
            .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("RUST_BACKTRACE", "full");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Arc::default();
        let readers = vec![
            collect(child.stdout.take().unwrap(), &output),
            collect(child.stderr.take().unwrap(), &output),
        ];
        Self { events, answers: Mutex::new(answers), child, output, readers }
    }

    /// The answer of the function to an event.
    async fn invoke(&self, event: &Value) -> Value {
        self.events.send(event.to_string()).await.unwrap();
        let answer = tokio::time::timeout(
            std::time::Duration::from_secs(20),
            self.answers.lock().await.recv(),
        )
        .await;
        answer.unwrap_or_else(|_| panic!("no answer: {}", self.output.lock().unwrap())).unwrap()
    }

    /// Kills it; everything that it has written.
    fn stopped(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        let output = self.output.lock().unwrap();
        output.clone()
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(source: impl Read + Send + 'static, into: &Arc<Lock<String>>) -> JoinHandle<()> {
    let into = into.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            let mut output = into.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    })
}

async fn next_event(State(api): State<Arc<Api>>) -> Response {
    let Some(event) = api.events.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:000000000000:function:under-test",
        ),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
    ];
    (headers, event).into_response()
}

async fn answer(
    State(api): State<Arc<Api>>,
    Path((_, what)): Path<(String, String)>,
    body: String,
) -> http::StatusCode {
    assert_eq!(what, "response", "the function failed: {body}");
    api.answers.send(serde_json::from_str(&body).unwrap()).await.unwrap();
    http::StatusCode::ACCEPTED
}

/// An event as API Gateway makes it of a request.
fn event(method: &str, path: &str, media_type: &str, body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("ANY {path}"),
        "rawPath": path,
        "rawQueryString": "token=canary-query-5Jd1",
        "cookies": ["vestibule=canary-cookie-2Pk9"],
        "headers": { "content-type": media_type, "host": "localhost", "authorization": "Bearer canary-authorization-8Ub3", "user-agent": "canary-agent-6Wq2" },
        "requestContext": {
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "canary-agent-6Wq2" },
            "requestId": "request-1",
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

async fn server() -> (Running, Control) {
    let running = start(Options {
        test_control: Some(0),
        deadlines: Patience::Deployed,
        ..Options::default()
    })
    .await
    .unwrap();
    let control = Control::new(running.test_control_url.as_ref().unwrap());
    (running, control)
}

#[track_caller]
fn assert_not_ready(answer: &Value) {
    assert_eq!(
        (&answer["statusCode"], answer["headers"]["retry-after"].as_str()),
        (&json!(503), Some("2")),
        "{answer:#}"
    );
    assert!(!answer["body"].as_str().unwrap().contains("vestibule"), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_30_f_35_without_secrets_or_kms_at_its_start_a_function_answers_503_and_serves_when_they_are_back()
 {
    const THIS: &str = "outages::lambda::f_30_f_35_without_secrets_or_kms_at_its_start_a_function_answers_503_and_serves_when_they_are_back";
    unless_under_test().await;
    let (running, control) = server().await;
    let keys = event("GET", "/oauth2/default/v1/keys", "", "");
    for (call, order, told) in [
        (
            "secretsmanager.GetSecretValue",
            "throttle",
            "INTERACTION_SECRET_ID: the secret cannot be read: ThrottlingException",
        ),
        (
            "secretsmanager.GetSecretValue",
            "err500",
            "INTERACTION_SECRET_ID: the secret cannot be read: InternalServiceError",
        ),
        (
            "secretsmanager.GetSecretValue",
            "reject",
            "INTERACTION_SECRET_ID: the secret cannot be read: AccessDeniedException",
        ),
        (
            "kms.GetPublicKey",
            "throttle",
            "SIGNING_KEY_IDS: the signing key is unavailable: GetPublicKey: ThrottlingException",
        ),
    ] {
        control.fault(json!({"at": call, "times": 1_000, "do": order})).await;
        let function = Lambda::start(THIS, "oidc", &running).await;
        for _ in 0..2 {
            assert_not_ready(&function.invoke(&keys).await);
        }
        control.fault(json!({"clear": true})).await;
        let answer = function.invoke(&keys).await;
        assert_eq!(answer["statusCode"], 200, "the same process, the next request: {answer:#}");
        assert!(answer["body"].as_str().unwrap().contains("\"kty\":\"RSA\""), "{answer:#}");
        // What is read once is kept: now that it serves, neither is needed for this.
        control.fault(json!({"at": call, "times": 1_000, "do": order})).await;
        assert_eq!(function.invoke(&keys).await["statusCode"], 200);
        control.fault(json!({"clear": true})).await;
        let output = function.stopped();
        let faults = lines(&output)
            .into_iter()
            .filter(|line| line["message"] == "cannot start")
            .collect::<Vec<_>>();
        assert_eq!(faults.len(), 3, "at its start and with both requests: {output}");
        assert!(
            faults.iter().all(|fault| fault["error"] == told && fault["level"] == "ERROR"),
            "{output}"
        );
    }
}

/// What the function has logged: every line of its own is one JSON object, as Lambda keeps it.
fn lines(output: &str) -> Vec<Value> {
    let of_the_harness = |line: &&str| {
        line.is_empty() || line.starts_with("running 1 test") || line.starts_with("test ")
    };
    output
        .lines()
        .filter(|line| !of_the_harness(line))
        .map(|line| {
            serde_json::from_str(line.strip_prefix("test ").unwrap_or(line))
                .unwrap_or_else(|_| panic!("not JSON: {line}\n{output}"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r_l1_a_117_a_function_in_lambda_writes_nothing_secret_whatever_happens() {
    const THIS: &str =
        "outages::lambda::r_l1_a_117_a_function_in_lambda_writes_nothing_secret_whatever_happens";
    unless_under_test().await;
    let (running, control) = server().await;
    let function = Lambda::start(THIS, "register", &running).await;
    let mut browser = Browser::new(&running.base_url);
    browser.begin().await;
    browser.step("/idp/idx/enroll", json!({})).await;
    let form = |password: &str| {
        let profile =
            json!({"email": EMAIL, "firstName": "canary-name-2Fz7", "lastName": "Lovelace"});
        let body = json!({"stateHandle": browser.handle, "userProfile": profile, "credentials": {"passcode": password}});
        event("POST", "/idp/idx/enroll/new", "application/json", &body.to_string())
    };

    // A panic while a password is worked on, that quotes it; and the next request on the same
    // instance.
    let mut answers = Vec::new();
    for _ in 0..2 {
        let panicked = function.invoke(&form(PANICS)).await;
        assert_eq!(panicked["statusCode"], 500, "{panicked:#}");
        assert_eq!(
            serde_json::from_str::<Value>(panicked["body"].as_str().unwrap()).unwrap()["errorId"],
            "request-1",
            "{panicked:#}"
        );
        answers.push(panicked);
    }
    // AWS in every way, each with its own words.
    for (at, order) in [
        ("ddb.*", "reject"),
        ("ddb.*", "err500"),
        ("ddb.TransactWriteItems", "conflict"),
        ("ddb.*", "in_progress"),
    ] {
        control.fault(json!({"at": at, "times": 1_000, "do": order})).await;
        let failed = function.invoke(&form(PASSWORD)).await;
        control.fault(json!({"clear": true})).await;
        assert_eq!(failed["statusCode"], 503, "{at} {order}: {failed:#}");
        answers.push(failed);
    }
    // Requests that are none.
    let handle = &browser.handle;
    for (media_type, body) in [
        ("application/json", format!("{{\"stateHandle\":\"{handle}\",\"canary-field-4Cy7\":1")),
        ("application/json", format!("{{\"stateHandle\":\"{handle}\",\"canary-field-4Cy7\":1}}")),
        (
            "application/json",
            format!("{{\"stateHandle\":\"{handle}\",\"userProfile\":\"canary-profile-9Hs5\"}}"),
        ),
        ("text/canary-type-7Bv2", "canary-body-3Xe8".to_owned()),
        (
            "application/json",
            "{\"stateHandle\":\"canary-handle-1Aq6\",\"userProfile\":{}}".to_owned(),
        ),
        ("application/json", "\"".repeat(200_000) + "canary-large-5Tg4"),
    ] {
        let refused =
            function.invoke(&event("POST", "/idp/idx/enroll/new", media_type, &body)).await;
        assert!((400..500).contains(&refused["statusCode"].as_u64().unwrap()), "{refused:#}");
        answers.push(refused);
    }
    let mut not_base64 = form("canary-base64-8Ly1");
    not_base64["isBase64Encoded"] = json!(true);
    answers.push(function.invoke(&not_base64).await);
    answers.push(function.invoke(&event("DELETE", "/canary-path-6Nr3", "", "")).await);
    // Mail that cannot be sent; the form is taken, and asked for once more it is sent.
    control.fault(json!({"at": "ses.SendEmail", "times": 1_000, "do": "err500"})).await;
    let unsent = function.invoke(&form(PASSWORD)).await;
    control.fault(json!({"clear": true})).await;
    assert!(
        unsent["statusCode"] == 200
            && unsent["body"].as_str().unwrap().contains("idx.error.mail.not.sent"),
        "{unsent:#}"
    );
    answers.push(unsent);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).await.status, 200);
    let code = control.code(EMAIL).await;

    let written = function.stopped();
    let logged = lines(&written);
    let messages: BTreeSet<_> =
        logged.iter().map(|line| line["message"].as_str().unwrap()).collect();
    for expected in [
        "request",
        "panic",
        "a request could not be served",
        "a mail was not sent",
        "DynamoDB failed",
        "step",
    ] {
        assert!(
            messages.contains(expected),
            "{expected}: it happened and is not in the log: {written}"
        );
    }
    for line in &logged {
        assert!(
            line["timestamp"].is_string()
                && ["INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()),
            "{line}"
        );
    }
    let panics: Vec<_> = logged.iter().filter(|line| line["message"] == "panic").collect();
    assert!(
        panics.len() == 2
            && panics[0]["place"].as_str().is_some_and(|place| place.contains("lambda.rs:")),
        "{panics:?}"
    );
    let secret = handle.split_once('.').map_or(handle.as_str(), |(_, secret)| secret);
    for canary in ["canary", "yellow", secret, &browser.interaction] {
        assert!(!written.contains(canary), "{canary} was written:\n{written}");
    }
    assert!(
        written.split(|char: char| !char.is_ascii_digit()).all(|word| word != code),
        "the code was written:\n{written}"
    );
    // No answer repeats a password, a code, or what came in headers; one that is an error, nothing
    // of what came at all.
    for answer in &answers {
        let text = answer.to_string();
        let rejected = answer["statusCode"] != 200 && !text.contains("remediation");
        let never = [
            "yellow",
            AWS_SECRET,
            "canary-query",
            "canary-authorization",
            "canary-agent",
            "canary-cookie",
            "canary-base64",
        ];
        for canary in
            never.into_iter().chain(rejected.then_some("canary")).chain(rejected.then_some(secret))
        {
            assert!(!text.contains(canary), "{canary} was answered:\n{answer:#}");
        }
    }
    assert!(answers.len() >= 15, "{}", answers.len());
}
