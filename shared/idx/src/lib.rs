//! The IDX wire: JSON in, policy inputs out; policy outputs in, JSON out.

pub mod operation;
