//! The binary: what it prints, how it ends, and what is there after `kill -9`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::client;

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use client::{Client, PASSWORD};
use serde_json::{Value, json};

fn vestibule(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(args);
    command
}

/// What it says when it does not start: one line on stderr, exit code 1.
fn refusal(args: &[&str]) -> String {
    let Output { status, stderr, .. } = vestibule(args).output().unwrap();
    assert_eq!(status.code(), Some(1));
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("vestibule-binary-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

/// A server on a free port; its address as it printed it.
fn started(data: &Path) -> (Child, String) {
    let mut child =
        vestibule(&["--port", "0", "--data"]).arg(data).stdout(Stdio::piped()).spawn().unwrap();
    let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    (child, first.split_once("open ").unwrap().1.to_owned())
}

/// Finishes a sign-up by the code in the mailbox.
async fn answer_code(client: &Client, step: &Value, email: &str) {
    let mails = client.get("/mailbox/messages").await;
    let mail = mails.as_array().unwrap().iter().rfind(|mail| mail["to"] == email).unwrap();
    let answer =
        json!({ "stateHandle": step["stateHandle"], "credentials": { "passcode": mail["code"] } });
    let done = client.post("/idp/idx/email/answer", answer).await;
    assert!(done["successWithInteractionCode"].is_object(), "{done}");
}

#[test]
fn a_taken_port_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refusal(&["--in-memory", "--port", &port]);
    assert!(said.contains(&format!("port {port} is taken")) && said.contains("--port"), "{said}");
}

#[test]
fn an_unreadable_or_wrong_file_is_said_in_one_line() {
    let said =
        refusal(&["--in-memory", "--port", "0", "--organisation", "/nowhere/organisation.yaml"]);
    assert!(said.contains("cannot read /nowhere/organisation.yaml"), "{said}");
    let file = folder("wrong").with_extension("yaml");
    std::fs::write(&file, "apps: 3\n").unwrap();
    let name = file.to_str().unwrap();
    for said in [
        refusal(&["--in-memory", "--port", "0", "--organisation", name]),
        refusal(&["check", name]),
    ] {
        assert!(said.contains(":1:7: apps: "), "{said}");
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn the_demo_organisation_passes_the_check() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/organisation.yaml");
    assert!(vestibule(&["check", demo]).output().unwrap().status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn i4_what_was_acknowledged_is_there_after_kill_9() {
    let data = folder("kill");
    for round in 0..3 {
        let (mut child, base) = started(&data);
        let client = Client::new(&base);
        for earlier in 0..round {
            let done = client.sign_in(&format!("user{earlier}@example.com"), PASSWORD).await;
            assert!(done["successWithInteractionCode"].is_object(), "{done}");
        }
        let email = format!("user{round}@example.com");
        let step = client.begin_sign_up(&email).await;
        assert!(step["remediation"].is_object(), "{step}");
        // In the middle of a sign-up: the step that was acknowledged can be answered by the next
        // process.
        kill(&mut child);
        let (mut child, base) = started(&data);
        let client = Client::new(&base);
        answer_code(&client, &step, &email).await;
        kill(&mut child);
    }
    std::fs::remove_dir_all(data).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_the_table_of_a_running_server_changes_nothing_and_applying_it_does() {
    let data = folder("plan");
    let mut child =
        vestibule(&["--port", "0", "--data"]).arg(&data).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let base = lines.next().unwrap().split_once("open ").unwrap().1.to_owned();
    let dynamodb = lines
        .find_map(|line| {
            Some(line.trim().strip_prefix("DynamoDB")?.split_whitespace().next()?.to_owned())
        })
        .unwrap();
    let client = Client::new(&base);
    let step = client.begin_sign_up("ada@example.com").await;
    answer_code(&client, &step, "ada@example.com").await;

    let file = data.join("organisation.yaml");
    let name = file.to_str().unwrap();
    let demo = include_str!("../organisation.yaml")
        .replace("localhost:8787", base.strip_prefix("http://").unwrap());
    let asks = "                # - { name: shoeSize, label: Shoe size, required: true }";
    assert!(demo.contains(asks));
    std::fs::write(&file, demo.replace(asks, &asks.replace("# ", ""))).unwrap();
    let said = |command: &str| {
        let output =
            vestibule(&[command, name, "--table", "vestibule", "--endpoint-url", &dynamodb])
                .output()
                .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let asked = "ada@example.com  is asked for Shoe size";
    for _ in 0..2 {
        let plan = said("plan");
        assert!(
            plan.starts_with("1 account in the table vestibule")
                && plan.contains(&format!("* {asked}")),
            "{plan}"
        );
    }
    said("apply");
    let plan = said("plan");
    assert!(plan.contains(&format!("\n  {asked}")) && !plan.contains("\n*"), "{plan}");
    kill(&mut child);
    std::fs::remove_dir_all(data).unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_well() {
    let data = folder("term");
    let (mut child, base) = started(&data);
    assert_eq!(Client::new(&base).get("/health").await["status"], "ok");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    std::fs::remove_dir_all(data).unwrap();
}

/// `Child::kill` sends SIGKILL.
fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The output until the line that begins with `last`.
fn printed(out: impl std::io::Read, last: &str) -> String {
    let mut said = String::new();
    for line in BufReader::new(out).lines().map(Result::unwrap) {
        said.push_str(&line);
        said.push('\n');
        if line.trim_start().starts_with(last) {
            break;
        }
    }
    said
}

#[test]
fn the_limits_that_are_not_as_deployed_are_printed() {
    for (flags, says) in [
        (&[][..], "per client address at least 100000 (--deployed-limits"),
        (&["--deployed-limits"][..], "as in the organisation"),
    ] {
        let mut child = vestibule(&["--in-memory", "--port", "0"])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = printed(child.stdout.take().unwrap(), "Limits");
        kill(&mut child);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn another_address_than_this_machines_is_warned_of() {
    let mut child = vestibule(&["--in-memory", "--port", "0", "--host", "0.0.0.0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let warned = printed(child.stderr.take().unwrap(), "WARNING");
    let said = printed(child.stdout.take().unwrap(), "Vestibule");
    kill(&mut child);
    assert!(
        warned.contains("WARNING: everybody who reaches 0.0.0.0 reads the mailbox"),
        "{warned}"
    );
    assert!(said.contains("open http://localhost:"), "{said}");
    let said = refusal(&["--in-memory", "--port", "0", "--host", "nowhere.invalid"]);
    assert!(said.contains("cannot listen on nowhere.invalid") && said.contains("--host"), "{said}");
}

#[test]
fn what_cannot_be_reached_is_named_with_its_address() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/organisation.yaml");
    for command in ["plan", "apply"] {
        let said = refusal(&[
            command,
            demo,
            "--table",
            "vestibule",
            "--endpoint-url",
            "http://127.0.0.1:1",
        ]);
        assert!(
            said.starts_with("cannot reach DynamoDB at http://127.0.0.1:1: check --endpoint-url"),
            "{said}"
        );
    }
}
