//! Over HTTP, as anybody on the network would.

#[path = "../stage.rs"]
mod stage;
#[path = "../../../../shared/engine/tests/security/suite/mod.rs"]
mod suite;
mod transport;
