//! The tests of the organisation file, one module for each subject.

mod demo;
mod fuzz;
mod growth;
mod messages;
mod warnings;
mod words;
