//! The tests of the engine, one module for each subject: one executable is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod access;
mod budgets;
mod cost;
mod envelope;
mod faults;
mod fuzz;
mod interleavings;
mod journeys;
mod mail_limits;
mod model;
mod model_envelopes;
mod model_regressions;
mod model_takeover;
mod open_pages;
mod openapi;
mod people;
mod quiet;
mod reported;
mod review;
mod rotation;
mod security;
mod stage;
mod sweep;
mod uniqueness;
