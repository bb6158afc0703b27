//! The tables of `README.md` are those of the code.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::BTreeSet;

use dynamodb::{ACCESS_PATTERNS, KINDS};

const README: &str = include_str!("../README.md");
/// The engine's constructors of keys.
const KEYS: &str = include_str!("../../engine/src/keys.rs");

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The table below a heading.
fn table(heading: &str) -> String {
    let section = README.split_once(&format!("\n## {heading}\n")).unwrap().1;
    section
        .split_inclusive('\n')
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect()
}

/// A key with its variable parts left open.
fn shape(key: &str, open: char, close: char) -> String {
    key.split(open)
        .map(|part| part.split_once(close).map_or(part, |(_, after)| after))
        .collect::<Vec<_>>()
        .join("<>")
}

#[test]
fn the_table_of_kinds_is_that_of_the_code() {
    let mut expected = row(&["key", "what", "expires"]) + "| --- | --- | --- |\n";
    expected.extend(
        KINDS.iter().map(|kind| row(&[&format!("`{}`", kind.key), kind.what, kind.expires])),
    );
    assert_eq!(table("Items"), expected, "README.md, Items, must be:\n{expected}");
}

#[test]
fn the_table_of_access_patterns_is_that_of_the_code() {
    let mut expected = row(&["who", "operation", "keys", "condition", "cost"])
        + "| --- | --- | --- | --- | --- |\n";
    expected.extend(ACCESS_PATTERNS.iter().map(|pattern| {
        let keys: Vec<_> = pattern.keys.iter().map(|key| format!("`{key}`")).collect();
        row(&[
            pattern.who,
            &format!("`{}`", pattern.operation),
            &keys.join(", "),
            pattern.condition,
            pattern.cost,
        ])
    }));
    assert_eq!(
        table("Access patterns"),
        expected,
        "README.md, Access patterns, must be:\n{expected}"
    );
}

#[test]
fn the_kinds_are_the_keys_that_the_engine_makes() {
    let texts = KEYS.split("Key(").skip(1).map(|rest| rest.split('"').nth(1).unwrap());
    let made: BTreeSet<_> =
        texts.filter(|text| text.contains('#')).map(|text| shape(text, '{', '}')).collect();
    let kinds: BTreeSet<_> = KINDS.iter().map(|kind| shape(kind.key, '<', '>')).collect();
    assert_eq!(kinds, made);
    assert_eq!(kinds.len(), KINDS.len());
}

#[test]
fn every_kind_is_used_and_nothing_else() {
    let used: BTreeSet<_> = ACCESS_PATTERNS.iter().flat_map(|pattern| pattern.keys).collect();
    assert_eq!(used, KINDS.iter().map(|kind| &kind.key).collect());
}

/// security.md R-D1: what is decided on is read consistently by its key, never found by a scan or
/// an index.
#[test]
fn r_d1_only_lists_scan() {
    let scans: Vec<_> = ACCESS_PATTERNS
        .iter()
        .filter(|pattern| pattern.operation == "Scan")
        .map(|pattern| pattern.who)
        .collect();
    assert_eq!(scans, ["commands and local pages: all users"]);
    let others = [
        "GetItem",
        "BatchGetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "TransactWriteItems",
        "Scan",
    ];
    assert!(ACCESS_PATTERNS.iter().all(|pattern| others.contains(&pattern.operation)));
}
