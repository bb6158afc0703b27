//! The README cannot rot: its journey is run as it is printed, and its links lead somewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use local::{Options, start};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// Runs the journey against this server; `None` where a program that it needs is missing.
async fn journey(base: &str) -> Option<Output> {
    let missing: Vec<_> =
        ["bash", "curl", "jq", "openssl"].into_iter().filter(|tool| !is_there(tool)).collect();
    if !missing.is_empty() {
        println!("SKIPPED: the journey of the README needs {}", missing.join(", "));
        return None;
    }
    let readme = readme();
    let (_, after) = readme
        .split_once("<!-- journey: run by tests/tests/readme.rs -->\n```sh\n")
        .expect("the journey's mark, and a block of sh");
    let (script, _) = after.split_once("\n```").unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).env("B", base).env("no_proxy", "*").env("NO_PROXY", "*");
    Some(tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_ends_with_an_id_token() {
    let running = start(Options::default()).await.unwrap();
    let Some(output) = journey(&running.base_url).await else { return };
    let (said, complained) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    // The last JSON object that it prints.
    let claims: Value = serde_json::from_str(&said[said.rfind("\n{").map_or(0, |at| at + 1)..])
        .unwrap_or_else(|error| panic!("{error}: {said}"));
    let address = running.mailbox.to(None).last().unwrap().to.clone();
    assert_eq!(
        (claims["email"].as_str(), claims["nonce"].as_str()),
        (Some(address.as_str()), Some("my-nonce")),
        "{claims:#}"
    );
    assert_eq!(claims["iss"], format!("{}/oauth2/default", running.base_url));
}

/// A reader who has tried the *People* page, or another server, reads what went wrong.
#[tokio::test(flavor = "multi_thread")]
async fn the_journey_says_what_went_wrong() {
    let running = start(Options::default()).await.unwrap();
    let required = json!({ "name": "shoeSize", "label": "Shoe size", "type": null });
    let people = format!("{}/people/attributes", running.base_url);
    assert!(
        reqwest::Client::new()
            .post(people)
            .json(&required)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let Some(output) = journey(&running.base_url).await else { return };
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "the form asks for more than the journey gives");
    assert!(complained.starts_with("enroll/new refused:\nShoe size: "), "{complained}");

    running.shutdown().await;
    let unreachable = journey("http://127.0.0.1:1").await.unwrap();
    let complained = String::from_utf8(unreachable.stderr).unwrap();
    assert!(
        !unreachable.status.success() && complained.contains("127.0.0.1 port 1"),
        "{complained}"
    );
}

/// True if a program can be started.
fn is_there(tool: &str) -> bool {
    let argument = if tool == "openssl" { "version" } else { "--version" };
    Command::new(tool).arg(argument).output().is_ok_and(|output| output.status.success())
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let readme = readme();
    let targets: Vec<_> =
        readme.split("](").skip(1).map(|after| after.split(')').next().unwrap()).collect();
    let local: Vec<_> = targets
        .into_iter()
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect();
    assert!(local.len() > 10, "the README has links to the code: {local:?}");
    for target in local {
        let path = target.split('#').next().unwrap();
        assert!(root().join(path).exists(), "README.md links to {target}, which is not there");
    }
}
