//! Output to the terminal, and questions to the operator.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Prints a line. The program that started this may have stopped reading, which is no reason to end,
/// as `println!` would.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line about something that went wrong.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Shows how far it is, in place; nothing where no terminal shows it.
pub(crate) fn progress(line: &str) {
    if io::stderr().is_terminal() {
        // Back to the beginning of the line, and clear it.
        let _ = write!(io::stderr(), "\r\x1b[2K{line}");
    }
}

/// Asks a question that only `yes` agrees to. `None`: there is no terminal to ask at.
pub(crate) fn agrees(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    let _ = write!(io::stderr(), "{question} [yes/no] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).ok()?;
    Some(answer.trim().eq_ignore_ascii_case("yes"))
}

/// Text from the table as a terminal may show it: without what moves the cursor or turns the line
/// around.
pub(crate) fn shown(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
