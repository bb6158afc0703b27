//! Which crate may know which, as the map of shared/README.md has it: read from `cargo
//! metadata`, so that a dependency in passing turns this red.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use idx::operation::Function;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().into()
}

/// The packages of this repository and everything that they link here.
struct Packages {
    /// Folder of each package of ours, below the root.
    ours: BTreeMap<String, String>,
    /// The links of each package: its normal dependencies, by name.
    links: BTreeMap<String, BTreeSet<String>>,
}

static PACKAGES: LazyLock<Packages> = LazyLock::new(|| {
    let cargo = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let about = cargo(&["--version", "--verbose"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // For this machine only: packages of other systems need not be there.
    let metadata: Value = serde_json::from_str(&cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        host,
    ]))
    .unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let ours = list(&metadata["packages"])
        .into_iter()
        .filter(|package| members.contains(package["id"].as_str().unwrap()))
        .map(|package| {
            let folder = Path::new(package["manifest_path"].as_str().unwrap())
                .parent()
                .unwrap()
                .strip_prefix(root())
                .unwrap()
                .to_owned();
            (text(&package["name"]), folder.to_str().unwrap().to_owned())
        });
    let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let normal = |dependency: &&Value| {
            list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
        };
        let linked = node["deps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(normal)
            .map(|dependency| names[dependency["pkg"].as_str().unwrap()].clone());
        links.entry(names[node["id"].as_str().unwrap()].clone()).or_default().extend(linked);
    }
    Packages { ours: ours.collect(), links }
});

