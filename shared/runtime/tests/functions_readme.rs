//! `functions/README.md` says what the functions' code, the route table and the template say.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use idx::operation::{Function, ROUTES};

/// What each crate that a function depends on means: the port, and the actions that its client
/// calls.
const ADAPTERS: [(&str, &str, &[&str]); 4] = [
    ("dynamodb", "Store", &[]),
    ("password", "Passwords", &[]),
    ("ses", "Mailer", &["ses:SendEmail"]),
    ("kms", "Signer", &["kms:GetPublicKey", "kms:Sign"]),
];

/// The variable behind a part of `Environment`.
const VARIABLES: [(&str, &str); 4] = [
    ("environment.passcode_key()", "PASSCODE_SECRET_ID"),
    ("environment.peppers()", "PEPPER_SECRET_ID"),
    ("environment.ses_configuration_set()", "SES_CONFIGURATION_SET"),
    ("environment.signing_key_ids()", "SIGNING_KEY_IDS"),
];

/// The actions behind each column of the list of what each function does to the table.
const TABLE_ACTIONS: [(&str, &[&str]); 5] = [
    ("read", &["dynamodb:BatchGetItem", "dynamodb:GetItem"]),
    ("put", &["dynamodb:PutItem"]),
    ("count", &["dynamodb:UpdateItem"]),
    ("check", &["dynamodb:ConditionCheckItem"]),
    ("delete", &["dynamodb:DeleteItem"]),
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| format!("{path}: {error}"))
}

/// The adapters that a function's manifest names, in the order of [`ADAPTERS`].
fn adapters(function: Function) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let manifest = read(&format!("functions/{}/Cargo.toml", function.name()));
    ADAPTERS
        .into_iter()
        .filter(move |(name, ..)| manifest.contains(&format!("\n{name}.workspace = true\n")))
        .map(|(_, port, actions)| (port, actions))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn each_function_has_its_row() {
    let readme = read("functions/README.md");
    for function in Function::ALL {
        let name = function.name();
        let code = read(&format!("functions/{name}/src/lib.rs"));
        let operations: Vec<_> = ROUTES
            .iter()
            .filter(|route| route.function == function)
            .map(|route| format!("{:?}", route.operation))
            .collect();
        let ports: Vec<_> = adapters(function).map(|(port, _)| port).collect();
        let cells = [
            format!("[`{name}`]({name})"),
            operations.join(", "),
            ports.join(", "),
            quoted(adapters(function).flat_map(|(_, actions)| actions.iter().copied())),
            quoted(
                VARIABLES
                    .into_iter()
                    .filter(|(call, _)| code.contains(call))
                    .map(|(_, variable)| variable),
            ),
        ];
        let row =
            format!("| {} |", cells.join(" | ")).replace("|  |", "| |").replace("|  |", "| |");
        assert!(readme.contains(&row), "functions/README.md lacks this row:\n{row}");
    }
}

#[test]
fn every_part_of_the_environment_that_a_function_asks_for_is_known_here() {
    let known = ["dynamodb()", "table_name()", "ses()", "kms()", "engine(store)"]
        .map(|call| format!("environment.{call}"));
    let known: Vec<&str> =
        known.iter().map(String::as_str).chain(VARIABLES.map(|(call, _)| call)).collect();
    for function in Function::ALL {
        let code = read(&format!("functions/{}/src/lib.rs", function.name()));
        for (place, _) in code.match_indices("environment.") {
            let call = code.get(place..).unwrap();
            assert!(
                known.iter().any(|known| call.starts_with(known)),
                "{}: {}",
                function.name(),
                call.lines().next().unwrap()
            );
        }
    }
}

/// The operations of a function on the table, as actions.
fn table_actions(access: &str, function: Function) -> BTreeSet<&'static str> {
    let cells = |row: &str| {
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    let head = cells(access.lines().next().unwrap());
    let row = access
        .lines()
        .map(cells)
        .find(|row| row.first().is_some_and(|name| name == function.name()))
        .unwrap();
    let used =
        |column: &str| head.iter().zip(&row).any(|(name, cell)| name == column && !cell.is_empty());
    TABLE_ACTIONS
        .into_iter()
        .filter(|(column, _)| used(column))
        .flat_map(|(_, actions)| actions.iter().copied())
        .collect()
}

#[test]
fn r_a1_the_template_grants_what_the_ports_need_and_no_more() {
    let (readme, access) = (read("functions/README.md"), read("shared/engine/tests/access.md"));
    assert!(
        readme.contains(&access),
        "functions/README.md has another list than shared/engine/tests/access.md"
    );
    assert!(
        TABLE_ACTIONS
            .iter()
            .flat_map(|(_, actions)| *actions)
            .all(|action| readme.contains(&format!("`{action}`")))
    );
    let granted = read("tests/tests/template/actions.txt");
    for function in Function::ALL {
        let actions: BTreeSet<&str> = granted
            .lines()
            .filter_map(|line| {
                line.strip_prefix(function.name())?.strip_prefix(": ")?.split(' ').next()
            })
            .filter(|action| !action.starts_with("logs:"))
            .collect();
        let ports = adapters(function).flat_map(|(_, actions)| actions.iter().copied());
        let needed = ports
            .chain(table_actions(&access, function))
            .chain(["secretsmanager:GetSecretValue"])
            .collect();
        assert_eq!(actions, needed, "{}", function.name());
    }
}
