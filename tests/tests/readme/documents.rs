//! Of all documents: their links, their words, and the names of the code that they use.

use std::fs;
use std::path::Path;
use std::process::Command;

use policy::organisation::Limits;

use super::{read, root};

/// Columns of a line that is not part of a table.
const MOST_COLUMNS: usize = 100;

/// Words that make a sentence a riddle.
const RIDDLES: [&str; 6] = ["whoever", "whose", "somebody", "nobody", "anybody", "meanwhile"];

/// Documents that tests of their own hold; only their links are looked at here.
const HELD_ELSEWHERE: &[&str] = &[
    // One to a line.
    "shared/dynamodb/README.md",
    "shared/engine/security.md",
    "shared/idx/idx.md",
    "shared/policy/policies.md",
    "tests/reported.md",
];

/// Documents for readers.
const DOCUMENTS: [&str; 9] = [
    "README.md",
    "CHANGELOG.md",
    ".github/CONTRIBUTING.md",
    ".github/SECURITY.md",
    "functions/README.md",
    "functions/local/README.md",
    "shared/README.md",
    "shared/organisation/README.md",
    "tests/README.md",
];

#[test]
fn the_limits_of_the_organisation_file_are_told_with_their_defaults() {
    let guide = read("shared/organisation/README.md");
    let limits = serde_json::to_value(Limits::default()).unwrap();
    let limits = limits.as_object().unwrap();
    for (name, default) in limits {
        assert!(
            guide.contains(&format!("| `{name}` | {default} | ")),
            "shared/organisation/README.md lacks {name} with {default}"
        );
    }
}

/// Names of the code in the vocabulary are names of the code.
#[test]
fn the_vocabulary_names_what_there_is() {
    let guide = read("shared/README.md");
    let (_, after) = guide.split_once("| word | meaning | in the code |\n").unwrap();
    let rows: Vec<_> = after.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20, "{rows:?}");
    let mut sources = String::new();
    for package in ["policy", "idx", "engine"] {
        append_sources(&root().join("shared").join(package).join("src"), &mut sources);
    }
    for row in rows {
        for name in row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2) {
            let is_word = |at: usize| {
                let beside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
                beside(sources[..at].chars().next_back())
                    && beside(sources[at + name.len()..].chars().next())
            };
            assert!(
                sources.match_indices(name).any(|(at, _)| is_word(at)),
                "shared/README.md names {name}, which is in no source: {row}"
            );
        }
    }
}

fn append_sources(folder: &Path, to: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            append_sources(&path, to);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            to.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// As GitHub makes it: lower case, spaces to hyphens, without other marks.
fn anchor(heading: &str) -> String {
    let plain = heading.trim_start_matches('#').trim().to_lowercase();
    plain
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut followed = 0;
    for document in DOCUMENTS.into_iter().chain(HELD_ELSEWHERE.iter().copied()) {
        let folder = root().join(document).parent().unwrap().to_owned();
        let text = read(document);
        for target in text
            .split("](")
            .skip(1)
            .map(|after| after.split(')').next().unwrap())
            .filter(|target| !target.contains("://"))
        {
            let (path, heading) = target
                .split_once('#')
                .map_or((target, None), |(path, heading)| (path, Some(heading)));
            let file = if path.is_empty() { root().join(document) } else { folder.join(path) };
            assert!(file.exists(), "{document} links to {target}, which is not there");
            if let Some(heading) = heading {
                let there = fs::read_to_string(&file).unwrap();
                let found = there
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line) == heading);
                assert!(found, "{document} links to {target}, and that heading is not there");
            }
            followed += 1;
        }
    }
    assert!(followed > 80, "only {followed} links: are they found?");
}

/// Sections and scripts of CI, and packages, that documents and the workflow name.
#[test]
fn commands_name_what_there_is() {
    let ci = read(".ci/run");
    let sections =
        ci.lines().find_map(|line| line.strip_prefix("sections=(")?.strip_suffix(')')).unwrap();
    let sections: Vec<_> = sections.split(' ').collect();
    let mut seen = (0, 0, 0);
    for document in DOCUMENTS.into_iter().chain([".github/workflows/ci.yml"]) {
        for line in read(document).lines() {
            for after in line.split(".ci/").skip(1) {
                let words: Vec<_> =
                    after.split(|c: char| c.is_whitespace() || "`,;.)".contains(c)).collect();
                assert!(
                    root().join(".ci").join(words[0]).is_file(),
                    "{document} names .ci/{}",
                    words[0]
                );
                seen.0 += 1;
                let named = words[1..].iter().take_while(|word| {
                    words[0] == "run" && word.starts_with(|c: char| c.is_ascii_lowercase())
                });
                for section in named {
                    assert!(
                        sections.contains(section),
                        "{document} names the section {section}: {line}"
                    );
                    seen.1 += 1;
                }
            }
            for name in
                line.split(" -p ").skip(1).map(|after| after.split([' ', '`']).next().unwrap())
            {
                let folders =
                    [format!("shared/{name}"), format!("functions/{name}"), name.to_owned()];
                assert!(
                    folders.iter().any(|folder| root().join(folder).join("Cargo.toml").exists()),
                    "{document} names the package {name}"
                );
                seen.2 += 1;
            }
        }
    }
    assert!(seen.0 > 15 && seen.1 > 2 && seen.2 > 10, "{seen:?}");
}

/// Every document is on the list, so that no new one goes unread.
#[test]
fn no_document_is_forgotten() {
    let listed = Command::new("git").args(["ls-files", "-z", "*.md"]).current_dir(root()).output();
    // In an archive there is nothing to list them by.
    let Some(output) = listed.ok().filter(|output| output.status.success()) else {
        return println!("SKIPPED: git lists the documents");
    };
    let known = |path: &str| DOCUMENTS.contains(&path) || HELD_ELSEWHERE.contains(&path);
    // Data of tests and of the program, which are Markdown by their form.
    let data = |path: &str| path.contains("/tests/") || path.contains("/src/");
    let files = String::from_utf8(output.stdout).unwrap();
    let forgotten: Vec<_> =
        files.split_terminator('\0').filter(|path| !known(path) && !data(path)).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

#[test]
fn documents_have_short_lines_and_plain_words() {
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        for (index, line) in read(document).lines().enumerate() {
            let words = line.to_lowercase();
            let riddle =
                words.split(|c: char| !c.is_alphanumeric()).find(|word| RIDDLES.contains(word));
            if let Some(word) = riddle {
                wrong.push(format!("{document}:{}: {word}", index + 1));
            }
            if line.chars().count() > MOST_COLUMNS && !line.starts_with('|') {
                wrong.push(format!("{document}:{}: {} columns", index + 1, line.chars().count()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
