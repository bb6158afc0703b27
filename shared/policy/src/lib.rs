//! The pure core: what is asked next, and what an answer changes.
//!
//! **What is asked next is never stored; it is derived.** From the organisation's configuration, the app, the user, what this transaction has
//! proven so far and the time, [`requirements`](requirement::requirements) returns the ordered list of what is not yet met. The first of them is
//! the form that the client sees; an empty list means: signed in. Sign-up, email verification, both sign-on policies, authenticator enrollment
//! and progressive enrollment are requirements with a form each. The order is one list in one place (policies.md §0).
//!
//! Three functions carry everything:
//!
//! | function | question |
//! | --- | --- |
//! | [`lookup`](step::lookup) | what must be loaded, counted or hashed for this input? |
//! | [`step`](step::step) | given that, what changes, what is mailed, what is said? |
//! | [`remediations`](remediation::remediations) | what is offered now? |
//!
//! # Invariants
//! - No I/O, no clock, no random source, no slow hash: they are arguments. The crate is `no_std`, so that the compiler keeps the promise.
//! - An input is accepted exactly where it is offered; `tests/laws.rs` walks all states × all inputs.
//! - A person's mistake is data (a [`Message`](message::Message)); a program's fault is an error.
#![no_std]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what it expects by failing")
)]

extern crate alloc;

pub mod organisation;
pub mod secret;
pub mod time;
pub mod user;
