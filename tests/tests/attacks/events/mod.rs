//! As events of API Gateway's HTTP API, to the functions as they are in Lambda.

#[path = "../faults.rs"]
mod faults;
mod proxy;
#[path = "../stage.rs"]
mod stage;
#[path = "../../../../shared/engine/tests/security/suite/mod.rs"]
mod suite;
#[path = "../tokens.rs"]
mod tokens;
mod transport;
