//! What the parser finds wrong with text that is no YAML, in the words of the person who mends it,
//! and where they look.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use organisation::parse;

/// Text, the place that is named, and a part of what is said.
const WRONG: &[(&str, &str, &str)] = &[
    // Quotes.
    ("a: \"x\nb: y\n", "1:4", "a text in quotes begins here and does not end"),
    ("a: 'x\nb: y\n", "1:4", "a text in quotes begins here and does not end"),
    ("a:\n  b: \"x\n  c: \"y\"\n", "2:6", "does not end"),
    ("a:\n  - \"x\n  - \"y\"\n", "2:5", "does not end"),
    ("a: [\"x, y]\nb: 1\n", "1:5", "does not end"),
    ("a: { b: 'x }\n", "1:9", "does not end"),
    ("a: \"x\"y\n", "1:7", "something follows the closing quote"),
    ("a: 'it's'\n", "1:8", "something follows the closing quote"),
    ("a: \"C:\\dir\"\n", "1:4", "write \\\\ for a \\, or use single quotes"),
    ("a: \"\\u00g0\"\n", "1:4", "in double quotes \\ begins an escape"),
    // Tabs.
    ("a:\n\tb: 1\n", "2:1", "a tab stands here; indent with spaces"),
    ("a:\n  b: 1\n\tc: 1\n", "3:1", "a tab stands here"),
    ("a:\n  \tb: 1\n  \tc: 2\n", "2:3", "a tab stands here"),
    ("a:\n  - x\n\t- y\n", "3:1", "a tab stands here"),
    // Indentation.
    (
        "a:\n  b: 1\n c: 2\n",
        "3:2",
        "this line begins in column 2; what belongs to the lines above begins in column 1 or 3",
    ),
    (
        "a:\n  - b: 1\n   c: 2\n",
        "3:4",
        "this line begins in column 4; what belongs to the lines above begins in column 1, 3 or 5",
    ),
    (
        "a:\n  - x\n - y\n",
        "3:2",
        "this line begins in column 2; what belongs to the lines above begins in column 1",
    ),
    (
        "a: 1\n  b: 2\n",
        "2:3",
        "the indentation is wrong: this line begins in column 3; what belongs to the lines above begins in column 1",
    ),
    (
        "a:\n  b: x\n    c: y\n",
        "3:5",
        "the indentation is wrong: this line begins in column 5; what belongs to the lines above begins in column 1 or 3",
    ),
    (
        "  a: 1\nb: 2\n",
        "2:1",
        "the indentation is wrong: this line begins in column 1; what belongs to the lines above begins in column 3",
    ),
    ("a: 1\n- b\n", "2:1", "a - begins an item here, where no list is"),
    // What has to stand in quotes, or on a line of its own.
    ("a: b: c\n", "1:5", "there are two colons in this line"),
    ("a: time: 12\n", "1:8", "there are two colons in this line"),
    ("a: @x\n", "1:4", "put it in quotes"),
    ("a: `x`\n", "1:4", "put it in quotes"),
    ("a: %x\n", "1:4", "put a text that begins with them in quotes"),
    ("a: *x\n", "1:4", "put a text that begins with them in quotes"),
    ("a: &\n", "1:4", "put a text that begins with them in quotes"),
    ("a: - b\n", "1:4", "does not belong here"),
    ("a\nb: c\n", "1:1", "a key without a value stands in line 1"),
    ("a: 1\nb\n", "2:1", "a key without a value stands in line 2"),
    // Lists and mappings in brackets.
    ("a: [x, y\nb: 1\n", "1:4", "a list opens with [ here and is not closed"),
    ("a: [x y: z\n", "1:4", "not closed"),
    ("a: {b: 1\nc: 1\n", "1:4", "a mapping opens with { here and is not closed"),
    ("a: [x}\n", "1:4", "not closed"),
    ("a: x]\nb: ]\n", "2:4", "a ] or } stands here that closes nothing"),
    ("a: x #y\nb: \"x\"#y\n", "2:7", "a # begins a comment only after a space"),
    ("a: |x\n  y\n", "1:4", "after | or > nothing may stand in this line"),
    // Keys.
    ("a: 1\nb: 2\na: 3\n", "3:1", "the key \"a\" is there twice, first in line 1; keep one"),
    ("a: {b: 1, b: 2}\n", "1:11", "the key \"b\" is there twice, first in line 1; keep one"),
    ("a: !x y\n", "1:4", "tags (!) are not supported"),
];

#[test]
fn what_is_wrong_with_the_yaml_is_said_in_words_and_where_to_look() {
    let mut wrong = Vec::new();
    for (text, place, words) in WRONG {
        let said = parse("f", text).unwrap_err().to_string();
        if !said.starts_with(&format!("f:{place}: "))
            || !said.contains(words)
            || said.lines().count() > 1
        {
            wrong.push(format!("{text:?}\n  expected {place} {words}\n  said     {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const FILE: &str = r#"# Comment
settings:
  companyName: "Demo"            # comment
  limits: { mails: 20, guesses: 50 }
schema:
  custom:
    size:
      enum: ["38", '39', x]
      oneOf:
        - { const: "38", title: It's 38 }
        - const: '39'
          title: |
            Long
    plain: https://example.com/#fragment
groups: [a,
  b]
apps:
  - id: one
    groups: []
  - id: two
"#;

/// Whatever goes wrong, at whatever place of a file: nothing of the parser's own words.
#[test]
fn a_file_with_one_character_too_many_is_told_in_words() {
    let lines: Vec<&str> = FILE.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        for extra in [
            "\"", "'", "[", "]", "{", "}", ": ", "\t", " ", "- ", "@", "*", "&", "|", "`", "%",
            "!", "#", "\u{feff}", "\\",
        ] {
            for place in (0..=line.len()).filter(|place| line.is_char_boundary(*place)) {
                let mut changed = lines.clone();
                let text =
                    format!("{}{extra}{}", line.get(..place).unwrap(), line.get(place..).unwrap());
                *changed.get_mut(at).unwrap() = &text;
                let problems = parse("f", &changed.join("\n")).unwrap_err();
                let problem = problems.iter().next().unwrap();
                assert!(
                    problem.line <= lines.len() + 1 && problem.column >= 1,
                    "{text}: {problem}"
                );
                let own = ["expected '", "did not find", "not allowed in", "scanning", "parsing"];
                assert!(!own.iter().any(|own| problem.message.contains(own)), "{text}: {problem}");
            }
        }
    }
}
