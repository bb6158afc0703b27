//! The tests of the runtime, one module for each subject.

mod functions_readme;
mod panics;
