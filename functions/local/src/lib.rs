//! Everything in one process: the functions, an embedded DynamoDB, an SES endpoint with a mailbox,
//! pages.
//!
//! The functions are the ones that are deployed, with the AWS SDK clients that they have there;
//! only the addresses differ:
//!
//! ```text
//! browser ─► gateway ─► functions ─► SDK ─► DynamoDB (embedded engine)
//!              │                       └──► SES, KMS, Secrets Manager (emulators)
//!              └─► pages ◄── mailbox
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test says what it expects by failing"
    )
)]

mod address;
pub mod cli;
mod clock;
mod configuration;
mod data;
mod emulators;
mod error;
mod event;
mod fault;
mod functions;
mod gateway;
mod mailbox;
mod pages;
mod passwords;
mod people;
mod plan;
mod queue;
mod server;
mod site;
mod table;
mod terminal;
mod test_control;
mod users;
mod widget;

pub use clock::MovableClock;
pub use error::StartError;
pub use fault::{Effect, Fault, Faults};
pub use mailbox::{Mail, Mailbox};
pub use server::{Limits, Options, Patience, Running, start};

/// `N` unpredictable bytes in hex.
fn random_hex<const N: usize>() -> Result<String, StartError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
