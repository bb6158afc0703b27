//! Every attack of the security bar on what is deployed: the scenarios of
//! `shared/engine/tests/security/suite`, over HTTP against the local bundle and as events of API
//! Gateway, with the SDK clients, the stores and the argon2 that a function has in Lambda.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what it expects by failing"
)]
#![allow(clippy::duplicate_mod, reason = "the same scenarios on two stages: that is the point")]

mod catalogue;
mod events;
mod http;

use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// Scenarios are written without `async`: they run on the engine in memory too.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
