#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::VecDeque;
use std::time::Instant;

use aws_sdk_secretsmanager::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;

const VARS: [(&str, &str); 6] = [
    ("TABLE_NAME", "vestibule"),
    ("BASE_URL", "https://id.example.org"),
    ("INTERACTION_SECRET_ID", "interaction"),
    ("AWS_REGION", "eu-north-1"),
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "hunter2"),
];

/// The variables every function has, with these instead or besides.
fn environment(changes: &[(&str, &str)]) -> Result<Environment, Error> {
    let vars: BTreeMap<&str, &str> = VARS.iter().chain(changes).copied().collect();
    Environment::from_vars(|name| vars.get(name).map(|&value| value.to_owned()))
}

/// A Secrets Manager that answers as scripted: a status, and the secret or the error code. Then it
/// does not answer at all.
#[derive(Clone, Debug, Default)]
struct Secrets {
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Secrets {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        self.asked.lock().unwrap().push(format!(
            "{} {}",
            request.uri(),
            body["SecretId"].as_str().unwrap()
        ));
        let Some((status, text)) = self.answers.lock().unwrap().pop_front() else {
            return HttpConnectorFuture::new(std::future::pending());
        };
        let body = if status == 200 {
            json!({ "SecretString": text })
        } else {
            json!({ "__type": text, "message": "arn:aws:hunter2" })
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status.try_into().unwrap(),
            SdkBody::from(body.to_string()),
        )))
    }
}

