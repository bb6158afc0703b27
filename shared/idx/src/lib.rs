//! The IDX wire: JSON in, policy inputs out; policy outputs in, JSON out.
//!
//! Okta's own clients decide what is right here: whatever is sent was observed to work in the
//! unmodified sign-in widget (both generations) and in auth-js. [`operation`] is the one table of
//! endpoints, [`body`] reads requests, [`envelope`] writes answers, [`message`] has the words,
//! [`openapi`] describes all of it.
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

pub mod body;
pub mod envelope;
pub mod message;
pub mod openapi;
pub mod operation;
pub mod page;
