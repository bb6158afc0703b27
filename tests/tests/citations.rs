//! Citations lead somewhere: the ids and sections that sources name stand in the specification, and
//! the rules of `shared/engine/security.md` name tests that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SECURITY: &str = "shared/engine/security.md";

/// Documents as they are cited, and where they are.
const DOCUMENTS: [(&str, &str); 3] = [
    ("policies.md", "shared/policy/policies.md"),
    ("idx.md", "shared/idx/idx.md"),
    ("security.md", SECURITY),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A source file as one text: the lines of a comment are joined, because citations are wrapped.
struct Source {
    path: String,
    text: String,
    /// The offset at which each line begins in the text.
    starts: Vec<usize>,
}

impl Source {
    fn new(path: String, content: &str) -> Self {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for line in content.lines() {
            starts.push(text.len());
            let line = line.trim_start();
            let comment = ["//!", "///", "//"].iter().find_map(|mark| line.strip_prefix(mark));
            // Code is kept apart from what stands before it.
            text.push_str(if comment.is_some() { " " } else { "\n" });
            text.push_str(comment.unwrap_or(line).trim());
        }
        Self { path, text, starts }
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.starts.partition_point(|start| *start <= at))
    }

    /// The names of functions, with their offsets.
    fn functions(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .match_indices("fn ")
            .filter(|(at, _)| !self.text[..*at].ends_with(is_part_of_word))
            .map(|(at, _)| {
                let rest = &self.text[at + 3..];
                let end = rest.find(|c: char| !is_part_of_word(c)).unwrap_or(rest.len());
                (at, &rest[..end])
            })
    }
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn sources() -> Vec<Source> {
    fn search(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("target") && !path.ends_with("node_modules") {
                    search(&path, found);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    for folder in ["shared", "functions", "tests"] {
        search(&root.join(folder), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            Source::new(name, &fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Length of the digits that a text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The id of a requirement, attack or fault that a text begins with.
fn id(text: &str) -> Option<&str> {
    let length = match text.as_bytes() {
        [b'R', b'-', b'A'..=b'Z', ..] if digits(&text[3..]) > 0 => 3 + digits(&text[3..]),
        [b'A', b'-', ..] if digits(&text[2..]) == 3 => 5,
        [b'F', b'-', ..] if digits(&text[2..]) == 2 => 4,
        _ => return None,
    };
    (!text[length..].starts_with(is_part_of_word)).then(|| &text[..length])
}

/// The id of an invariant that a text begins with.
fn invariant(text: &str) -> Option<&str> {
    let length = 1 + digits(text.strip_prefix('I')?);
    let is_id = (2..=3).contains(&length) && !text.starts_with("I0");
    (is_id && !text[length..].starts_with(is_part_of_word)).then(|| &text[..length])
}

/// The number of a section that a text begins with: `2` or `2.1`.
fn section(text: &str) -> Option<&str> {
    let mut length = digits(text);
    while length > 0 && text[length..].starts_with('.') && digits(&text[length + 1..]) > 0 {
        length += 1 + digits(&text[length + 1..]);
    }
    (length > 0).then(|| &text[..length])
}

/// Ids that the name of a test begins with, as they are cited: `r_o6_a_013_…` is a requirement and
/// an attack. Ids of reviews (`m2_`) may stand between them.
fn ids_of_name(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = name.split('_').peekable();
    while let Some(word) = words.next() {
        let number = word.get(1..).filter(|rest| !rest.is_empty() && digits(rest) == rest.len());
        match (word, number) {
            ("r" | "a" | "f", _) => {
                let cited = format!("{word}-{}", words.peek().unwrap_or(&"")).to_uppercase();
                if id(&cited).is_none() {
                    break;
                }
                words.next();
                found.push(cited);
            }
            (_, Some(number)) if word.starts_with('i') && number.len() < 3 => {
                found.push(word.to_uppercase());
            }
            (_, Some(_)) if word.starts_with(['h', 'l', 'm']) => {}
            _ => break,
        }
    }
    found
}

/// The citations after the name of a document: ids, and sections as `§2.1`.
fn list(mut rest: &str) -> Vec<String> {
    let mut found = Vec::new();
    rest = rest.trim_start_matches('`');
    loop {
        rest = rest.trim_start();
        let (cited, length) = if let Some(number) = rest.strip_prefix('§').and_then(section) {
            (format!("§{number}"), '§'.len_utf8() + number.len())
        } else if let Some(name) = id(rest).or_else(|| invariant(rest)) {
            (name.to_owned(), name.len())
        } else {
            return found;
        };
        found.push(cited);
        rest = &rest[length..];
        if let Some(end) = rest.strip_prefix('–').and_then(section) {
            found.push(format!("§{end}"));
            rest = &rest['–'.len_utf8() + end.len()..];
        }
        rest = rest.trim_start_matches("..").trim_start_matches(',').trim_start();
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
}

/// Headings with a number, and the numbered points below them, as they are cited: `§2.1` is a
/// heading, or point 1 of section 2.
fn headings(document: &str) -> BTreeSet<String> {
    let (mut found, mut current) = (BTreeSet::new(), None);
    for line in document.lines() {
        if line.starts_with('#') {
            current = section(line.trim_start_matches('#').trim_start_matches([' ', '§']));
            found.extend(current.map(|number| format!("§{number}")));
        } else if let Some(heading) = current {
            let text = line.strip_prefix("| ").unwrap_or(line);
            let (number, rest) = text.split_at(digits(text));
            if !number.is_empty() && (rest.starts_with(". ") || rest.starts_with(" |")) {
                found.insert(format!("§{heading}.{number}"));
            }
        }
    }
    found
}

/// Rows of the rules: line, id, and the cell that names the test.
fn rows(document: &str) -> Vec<(usize, &str, &str)> {
    document
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let first = line.strip_prefix("| ")?;
            let cited = id(first).or_else(|| invariant(first))?;
            let test = line.trim_end().trim_end_matches('|').rsplit('|').next()?;
            Some((index + 1, cited, test.trim()))
        })
        .collect()
}

#[test]
fn every_cited_rule_and_section_is_there() {
    let security = fs::read_to_string(root().join(SECURITY)).unwrap();
    let rules: BTreeSet<&str> = rows(&security).into_iter().map(|(_, cited, _)| cited).collect();
    // A document that is not there yet is not looked into; security.md has to be there.
    let documents: Vec<_> = DOCUMENTS
        .into_iter()
        .filter_map(|(name, path)| {
            Some((name, path, headings(&fs::read_to_string(root().join(path)).ok()?)))
        })
        .collect();
    let (mut seen, mut missing) = (0, BTreeSet::new());
    for source in sources() {
        let mut rule = |at: usize, cited: &str| {
            seen += 1;
            if !rules.contains(cited) {
                missing.insert(format!("{}: {cited} is not in {SECURITY}", source.place(at)));
            }
        };
        for (at, _) in source.text.match_indices(['R', 'A', 'F']) {
            let before = source.text[..at].chars().next_back();
            if before.is_none_or(|c| !is_part_of_word(c) && c != '-')
                && let Some(cited) = id(&source.text[at..])
            {
                rule(at, cited);
            }
        }
        for (at, name) in source.functions() {
            for cited in ids_of_name(name) {
                rule(at, &cited);
            }
        }
        for (at, name) in source.text.match_indices("security.md") {
            for cited in list(&source.text[at + name.len()..]) {
                if cited.starts_with('I') {
                    rule(at, &cited);
                }
            }
        }
        for (name, path, headings) in &documents {
            for (at, name) in source.text.match_indices(name) {
                if source.text[..at].ends_with(is_part_of_word) {
                    continue;
                }
                for cited in list(&source.text[at + name.len()..]) {
                    if cited.starts_with('§') {
                        seen += 1;
                        if !headings.contains(&cited) {
                            missing.insert(format!(
                                "{}: {cited} is no section of {path}",
                                source.place(at)
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(seen > 800, "only {seen} citations: are they found?");
}

#[test]
fn every_rule_names_its_test_or_a_reason() {
    let security = fs::read_to_string(root().join(SECURITY)).unwrap();
    let sources = sources();
    let names: BTreeSet<&str> =
        sources.iter().flat_map(|source| source.functions().map(|(_, name)| name)).collect();
    let (mut known, mut wrong) = (BTreeSet::new(), Vec::new());
    for (line, cited, test) in rows(&security) {
        if !known.insert(cited) {
            wrong.push(format!("{SECURITY}:{line}: {cited} is there twice"));
        }
        let tests: Vec<_> = test
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains('_') && name.chars().all(is_part_of_word))
            .collect();
        if tests.is_empty() && !test.contains("(not built") && !test.contains('—') {
            wrong.push(format!("{SECURITY}:{line}: {cited} has no test and no reason"));
        }
        for name in tests {
            // The first name that is not before it.
            if !names.range(name..).next().is_some_and(|found| found.starts_with(name)) {
                wrong.push(format!("{SECURITY}:{line}: {cited} names {name}, which is no test"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(known.len() > 200, "only {} rules: are they found?", known.len());
}
