//! A soak (security.md F-41): many people at once, for minutes, while the services behind fail at
//! random; then everything is looked through.
//!
//! ```sh
//! cargo run --release -p tests --bin soak -- --minutes 20 --flows 1000 --faults 0.05 --seed 1
//! ```
//!
//! Memory must be flat from the eleventh minute on; so that there is something to look at, it runs
//! for twenty.
//!
//! It starts the bundle as a process of its own on a data folder of its own, so that its memory can
//! be watched. What bounds the throughput is Argon2id: about 20 ms of one core for each sign-up and
//! for each sign-in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod journey;
mod laws;
mod person;
mod server;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use journey::{Chance, World};
use person::Log;
use serde_json::json;
use server::Server;
use tests::{Control, demo, without_budgets};

/// The arguments.
struct Arguments {
    minutes: f64,
    flows: u64,
    faults: f64,
    think: f64,
    seed: u64,
}

/// Faults that happen by chance, and their share in all of them.
const FAULTS: [(&str, &str, f64); 6] = [
    ("*", "throttle", 0.35),
    ("*", "err500", 0.2),
    ("*", "err500_after", 0.2),
    ("ddb.*", "conflict", 0.15),
    ("*", "timeout_before", 0.05),
    ("*", "timeout_after", 0.05),
];

fn main() -> ExitCode {
    if server::is_the_server() {
        return local::cli::main();
    }
    let arguments = match Arguments::read(std::env::args().skip(1).collect()) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!(
                "{wrong}\n\nsoak [--minutes 20] [--flows 1000] [--faults 0.05] [--think SECONDS] [--seed 1]"
            );
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(soak(&arguments))
}

impl Arguments {
    fn read(words: Vec<String>) -> Result<Self, String> {
        let mut arguments = Self { minutes: 20.0, flows: 1_000, faults: 0.05, think: 0.0, seed: 1 };
        let mut words = words.into_iter();
        while let Some(name) = words.next() {
            let value = words.next().ok_or(format!("{name} needs a value"))?;
            let number: f64 =
                value.parse().map_err(|_| format!("{name} is a number, not {value:?}"))?;
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count is small and not negative"
            )]
            let count = number as u64;
            match name.as_str() {
                "--minutes" => arguments.minutes = number,
                "--flows" => arguments.flows = count,
                "--faults" => arguments.faults = number,
                "--think" => arguments.think = number,
                "--seed" => arguments.seed = count,
                _ => return Err(format!("there is no {name}")),
            }
        }
        if arguments.think == 0.0 {
            // A journey has about eight pauses: together some six journeys a second begin, which
            // two cores can serve with something to spare.
            #[allow(clippy::cast_precision_loss, reason = "a count is small")]
            let flows = arguments.flows as f64;
            arguments.think = (flows / 50.0).max(0.2);
        }
        Ok(arguments)
    }
}

async fn soak(arguments: &Arguments) -> ExitCode {
    let mut server = Server::start();
    let control = Control::new(&server.control);
    control.apply(without_budgets(&demo(&server.base))).await;
    for (order, (at, what, share)) in (0..).zip(FAULTS) {
        // Seeds of their own: what happens to one call shall not always happen to it.
        let seed = arguments.seed.wrapping_mul(1_000_003).wrapping_add(order << 32);
        control.fault(json!({"at": at, "do": what, "probability": arguments.faults * share, "seed": seed})).await;
    }
    let think = Duration::from_secs_f64(arguments.think);
    let world = Arc::new(World {
        base: server.base.clone(),
        control,
        log: Log::default(),
        think,
        told: <_>::default(),
        ends: <_>::default(),
    });
    let (began, lasts) = (Instant::now(), Duration::from_secs_f64(arguments.minutes * 60.0));
    println!(
        "{} flows for {} minutes, {} % faults, mean pause {:.1} s, seed {}",
        arguments.flows,
        arguments.minutes,
        arguments.faults * 100.0,
        arguments.think,
        arguments.seed
    );
    let flows: Vec<_> = (0..arguments.flows)
        .map(|flow| {
            let (world, seed) = (world.clone(), arguments.seed);
            tokio::spawn(async move {
                let mut chance = Chance(seed.wrapping_mul(1_000_003).wrapping_add(flow));
                // Not all at once.
                tokio::time::sleep(world.think.mul_f64(4.0 * chance.next())).await;
                for journey in 0.. {
                    if began.elapsed() >= lasts {
                        return;
                    }
                    world
                        .journey(&format!("person-{flow}-{journey}@example.com"), &mut chance)
                        .await;
                }
            })
        })
        .collect();
    let memory = server.watch(began, lasts, &world).await;
    let in_time: u64 = world.ends.lock().unwrap().values().sum();
    let lasted = began.elapsed();
    // The journeys under way finish: this shows that they can.
    for flow in flows {
        flow.await.unwrap();
    }
    let suffered = world.control.suffered().await;
    world.control.fault(json!({"clear": true})).await;
    let mut violations = laws::broken(&world).await;
    violations.extend(world.log.violations.lock().unwrap().drain(..));
    report(&world, &memory, &suffered, in_time, lasted);
    violations.extend(memory.growth());
    println!("violations         {}", violations.len());
    violations.iter().take(20).for_each(|violation| println!("  {violation}"));
    server.stop();
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(
    world: &World,
    memory: &server::Memory,
    suffered: &serde_json::Value,
    in_time: u64,
    lasted: Duration,
) {
    let mut took = world.log.took.lock().unwrap().clone();
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 1_000).copied().unwrap_or_default();
    let told = world.told.lock().unwrap();
    #[allow(clippy::cast_precision_loss, reason = "a count is small")]
    let per_second = in_time as f64 / lasted.as_secs_f64();
    println!("journeys           {:?}, {per_second:.1} per second", world.ends.lock().unwrap());
    println!(
        "accounts           {} acknowledged, {} taken from squatters",
        count(&told, |told| told.account),
        count(&told, |told| told.account && told.squatted)
    );
    println!("answers by status  {:?} (0: none came)", world.log.statuses.lock().unwrap());
    println!(
        "answered within    50 %: {} ms, 99 %: {} ms, all: {} ms",
        at(500),
        at(990),
        took.last().copied().unwrap_or_default()
    );
    println!("faults             {suffered}");
    println!("resident memory    {memory}");
}

fn count(
    told: &std::collections::BTreeMap<String, journey::Told>,
    which: impl Fn(&journey::Told) -> bool,
) -> usize {
    told.values().filter(|told| which(told)).count()
}
