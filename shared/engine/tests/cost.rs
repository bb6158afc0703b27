//! What a step costs: round trips to DynamoDB one after another, units, and what else AWS charges
//! for. Fails when a step gets dearer; `UPDATE_COST=1` after a change that is worth it writes the
//! table anew. `cargo test -p engine --test all cost:: -- --nocapture` prints it.
//!
//! Values are as long as in real life: a unit is a kilobyte, so a short name would flatter us.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::derive::sha256;
use engine::ports::{PasswordError, PasswordHash, Passwords, Signer, SignerError, Verdict};
use engine::testing::{Verb, block_on};
use idx::operation::ROUTES;
use policy::secret::Secret;
use serde_json::{Value, json};
use stage::{Answer, Browser, Stage, demo};

const ADA: &str = "ada.lovelace@example.com";
const PASSWORD: &str = "correct horse battery";
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cost.md");

const ENROLL: &str = "/idp/idx/enroll";
const ENROLL_NEW: &str = "/idp/idx/enroll/new";
const ENROLL_UPDATE: &str = "/idp/idx/enroll/update";
const IDENTIFY: &str = "/idp/idx/identify";
const INTERACT: &str = "/oauth2/default/v1/interact";
const INTROSPECT: &str = "/idp/idx/introspect";
const EMAIL_ANSWER: &str = "/idp/idx/email/answer";
const EMAIL_POLL: &str = "/idp/idx/email/poll";
const TOKEN: &str = "/oauth2/default/v1/token";
const USERINFO: &str = "/oauth2/default/v1/userinfo";

/// Hashes that are as long as those of Argon2id, counted.
#[derive(Default)]
struct CountedPasswords(AtomicUsize);

/// Tokens that are as long as signed ones, counted.
#[derive(Default)]
struct CountedSigner(AtomicUsize);

struct Cost<'a> {
    stage: &'a Stage,
    hashes: Arc<CountedPasswords>,
    signatures: Arc<CountedSigner>,
    table: String,
}

impl Cost<'_> {
    /// Notes what `step`, a request to `path`, costs.
    fn of(&mut self, step: &str, path: &str, request: impl FnOnce(&str) -> Answer) -> Answer {
        let function =
            ROUTES.iter().find(|route| route.matches(path).is_some()).unwrap().function.name();
        self.stage.store.take();
        let before = [
            self.hashes.0.load(Ordering::SeqCst),
            self.stage.mails().len(),
            self.signatures.0.load(Ordering::SeqCst),
        ];
        let answer = request(path);
        let after = [
            self.hashes.0.load(Ordering::SeqCst),
            self.stage.mails().len(),
            self.signatures.0.load(Ordering::SeqCst),
        ];
        let [hashes, mails, signatures] = [0, 1, 2].map(|place| after[place] - before[place]);

        let calls = self.stage.store.take();
        let trips = calls.iter().filter(|call| !call.joined).count();
        let units = |verb: Verb| {
            calls.iter().filter(|call| call.verb == verb).map(|call| call.units).sum::<u64>()
        };
        let (reads, writes) = (units(Verb::Read), units(Verb::Write));
        let bytes = answer.text.len()
            + answer
                .headers
                .iter()
                .map(|(name, value)| name.len() + value.len() + ": \r\n".len())
                .sum::<usize>();
        // Hundreds: a word more or less in an answer is not a change of its cost.
        let bytes = bytes.div_ceil(100) * 100;
        let counts = format!(
            "{trips:>5} | {reads:>10} | {writes:>11} | {hashes:>6} | {mails:>5} | {signatures:>10} | {bytes:>5}"
        );
        writeln!(self.table, "| {step:<38} | {function:<22} | {counts} |").unwrap();
        answer
    }

    /// A new transaction of this browser, up to its first page.
    fn begin(browser: &mut Browser<'_>) {
        let begun = interact(browser, INTERACT);
        introspect(browser, &begun);
    }
}

