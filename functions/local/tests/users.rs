//! `vestibule user`, on the real binary, beside a running server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::client::{Client, PASSWORD};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// A server with a folder of its own, and its three addresses as it printed them.
struct Server {
    child: Child,
    data: PathBuf,
    base: String,
    dynamodb: String,
    services: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let data =
            std::env::temp_dir().join(format!("vestibule-users-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let mut child = command
            .args(["--port", "0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let base = lines.next().unwrap().split_once("open ").unwrap().1.to_owned();
        let mut named = |name: &str| {
            lines
                .find_map(|line| {
                    Some(line.trim().strip_prefix(name)?.split_whitespace().next()?.to_owned())
                })
                .unwrap()
        };
        let (dynamodb, services) = (named("DynamoDB"), named("SES, KMS"));
        Self { child, data, base, dynamodb, services }
    }

    /// What `vestibule user` says to these arguments, with this typed in: exit code, stdout,
    /// stderr.
    fn user(&self, args: &[&str], typed: &str) -> (i32, String, String) {
        said(&self.data, args, typed)
    }

    /// The same, of what must go well.
    fn done(&self, args: &[&str]) -> String {
        let (code, out, err) = self.user(args, "");
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
        out
    }

    fn shown(&self, login: &str) -> Value {
        serde_json::from_str(&self.done(&["show", login, "--json"])).unwrap()
    }

    async fn mail(&self, to: &str) -> Value {
        let mails = Client::new(&self.base).get("/mailbox/messages").await;
        mails.as_array().unwrap().iter().rfind(|mail| mail["to"] == to).unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn said(data: &Path, args: &[&str], typed: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .arg("user")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // The table of the server on this machine, unless one is named.
    if !args.contains(&"--table") {
        command.arg("--data").arg(data);
    }
    for secret in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "PEPPER_SECRET_ID"] {
        command.env_remove(secret);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Names herself on the page that asks for a password too, proves the mailbox, sets a password.
async fn takes_over(server: &Server, password: &str) -> Value {
    let client = Client::new(&server.base);
    let first = client.sign_in(ADA, "anything").await;
    let handle = first["stateHandle"].clone();
    assert_eq!(
        first["remediation"]["value"][0]["name"], "select-authenticator-authenticate",
        "{first}"
    );
    client
        .post(
            "/idp/idx/challenge",
            json!({"stateHandle": handle, "authenticator": {"id": "aut-email"}}),
        )
        .await;
    let code = server.mail(ADA).await["code"].clone();
    client
        .post(
            "/idp/idx/email/answer",
            json!({"stateHandle": handle, "credentials": {"passcode": code}}),
        )
        .await;
    client
        .post(
            "/idp/idx/credential/answer",
            json!({"stateHandle": handle, "credentials": {"passcode": password}}),
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_made_is_mailed_taken_over_and_managed() {
    let server = Server::start("life");
    let made = server.done(&[
        "create",
        ADA,
        "--set",
        "firstName=Ada",
        "--set",
        "lastName=King",
        "--set",
        "customerNumber=7",
        "--group",
        "Subscribers",
        "--app",
        "demo",
        "--link",
        "https://app.example.com/begin",
    ]);
    assert!(
        made.starts_with("ada@example.com (")
            && made.contains("a mail says how to begin at Demo app"),
        "{made}"
    );
    let mail = server.mail(ADA).await;
    let text = mail["text"].as_str().unwrap();
    assert!(
        text.contains("https://app.example.com/begin") && text.contains("enter anything"),
        "{text}"
    );
    assert_eq!(mail["code"], Value::Null, "nothing in it opens anything");
    let before = server.shown(ADA);
    assert_eq!(
        (before["status"].as_str(), before["profile"]["customerNumber"].as_i64()),
        (Some("PROVISIONED"), Some(7))
    );

    let done = takes_over(&server, PASSWORD).await;
    assert!(done["successWithInteractionCode"].is_object(), "{done}");
    let after = server.shown(ADA);
    assert_eq!(
        (&after["id"], &after["profile"], &after["status"]),
        (&before["id"], &before["profile"], &json!("ACTIVE"))
    );
    assert_eq!(after["groups"], json!(["customers", "subscribers"]));
    let (_, shown, _) = server.user(&["show", ADA], "");
    assert!(shown.contains("  customerNumber  7") && !shown.contains("argon2"), "{shown}");

    assert!(server.done(&["deactivate", ADA]).contains("deactivated"));
    let client = Client::new(&server.base);
    assert!(!client.sign_in(ADA, PASSWORD).await["successWithInteractionCode"].is_object());
    assert!(server.done(&["activate", ADA]).contains("active"));
    assert!(
        Client::new(&server.base).sign_in(ADA, PASSWORD).await["successWithInteractionCode"]
            .is_object()
    );
    assert!(
        server
            .done(&["groups", ADA, "--add", "customers", "--remove", "subscribers"])
            .contains("in customers")
    );

    let (code, out, err) = server.user(&["delete", ADA], "yes\n");
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.contains("say --yes"), "not without a terminal: {out}");
    assert!(server.done(&["delete", ADA, "--yes"]).contains("deleted"));
    let (code, out, err) = server.user(&["show", ADA, BOB], "");
    assert_eq!(
        (code, out.as_str(), err.matches("there is no account").count()),
        (1, "", 2),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_password_is_hashed_as_the_functions_do() {
    let server = Server::start("password");
    let create = [
        "create",
        BOB,
        "--set",
        "firstName=Bob",
        "--set",
        "lastName=Bobson",
        "--email-verified",
        "--password-stdin",
    ];
    let (code, _, err) = server.user(&create, "short\n");
    assert_eq!(
        (code, err.as_str()),
        (1, "bob@example.com: the password: Use at least 8 characters.\n")
    );
    let (code, out, err) = server.user(&create, &format!("{PASSWORD}\n"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let done = Client::new(&server.base).sign_in(BOB, PASSWORD).await;
    assert!(done["successWithInteractionCode"].is_object(), "{done}");
    assert_eq!(
        Client::new(&server.base).get("/mailbox/messages").await,
        json!([]),
        "no mail was sent"
    );
    // The same by the addresses that the server prints; the pepper must be named then.
    let place = [
        "--table",
        "vestibule",
        "--endpoint-url",
        &server.dynamodb,
        "--services-url",
        &server.services,
    ];
    let carol = [
        "create",
        "carol@example.com",
        "--set",
        "firstName=C",
        "--set",
        "lastName=D",
        "--password-stdin",
    ];
    let (code, _, err) = server.user(&[&carol[..], &place].concat(), PASSWORD);
    assert!(code == 1 && err.contains("--pepper-secret-id") && err.contains("pepper"), "{err}");
    let (code, out, err) = server.user(
        &[&carol[..], &place, &["--pepper-secret-id", "vestibule-pepper"]].concat(),
        PASSWORD,
    );
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    // Where everyone proves the mailbox, she is asked for that next; the password is right.
    let asked = Client::new(&server.base).sign_in("carol@example.com", PASSWORD).await;
    assert_eq!(asked["remediation"]["value"][0]["name"], "select-authenticator-enroll", "{asked}");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_made() {
    let server = Server::start("wrong");
    let refused = |args: &[&str], says: &[&str]| {
        let (code, out, err) = server.user(args, "");
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        for part in says {
            assert!(err.contains(part), "{part}: {err}");
        }
    };
    let names = ["--set", "firstName=Ada", "--set", "lastName=King"];
    let with = |more: &[&'static str]| [&["create", ADA][..], &names, more].concat();
    refused(
        &["create", ADA],
        &["firstName is missing: say --set firstName=…", "lastName is missing"],
    );
    refused(
        &with(&["--set", "shoesize=38"]),
        &["the schema has no attribute shoesize; it has city,", "shoeSize"],
    );
    refused(&with(&["--set", "shoeSize=99"]), &["shoeSize: "]);
    refused(&with(&["--set", "email=eve@example.com"]), &["login: "]);
    refused(
        &with(&["--group", "staff"]),
        &["there is no group staff; there are customers, subscribers"],
    );
    refused(
        &with(&["--app", "nowhere"]),
        &["there is no app nowhere; there are demo, workforce, newsletter"],
    );
    assert_eq!(server.done(&["list"]), "0 accounts\n");
    // Arguments that are wrong are something else.
    for wrong in [&["create", ADA, "--set", "firstName"][..], &["groups", ADA], &["delete"]] {
        assert_eq!(server.user(wrong, "").0, 2, "{wrong:?}");
    }
    server.done(&with(&["--no-mail"]));
    refused(
        &with(&[]),
        &["ada@example.com has this email already", "ada@example.com has this login already"],
    );
}

#[test]
fn people_are_listed_and_found() {
    let server = Server::start("list");
    for (login, first) in [(ADA, "Ada"), (BOB, "Bob"), ("carol@example.com", "Carol")] {
        server.done(&[
            "create",
            login,
            "--set",
            &format!("firstName={first}"),
            "--set",
            "lastName=King",
            "--no-mail",
            "--group",
            "customers",
        ]);
    }
    server.done(&["deactivate", BOB]);
    server.done(&["groups", "carol@example.com", "--set", ""]);
    let found = |args: &[&str]| {
        let lines = server.done(&[&["list", "--json"][..], args].concat());
        let mut logins: Vec<_> = lines
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["login"].as_str().unwrap().to_owned()
            })
            .collect();
        logins.sort();
        logins
    };
    assert_eq!(found(&[]), [ADA, BOB, "carol@example.com"]);
    assert_eq!(found(&["--status", "provisioned"]), [ADA, "carol@example.com"]);
    assert_eq!(found(&["--status", "deprovisioned"]), [BOB]);
    assert_eq!(found(&["--group", "Customers"]), [ADA, BOB]);
    assert_eq!(found(&["--search", "CAR"]), ["carol@example.com"]);
    assert_eq!(found(&["--search", "king"]).len(), 3, "by the last name");
    assert_eq!(found(&["--limit", "2"]).len(), 2);
    assert!(server.done(&["list"]).ends_with("3 accounts\n"));
}

#[test]
fn without_a_server_or_a_table_it_says_what_to_do() {
    let folder = std::env::temp_dir().join("vestibule-users-nowhere");
    let (code, _, err) = said(&folder, &["list"], "");
    assert_eq!((code, err.lines().count()), (1, 1));
    assert!(err.contains("there is no server in") && err.contains("--table"), "{err}");
    let data = {
        let server = Server::start("gone");
        let kept = server.data.with_extension("kept");
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::copy(server.data.join("functions.env"), kept.join("functions.env")).unwrap();
        kept
    };
    let (code, _, err) = said(&data, &["show", ADA], "");
    assert_eq!(code, 1);
    assert!(err.contains("does not answer: start it with `cargo run`"), "{err}");
    std::fs::remove_dir_all(data).unwrap();
}
