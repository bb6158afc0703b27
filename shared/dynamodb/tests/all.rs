//! The tests of the store, one module for each subject.

mod common;
mod contract_dynamodb_local;
mod contract_embedded;
mod faults;
mod readme;
