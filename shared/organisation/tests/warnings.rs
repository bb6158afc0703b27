//! What can be used and is probably not meant.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use organisation::{parse, warnings};

const DEMO: &str = include_str!("../../../functions/local/organisation.yaml");

#[test]
fn the_demo_organisation_warns_of_nothing() {
    assert_eq!(warnings("organisation.yaml", DEMO), []);
}

#[test]
fn a_misspelt_attribute_is_pointed_at() {
    let text = DEMO.replace("# - { name: shoeSize,", "- { name: shoesSize,");
    parse("organisation.yaml", &text).unwrap();
    let said: Vec<_> =
        warnings("organisation.yaml", &text).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_file_that_cannot_be_read_has_problems_and_no_warnings() {
    assert_eq!(warnings("organisation.yaml", "apps: ["), []);
}
