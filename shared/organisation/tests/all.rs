//! The tests of the organisation file, one module for each subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod demo;
mod fuzz;
mod growth;
mod messages;
mod warnings;
mod words;
