//! One walk through the engine and the model side by side, and many.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::ProptestConfig;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use crate::quiet::quietly;

use super::operation::Operation;
use super::reference::{Model, View};
use super::stage::Answer;
use super::system::{System, shown};
use super::{ending, invariants};

/// Steps in which any flow that can be finished is.
const ENOUGH: usize = 16;

/// Whose budgets there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budgets {
    /// Budgets that nobody uses up: each answer can be foretold.
    Ample,
    /// Those of the demo: what is answered depends on them, what must never happen does not. The
    /// model only words the requests.
    OfTheDemo,
}

pub struct Walk {
    budgets: Budgets,
    model: Model,
    system: System,
}

impl Walk {
    pub fn new(budgets: Budgets) -> Self {
        let mut system = System::new(budgets == Budgets::Ample);
        if budgets == Budgets::OfTheDemo {
            // Somebody who has signed in before, in a browser that is known since.
            assert!(ending::gets_in(&mut system, 0, 0, None).is_some());
            assert!(ending::gets_in(&mut system, 0, 0, Some(0)).is_some());
        }
        Self { budgets, model: Model::new(), system }
    }

    /// The same thing happens in the model and in the engine.
    pub fn take(&mut self, operation: &Operation) -> Option<Answer> {
        let people = self.model.people.clone();
        self.model = Model::apply(std::mem::replace(&mut self.model, Model::new()), operation);
        let answer = self.system.apply(operation, self.model.sent.last());
        let people_changed = self.system.ledger.people_changed() || people != self.model.people;
        if people_changed {
            invariants::i1_names_and_people_belong_together(&self.system);
        }
        invariants::i7_few_guesses_per_code(&self.system);
        invariants::i8_few_mails(&self.system);
        match self.budgets {
            Budgets::Ample => {
                self.compare(operation, answer.as_ref());
                if people_changed {
                    invariants::people_are_as_in_the_model(&self.system, &self.model);
                }
            }
            Budgets::OfTheDemo => {
                invariants::i7_few_guesses_per_address(&self.system);
                invariants::i8_mails_per_address(&self.system);
            }
        }
        answer
    }

    fn compare(&self, operation: &Operation, answer: Option<&Answer>) {
        let (Some(answer), Some(expected)) = (answer, self.model.expected) else {
            assert_eq!(
                answer.is_some(),
                self.model.expected.is_some(),
                "{operation}: only one of the two has an answer"
            );
            return;
        };
        let is_step = matches!(
            operation,
            Operation::Begin(..)
                | Operation::Step(..)
                | Operation::Hammer(..)
                | Operation::Borrow(..)
                | Operation::Again(_)
        );
        let view = if is_step { shown(answer).view } else { View::Over };
        assert_eq!(
            (answer.status, view),
            (expected.status, expected.view),
            "the answer, and what it must be: {}",
            answer.text
        );
    }

    /// How it all ends well: open flows can be finished, tokens are worth what they must be, owners
    /// get in.
    pub fn end(mut self) {
        match self.budgets {
            Budgets::Ample => {
                for browser in 0..2 {
                    let mut steps = String::new();
                    for _ in 0..ENOUGH {
                        let Some(operation) = self.model.helpful(browser) else { break };
                        let answer =
                            quietly(|| catch_unwind(AssertUnwindSafe(|| self.take(&operation))));
                        let answer = answer.unwrap_or_else(|panic| {
                            panic!("at the end:{steps}\n  {operation}: {}", words(&*panic))
                        });
                        write!(
                            steps,
                            "\n  {operation} -> {}",
                            answer.as_ref().map(summary).unwrap_or_default()
                        )
                        .unwrap();
                    }
                    let open =
                        self.model.helpful(browser).is_some() && !self.model.is_of_nobody(browser);
                    assert!(
                        !open,
                        "I9: a flow that can be finished is not, in {ENOUGH} steps:{steps}"
                    );
                }
                ending::tokens_are_as_in_the_model(&mut self.system, &self.model);
            }
            Budgets::OfTheDemo => {
                self.system.restore(false);
                if self
                    .system
                    .user("ada@example.com")
                    .is_some_and(|ada| ada.body["status"] == "ACTIVE")
                {
                    ending::r_r8_owner_is_not_locked_out(&mut self.system, 0, 0);
                }
                // All budgets begin anew.
                self.system.wait(25 * 3_600);
            }
        }
        ending::i9_owners_get_in(&mut self.system, self.budgets == Budgets::Ample);
    }
}

/// So many walks of up to so many operations. One that fails is made as short as it can be, and
/// told.
pub fn many(budgets: Budgets, walks: u32, length: usize) {
    // What cannot be done where a walk stands is thrown away as it is made; by itself, proptest
    // gives up after 65,536 of those.
    let config = ProptestConfig {
        cases: walks,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        max_local_rejects: u32::MAX,
        ..ProptestConfig::default()
    };
    let taken = AtomicUsize::new(0);
    // The usual walks are the same each time: what they show is of the change, and not of chance.
    // `WALKS` goes new ways.
    let mut runner = match std::env::var("WALKS") {
        Ok(_) => TestRunner::new(config),
        Err(_) => {
            TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        }
    };
    let result = runner.run(&Model::sequential_strategy(1..=length), |(_, operations, seen)| {
        catch_unwind(AssertUnwindSafe(|| {
            let mut walk = Walk::new(budgets);
            for operation in &operations {
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                walk.take(operation);
            }
            walk.end();
        }))
        .map_err(|panic| TestCaseError::fail(words(&*panic)))?;
        taken.fetch_add(operations.len(), Ordering::Relaxed);
        Ok(())
    });
    match result {
        Ok(()) => println!("{walks} walks, {} operations, no violation", taken.into_inner()),
        Err(TestError::Fail(reason, (_, operations, _))) => {
            panic!("{}\n{reason}", story(budgets, &operations))
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// What happened, in words.
fn story(budgets: Budgets, operations: &[Operation]) -> String {
    let mut walk = Walk::new(budgets);
    let mut lines = format!("A walk that goes wrong, budgets: {budgets:?}\n");
    // What the last operation says has been caught already.
    for (place, operation) in operations.iter().enumerate() {
        let answered = quietly(|| catch_unwind(AssertUnwindSafe(|| walk.take(operation))));
        let answer = match answered {
            Ok(Some(answer)) => format!(" -> {}", summary(&answer)),
            Ok(None) => String::new(),
            Err(_) => " -> and here it goes wrong:".into(),
        };
        writeln!(lines, "{:3}. {operation}{answer}", place + 1).unwrap();
    }
    lines
}

fn summary(answer: &Answer) -> String {
    if answer.body.get("version").is_some() {
        format!("{} {:?}", answer.status, shown(answer).view)
    } else {
        answer.status.to_string()
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()))
        .unwrap_or_default()
}
