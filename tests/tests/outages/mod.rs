//! What goes wrong outside of the program, end to end: AWS that throttles, collides, stays silent
//! or is away, a function of which that is told by Lambda, and a disk that is full, read-only,
//! locked or broken (security.md §3.2).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod aws;
mod folder;
mod lambda;
