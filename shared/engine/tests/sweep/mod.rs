//! The single-fault sweep: every port call of every operation fails once in every way, and whoever
//! was in the middle of something can finish it (security.md §3.2, §4 rank 3).
//!
//! `SWEEP=all cargo test -p engine --test all sweep:: -- --nocapture` sweeps all of them and prints
//! how many; without `SWEEP`, each fifth. `STORY="with a link"` sweeps the stories of such a name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod gist;
mod instance;
mod invariants;
mod people;
mod plan;
use crate::quiet::quietly;
pub mod stories;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use idx::operation::ROUTES;
use plan::{Kind, Planned, every_fault, faults_of_a_cold_start};
use stories::{STORIES, Story};
use world::{Told, World};

/// A run of a story with a fault.
struct Job<'a> {
    story: &'a Story,
    planned: Planned,
    usual: &'a Arc<Told>,
}

impl Job<'_> {
    fn run(&self) -> Told {
        let mut world = World::again(self.planned, self.usual);
        (self.story.tell)(&mut world);
        world.finished()
    }
}

#[test]
fn i6_i9_every_call_of_every_operation_fails_once_in_every_way() {
    let began = Instant::now();
    let only = std::env::var("STORY").unwrap_or_default();
    let stories: Vec<_> = STORIES.iter().filter(|story| story.name.contains(&only)).collect();
    let told: Vec<_> = stories
        .iter()
        .map(|story| {
            let mut world = World::new(&(story.organisation)());
            (story.tell)(&mut world);
            (*story, Arc::new(world.finished()))
        })
        .collect();

    let used: BTreeSet<_> =
        told.iter().flat_map(|(_, usual)| world::operations(&usual.exchanges)).collect();
    let missing: Vec<_> = ROUTES
        .iter()
        .map(|route| route.operation)
        .filter(|operation| !used.contains(operation))
        .collect();
    assert!(!only.is_empty() || missing.is_empty(), "no story uses {missing:?}");

    let jobs: Vec<_> = told
        .iter()
        .flat_map(|(story, usual)| {
            let cold = (0..usual.exchanges.len()).flat_map(|request| {
                let cold = Job {
                    story,
                    planned: Planned { request, call: 0, kind: Kind::None, cold: true },
                    usual,
                };
                faults_of_a_cold_start(request, &cold.run().exchanges[request].calls)
            });
            every_fault(&usual.exchanges)
                .into_iter()
                .chain(cold)
                .map(|planned| Job { story, planned, usual })
                .collect::<Vec<_>>()
        })
        .collect();
    let (all, step) = (jobs.len(), if std::env::var_os("SWEEP").is_some() { 1 } else { 5 });
    let jobs: Vec<_> = jobs.into_iter().step_by(step).collect();
    let failures = sweep(&jobs);
    for failure in failures.iter().take(40) {
        println!("{failure}");
    }
    let mut by_kind = BTreeMap::<_, usize>::new();
    for job in &jobs {
        *by_kind.entry(job.planned.kind.name()).or_default() += 1;
    }
    let mut by_port = BTreeMap::<_, usize>::new();
    for (name, calls) in told.iter().flat_map(|(_, usual)| world::calls(&usual.exchanges)) {
        *by_port.entry(name).or_default() += calls;
    }
    println!(
        "{} operations in {} stories; {} of {all} faults swept in {:.1?}",
        used.len(),
        stories.len(),
        jobs.len(),
        began.elapsed()
    );
    println!("calls: {by_port:?}");
    println!("kinds: {by_kind:#?}");
    assert!(failures.is_empty(), "{} of {} runs failed", failures.len(), jobs.len());
}

/// Runs all jobs on all cores; what failed.
fn sweep(jobs: &[Job<'_>]) -> Vec<String> {
    let (next, failures) = (Mutex::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    let Some(job) = jobs.get(index) else { break };
                    if let Err(cause) = quietly(|| catch_unwind(AssertUnwindSafe(|| job.run()))) {
                        let cause = cause
                            .downcast_ref::<String>()
                            .cloned()
                            .or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string));
                        let (story, planned) = (job.story.name, job.planned);
                        let exchange = &job.usual.exchanges[planned.request];
                        let (operation, call) =
                            (exchange.operation, exchange.calls.get(planned.call - 1));
                        let text = format!(
                            "{story}, {operation:?} {planned:?} = {call:?}: {}",
                            cause.unwrap_or_default()
                        );
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}
