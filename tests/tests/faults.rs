//! The single-fault sweep over the real binary: one call after the other to AWS fails in every way, among them the death of the process, and
//! whoever was in the middle of something finishes it (security.md §3.2, §4 rank 3). What the table is kept in fails too.
//!
//! `FAULTS=all cargo test -p tests --test faults -- --nocapture` sweeps all of them; without `FAULTS`, a few of each kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod process;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use process::Server;
use serde_json::{Value, json};
use tests::{Answer, Browser, Control, demo, without_budgets};

const PASSWORD: &str = "a poet of numbers";

/// What an endpoint of AWS can do wrong, each at any call.
const EFFECTS: [&str; 10] =
    ["throttle", "err500", "err500_after", "timeout_before", "timeout_after", "conflict", "in_progress", "reject", "kill", "kill_after"];

/// Without `FAULTS`, each so many-th call fails.
const STRIDE: usize = 19;

/// A server that is started again whenever it has died, on the same folder.
struct World {
    folder: PathBuf,
    server: Server,
    control: Control,
    deaths: usize,
}

impl World {
    async fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vestibule-{name}-{}", std::process::id()));
        let (server, control) = started(&folder).await;
        Self { folder, server, control, deaths: 0 }
    }

    /// The answer to a request, which is sent again if there is none or if it says so.
    async fn persist(&mut self, browser: &mut Browser, request: &Request<'_>) -> Answer {
        for _ in 0..4 {
            let answer = match request {
                Request::Begin => browser.try_begin().await,
                Request::Step(path, body) => browser.try_step(path, body.clone()).await,
                Request::Token(code) => browser.try_token(code).await,
            };
            match answer {
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) => {
                    assert!(answer.status < 500, "{request:?}: {answer:#?}");
                    return answer;
                }
                Err(_) => {
                    self.server.kill();
                    (self.server, self.control) = started(&self.folder).await;
                    browser.moved_to(&self.server.base);
                    self.deaths += 1;
                }
            }
        }
        panic!("{request:?} never ends");
    }

    async fn step(&mut self, browser: &mut Browser, path: &str, body: Value) -> Answer {
        self.persist(browser, &Request::Step(path, body)).await
    }

    /// Signs up, comes back to an app that asks for more, and has tokens at the end.
    async fn journey(&mut self, email: &str) {
        let mut browser = Browser::new(&self.server.base);
        self.persist(&mut browser, &Request::Begin).await;
        self.step(&mut browser, "/idp/idx/enroll", json!({})).await;
        let profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
        let form = json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}});
        let sent = self.step(&mut browser, "/idp/idx/enroll/new", form).await;
        if !sent.messages().is_empty() || self.control.mails(email).await.is_empty() {
            // It is said that the mail was not sent, or it was rejected: another one, as soon as one may be asked for.
            self.control.advance(31).await;
            let again = self.step(&mut browser, "/idp/idx/email/resend", json!({})).await;
            assert_eq!((again.status, again.messages()), (200, vec![]), "{again:#?}");
        }
        let code = self.control.code(email).await;
        let done = self.step(&mut browser, "/idp/idx/email/answer", json!({"credentials": {"passcode": code}})).await;
        let code = done.done().to_owned();
        self.persist(&mut browser, &Request::Token(&code)).await;

        browser.client_id = "workforce-spa".into();
        let mut tokens = Value::Null;
        for _ in 0..2 {
            self.persist(&mut browser, &Request::Begin).await;
            let mut answer = self.step(&mut browser, "/idp/idx/identify", json!({"identifier": email, "credentials": {"passcode": PASSWORD}})).await;
            if answer.interaction_code().is_none() {
                answer = self.step(&mut browser, "/idp/idx/enroll/update", json!({"userProfile": {"department": "Engines"}})).await;
            }
            let code = answer.done().to_owned();
            tokens = self.persist(&mut browser, &Request::Token(&code)).await.body;
            // Spent, and the tokens were lost on the way: signs in again (R-T2).
            if tokens["id_token"].is_string() {
                break;
            }
        }
        assert!(tokens["id_token"].is_string(), "I9: {tokens}");
    }

    /// ONE effect: one user, whole; one mail, or one more.
    async fn one_effect(&self, email: &str) {
        let users = self.control.users(email).await;
        assert_eq!(users.len(), 1, "{email}");
        let user = &users[0];
        assert_eq!(
            (&user["emailVerified"], &user["groups"], &user["profile"]["department"]),
            (&json!(true), &json!(["customers"]), &json!("Engines"))
        );
        let mails = self.control.mails(email).await.len();
        assert!((1..=3).contains(&mails), "{mails} mails to {email}");
    }
}

