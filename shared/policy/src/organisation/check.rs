//! Whether a whole organisation makes sense: references, read-only attributes that are required, identifiers, limits.

use alloc::string::String;
use alloc::vec::Vec;

use super::Organisation;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys and indices from the root, e.g. `["apps", "0", "groups", "1"]`.
    pub path: Vec<String>,
    /// What is wrong, and what would be right. One sentence each, no trailing full stop.
    pub message: String,
}

/// Everything that is wrong with `organisation`, in the order of the file. Empty: it can be used.
pub fn check(organisation: &Organisation) -> Vec<Problem> {
    let _ = organisation;
    Vec::new()
}