impl Packages {
    /// All that `package` links, near or far.
    fn all<'s>(&'s self, package: &str) -> BTreeSet<&'s str> {
        let (mut found, mut open) = (BTreeSet::new(), vec![&self.links[package]]);
        while let Some(links) = open.pop() {
            open.extend(
                links
                    .iter()
                    .filter(|linked| found.insert(linked.as_str()))
                    .map(|linked| &self.links[linked]),
            );
        }
        found
    }

    /// Those of ours that `package` links, near or far.
    fn all_of_ours<'s>(&'s self, package: &str) -> BTreeSet<&'s str> {
        self.all(package).into_iter().filter(|linked| self.ours.contains_key(*linked)).collect()
    }

    fn below(&self, folder: &str) -> Vec<&str> {
        self.ours
            .iter()
            .filter(|(_, path)| path.starts_with(folder))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<&str> {
    names.into()
}

#[test]
fn the_arrows_of_the_shared_crates() {
    for (package, arrows) in [
        ("policy", set([])),
        ("organisation", set(["policy"])),
        ("password", set(["policy", "idx", "engine"])),
        ("idx", set(["policy"])),
        ("engine", set(["idx", "policy"])),
        ("dynamodb", set(["engine", "idx", "policy"])),
        ("ses", set(["engine", "idx", "policy"])),
        ("kms", set(["engine", "idx", "policy"])),
        ("runtime", set(["engine", "idx", "policy"])),
    ] {
        assert_eq!(PACKAGES.all_of_ours(package), arrows, "{package}");
    }
}

#[test]
fn every_package_is_where_its_name_says() {
    for (name, folder) in &PACKAGES.ours {
        assert!(
            [format!("shared/{name}"), format!("functions/{name}"), name.clone()].contains(folder),
            "{name} is in {folder}"
        );
    }
    assert_eq!(
        PACKAGES.ours.iter().filter(|(name, folder)| name == folder).count(),
        1,
        "only the tests are at the top"
    );
}

#[test]
fn nothing_shared_knows_a_function() {
    let functions: BTreeSet<_> = PACKAGES.below("functions/").into_iter().collect();
    assert!(functions.len() > Function::ALL.len());
    for package in PACKAGES.below("shared/") {
        let known: Vec<_> = PACKAGES
            .all(package)
            .into_iter()
            .filter(|linked| functions.contains(linked) || *linked == "tests")
            .collect();
        assert!(known.is_empty(), "{package} knows {known:?}");
    }
}

#[test]
fn policy_is_no_std_and_neither_wire_nor_engine_knows_where_it_runs() {
    let policy = fs::read_to_string(root().join("shared/policy/src/lib.rs")).unwrap();
    assert!(policy.lines().any(|line| line == "#![no_std]"));
    assert!(!policy.contains("extern crate std"));
    for package in ["policy", "organisation", "idx", "engine"] {
        let foreign = |linked: &&str| {
            ["aws-", "lambda", "tokio", "axum", "hyper", "reqwest", "dynoxide"]
                .iter()
                .any(|prefix| linked.starts_with(prefix))
        };
        let foreign: Vec<_> = PACKAGES.all(package).into_iter().filter(foreign).collect();
        assert!(foreign.is_empty(), "{package} links {foreign:?}");
    }
}

/// What is not linked cannot be misused: adapters and SDKs that a function has no use for
/// (functions/README.md).
#[test]
fn each_function_links_what_it_needs_and_nothing_else() {
    let common = ["runtime", "engine", "idx", "policy", "dynamodb"];
    for function in Function::ALL {
        let adapters: &[(&str, &str)] = match function {
            Function::Identify => &[("password", "argon2")],
            Function::Register => &[("password", "argon2"), ("ses", "aws-sdk-sesv2")],
            Function::VerifyEmail => &[("ses", "aws-sdk-sesv2")],
            Function::ProgressiveEnrollment => &[],
            Function::Oidc => &[("kms", "aws-sdk-kms")],
        };
        let name = function.name();
        let ours = common.into_iter().chain(adapters.iter().map(|(ours, _)| *ours)).collect();
        assert_eq!(PACKAGES.all_of_ours(name), ours, "{name}");
        let all = PACKAGES.all(name);
        for foreign in ["argon2", "aws-sdk-sesv2", "aws-sdk-kms"] {
            assert_eq!(
                all.contains(foreign),
                adapters.iter().any(|(_, theirs)| *theirs == foreign),
                "{name}: {foreign}"
            );
        }
        assert!(all.contains("aws-sdk-dynamodb"), "{name}");
    }
}

/// R-B4: what is for tests and for one's own machine is in one package, which no function links.
#[test]
fn r_b4_a_118_only_the_local_server_has_a_web_server_an_embedded_database_and_a_test_control() {
    for package in PACKAGES.ours.keys().filter(|name| !["local", "tests"].contains(&name.as_str()))
    {
        let all = PACKAGES.all(package);
        for foreign in ["axum", "dynoxide-rs", "reqwest", "clap", "local"] {
            assert!(!all.contains(foreign), "{package} links {foreign}");
        }
    }
    assert!(
        ["axum", "dynoxide-rs", "clap"]
            .iter()
            .all(|foreign| PACKAGES.all("local").contains(foreign))
    );

    let (mut there, mut elsewhere) = (0, Vec::new());
    for file in
        sources(&root().join("functions")).into_iter().chain(sources(&root().join("shared")))
    {
        let source = fs::read_to_string(&file).unwrap();
        let has =
            ["test_control", "test-control", "\"/fault\"", "\"/dump\"", "\"/clock\"", "\"/mails\""]
                .iter()
                .any(|mark| source.contains(mark));
        if file.starts_with(root().join("functions/local")) {
            there += usize::from(has);
        } else if has {
            elsewhere.push(file);
        }
    }
    assert!(there > 0, "the marks are right");
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

/// Rust files of a folder, without those of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().unwrap() != "tests" {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_visible_top_level_is_a_short_list() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let visible: BTreeSet<String> = match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8(output.stdout)
                .unwrap()
                .split_terminator('\0')
                .map(|path| path.split('/').next().unwrap().to_owned())
                .collect()
        }
        // Not a clone but an archive: what is there is what was packed, and what was built.
        _ => fs::read_dir(root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "target")
            .collect(),
    };
    let visible: Vec<_> = visible.iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(
        visible,
        [
            "CHANGELOG.md",
            "Cargo.lock",
            "Cargo.toml",
            "LICENSE",
            "README.md",
            "functions",
            "shared",
            "template.yaml",
            "tests"
        ]
    );
}
