//! A proxy in front (security.md R-A3, R-R7): what comes past it is refused before anything is
//! looked up, and what names the client is believed only beside the origin secret.

use engine::Engine;
use engine::ports::Clock as _;
use idx::operation::Function;
use local::{Options, Running};
use runtime::{Environment, Front};
use serde_json::{Value, json};

use super::stage::demo;
use super::transport::{event, read};
use crate::attacks::RUNTIME;

/// A secret that the local server has anyway stands in for the origin secret.
const SECRET_ID: &str = "vestibule-passcode";

const CALLBACK: &str = "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback";

const FORM: &str = "application/x-www-form-urlencoded";

struct Behind {
    running: Running,
    engines: [(Function, Engine); 2],
    front: Front,
    secret: String,
}

impl Behind {
    /// Functions that a proxy is in front of, with three guesses for each source.
    async fn start() -> Self {
        let running =
            local::start(Options { test_control: Some(0), ..Options::default() }).await.unwrap();
        let environment = Environment::from_vars(|name| match name {
            "ORIGIN_SECRET_ID" => Some(SECRET_ID.into()),
            "CLIENT_ADDRESS_HEADER" => Some("X-Client-Address".into()),
            name => running.variables.get(name).cloned(),
        });
        let environment = environment.unwrap();
        let store = dynamodb::DynamoStore::new(
            dynamodb::Client::new(&environment.dynamodb()),
            environment.table_name(),
        );
        let mut organisation = demo();
        organisation.settings.limits.guesses_per_source_per_hour = 3;
        engine::configuration::apply(&store, &organisation, running.clock.now()).await.unwrap();
        let engines = [
            (Function::Oidc, oidc::engine(&environment).await.unwrap()),
            (Function::Identify, identify::engine(&environment).await.unwrap()),
        ];
        let front = environment.front().await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = http
            .post(&running.services_url)
            .header("x-amz-target", "secretsmanager.GetSecretValue");
        let answer = asked
            .body(json!({ "SecretId": SECRET_ID }).to_string())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let secret = serde_json::from_str::<Value>(&answer).unwrap()["SecretString"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { running, engines, front, secret }
    }

    /// The answer of a function to an event that comes from the proxy's address with these headers.
    async fn exchange(
        &self,
        function: Function,
        path: &str,
        kind: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let engine = &self.engines.iter().find(|(name, _)| *name == function).unwrap().1;
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", kind)]).collect();
        let event = event(0, "192.0.2.7", "POST", path, &headers, body.as_bytes());
        let answer =
            runtime::answer(engine, &self.front, function, serde_json::from_value(event).unwrap())
                .await;
        let (status, _, text) = read(&serde_json::to_value(answer).unwrap());
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Begins a transaction, which writes to the store.
    async fn interact(&self, headers: &[(&str, &str)]) -> (u16, Value) {
        let challenge = engine::derive::sha256(&"v".repeat(43));
        let form = format!(
            "client_id=demo-spa&scope=openid&redirect_uri={CALLBACK}&code_challenge={challenge}&code_challenge_method=S256&state=s&nonce=n"
        );
        self.exchange(Function::Oidc, "/oauth2/default/v1/interact", FORM, headers, &form).await
    }

    /// A first page, and one wrong guess on it: its status.
    async fn guess(&self, name: &str, client: &str) -> u16 {
        let headers = [("x-origin-secret", self.secret.as_str()), ("x-client-address", client)];
        let (status, begun) = self.interact(&headers).await;
        assert_eq!(status, 200, "{begun}");
        let body = json!({ "interactionHandle": begun["interaction_handle"] }).to_string();
        let (status, first) = self
            .exchange(
                Function::Identify,
                "/idp/idx/introspect",
                "application/json",
                &headers,
                &body,
            )
            .await;
        assert_eq!(status, 200, "{first}");
        let body = json!({ "stateHandle": first["stateHandle"], "identifier": name, "credentials": { "passcode": "not the password" } });
        self.exchange(
            Function::Identify,
            "/idp/idx/identify",
            "application/json",
            &headers,
            &body.to_string(),
        )
        .await
        .0
    }
}

#[test]
fn r_r7_a_090_behind_a_proxy_the_client_is_the_one_the_proxy_names_and_no_other_may_name_it() {
    RUNTIME.block_on(async {
        let behind = Behind::start().await;
        // Each client has its own budget, though all come from the proxy's address.
        for number in 0..3 {
            assert_ne!(
                behind.guess(&format!("unknown-{number}@example.com"), "203.0.113.9").await,
                429
            );
        }
        assert_eq!(behind.guess("unknown-3@example.com", "203.0.113.9").await, 429);
        assert_ne!(behind.guess("unknown-3@example.com", "2001:db8::1").await, 429);

        // Who goes past the proxy may write what they like: nothing is even looked up.
        let (right, wrong) = (
            behind.secret.as_str(),
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        );
        let doubled = format!("{right},{right}");
        behind.running.faults.reset_calls();
        for headers in [
            &[][..],
            &[("x-client-address", "203.0.113.10")],
            &[("x-client-address", "203.0.113.10"), ("x-origin-secret", "")],
            &[("x-client-address", "203.0.113.10"), ("x-origin-secret", wrong)],
            &[("x-client-address", "203.0.113.10"), ("x-origin-secret", &doubled)],
            &[("x-client-address", "203.0.113.10"), ("cookie", &doubled)],
        ] {
            assert_eq!(
                behind.interact(headers).await,
                (403, json!({ "message": "Forbidden" })),
                "{headers:?}"
            );
        }
        assert!(behind.running.faults.calls().is_empty());
        assert_eq!(
            behind
                .interact(&[("x-client-address", "203.0.113.10"), ("x-origin-secret", right)])
                .await
                .0,
            200
        );
        assert!(!behind.running.faults.calls().is_empty());

        // A proxy that names no client would make one of all: it is not served, and the log says
        // so.
        for headers in [
            &[("x-origin-secret", right)][..],
            &[("x-origin-secret", right), ("x-client-address", "203.0.113.10, 203.0.113.9")],
        ] {
            assert_eq!(behind.interact(headers).await.0, 503, "{headers:?}");
        }
    });
}
