use std::error::Error;
use std::fmt;

use crate::yaml::Place;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileProblem {
    /// The file, as the caller called it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Where in the document, e.g. `apps[0].groups[1]`; empty where that cannot be said.
    pub path: String,
    /// What is wrong, and what would be right, on one line.
    pub message: String,
}

impl FileProblem {
    pub(crate) fn new(file: &str, place: Place, path: &[String], message: &str) -> Self {
        Self {
            file: file.into(),
            line: place.line,
            column: place.column,
            path: on_one_line(&written(path)),
            message: on_one_line(message),
        }
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a file: at least one problem, in the order of the lines. Displayed
/// one per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<FileProblem>);

impl Problems {
    pub(crate) fn one(problem: FileProblem) -> Self {
        Self(vec![problem])
    }

    pub(crate) fn new(mut problems: Vec<FileProblem>) -> Self {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Self(problems)
    }

    /// The problems.
    pub fn iter(&self) -> std::slice::Iter<'_, FileProblem> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a FileProblem;
    type IntoIter = std::slice::Iter<'a, FileProblem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(i, problem)| write!(f, "{}{problem}", if i == 0 { "" } else { "\n" }))
    }
}

impl Error for Problems {}

/// What messages quote may hold line breaks, and more that terminals act upon.
fn on_one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

/// A path as people write it: `["apps", "0", "groups", "1"]` is `apps[0].groups[1]`.
fn written(path: &[String]) -> String {
    let part = |(i, part): (usize, &String)| match (part.bytes().all(|b| b.is_ascii_digit()), i) {
        (true, _) => format!("[{part}]"),
        (false, 0) => part.clone(),
        (false, _) => format!(".{part}"),
    };
    path.iter().enumerate().map(part).collect()
}
