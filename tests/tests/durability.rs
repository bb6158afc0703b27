//! `kill -9` at any moment, and start again on the same folder: what was acknowledged is there, and
//! nothing is there twice (security.md I4, F-27).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::process;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use process::Server;
use serde_json::{Value, json};
use tests::{Browser, Control, demo, without_budgets};

const PASSWORD: &str = "a poet of numbers";

/// Kills, on a machine that is fast enough.
const ROUNDS: u64 = 6;

/// Not many seconds more than this, however slow the machine is.
const ENOUGH: Duration = Duration::from_secs(12);

/// What clients asked for, and what they were told was done.
#[derive(Clone, Default)]
struct Told {
    /// Addresses with a sign-up that was begun: they may have an account or not.
    begun: BTreeSet<String>,
    /// Addresses with an acknowledged account.
    accounts: BTreeSet<String>,
    /// Departments that were acknowledged, by address.
    departments: BTreeMap<String, String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn i4_f_27_kill_9_loses_nothing_that_was_acknowledged() {
    let folder =
        Folder(std::env::temp_dir().join(format!("vestibule-durability-{}", std::process::id())));
    let told = Arc::new(Mutex::new(Told::default()));
    let (began, mut kills) = (Instant::now(), 0);
    while kills < ROUNDS && (kills < 2 || began.elapsed() < ENOUGH) {
        let (mut server, control) = folder.started().await;
        let so_far = told.lock().unwrap().clone();
        verify(&server, &control, &so_far).await;
        let clients: Vec<_> = (0..3)
            .map(|client| {
                tokio::spawn(people(
                    server.base.clone(),
                    control.clone(),
                    format!("{kills}-{client}"),
                    told.clone(),
                ))
            })
            .collect();
        while told.lock().unwrap().departments.len() == so_far.departments.len() {
            let lively = clients.iter().any(|client| !client.is_finished())
                && began.elapsed() < Duration::from_secs(90);
            assert!(lively, "no client gets anything done");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(chance() % 500)).await;
        server.kill();
        kills += 1;
        for client in clients {
            client.await.unwrap();
        }
    }
    let (server, control) = folder.started().await;
    let told = told.lock().unwrap().clone();
    verify(&server, &control, &told).await;
    println!(
        "{kills} kills: {} begun, {} accounts, {} departments",
        told.begun.len(),
        told.accounts.len(),
        told.departments.len()
    );
    assert!(told.begun.len() > told.accounts.len(), "no sign-up was ever cut off");
}

/// Signs up one person after the other, each of whom goes on to an app that asks for something
/// more, until the server is gone.
async fn people(base: String, control: Control, name: String, told: Arc<Mutex<Told>>) {
    for person in 0.. {
        let email = format!("person{name}-{person}@example.com");
        told.lock().unwrap().begun.insert(email.clone());
        if one_person(&base, &control, &email, &told).await.is_none() {
            return;
        }
    }
}

/// `None`: the server is gone.
async fn one_person(base: &str, control: &Control, email: &str, told: &Mutex<Told>) -> Option<()> {
    let mut browser = Browser::new(base);
    browser.try_begin().await.ok()?;
    browser.try_step("/idp/idx/enroll", json!({})).await.ok()?;
    let profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
    browser
        .try_step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        )
        .await
        .ok()?;
    let mails = control.try_mails(email).await.ok()?;
    let Some(code) = mails.last().and_then(|mail| mail["code"].as_str()) else { return Some(()) };
    let done = browser
        .try_step("/idp/idx/email/answer", json!({"credentials": {"passcode": code}}))
        .await
        .ok()?;
    if done.interaction_code().is_some() {
        told.lock().unwrap().accounts.insert(email.into());
    }

    let mut browser = Browser::new(base);
    browser.client_id = "workforce-spa".into();
    browser.try_begin().await.ok()?;
    browser
        .try_step(
            "/idp/idx/identify",
            json!({"identifier": email, "credentials": {"passcode": PASSWORD}}),
        )
        .await
        .ok()?;
    let department = format!("the department of {email}");
    let done = browser
        .try_step("/idp/idx/enroll/update", json!({"userProfile": {"department": department}}))
        .await
        .ok()?;
    if done.interaction_code().is_some() {
        told.lock().unwrap().departments.insert(email.into(), department);
    }
    Some(())
}

/// Everything that was acknowledged is there; no account is there twice, and none by halves.
async fn verify(server: &Server, control: &Control, told: &Told) {
    let mut users: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut item in control.items("USER").await {
        users
            .entry(item["body"]["profile"]["email"].as_str().unwrap().into())
            .or_default()
            .push(item["body"].take());
    }
    for (email, users) in &users {
        assert_eq!(users.len(), 1, "{email} is there twice");
        assert!(told.begun.contains(email), "{email} never signed up");
    }
    for email in &told.accounts {
        assert!(users.contains_key(email), "the account of {email} is lost");
    }
    for (email, department) in &told.departments {
        assert_eq!(
            users[email][0]["profile"]["department"], *department,
            "the answer of {email} is lost"
        );
    }
    assert_eq!(control.items("PASSWORD").await.len(), users.len(), "each account has its password");
    // The last ones of each client: signing in takes its time.
    let unsure = users.keys().filter(|email| !told.accounts.contains(*email));
    for email in told.accounts.iter().rev().take(3).chain(unsure) {
        let signed_in = Browser::new(&server.base).sign_in(email, PASSWORD).await;
        assert!(signed_in.interaction_code().is_some(), "{email} cannot sign in: {signed_in:#?}");
    }
}

/// A number that is another one each time: the moments that were not foreseen are of
/// interest.
fn chance() -> u64 {
    u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()) / 1_000
}

/// The data folder, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    async fn started(&self) -> (Server, Control) {
        let server = Server::start(&["--test-control", "0", "--data", self.0.to_str().unwrap()]);
        let control = Control::new(server.control.as_ref().unwrap());
        // The address is another one at each start.
        control.apply(without_budgets(&demo(&server.base))).await;
        (server, control)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