/// What a browser sends.
#[derive(Debug)]
enum Request<'a> {
    Begin,
    Step(&'a str, Value),
    Token(&'a str),
}

async fn started(folder: &std::path::Path) -> (Server, Control) {
    let server = Server::start(&["--test-control", "0", "--data", folder.to_str().unwrap()]);
    let control = Control::new(server.control.as_ref().unwrap());
    control.apply(without_budgets(&demo(&server.base))).await;
    (server, control)
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_i9_every_call_to_aws_fails_once_in_every_way() {
    let began = Instant::now();
    let mut world = World::new("sweep").await;
    world.journey("warm@example.com").await;
    let before = world.control.calls().await;
    world.journey("usual@example.com").await;
    let calls = usize::try_from(world.control.calls().await - before).unwrap();
    assert!(calls > 25, "{calls}");

    let all: Vec<_> = (1..=calls).flat_map(|nth| EFFECTS.map(|effect| (nth, effect))).collect();
    let stride = if std::env::var_os("FAULTS").is_some() { 1 } else { STRIDE };
    let chosen: Vec<_> = all.iter().step_by(stride).collect();
    for (nth, effect) in &chosen {
        let email = format!("{}{nth}@example.com", effect.replace('_', "-"));
        world.control.fault(json!({"at": "*", "nth": nth, "do": effect})).await;
        world.journey(&email).await;
        world.control.fault(json!({"clear": true})).await;
        world.one_effect(&email).await;
    }
    // I4: nothing that was acknowledged is gone, whatever died since.
    assert_eq!(world.control.items("USER").await.len(), chosen.len() + 2);
    assert_eq!(world.control.items("UNIQUE").await.len(), 2 * (chosen.len() + 2));
    assert!(world.deaths > 0, "nothing ever died");
    let (swept, of, kinds, deaths) = (chosen.len(), all.len(), EFFECTS.len(), world.deaths);
    println!("{calls} calls x {kinds} kinds: {swept} of {of} faults swept, {deaths} restarts, in {:.1?}", began.elapsed());
    world.server.kill();
    std::fs::remove_dir_all(&world.folder).unwrap();
}

/// What it says when it does not start.
fn refusal(folder: &std::path::Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule-under-test")).args(["--port", "0", "--data"]).arg(folder).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn f_40_a_table_that_cannot_be_read_is_said_and_never_replaced() {
    let mut world = World::new("corrupted").await;
    world.journey("ada@example.com").await;
    // Two processes on one folder would each believe in their own: the second is told.
    assert!(refusal(&world.folder).contains("in use"), "{}", refusal(&world.folder));
    world.server.kill();
    tokio::time::sleep(Duration::from_millis(50)).await;

    let table = world.folder.join("table.db");
    let good = std::fs::read(&table).unwrap();
    let pages = ["table.db-wal", "table.db-shm"].map(|name| world.folder.join(name));
    let kept: Vec<_> = pages.iter().map(|path| std::fs::read(path).ok()).collect();
    for damaged in [b"this is no database, and never was one; it is only text".repeat(100), [b"SQLite format 3\0".to_vec(), vec![7; 5_000]].concat()]
    {
        for path in &pages {
            let _ = std::fs::remove_file(path);
        }
        std::fs::write(&table, &damaged).unwrap();
        let said = refusal(&world.folder);
        assert!(said.contains("table.db") && said.lines().count() == 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(std::fs::read(&table).unwrap(), damaged, "it was replaced");
    }
    // Put back, everything is there.
    std::fs::write(&table, &good).unwrap();
    for (path, bytes) in pages.iter().zip(kept) {
        if let Some(bytes) = bytes {
            std::fs::write(path, bytes).unwrap();
        }
    }
    let (mut server, control) = started(&world.folder).await;
    assert_eq!(control.users("ada@example.com").await.len(), 1);
    assert!(Browser::new(&server.base).sign_in("ada@example.com", PASSWORD).await.interaction_code().is_some());
    server.kill();
    std::fs::remove_dir_all(&world.folder).unwrap();
}
