//! The tests of the store, one module for each subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod common;
mod contract_dynamodb_local;
mod contract_embedded;
mod faults;
mod readme;
