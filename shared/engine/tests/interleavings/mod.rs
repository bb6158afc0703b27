//! Requests at the same time, in orders of our choice: every call of a port is a moment at which
//! another request may go on (security.md §4, method 2). Whatever comes of it must be what could
//! have come of it one after the other (I13), and I1 to I10 hold.
//!
//! Of two requests every order is tried, up to the order of calls that have nothing to do with each
//! other; of more, many by chance. A schedule that fails is printed as a story, with a word that
//! replays it:
//!
//! ```sh
//! cargo test -p engine --test all interleavings::                                     # some thousand schedules
//! SCHEDULES=5000 ALL=100000 cargo test -p engine --test all interleavings::           # for minutes
//! REPLAY=AABBA cargo test -p engine --test all NAME -- --nocapture    # one of them again
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

mod invariants;
mod outcome;
mod ports;
mod scheduler;
mod schedules;
mod story;
mod world;

mod duplicates;
mod seeded;
mod sign_in;
mod sign_up;
mod takeover;
mod tokens;

use policy::organisation::{Organisation, ProfileAttribute};

use stage::demo;
use world::World;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// A world in which Ada has an account at the demo app.
fn with_ada() -> World {
    let world = World::new(&demo());
    let mut browser = world.stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let done = browser.answer_code(&world.stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    world.stage.advance(3_600);
    world
}

/// The demo's organisation, with one more attribute on the form of each of these policies.
fn asking(wanted: &[(&str, &str)]) -> Organisation {
    let mut organisation = demo();
    for (policy, name) in wanted {
        let policy = organisation
            .policies
            .profile_enrollment
            .iter_mut()
            .find(|one| one.id == *policy)
            .unwrap();
        let attribute =
            ProfileAttribute { name: (*name).into(), label: (*name).into(), required: true };
        policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    }
    organisation
}

/// A code that is not `code`.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}
