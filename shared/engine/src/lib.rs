//! The glue: load → step → commit → send → render; owns the ports.

pub mod http;
pub mod ports;
#[cfg(feature = "testing")]
pub mod testing;
