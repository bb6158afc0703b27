//! The tests of the policy core, one module for each subject: one executable is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod assurance;
mod attribute;
mod email;
mod fuzz;
mod laws;
mod organisation_check;
mod password_rules;
mod provision;
mod stories;
mod values;
