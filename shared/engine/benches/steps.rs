//! What the engine itself costs, without network, DynamoDB and Argon2: `cargo bench -p engine`
//! prints a table of tests/README.md.
#![allow(missing_docs, reason = "nobody calls a measurement")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement says what it expects by failing"
)]

#[path = "../tests/stage/mod.rs"]
mod stage;
mod stopwatch;

use std::collections::BTreeMap;
use std::hint::black_box;

use engine::http::Request;
use engine::ports::Clock as _;
use engine::testing::block_on;
use idx::envelope::{self, View};
use idx::operation::{Operation, ROUTES};
use policy::Context;
use policy::remediation::remediations;
use policy::secret::Secret;
use policy::step::{Facts, Input, lookup, step};
use policy::time::Timestamp;
use policy::transaction::{Client, Subject, Transaction};
use policy::user::{Profile, User, UserStatus};
use serde_json::{Value, json};
use stage::{NOON, Stage, demo};
use stopwatch::Stopwatch;

const ADA: &str = "ada.lovelace@example.com";
const PASSWORD: &str = "correct horse battery";

fn main() {
    let organisation = demo();
    let app = organisation.app("demo").unwrap();
    let context = Context::new(&organisation, app, Timestamp(NOON)).unwrap();
    let begun = transaction();
    let input = Input::Identify { identifier: ADA.into(), password: Some(Secret::new(PASSWORD)) };
    let facts = Facts { owners: vec![Some((ada(), 1))], password_right: true, ..Facts::default() };
    let mut applicant = begun.clone();
    applicant.subject = Subject::Applicant { registration: None };
    let standing = remediations(&context, &applicant);
    let form = json!({
        "stateHandle": "h".repeat(66),
        "userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"},
        "credentials": {"passcode": PASSWORD},
    });
    let form = form.to_string().into_bytes();
    let stage = client();

    let mut stopwatch = Stopwatch::default();
    stopwatch.add("policy: what must be known to decide a sign-in", || {
        black_box(lookup(
            &context,
            &begun,
            &input,
            policy::transaction::Familiar::default(),
            false,
        ));
    });
    stopwatch.add("policy: a sign-in decided", || {
        black_box(step(&context, begun.clone(), &input, &facts).unwrap());
    });
    stopwatch.add("policy: what the sign-up page offers", || {
        black_box(remediations(&context, &applicant));
    });
    stopwatch.add("wire: the sign-up form read", || {
        black_box(idx::body::parse(Operation::EnrollProfile, &form).unwrap());
    });
    stopwatch.add("wire: the sign-up page rendered", || {
        let view = View {
            context: &context,
            transaction: &applicant,
            standing: &standing,
            notices: &[],
            typed: &Profile::new(),
            state_handle: "handle",
            base_url: stage::BASE,
            expires_at: envelope::rfc3339(applicant.expires()),
        };
        black_box(serde_json::to_vec(&envelope::step(&view)).unwrap());
    });
    stopwatch.add("engine and store in memory: interact", || {
        black_box(stage.interact());
        stage.rest();
    });
    stopwatch.add("engine and store in memory: a whole sign-in, 4 requests", || {
        stage.sign_in();
        stage.rest();
    });

    let medians = stopwatch.medians();
    let sign_in = medians.last().map_or(1.0, |(_, median)| median.as_secs_f64());
    println!("| what | CPU | of a whole sign-in |\n| --- | ---: | ---: |");
    for (name, median) in medians {
        println!(
            "| {name} | {} | {:.1} % |",
            stopwatch::text(median),
            100.0 * median.as_secs_f64() / sign_in
        );
    }
}

/// A client that does not look at what it gets more than it must.
struct Visitor {
    stage: Stage,
}

fn client() -> Visitor {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
    Visitor { stage }
}

impl Visitor {
    fn interact(&self) -> String {
        let challenge = engine::derive::sha256(&"v".repeat(43));
        let body = format!(
            "client_id=demo-spa&scope=openid%20profile%20email&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback\
             &code_challenge={challenge}&code_challenge_method=S256&state=state&nonce=nonce"
        );
        let begun = self.send(
            "/oauth2/default/v1/interact",
            "application/x-www-form-urlencoded",
            body.into_bytes(),
        );
        begun["interaction_handle"].as_str().unwrap().into()
    }

    fn sign_in(&self) {
        let first =
            self.post("/idp/idx/introspect", &json!({"interactionHandle": self.interact()}));
        let credentials = json!({"passcode": PASSWORD});
        let done = self.post("/idp/idx/identify", &json!({"stateHandle": first["stateHandle"], "identifier": ADA, "credentials": credentials}));
        let values = done["successWithInteractionCode"]["value"]
            .as_array()
            .unwrap_or_else(|| panic!("{done}"));
        let code = values.iter().find(|one| one["name"] == "interaction_code").unwrap()["value"]
            .as_str()
            .unwrap();
        let body = format!(
            "grant_type=interaction_code&client_id=demo-spa&interaction_code={code}&code_verifier={}",
            "v".repeat(43)
        );
        let tokens = self.send(
            "/oauth2/default/v1/token",
            "application/x-www-form-urlencoded",
            body.into_bytes(),
        );
        assert!(tokens["access_token"].is_string(), "{tokens}");
    }

    /// As if all this had been an hour ago: budgets of one person are not what is measured, and
    /// neither is a store that grows.
    fn rest(&self) {
        self.stage.advance(3_600);
        self.stage.store.take();
        self.stage.store.inner().sweep(self.stage.clock.now());
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.send(path, "application/json", body.to_string().into_bytes())
    }

    fn send(&self, path: &str, kind: &'static str, body: Vec<u8>) -> Value {
        let stage = &self.stage;
        let function = ROUTES.iter().find(|route| route.path == path).unwrap().function;
        let mut headers = ::http::HeaderMap::new();
        headers.insert(::http::header::CONTENT_TYPE, ::http::HeaderValue::from_static(kind));
        let request = Request {
            method: ::http::Method::POST,
            path: path.into(),
            query: Secret::new(""),
            headers,
            body,
            source: "192.0.2.1".into(),
            request_id: "bench".into(),
        };
        let response = block_on(stage.engine.serve(function, &request));
        serde_json::from_slice(response.body()).unwrap()
    }
}

fn transaction() -> Transaction {
    let client = Client {
        app: "demo".into(),
        client_id: "demo-spa".into(),
        redirect_uri: "http://localhost:8787/demo/callback".into(),
        scopes: vec!["openid".into(), "profile".into(), "email".into()],
        state: "s".repeat(64),
        nonce: Some("n".repeat(64)),
        acr_values: Vec::new(),
        login_hint: None,
        code_challenge: "c".repeat(43),
        browser: "b".repeat(43),
    };
    Transaction::begin("t".repeat(22), client, Timestamp(NOON))
}

fn ada() -> User {
    let profile = [("login", ADA), ("email", ADA), ("firstName", "Ada"), ("lastName", "Lovelace")];
    let text = r#"{"id": "", "status": "ACTIVE", "created": 0, "lastUpdated": 0, "profile": {}, "emailVerified": true, "hasPassword": true}"#;
    let user: User = serde_json::from_str(text).unwrap();
    assert_eq!(user.status, UserStatus::Active);
    let profile: BTreeMap<_, _> =
        profile.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    User { id: "u".repeat(22), profile, groups: ["customers".to_owned()].into(), ..user }
}
