//! What a step costs: round trips to DynamoDB one after another, write units, mails. Fails when a step gets dearer; `UPDATE_COST=1` after a change
//! that is worth it writes the table anew. `cargo test -p engine --test cost -- --nocapture` prints it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod stage;

use std::fmt::Write as _;

use engine::testing::Verb;
use serde_json::json;
use stage::{Stage, demo};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cost.md");

struct Cost<'a> {
    stage: &'a Stage,
    table: String,
}

impl Cost<'_> {
    fn of<T>(&mut self, step: &str, work: impl FnOnce() -> T) -> T {
        self.stage.store.take();
        let mails = self.stage.mails().len();
        let result = work();
        let calls = self.stage.store.take();
        let sum = |verb: Verb| calls.iter().filter(|call| call.verb == verb).map(|call| call.units).sum::<u64>();
        let count = |verb: Verb| calls.iter().filter(|call| call.verb == verb).count();
        let (reads, writes) = (count(Verb::Read), count(Verb::Write));
        let sent = self.stage.mails().len() - mails;
        writeln!(self.table, "| {step:<42} | {reads:>5} | {writes:>6} | {:>10} | {:>11} | {sent:>5} |", sum(Verb::Read), sum(Verb::Write)).unwrap();
        result
    }
}

#[test]
fn no_step_gets_dearer() {
    let stage = Stage::new();
    let mut cost = Cost { stage: &stage, table: String::new() };
    writeln!(cost.table, "| {:<42} | reads | writes | read units | write units | mails |", "step").unwrap();
    writeln!(cost.table, "| {} | ----- | ------ | ---------- | ----------- | ----- |", "-".repeat(42)).unwrap();

    let mut browser = stage.browser("demo-spa");
    let interaction = cost.of("interact", || browser.interact());
    let first = cost.of("introspect", || browser.post("/idp/idx/introspect", json!({"interactionHandle": interaction})));
    browser.handle = first.body["stateHandle"].as_str().unwrap().into();
    cost.of("sign-up: open the form", || browser.step("/idp/idx/enroll", json!({})));
    let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    cost.of("sign-up: send the form", || browser.step("/idp/idx/enroll/new", json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}})));
    cost.of("sign-up: poll", || browser.step("/idp/idx/email/poll", json!({})));
    cost.of("sign-up: wrong code", || browser.answer_code("000000"));
    let done = cost.of("sign-up: right code, account made", || browser.answer_code(&stage.code(ADA)));
    cost.of("code to tokens", || browser.token(&done.interaction_code().unwrap()));

    browser.begin();
    cost.of("sign-in: wrong password", || browser.password(ADA, "not the password"));
    cost.of("sign-in: right password", || assert!(browser.password(ADA, PASSWORD).interaction_code().is_some()));
    browser.begin();
    cost.of("sign-in: unknown name", || browser.password("nobody@example.com", "not the password"));

    let mut organisation = demo();
    let policy = organisation.policies.profile_enrollment.iter_mut().find(|policy| policy.id == "demo-enrollment").unwrap();
    let attribute = policy::organisation::ProfileAttribute { name: "customerNumber".into(), label: "Number".into(), required: true };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    stage.apply(&organisation);
    browser.begin();
    browser.password(ADA, PASSWORD);
    let answered = cost.of("sign-in: progressive form", || browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "7"}})));
    let tokens = browser.token(&answered.interaction_code().unwrap());
    let authorization = format!("Bearer {}", tokens.body["access_token"].as_str().unwrap());
    cost.of("userinfo", || stage.request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &authorization)], b""));

    println!("{}", cost.table);
    if std::env::var_os("UPDATE_COST").is_some() {
        std::fs::write(TABLE, &cost.table).unwrap();
    }
    assert_eq!(cost.table, std::fs::read_to_string(TABLE).unwrap_or_default(), "the cost of a step changed; see {TABLE}");
}
