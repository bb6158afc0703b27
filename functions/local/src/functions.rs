//! The functions that are deployed, with the addresses of this process.

/// The table's name.
pub const TABLE: &str = "vestibule";
