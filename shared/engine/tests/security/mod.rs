//! Every requirement of the security bar that the engine answers for, one test named after its id.
//! The scenarios are a suite without a stage: the tests crate runs the same ones over HTTP and as
//! Lambda events.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

mod derivation;
mod suite;
