//! Random walks of people through the engine, each step compared with a naive model of what should
//! happen (security.md §3.1, §4 rank 1).
//!
//! 100,000 walks: `WALKS=100000 cargo test --profile walks -p engine --test all model:: --
//! --nocapture`. A walk that fails is made as short as it can be, and told as a story.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod ending;
mod invariants;
mod ledger;
mod operation;
mod reference;
mod secrecy;
use crate::stage;
mod story;
mod system;
mod walk;

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use proptest_state_machine::ReferenceStateMachine;
use reference::Model;
use walk::{Budgets, many};

/// `WALKS`, or the usual number: some seconds' worth.
fn walks(usual: u32) -> u32 {
    std::env::var("WALKS").ok().map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn the_engine_does_what_the_model_says() {
    many(Budgets::Ample, walks(60), 40);
}

#[test]
fn nothing_gets_past_the_budgets() {
    // They need longer walks, and fewer of them: most of what they do is refused.
    many(Budgets::OfTheDemo, walks(60) / 5, 80);
}

/// A walk that never gets anywhere would prove nothing.
#[test]
fn the_walks_get_around() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::<_, u32>::new();
    for _ in 0..6_000 {
        let (mut model, operations, _) =
            Model::sequential_strategy(20..=40).new_tree(&mut runner).unwrap().current();
        for operation in operations {
            model = Model::apply(model, &operation);
        }
        for what in model.seen {
            *seen.entry(what).or_default() += 1;
        }
    }
    let never: Vec<_> = WORTH_TRYING.iter().filter(|what| !seen.contains_key(*what)).collect();
    println!("{seen:#?}");
    assert!(never.is_empty(), "never happened: {never:?}; what did: {seen:#?}");
}

/// What the model notes when it happens.
const WORTH_TRYING: [&str; 37] = [
    "a decoy",
    "a link in another browser",
    "a link that is no good",
    "a password joined the first page",
    "a request of an abandoned or foreign flow",
    "a stranger",
    "access was denied meanwhile",
    "an attribute joined the open form",
    "an attribute was taken from the open form",
    "an interaction code of an account that is not theirs any more",
    "an interaction code of another app",
    "an interaction code too late",
    "an interaction code twice",
    "an interaction code with a wrong verifier",
    "deactivated meanwhile",
    "done by link",
    "done by a form that is not asked for any more",
    "done by looking",
    "email set up later",
    "identifier first",
    "member done with two factors",
    "profile completed",
    "resend too soon or too often",
    "sign-up was closed meanwhile",
    "somebody was faster",
    "taken over",
    "the account changed hands meanwhile",
    "the account changed meanwhile",
    "the interaction code once more",
    "the open form is not asked for any more",
    "the same answer once more",
    "tokens",
    "too late for the flow",
    "too many attempts",
    "userinfo",
    "userinfo with a token that is void",
    "verified by the welcome mail",
];
