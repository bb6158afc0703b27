//! Every requirement of the security bar that the engine answers for, one test named after its id.
//! The scenarios are a suite without a stage: the tests crate runs the same ones over HTTP and as
//! Lambda events.

use crate::stage;

mod derivation;
pub mod suite;
