//! The tests of the local bundle: the server and the binary.

mod binary;
mod client;
mod server;
mod users;
