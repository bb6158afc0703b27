//! That nothing was forgotten: every attack, and every requirement of severity C or H, is in the
//! name of a test or in a list with a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The last of the attacks; they are numbered from A-001.
const LAST: u32 = 118;

/// The requirements of severity C and H.
const REQUIREMENTS: &str = "R-P1 R-P2 R-P5 R-P6 R-P7 R-P8 R-P9 R-P11 R-O1 R-O2 R-O3 R-O4 R-O5 R-O6 R-O7 R-O8 R-O10 R-O11 R-E1 R-E2 R-E3 R-E4 R-E5 R-E6 R-E7 \
    R-R1 R-R2 R-R3 R-R6 R-R7 R-R8 R-S1 R-S2 R-S3 R-S4 R-S5 R-S6 R-S7 R-S8 R-V1 R-V2 R-V3 R-V4 R-V5 R-V6 R-V8 R-V9 R-M1 R-M2 R-M4 R-M7 R-T1 R-T2 R-T3 \
    R-T4 R-T5 R-T6 R-T7 R-T8 R-H1 R-H2 R-H3 R-H4 R-D1 R-D2 R-D3 R-D4 R-D5 R-A1 R-A4 R-L1 R-B4";

/// The names of all functions in the Rust files of this repository.
fn names() -> BTreeSet<String> {
    fn search(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                search(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                let functions = source.lines().filter_map(|line| {
                    line.trim_start().trim_start_matches("async ").strip_prefix("fn ")
                });
                names.extend(
                    functions
                        .filter_map(|rest| rest.split_once('('))
                        .map(|(name, _)| name.to_owned()),
                );
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut names = BTreeSet::new();
    for folder in ["shared", "functions", "tests/src", "tests/tests"] {
        search(&root.join(folder), &mut names);
    }
    names
}

/// True if one of the names has this id: `A-047` as `a_047`.
fn named(names: &BTreeSet<String>, id: &str) -> bool {
    let id = format!("_{}_", id.to_lowercase().replace('-', "_"));
    names.iter().any(|name| format!("_{name}_").contains(&id))
}

fn reasons(list: &str) -> BTreeMap<&str, &str> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect()
}

#[test]
fn every_attack_has_a_test_or_a_reason() {
    let (names, untested) = (names(), reasons(include_str!("not-tested.txt")));
    let ids: BTreeSet<String> = (1..=LAST).map(|number| format!("A-{number:03}")).collect();
    assert!(untested.keys().all(|id| ids.contains(*id)), "{untested:?}");
    let forgotten: Vec<_> =
        ids.iter().filter(|id| !named(&names, id) && !untested.contains_key(id.as_str())).collect();
    assert!(forgotten.is_empty(), "without a test and without a reason: {forgotten:?}");
    let both: Vec<_> = untested.keys().filter(|id| named(&names, id)).collect();
    assert!(both.is_empty(), "tested, so no reason is needed: {both:?}");
    println!(
        "attacks: {} tested, {} not, each with its reason",
        ids.len() - untested.len(),
        untested.len()
    );
}

#[test]
fn every_critical_or_high_requirement_has_a_test_or_a_reason() {
    let (names, untested) = (names(), reasons(include_str!("not-required.txt")));
    let ids: BTreeSet<&str> = REQUIREMENTS.split_whitespace().collect();
    assert!(untested.keys().all(|id| ids.contains(id)), "{untested:?}");
    let forgotten: Vec<_> =
        ids.iter().filter(|id| !named(&names, id) && !untested.contains_key(**id)).collect();
    assert!(forgotten.is_empty(), "without a test and without a reason: {forgotten:?}");
    let both: Vec<_> = untested.keys().filter(|id| named(&names, id)).collect();
    assert!(both.is_empty(), "tested, so no reason is needed: {both:?}");
}
