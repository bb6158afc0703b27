//! What keeping the memory of Argon2 is worth: `cargo bench -p password` prints a table of
//! tests/README.md.
#![allow(missing_docs, reason = "nobody calls a measurement")]
#![allow(clippy::unwrap_used, reason = "a measurement says what it expects by failing")]

#[path = "../../engine/benches/stopwatch/mod.rs"]
mod stopwatch;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use password::{Argon2Passwords, Cost, Pepper};
use policy::secret::Secret;
use stopwatch::Stopwatch;

const PEPPER: &str = "0123456789abcdef0123456789abcdef";
const PASSWORD: &[u8] = b"correct horse battery";
const SALT: &[u8] = b"0123456789abcdef";

fn main() {
    let cost = Cost::default();
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).unwrap();
    let argon2 = Argon2::new_with_secret(
        PEPPER.as_bytes(),
        Algorithm::Argon2id,
        Version::V0x13,
        params.clone(),
    )
    .unwrap();
    let mut kept = vec![Block::new(); params.block_count()];
    let ours = Argon2Passwords::new(Pepper::parse(&Secret::new(PEPPER)).unwrap(), cost).unwrap();
    let password = Secret::new(std::str::from_utf8(PASSWORD).unwrap());
    let mut tag = [0; 32];

    let mut stopwatch = Stopwatch::default();
    stopwatch.add("memory from the system for each hash, not wiped", || {
        argon2.hash_password_into(PASSWORD, SALT, &mut tag).unwrap();
    });
    let mut tag = [0; 32];
    stopwatch.add("memory kept, not wiped", || {
        argon2.hash_password_into_with_memory(PASSWORD, SALT, &mut tag, &mut kept).unwrap();
    });
    stopwatch.add("memory kept and wiped: what `password` does", || {
        drop(ours.hash_blocking(&password).unwrap());
    });

    let medians = stopwatch.medians();
    let first = medians.first().map_or(1.0, |(_, median)| median.as_secs_f64());
    println!(
        "| Argon2id, {} MiB, {} passes | CPU | ratio |\n| --- | ---: | ---: |",
        cost.memory_kib / 1_024,
        cost.passes
    );
    for (name, median) in medians {
        println!("| {name} | {} | {:.2} |", stopwatch::text(median), median.as_secs_f64() / first);
    }
}
