//! The organisation file: one YAML document in, a checked [`Organisation`] out.
//!
//! Whatever is wrong with the file is said with the file's name, line and column, the path and what
//! would be right:
//!
//! ```text
//! organisation.yaml:42:14: apps[0].groups[1]: there is no group "custmers"; did you mean "customers"?
//! ```
//!
//! Three steps, and a file that fails one does not reach the next: `yaml` reads text into a tree
//! that knows its lines, `read` turns the tree into Okta's objects (keys, types, allowed values),
//! and [`policy::organisation::check`] says whether the objects make sense together.

mod problem;
mod read;
mod words;
mod yaml;

use policy::organisation::Organisation;
use policy::organisation::check::{self, Problem, check};
use serde::Deserialize;
use yaml::{Node, Place};

pub use problem::{FileProblem, Problems};

/// The largest file, in bytes: the whole configuration has to fit into a few `DynamoDB` items, and
/// a parser should not be fed without end.
pub const LARGEST: usize = 1024 * 1024;

/// Reads and checks the text of an organisation file. `file_name` is only for the messages.
///
/// # Errors
/// Everything that is wrong, in the order of the lines. Text that is no YAML, an unknown key or a
/// value of a wrong type ends the reading at once, so that there is one problem; a file that can be
/// read is checked as a whole, so that there may be many.
pub fn parse(file_name: &str, text: &str) -> Result<Organisation, Problems> {
    let (document, organisation) = read(file_name, text)?;
    let problems = located(file_name, &document, check(&organisation));
    if problems.is_empty() { Ok(organisation) } else { Err(Problems::new(problems)) }
}

/// What a file says that can be used and is yet probably not meant: a long form, a sign-up that
/// nobody can reach, a misspelt attribute. Empty for a file that cannot be read.
#[must_use]
pub fn warnings(file_name: &str, text: &str) -> Vec<FileProblem> {
    read(file_name, text)
        .map(|(document, organisation)| {
            located(file_name, &document, check::warnings(&organisation))
        })
        .unwrap_or_default()
}

fn read(file_name: &str, text: &str) -> Result<(Node, Organisation), Problems> {
    if text.len() > LARGEST {
        let place = Place { line: 1, column: 1 };
        return Err(Problems::one(FileProblem::new(
            file_name,
            place,
            &[],
            &format!("the file is larger than {} KiB", LARGEST / 1024),
        )));
    }
    let document = yaml::document(text).map_err(|fault| {
        Problems::one(FileProblem::new(file_name, fault.place, &fault.path, &fault.message))
    })?;
    let organisation = Organisation::deserialize(&document).map_err(|fault| {
        let (path, message) = fault.into_parts(&document);
        Problems::one(FileProblem::new(file_name, document.place_of(&path), &path, &message))
    })?;
    Ok((document, organisation))
}

fn located(file_name: &str, document: &Node, found: Vec<Problem>) -> Vec<FileProblem> {
    let problem = |found: Problem| {
        let written = document
            .at(&found.path)
            .and_then(|node| node.written.as_deref())
            .filter(|_| found.unquoted);
        let message = match written {
            Some("") => {
                "nothing is written here, which is not text; write one, or leave this out".into()
            }
            Some(written) => format!("{written} is not text; put it in quotes: \"{written}\""),
            None => found.message,
        };
        FileProblem::new(file_name, document.place_of(&found.path), &found.path, &message)
    };
    found.into_iter().map(problem).collect()
}
