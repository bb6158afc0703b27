//! The documents cannot rot: their snippets are run as they are printed, and their links lead
//! somewhere.
//!
//! Elsewhere are run: the page and scripts of the README (`tests/browser/journeys/readme.test.js`,
//! `tests/verifiers/readme.test.js`), the tables of `functions/README.md` (`shared/runtime`), those
//! of `shared/dynamodb/README.md` (beside it), the cost table (`shared/engine/tests/cost.rs`), and
//! the bill (`tests/bill`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod documents;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use local::{Options, start};
use serde_json::{Value, json};

/// The README may not grow: what it does not need stands beside what it is about.
const MOST_BYTES: usize = 10_240;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a document: language and text.
fn blocks(document: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(language), None) => open = Some((language.into(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// The one block of the README in this language that has this text in it.
fn block(language: &str, with: &str) -> String {
    let found: Vec<_> = blocks(&read("README.md"))
        .into_iter()
        .filter(|(one, text)| one == language && text.contains(with))
        .collect();
    assert_eq!(found.len(), 1, "one block of {language} with {with:?}");
    found.into_iter().next().unwrap().1
}

/// True if a program can be started.
fn is_there(tool: &str) -> bool {
    let argument = if tool == "openssl" { "version" } else { "--version" };
    Command::new(tool).arg(argument).output().is_ok_and(|output| output.status.success())
}

/// Runs the journey against this server; `None` where a program that it needs is missing.
async fn journey(base: &str) -> Option<Output> {
    let missing: Vec<_> =
        ["bash", "curl", "jq", "openssl"].into_iter().filter(|tool| !is_there(tool)).collect();
    if !missing.is_empty() {
        println!("SKIPPED: the journey in curl needs {}", missing.join(", "));
        return None;
    }
    let document = read("functions/local/README.md");
    let (_, after) = document
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
    let no_server = journey("http://127.0.0.1:1").await.unwrap();
    let complained = String::from_utf8(no_server.stderr).unwrap();
    assert!(!no_server.status.success() && complained.contains("127.0.0.1 port 1"), "{complained}");
}

#[test]
fn the_readme_is_short() {
    let bytes = read("README.md").len();
    assert!(bytes <= MOST_BYTES, "README.md has {bytes} bytes; at most {MOST_BYTES}");
}

/// A block that is added must be run somewhere, and be counted here.
#[test]
fn every_block_of_the_readme_is_run_or_checked() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (language, _) in blocks(&read("README.md")) {
        *found.entry(language).or_default() += 1;
    }
    let checked = [
        ("html", 1),    // the widget: tests/browser/journeys/readme.test.js
        ("js", 2),      // auth-js: the same; verifiers: tests/verifiers/readme.test.js
        ("mermaid", 1), // the_picture_names_what_there_is
        ("sh", 3),      // the_commands_…: to try, of the organisation file, to deploy
        ("yaml", 2),    // the_policy_… and the_settings_of_spring_…
    ];
    assert_eq!(found, checked.map(|(language, count)| (language.to_owned(), count)).into());
}

#[test]
fn the_picture_names_what_there_is() {
    let picture = block("mermaid", "flowchart");
    for function in idx::operation::Function::ALL {
        assert!(picture.contains(function.name()), "{}", function.name());
    }
}

/// `cargo run` is the binary that the browser journeys start; CI runs all tests and validates the
/// template.
#[test]
fn the_commands_to_try_and_to_deploy_are_those_of_ci() {
    let ci = read(".ci/run");
    let commands = |with| {
        block("sh", with)
            .lines()
            .map(|line| line.split(" #").next().unwrap().trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(commands("--workspace"), ["cargo run", "cargo test --workspace"]);
    assert!(
        ci.contains("\ntests() { cargo test --workspace --locked; }\n")
            && ci.contains("\n  cargo build --locked\n")
    );
    assert!(
        read("functions/local/Cargo.toml").contains("default-run = \"vestibule\""),
        "`cargo run` starts the local server"
    );
    assert_eq!(commands("sam deploy"), ["sam build && sam deploy --guided"]);
    assert!(ci.contains("  sam validate --lint --template template.yaml\n"));
}

/// Runs the commands of the organisation file, against the table of a local server.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_organisation_file_do_what_is_said() {
    if !is_there("bash") {
        println!("SKIPPED: the commands of the organisation file need bash");
        return;
    }
    let running = start(Options::default()).await.unwrap();
    let folder = std::env::temp_dir().join(format!("vestibule-readme-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let table =
        format!("--table vestibule --endpoint-url {} --region eu-central-1", running.dynamodb_url);
    let demo = root().join("functions/local/organisation.yaml");
    let commands = block("sh", "apply organisation.yaml")
        .replace("cargo run --", env!("CARGO_BIN_EXE_vestibule-under-test"))
        .replace("functions/local/organisation.yaml", demo.to_str().unwrap())
        .replace("--table NAME", &table);
    let mut shell = Command::new("bash");
    shell.args(["-euc", &commands]).current_dir(&folder).env("NO_PROXY", "*").env("no_proxy", "*");
    shell.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")]);
    let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    assert!(said.contains("organisation.yaml: nothing is wrong"), "{said}");
}

#[test]
fn the_policy_of_the_readme_is_accepted_beside_those_of_the_demo() {
    let snippet = block("yaml", "shop-enrollment");
    let policy = snippet.strip_prefix("policies:\n  PROFILE_ENROLLMENT:\n").unwrap();
    let demo = read("functions/local/organisation.yaml")
        .replace("\n  PROFILE_ENROLLMENT:\n", &format!("\n  PROFILE_ENROLLMENT:\n{policy}"));
    let organisation =
        organisation::parse("README.md", &demo).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(
        organisation
            .policies
            .profile_enrollment
            .iter()
            .any(|policy| policy.id == "shop-enrollment")
    );
}

/// The hash of a server's secret, as functions/README.md shows it, is a field of an app.
#[test]
fn the_secret_of_a_server_is_accepted() {
    let guide = blocks(&read("functions/README.md"));
    let (_, snippet) = guide
        .iter()
        .find(|(language, text)| language == "yaml" && text.contains("secretSha256"))
        .unwrap();
    let server = snippet.lines().last().unwrap().replace("52f8…", &"5".repeat(64));
    let demo = read("functions/local/organisation.yaml");
    let with = demo.replacen("    credentials:\n", &format!("    credentials:\n{server}\n"), 1);
    let organisation = organisation::parse("functions/README.md", &with)
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(organisation.apps[0].credentials.server.secret_sha256, ["5".repeat(64)]);
}

/// The test with Spring (`tests/verifiers/Spring.java`) builds what Spring Boot makes of these two
/// settings.
#[test]
fn the_settings_of_spring_are_those_that_its_test_has() {
    let snippet = block("yaml", "spring.security");
    assert!(snippet.contains("  issuer-uri: http://localhost:8787/oauth2/default\n"), "{snippet}");
    assert!(snippet.contains("  audiences: api://default\n"), "{snippet}");
    assert!(read("tests/verifiers/Spring.java").contains("AUDIENCE = \"api://default\";"));
    let demo = organisation::parse("demo", &read("functions/local/organisation.yaml")).unwrap();
    assert_eq!(demo.settings.access_tokens.audience.as_deref(), Some("api://default"));
}
