//! The end-to-end tests, one module for each subject: one executable is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]

mod architecture;
mod attacks;
mod canary;
mod citations;
mod durability;
mod end_to_end;
mod histories;
mod outages;
mod process;
mod readme;
mod reported;
mod template;