fn scripted(changes: &[(&str, &str)], answers: &[(u16, &'static str)]) -> (Environment, Secrets) {
    let secrets = Secrets {
        answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
        asked: Arc::default(),
    };
    let connector = SharedHttpConnector::new(secrets.clone());
    (
        environment(changes)
            .unwrap()
            .with_http_client(http_client_fn(move |_, _| connector.clone())),
        secrets,
    )
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn r_a4_a_missing_variable_is_named() {
    for (name, _) in VARS {
        assert_eq!(environment(&[(name, "")]).err(), Some(Error::Missing(name)));
    }
    assert_eq!(environment(&[]).unwrap().signing_key_ids(), Err(Error::Missing("SIGNING_KEY_IDS")));
}

#[test]
fn r_a4_errors_never_hold_values() {
    for value in [
        "hunter2",
        "ftp://hunter2",
        "https://hunter2@x",
        "https://x/?hunter2",
        "https://x/#hunter2",
        "http://hunter2.example.org",
    ] {
        let error = environment(&[("BASE_URL", value)]).err().unwrap();
        assert!(
            matches!(&error, Error::Invalid { variable: "BASE_URL", why } if !why.contains("hunter2")),
            "{error}"
        );
    }
}

#[test]
fn base_urls() {
    for (text, base_url, base_path) in [
        ("https://id.example.org", "https://id.example.org", ""),
        ("https://id.example.org/", "https://id.example.org", ""),
        ("https://id.example.org/Prod/", "https://id.example.org/Prod", "/Prod"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787", ""),
        ("http://[::1]:8787", "http://[::1]:8787", ""),
        ("http://localhost:8787", "http://localhost:8787", ""),
    ] {
        let environment = environment(&[("BASE_URL", text)]).unwrap();
        assert_eq!((environment.base_url(), environment.base_path()), (base_url, base_path));
    }
}

#[test]
fn signing_keys_are_a_list() {
    let ids = |text| environment(&[("SIGNING_KEY_IDS", text)]).unwrap().signing_key_ids();
    assert_eq!(ids("a").unwrap(), ["a"]);
    assert_eq!(ids("new, old").unwrap(), ["new", "old"]);
    assert!(matches!(ids("new,"), Err(Error::Invalid { variable: "SIGNING_KEY_IDS", .. })));
}

#[test]
fn r_d4_every_client_has_timeouts_and_few_attempts() {
    let environment = environment(&[]).unwrap();
    for (config, attempts) in
        [(environment.dynamodb(), 3), (environment.ses(), 2), (environment.kms(), 3)]
    {
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(3)));
        let retries = config.retry_config().unwrap();
        assert_eq!(
            (retries.max_attempts(), retries.initial_backoff()),
            (attempts, Duration::from_millis(100))
        );
        assert_eq!(config.endpoint_url(), None);
    }
}

#[test]
fn endpoints_can_be_elsewhere() {
    let vars = ["DYNAMODB", "SESV2", "KMS", "SECRETS_MANAGER"]
        .map(|service| format!("AWS_ENDPOINT_URL_{service}"));
    let environment =
        environment(&vars.each_ref().map(|name| (name.as_str(), "http://127.0.0.1:1"))).unwrap();
    for config in [
        environment.dynamodb(),
        environment.ses(),
        environment.kms(),
        environment.sdk("SECRETS_MANAGER", 3),
    ] {
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
    }
}

#[tokio::test]
async fn a_secret_is_read_once() {
    let (environment, secrets) = scripted(&[("PEPPER_SECRET_ID", "pepper")], &[(200, KEY)]);
    for _ in 0..2 {
        assert_eq!(environment.peppers().await.unwrap().expose(), KEY);
    }
    assert_eq!(
        *secrets.asked.lock().unwrap(),
        ["https://secretsmanager.eu-north-1.amazonaws.com/ pepper"]
    );
}

#[tokio::test]
async fn r_a4_a_secret_that_is_absent_short_or_denied_is_named_and_asked_for_again() {
    let (environment, _) = scripted(&[], &[]);
    assert_eq!(environment.passcode_key().await.err(), Some(Error::Missing("PASSCODE_SECRET_ID")));
    assert_eq!(environment.peppers().await.err(), Some(Error::Missing("PEPPER_SECRET_ID")));

    let vars = [("PASSCODE_SECRET_ID", "passcode")];
    let (environment, _) =
        scripted(&vars, &[(200, "hunter2"), (400, "AccessDeniedException"), (200, KEY)]);
    for why in [
        "the secret is shorter than 32 characters",
        "the secret cannot be read: AccessDeniedException",
    ] {
        assert_eq!(
            environment.passcode_key().await.err(),
            Some(Error::invalid("PASSCODE_SECRET_ID", why))
        );
    }
    assert!(environment.passcode_key().await.unwrap().is(KEY));
}

#[tokio::test]
async fn l9_a_secret_may_have_a_neighbour_and_what_cannot_be_read_is_named() {
    const CHANGING: &str = r#"{"current": "0123456789abcdef0123456789abcdef", "next": "fedcba9876543210fedcba9876543210"}"#;
    let vars = [("PASSCODE_SECRET_ID", "passcode")];
    let (environment, _) = scripted(&vars, &[(200, CHANGING)]);
    assert_eq!(environment.passcode_key().await.unwrap().each().count(), 2);
    for (text, why) in [
        (
            r#"{"current": "0123456789abcdef0123456789abcdef", "next": "hunter2"}"#,
            "the secret is shorter than 32 characters",
        ),
        (
            r#"{"hunter2": "0123456789abcdef0123456789abcdef"}"#,
            r#"the secret is not {"current": key, "previous": key, "next": key}"#,
        ),
    ] {
        let (environment, _) = scripted(&vars, &[(200, text)]);
        assert_eq!(
            environment.passcode_key().await.err(),
            Some(Error::invalid("PASSCODE_SECRET_ID", why))
        );
    }
}

#[tokio::test]
async fn r_a4_a_proxy_without_its_secret_and_a_client_header_without_a_proxy_are_refused() {
    let header = ("CLIENT_ADDRESS_HEADER", "X-Client-Address");
    let (bare, _) = scripted(&[header], &[]);
    assert_eq!(
        bare.front().await.err(),
        Some(Error::invalid("CLIENT_ADDRESS_HEADER", "counts only with ORIGIN_SECRET_ID"))
    );
    let (odd, _) = scripted(&[("CLIENT_ADDRESS_HEADER", "hunter2: x")], &[]);
    assert_eq!(
        odd.front().await.err(),
        Some(Error::invalid("CLIENT_ADDRESS_HEADER", "not the name of a header"))
    );

    let origin = ("ORIGIN_SECRET_ID", "origin");
    let (denied, _) = scripted(&[header, origin], &[(400, "AccessDeniedException"), (200, KEY)]);
    let why = "the secret cannot be read: AccessDeniedException";
    assert_eq!(denied.front().await.err(), Some(Error::invalid("ORIGIN_SECRET_ID", why)));
    assert!(denied.front().await.is_ok(), "and asked for again");
    let (open, secrets) = scripted(&[], &[]);
    assert!(open.front().await.is_ok() && secrets.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn f_01_f_02_throttling_is_retried_a_little() {
    let vars = [("PASSCODE_SECRET_ID", "passcode")];
    let (environment, secrets) =
        scripted(&vars, &[(400, "ThrottlingException"), (500, "InternalServiceError"), (200, KEY)]);
    assert!(environment.passcode_key().await.unwrap().is(KEY));
    assert_eq!(secrets.asked.lock().unwrap().len(), 3);

    let (environment, secrets) = scripted(&vars, &[(400, "ThrottlingException"); 4]);
    let started = Instant::now();
    assert!(environment.passcode_key().await.is_err());
    assert_eq!(secrets.asked.lock().unwrap().len(), 3);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn f_09_a_call_that_hangs_ends() {
    let (environment, secrets) = scripted(&[("PASSCODE_SECRET_ID", "passcode")], &[]);
    let started = Instant::now();
    assert_eq!(
        environment.passcode_key().await.err(),
        Some(Error::invalid("PASSCODE_SECRET_ID", "the secret cannot be read: timeout"))
    );
    assert!(
        (Duration::from_millis(900)..Duration::from_secs(4)).contains(&started.elapsed()),
        "{:?}",
        started.elapsed()
    );
    assert!(secrets.asked.lock().unwrap().len() <= 3);
}
