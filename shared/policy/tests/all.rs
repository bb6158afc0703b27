//! The tests of the policy core, one module for each subject: one executable is linked once.

mod assurance;
mod attribute;
mod email;
mod fuzz;
mod laws;
mod organisation_check;
mod password_rules;
mod provision;
mod stories;
mod values;