#[test]
fn no_step_gets_dearer() {
    let (hashes, signatures) =
        (Arc::new(CountedPasswords::default()), Arc::new(CountedSigner::default()));
    let stage = Stage::new();
    let stage = Stage {
        engine: stage.engine.with_passwords(hashes.clone()).with_signer(signatures.clone()),
        ..stage
    };
    // A function reads the configuration once, when it starts.
    block_on(stage.engine.warm());
    let mut cost = Cost { stage: &stage, hashes, signatures, table: String::new() };
    let columns = "trips | read units | write units | hashes | mails | signatures | bytes";
    writeln!(cost.table, "| {:<38} | {:<22} | {columns} |", "step", "function").unwrap();
    let rule = "----- | ---------- | ----------- | ------ | ----- | ---------- | -----";
    writeln!(cost.table, "| {} | {} | {rule} |", "-".repeat(38), "-".repeat(22)).unwrap();

    let mut browser = stage.browser("demo-spa");
    let begun = cost.of("interact", INTERACT, |path| interact(&mut browser, path));
    cost.of("introspect", INTROSPECT, |_| introspect(&mut browser, &begun));
    cost.of("sign-up: open the form", ENROLL, |path| browser.step(path, json!({})));
    let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    let form = json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}});
    cost.of("sign-up: send the form", ENROLL_NEW, |path| browser.step(path, form));
    cost.of("sign-up: poll", EMAIL_POLL, |path| browser.step(path, json!({})));
    let done = cost.of("sign-up: right code, account made", EMAIL_ANSWER, |_| {
        browser.answer_code(&stage.code(ADA))
    });
    let mut hasty = stage.browser("demo-spa");
    hasty.sign_up("bob@example.com", PASSWORD);
    cost.of("sign-up: wrong code", EMAIL_ANSWER, |_| hasty.answer_code("000000"));
    cost.of("sign-up: right code after a wrong one", EMAIL_ANSWER, |_| {
        hasty.answer_code(&stage.code("bob@example.com"))
    });
    cost.of("code to tokens", TOKEN, |_| browser.token(&done.interaction_code().unwrap()));

    Cost::begin(&mut browser);
    cost.of("sign-in: wrong password", IDENTIFY, |_| browser.password(ADA, "not the password"));
    let done = cost.of("sign-in: right password", IDENTIFY, |_| browser.password(ADA, PASSWORD));
    assert!(done.interaction_code().is_some());
    Cost::begin(&mut browser);
    cost.of("sign-in: unknown name", IDENTIFY, |_| {
        browser.password("nobody@example.com", "not the password")
    });
    let mut without_cookies = stage.browser("demo-spa");
    Cost::begin(&mut without_cookies);
    without_cookies.cookie = None;
    cost.of("sign-in: right, known network", IDENTIFY, |_| without_cookies.password(ADA, PASSWORD));
    let mut elsewhere = stage.browser("demo-spa");
    elsewhere.source = "198.51.100.7".into();
    Cost::begin(&mut elsewhere);
    cost.of("sign-in: right, from elsewhere", IDENTIFY, |_| elsewhere.password(ADA, PASSWORD));

    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let attribute = policy::organisation::ProfileAttribute {
        name: "customerNumber".into(),
        label: "Number".into(),
        required: true,
    };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    stage.apply(&organisation);
    Cost::begin(&mut browser);
    cost.of("sign-in: right, something is missing", IDENTIFY, |_| browser.password(ADA, PASSWORD));
    let missing = json!({"userProfile": {"customerNumber": "7"}});
    let done =
        cost.of("sign-in: progressive form", ENROLL_UPDATE, |path| browser.step(path, missing));
    let tokens = browser.token(&done.interaction_code().unwrap());
    let authorization = format!("Bearer {}", tokens.body["access_token"].as_str().unwrap());
    cost.of("userinfo", USERINFO, |path| {
        stage.request("GET", path, &[("authorization", &authorization)], b"")
    });

    println!("{}", cost.table);
    if std::env::var_os("UPDATE_COST").is_some() {
        std::fs::write(TABLE, &cost.table).unwrap();
    }
    assert_eq!(
        cost.table,
        std::fs::read_to_string(TABLE).unwrap_or_default(),
        "the cost of a step changed; see {TABLE}"
    );
    assert!(
        include_str!("../../../tests/README.md").contains(&cost.table),
        "tests/README.md has another table than {TABLE}"
    );
}

/// As okta-auth-js does it: `state` and `nonce` of 64 characters.
fn interact(browser: &mut Browser<'_>, path: &str) -> Answer {
    let (challenge, random) = (sha256(&browser.verifier), "r".repeat(64));
    let body = format!(
        "client_id=demo-spa&scope=openid%20profile%20email&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={challenge}\
         &code_challenge_method=S256&state={random}&nonce={random}"
    );
    browser.send(path, "application/x-www-form-urlencoded", body.as_bytes())
}

fn introspect(browser: &mut Browser<'_>, begun: &Answer) -> Answer {
    let first =
        browser.post(INTROSPECT, json!({"interactionHandle": begun.body["interaction_handle"]}));
    browser.handle = first.body["stateHandle"].as_str().unwrap().into();
    first
}

fn hash(password: &Secret) -> PasswordHash {
    let salt = "s".repeat(22);
    PasswordHash {
        phc: format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${}", sha256(password.expose())),
        pepper: "1".into(),
    }
}

#[async_trait]
impl Passwords for CountedPasswords {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(hash(password))
    }

    async fn verify(
        &self,
        password: &Secret,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Verdict { matches: stored == Some(&hash(password)), outdated: false })
    }
}

#[async_trait]
impl Signer for CountedSigner {
    /// The claims between a header and an RSA signature of the usual lengths.
    async fn sign(&self, typ: &str, claims: &Value) -> Result<String, SignerError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(format!(
            "{typ:h<100}.{}.{}",
            URL_SAFE_NO_PAD.encode(claims.to_string()),
            "s".repeat(342)
        ))
    }

    async fn keys(&self) -> Result<Value, SignerError> {
        Ok(json!({"keys": []}))
    }

    async fn verify(&self, _typ: &str, token: &str) -> Result<Option<Value>, SignerError> {
        let claims = token.split('.').nth(1).unwrap_or_default();
        Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).ok())
    }
}
