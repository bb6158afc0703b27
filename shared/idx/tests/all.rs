//! The tests of the wire, one module for each subject: one executable is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod body;
mod envelope;
mod fuzz;
mod schema;
