//! Random walks of people through the engine, each step compared with a naive model of what should happen (security.md §3.1, §4 rank 1).
//!
//! More walks with `PROPTEST_CASES=10000 cargo test -p engine --test model`. A walk that fails is made as short as it can be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod invariants;
mod operation;
mod reference;
#[path = "../stage/mod.rs"]
mod stage;
mod system;

use std::collections::BTreeMap;

use operation::Operation;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use reference::{Model, View};
use system::{System, shown};

fn walks(usual: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() }
}

prop_state_machine! {
    #![proptest_config(walks(120))]

    #[test]
    fn the_engine_does_what_the_model_says(sequential 1..40 => Compared);
}

/// The engine beside the model, with budgets that nobody uses up: each answer can be foretold.
struct Compared;

impl StateMachineTest for Compared {
    type SystemUnderTest = System;
    type Reference = Model;

    fn init_test(_: &Model) -> System {
        System::new(true)
    }

    fn apply(mut system: System, model: &Model, operation: Operation) -> System {
        let request = match operation {
            Operation::Step(browser, _) => model.sent[browser].as_ref(),
            _ => None,
        };
        let answer = system.apply(&operation, request);
        if let (Some(answer), Some(expected)) = (answer, model.expected) {
            let page = matches!(operation, Operation::OpenLink(..) | Operation::ConfirmLink(..));
            let shown = if page { reference::Expected { status: answer.status, view: View::Over } } else { shown(&answer) };
            assert_eq!(shown, expected, "{operation:?}: {}", answer.text);
        }
        system
    }

    fn check_invariants(system: &System, model: &Model) {
        invariants::people_are_as_in_the_model(system, model);
        invariants::i1_names_and_people_belong_together(system);
        invariants::i7_few_guesses_per_code(system);
        invariants::i8_few_mails(system);
    }
}

proptest! {
    #![proptest_config(walks(40))]

    /// With the budgets of the demo: what is answered depends on them, what must never happen does not.
    #[test]
    fn nothing_gets_past_the_budgets(operations in proptest::collection::vec(operation::operation(), 20..80)) {
        let mut system = System::new(false);
        let mut model = Model::init_state().new_tree(&mut TestRunner::deterministic()).unwrap().current();
        for operation in operations {
            // The model only words the requests here.
            if !Model::preconditions(&model, &operation) || needs_what_was_not_sent(&system, &operation) {
                continue;
            }
            model = Model::apply(model, &operation);
            let request = match operation {
                Operation::Step(browser, _) => model.sent[browser].clone(),
                _ => None,
            };
            system.apply(&operation, request.as_ref());
            invariants::i1_names_and_people_belong_together(&system);
            invariants::i7_few_guesses_per_code(&system);
            invariants::i8_few_mails(&system);
            invariants::i8_mails_per_address(&system);
        }
    }
}

/// A walk that never gets anywhere would prove nothing.
#[test]
fn the_walks_get_around() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::<_, u32>::new();
    for _ in 0..4_000 {
        let (mut model, operations, _) = Model::sequential_strategy(20..40).new_tree(&mut runner).unwrap().current();
        for operation in operations {
            model = Model::apply(model, &operation);
        }
        for what in model.seen {
            *seen.entry(what).or_default() += 1;
        }
    }
    for what in [
        "too many attempts",
        "the account changed meanwhile",
        "the account changed hands meanwhile",
        "deactivated meanwhile",
        "taken over",
        "done by link",
        "member done with two factors",
        "profile completed",
        "done by looking",
        "somebody was faster",
        "resend too soon or too often",
    ] {
        assert!(seen.contains_key(what), "{what} never happened: {seen:?}");
    }
}

fn needs_what_was_not_sent(system: &System, operation: &Operation) -> bool {
    match operation {
        Operation::OpenLink(whose, _) | Operation::ConfirmLink(whose, _) => system.browsers[*whose].links.is_empty(),
        _ => false,
    }
}
