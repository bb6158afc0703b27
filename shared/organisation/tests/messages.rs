//! What an administrator reads who made a mistake: file, line, path, and what would be right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use insta::assert_snapshot;
use organisation::{LARGEST, parse};

const DEMO: &str = include_str!("../../../functions/local/organisation.yaml");

/// What is said when the first `from` of the demo organisation is replaced by `to`.
fn said(from: &str, to: &str) -> String {
    assert!(DEMO.contains(from), "the demo organisation has no {from:?}");
    said_of(&DEMO.replacen(from, to, 1))
}

fn said_of(text: &str) -> String {
    match parse("organisation.yaml", text) {
        Ok(_) => "nothing".into(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn unknown_key() {
    assert_snapshot!(said("  companyName:", "  compnayName:"));
}

#[test]
fn unknown_key_deep_down() {
    assert_snapshot!(said("enrollAuthenticatorTypes", "enrolAuthenticatorType"));
}

#[test]
fn unknown_value() {
    assert_snapshot!(said("unknownUserAction: REGISTER", "unknownUserAction: REGISTRE"));
}

#[test]
fn a_value_from_elsewhere() {
    assert_snapshot!(said("action: READ_WRITE }]  #", "action: ALLOW }]  #"));
}

#[test]
fn missing_key() {
    assert_snapshot!(said(
        "    profile: { name: Customers, description: Everybody who signed up for the demo app }\n",
        ""
    ));
}

#[test]
fn missing_policies() {
    assert_snapshot!(said_of("apps: []\n"));
}

#[test]
fn duplicate_key() {
    assert_snapshot!(said("  mailFrom: no-reply@example.com", "  companyName: Again"));
}

#[test]
fn text_where_a_truth_value_is_expected() {
    assert_snapshot!(said("requireFactor: false", "requireFactor: no"));
}

#[test]
fn number_where_text_is_expected() {
    assert_snapshot!(said("client_id: demo-spa", "client_id: 42"));
}

#[test]
fn fraction_where_a_whole_number_is_expected() {
    assert_snapshot!(said("minLength: 8", "minLength: 8.5"));
}

#[test]
fn negative_number() {
    assert_snapshot!(said("passcodeLength: 6", "passcodeLength: -6"));
}

#[test]
fn text_where_a_list_is_expected() {
    assert_snapshot!(said("targetGroupIds: [customers]", "targetGroupIds: customers"));
}

#[test]
fn text_of_many_lines_where_a_list_is_expected() {
    let told = said_of(
        "apps: |\n  one\n  organisation.yaml:7: \u{85}a line of its own, and many letters that nobody would read\n\n  \"\n",
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.starts_with("organisation.yaml:1:1: apps: expected a list, found the text \"one\\norganisation.yaml:7: ") && told.ends_with("…\""),
        "{told}"
    );
}

#[test]
fn nothing_where_a_list_is_expected() {
    assert_snapshot!(said("    groups: [everyone]", "    groups:"));
}

#[test]
fn list_where_a_mapping_is_expected() {
    assert_snapshot!(said(
        "settings:\n  companyName: Vestibule Demo",
        "settings: []\nwas:\n  companyName: Vestibule Demo"
    ));
}

#[test]
fn enum_without_quotes() {
    assert_snapshot!(said("enum: [\"38\",", "enum: [38,"));
}

#[test]
fn dangling_group() {
    assert_snapshot!(said("targetGroupIds: [customers]", "targetGroupIds: [custmers]"));
}

#[test]
fn dangling_policies_of_two_apps() {
    assert_snapshot!(said_of(&DEMO.replace("accessPolicy: one-factor", "accessPolicy: single")));
}

#[test]
fn asking_for_what_people_cannot_write() {
    assert_snapshot!(said(
        "# - { name: shoeSize, label: Shoe size",
        "- { name: memberSince, label: Member since"
    ));
}

#[test]
fn optional_verification_where_passwords_are_optional() {
    assert_snapshot!(said(
        "{ key: okta_password, enroll: { self: REQUIRED } }\n          - { key: okta_email, enroll: { self: OPTIONAL } }",
        "{ key: okta_password, enroll: { self: OPTIONAL } }\n          - { key: okta_email, enroll: { self: REQUIRED } }"
    ));
}

/// Beside what is built, Okta's neutral values are read, and no others.
#[test]
fn what_okta_has_and_is_not_built_is_refused_by_name() {
    let rule = "        - name: Default Rule\n";
    let conditions = |conditions: &str| {
        (rule.to_string(), format!("{rule}          conditions: {{ {conditions} }}\n"))
    };
    let attribute = |key: &str| {
        ("          unique: true ".to_string(), format!("          {key}\n          # "))
    };
    let mfa = "    - id: default-authenticators\n";
    let never = "rules: [{ name: Default Rule, actions: { enroll: { self: NEVER } } }]";
    let said: Vec<String> = [
        conditions("network: { connection: ZONE, include: [nzo1] }"),
        conditions("risk: { behaviors: [New City] }"),
        conditions("riskScore: { level: HIGH }"),
        attribute("unique: PENDING_UNIQUENESS"),
        attribute("unique: 1"),
        attribute("master: { type: OVERRIDE, priority: [] }"),
        (mfa.into(), format!("{mfa}      {never}\n")),
        ("key: okta_email, enroll".into(), "key: okta_mail, enroll".into()),
        (
            "lockout: { maxAttempts: 10 }".into(),
            "lockout: { userLockoutNotificationChannels: [EMAIL] }".into(),
        ),
    ]
    .into_iter()
    .map(|(from, to)| said(&from, &to))
    .collect();
    assert_snapshot!(said.join("\n"));
}

#[test]
fn not_yaml() {
    assert_snapshot!(said("groups:\n  - id: customers", "groups:\n  - id: \"customers"));
}

#[test]
fn wrong_indentation() {
    assert_snapshot!(said("  - id: subscribers", " - id: subscribers"));
}

#[test]
fn tab() {
    assert_snapshot!(said("  companyName:", "\tcompanyName:"));
}

#[test]
fn anchor() {
    assert_snapshot!(said("profileAttributes:\n", "profileAttributes: &form\n"));
}

#[test]
fn alias() {
    assert_snapshot!(said("groups: [everyone]", "groups: *everyone"));
}

#[test]
fn tag() {
    assert_snapshot!(said("minLength: 8", "minLength: !!int \"8\""));
}

#[test]
fn two_documents() {
    assert_snapshot!(said("apps:\n", "---\napps:\n"));
}

#[test]
fn empty_files() {
    for empty in ["", "\n", "# nothing\n", "---\n", "---\n...\n"] {
        assert!(
            said_of(empty).starts_with("organisation.yaml:1:1: "),
            "{empty:?}: {}",
            said_of(empty)
        );
    }
    assert_snapshot!(said_of("# nothing\n"));
}

#[test]
fn a_bomb_is_refused_before_it_grows() {
    let bomb = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n";
    assert_snapshot!(said_of(bomb));
}

#[test]
fn nesting_has_an_end() {
    for deep in ["[", "{a: ", "- ", "? ", "[? ", "a: {b: ["] {
        let said = said_of(&deep.repeat(100_000));
        assert!(
            said.ends_with("nested more than 32 deep")
                || said.contains("nested too deep")
                || said.contains("a key is plain text"),
            "{deep:?}: {said}"
        );
    }
}

#[test]
fn a_file_has_a_largest_size() {
    assert_snapshot!(said_of(&"#".repeat(LARGEST + 1)));
}

#[test]
fn words_that_are_truth_values_elsewhere_are_text() {
    for word in ["no", "NO", "off", "yes", "on", "y", "0o8", "1_000", "12:30", "1.2.3", "2FA"] {
        assert_eq!(said("label: Workforce", &format!("label: {word}")), "nothing", "{word}");
    }
    for not_text in [
        "true",
        "null",
        "~",
        "0x1F",
        "0o17",
        "007",
        "+1",
        "1e3",
        ".5",
        "-.inf",
        ".nan",
        "99999999999999999999",
        "1e999",
    ] {
        assert_ne!(
            said("label: Workforce", &format!("label: {not_text}")),
            "nothing",
            "{not_text}"
        );
        assert_eq!(
            said("label: Workforce", &format!("label: '{not_text}'")),
            "nothing",
            "{not_text}"
        );
    }
}

/// Advice that is followed must not change the value: between the quotes belongs what stands in the
/// file.
#[test]
fn advice_quotes_the_text_as_it_stands_in_the_file() {
    for written in [
        "01", "007", "1.0", "1.10", "1e3", "0x1F", "0o17", "+1", "-0", "true", "True", "~", "null",
        "Null",
    ] {
        let quoted = format!("put it in quotes: \"{written}\"");
        for (from, to) in [
            ("enum: [\"38\",", format!("enum: [{written},")),
            ("{ const: \"38\",", format!("{{ const: {written},")),
            (
                "title: Favourite colour\n          type: string\n",
                format!(
                    "title: Favourite colour\n          type: string\n          default: {written}\n"
                ),
            ),
            ("client_id: demo-spa", format!("client_id: {written}")),
            ("groups: [everyone]", format!("groups: [{written}]")),
        ] {
            let said = said(from, &to);
            let absent = matches!(written, "~" | "null" | "Null") && to.contains("default:");
            assert!(
                absent || (said.contains(&quoted) && said.lines().count() == 1),
                "{written} as {to}: {said}"
            );
        }
    }
    for written in [".nan", "-.inf", "1e999", "99999999999999999999"] {
        let said = said("label: Workforce", &format!("label: {written}"));
        assert!(said.ends_with(&format!("put it in quotes: \"{written}\"")), "{said}");
    }
    let list = "items: { type: string }\n          default: [a, 01]";
    let said = said(
        "title: Favourite colour\n          type: string\n          enum: [red, green, blue]\n",
        &format!("title: F\n          type: array\n          {list}\n"),
    );
    assert!(said.contains("default[1]: 01 is not text; put it in quotes: \"01\""), "{said}");
}

#[test]
fn what_is_found_is_named_as_it_is_written() {
    assert!(
        said("minLength: 8", "minLength: 1e1")
            .ends_with("expected a whole number from 0 up, found 1e1")
    );
    assert!(said("minLength: 8", "minLength: -0x8").contains("found the text \"-0x8\""));
    assert!(
        said("minLength: 8", "minLength: \"8\"")
            .ends_with("found the text \"8\"; take the quotes away")
    );
    assert!(
        said("requireFactor: false", "requireFactor: 'true'")
            .ends_with("found the text \"true\"; take the quotes away")
    );
    assert!(
        said("requireFactor: false", "requireFactor: 01")
            .ends_with("expected true or false, found 01")
    );
    assert!(
        said("unknownUserAction: REGISTER", "unknownUserAction: 1.10")
            .ends_with("expected one of DENY, REGISTER, found 1.10")
    );
    let nothing = said("enum: [red, green, blue]", "enum:\n            -\n            - green");
    assert!(nothing.contains("enum[0]: nothing is written here, which is not text"), "{nothing}");
}

/// Line and column are those of what is to be mended.
#[test]
fn a_place_has_a_column() {
    let problem = |text: &str| {
        parse("f.yaml", text)
            .unwrap_err()
            .iter()
            .next()
            .map(|problem| (problem.line, problem.column))
            .unwrap()
    };
    assert_eq!(problem("settings:\n  companyName: 42\n"), (2, 16), "a value beside its key");
    assert_eq!(
        problem("settings:\n  companyName:\n    - 42\n"),
        (2, 3),
        "a value below its key, at the key"
    );
    assert_eq!(problem("settings: { companyName: ä, mailFrom: 1 }\n"), (1, 39), "in characters");
    assert!(
        said("label: Workforce", "label: 7").starts_with("organisation.yaml:"),
        "as compilers say it"
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    assert_eq!(said_of(&DEMO.replace('\n', "\r\n")), "nothing");
    assert_eq!(said_of(&format!("\u{feff}{DEMO}")), "nothing");
    assert_eq!(
        said_of(&DEMO.replace("minLength: 8", "minLength: 7")),
        said_of(&DEMO.replace("minLength: 8", "minLength: 7").replace('\n', "\r\n"))
    );
}

#[test]
fn a_large_file_is_read_in_reasonable_time() {
    // Each of these would take minutes where the work grows with the square of the length.
    let keys: String =
        (0..50_000).flat_map(|i| ["key".into(), i.to_string(), ": 1\n".into()]).collect();
    let list = format!("groups: [{}]", "x, ".repeat(200_000));
    let long = format!("groups: {}", "x".repeat(900_000));
    let quoted = format!("settings: \"{}\"", "\\n".repeat(400_000));
    for text in [keys, list, long, quoted] {
        let before = std::time::Instant::now();
        assert_ne!(said_of(&text), "nothing");
        assert!(
            before.elapsed() < std::time::Duration::from_secs(20),
            "{:?} for {:.20}",
            before.elapsed(),
            text
        );
    }
}
