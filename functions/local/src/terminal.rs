//! What is printed.

use std::io::Write as _;

/// Prints a line. Whoever started this may have stopped reading, which is no reason to end, as `println!` would.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line about something that went wrong.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
