//! Over HTTP, as any client on the network would.

#[path = "../faults.rs"]
mod faults;
#[path = "../stage.rs"]
mod stage;
#[path = "../../../../shared/engine/tests/security/suite/mod.rs"]
mod suite;
mod time;
#[path = "../tokens.rs"]
mod tokens;
mod transport;
