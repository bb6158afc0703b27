//! The table of cases from public bug reports names tests that are there.

use std::fs;
use std::path::PathBuf;

#[test]
fn every_reported_case_has_a_test() {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(tests.join("reported.md")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| C"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let cases: Vec<_> = rows.iter().map(|row| row[1].to_string()).collect();
    assert_eq!(cases, (1..=28).map(|number| format!("C{number:02}")).collect::<Vec<_>>());
    for row in rows {
        let (case, test) = (row[1], row[3].trim_matches('`'));
        let path = row[4].split_once("](").unwrap().1.trim_end_matches(')');
        let source = fs::read_to_string(tests.join(path))
            .unwrap_or_else(|error| panic!("{case}: {path}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{case}: no {test} in {path}");
    }
}
