//! The demo organisation, which everybody's first `cargo run` loads.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use organisation::parse;
use policy::organisation::PropertyType;

const DEMO: &str = include_str!("../../../functions/local/organisation.yaml");

#[test]
fn the_demo_organisation_can_be_used() {
    let demo = parse("organisation.yaml", DEMO).unwrap_or_else(|problems| panic!("{problems}"));
    for (client_id, registers) in
        [("demo-spa", true), ("workforce-spa", false), ("newsletter-spa", true)]
    {
        let app = demo.app_by_client_id(client_id).unwrap();
        assert_eq!(demo.enrollment_policy(app).unwrap().registers(), registers, "{client_id}");
    }
    assert_eq!(demo.user_schema.property("customerNumber").unwrap().kind(), PropertyType::Integer);
}

#[test]
fn what_is_parsed_can_be_stored_as_json_and_read_back() {
    let demo = parse("organisation.yaml", DEMO).unwrap();
    let json = serde_json::to_string(&demo).unwrap();
    assert_eq!(serde_json::from_str::<policy::organisation::Organisation>(&json).unwrap(), demo);
}
