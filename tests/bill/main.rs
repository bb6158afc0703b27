//! What AWS charges for a million journeys: `cargo run -p tests --example bill` prints it;
//! tests/README.md has it.
//!
//! Units, mails and signatures per step are the engine's cost table, which a test guards; memory
//! and secrets of the functions are the template's; list prices are `prices.toml`; everything else
//! is `assumptions.toml`. Nothing was measured on AWS: the time of a Lambda function is a floor
//! estimate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a number that is missing must not become another"
)]

#[path = "../tests/template/document.rs"]
#[allow(dead_code, reason = "the tests of the template look at more of it")]
mod document;
mod price;
mod step;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use price::{Prices, SERVICES};
use step::{Machine, Step, Usage};

/// Journeys that the bill is for.
const MILLION: f64 = 1e6;

/// `assumptions.toml`.
#[derive(Deserialize)]
struct Assumptions {
    mix: BTreeMap<String, f64>,
    journey: BTreeMap<String, BTreeMap<String, f64>>,
    measured: BTreeMap<String, f64>,
    assumed: BTreeMap<String, f64>,
}

fn main() {
    let assumptions: Assumptions = toml::from_str(include_str!("assumptions.toml")).unwrap();
    let prices = Prices::read(include_str!("prices.toml"));
    let steps = step::table(include_str!("../../shared/engine/tests/cost.md"));
    let machine =
        Machine::of(&document::Template::read(), &assumptions.measured, &assumptions.assumed);
    print!("{}", bill(&assumptions, &prices, &steps, &machine));
}

fn bill(
    assumptions: &Assumptions,
    prices: &Prices,
    steps: &BTreeMap<String, Step>,
    machine: &Machine,
) -> String {
    let mut columns: Vec<(&str, BTreeMap<&str, f64>)> = Vec::new();
    for name in assumptions.mix.keys() {
        columns.push((name, prices.of(&journey(&assumptions.journey[name], steps, machine))));
    }
    let shares: f64 = assumptions.mix.values().sum();
    assert!((shares - 1.0).abs() < 1e-9, "the mix is {shares} and not 1");
    let mixed = |service: &str| {
        columns.iter().map(|(name, costs)| assumptions.mix[*name] * costs[service]).sum::<f64>()
    };
    let mix = SERVICES.iter().map(|service| (*service, mixed(service))).collect();
    columns.push(("the mix", mix));

    let mut text = format!(
        "| a million of | {} |\n",
        columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" | ")
    );
    writeln!(text, "| --- |{}", " ---: |".repeat(columns.len())).unwrap();
    let mut row = |name: &str, of: &dyn Fn(&BTreeMap<&str, f64>) -> f64| {
        let cells: Vec<_> =
            columns.iter().map(|(_, costs)| format!("$ {:.2}", MILLION * of(costs))).collect();
        writeln!(text, "| {name} | {} |", cells.join(" | ")).unwrap();
    };
    for service in SERVICES {
        row(service, &|costs| costs[service]);
    }
    row("**together**", &|costs| costs.values().sum());
    let parts: Vec<_> = assumptions
        .mix
        .iter()
        .map(|(name, share)| format!("{:.0} % {name}", share * 100.0))
        .collect();
    let Machine { secrets, alarms, metrics, .. } = machine;
    let month = secrets * prices.each("secret_month")
        + prices.each("key_month")
        + metrics * prices.each("alarm_month");
    let month = format!(
        "$ {month:.2} for {secrets} secrets, a key and {alarms} alarms on {metrics} metrics"
    );
    writeln!(text, "\nThe mix: {}.", parts.join(", ")).unwrap();
    writeln!(text, "Each month besides, used or not: {month}.").unwrap();
    writeln!(text, "List prices of {}, looked up on {}.", prices.region, prices.looked_up).unwrap();
    text
}

