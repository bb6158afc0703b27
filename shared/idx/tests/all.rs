//! The tests of the wire, one module for each subject: one executable is linked once.

mod body;
mod envelope;
mod fuzz;
mod schema;