/// What the steps of one journey use together.
fn journey(
    counts: &BTreeMap<String, f64>,
    steps: &BTreeMap<String, Step>,
    machine: &Machine,
) -> Usage {
    let mut usage = Usage::default();
    for (name, times) in counts {
        let step = steps.get(name).unwrap_or_else(|| panic!("the cost table has no step {name:?}"));
        usage.add(*times, &machine.usage(step));
    }
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that can be checked in the head.
    const COSTS: &str = "\
        | step | function | trips | read units | write units | hashes | mails | signatures | bytes |\n\
        | ---- | -------- | ----- | ---------- | ----------- | ------ | ----- | ---------- | ----- |\n\
        | ask | a | 1 | 2 | 0 | 0 | 0 | 0 | 500 |\n\
        | do | b | 3 | 5 | 10 | 1 | 1 | 2 | 1000 |\n";

    fn machine() -> Machine {
        let of = |pairs: &[(&str, f64)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
        };
        Machine {
            functions: BTreeMap::from([("a".into(), (256.0, 1.0)), ("b".into(), (512.0, 3.0))]),
            measured: of(&[("hash", 20.0), ("trip", 1.0), ("start", 100.0), ("log_bytes", 400.0)]),
            secrets: 3.0,
            alarms: 2.0,
            metrics: 2.0,
            assumed: of(&[
                ("slower", 1.0),
                ("dynamodb", 5.0),
                ("kms", 10.0),
                ("ses", 50.0),
                ("cold", 0.5),
                ("mb_per_processor", 1_024.0),
            ]),
        }
    }

    #[test]
    fn the_arithmetic_of_a_journey() {
        let steps = step::table(COSTS);
        let counts = BTreeMap::from([("ask".to_owned(), 2.0), ("do".to_owned(), 1.0)]);
        let usage = journey(&counts, &steps, &machine());
        // ask: 1 ms of CPU at a quarter of a processor, 5 ms of waiting. do: (20 + 3) ms at half of
        // one, 3 × 5 + 50 + 2 × 10 ms of waiting.
        let seconds = (2.0 * 0.25 * 9.0 + 0.5 * 131.0) / 1e3;
        // Half of the requests start an instance: 100 ms at a quarter, at half of a processor.
        let starts = 0.5 * (2.0 * 0.25 * 400.0 + 0.5 * 200.0) / 1e3;
        let close =
            |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} is not {other}");
        close(usage.gb_seconds, seconds + starts);
        close(usage.secret_requests, 0.5 * (2.0 + 3.0));
        close(usage.requests, 3.0);
        close(usage.read_units, 9.0);
        close(usage.write_units, 10.0);
        close(usage.bytes, 2_000.0);
        close(usage.log_bytes, 1_200.0);
        assert_eq!((usage.mails, usage.signatures), (1.0, 2.0));
    }

    #[test]
    fn a_bill_is_usage_times_price() {
        let prices = Prices::read(include_str!("prices.toml"));
        let usage = Usage { requests: 3.0, write_units: 8.0, mails: 1.0, ..Usage::default() };
        let costs = prices.of(&usage);
        let close = |service: &str, usd: f64| {
            assert!((costs[service] - usd).abs() < 1e-12, "{service}: {}", costs[service]);
        };
        close("API Gateway", 3e-6);
        close("Lambda", 0.6e-6);
        close("DynamoDB, writes", 5e-6);
        close("SES", 1e-4);
        close("KMS", 0.0);
    }

    #[test]
    fn the_real_tables_fit_together() {
        let assumptions: Assumptions = toml::from_str(include_str!("assumptions.toml")).unwrap();
        let steps = step::table(include_str!("../../shared/engine/tests/cost.md"));
        let machine =
            Machine::of(&document::Template::read(), &assumptions.measured, &assumptions.assumed);
        let text = bill(&assumptions, &Prices::read(include_str!("prices.toml")), &steps, &machine);
        assert_eq!(
            text.lines().filter(|line| line.starts_with("| ")).count(),
            SERVICES.len() + 3,
            "{text}"
        );
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        let told = include_str!("../README.md").contains(&text);
        assert!(told, "tests/README.md has another bill than this:\n{text}");
    }
}
