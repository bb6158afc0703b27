//! What may be a password, rule by rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use policy::organisation::Complexity;
use policy::password_rules::{
    MAX_CODE_POINTS, MAX_OCTETS, PasswordContext, PasswordProblem, check, normalise,
};
use policy::secret::Secret;
use proptest::prelude::*;

const BLOCKLIST: &str = include_str!("../src/password_blocklist.txt");

/// Nothing but a length of eight.
fn lenient() -> Complexity {
    let mut complexity = Complexity { exclude_username: false, ..Complexity::default() };
    complexity.dictionary.common.exclude = false;
    complexity
}

fn problems(
    password: &str,
    complexity: &Complexity,
    context: &PasswordContext<'_>,
) -> Vec<PasswordProblem> {
    check(&Secret::new(password), complexity, context).err().unwrap_or_default()
}

fn mike() -> PasswordContext<'static> {
    PasswordContext {
        login: Some("mike.smith@example.com"),
        email: Some("mike.smith@example.com"),
        first_name: Some("Mike"),
        last_name: Some("Smi\u{308}th"),
        app_label: Some("Shoe Shop"),
        company_name: Some("ACME, Inc"),
    }
}

#[test]
fn r_p1_length_is_counted_in_code_points() {
    let fifteen = Complexity { min_length: 15, ..lenient() };
    let face = "\u{1f642}";
    let with = |faces: usize| face.repeat(faces - 2) + "\u{1f600}\u{1f680}";
    assert_eq!(problems(&with(14), &fifteen, &mike()), [PasswordProblem::TooShort { min: 15 }]);
    assert_eq!(problems(&with(15), &fifteen, &mike()), []);
    // Code points of what is hashed: nine as typed, eight in NFC.
    assert_eq!(
        problems("Rene\u{301}xyz", &lenient(), &mike()),
        [PasswordProblem::TooShort { min: 8 }]
    );
    assert_eq!(problems("Rene\u{301}xyzw", &lenient(), &mike()), []);
}

#[test]
fn r_p1_nothing_but_length_and_three_different_characters_is_asked_by_default() {
    for password in [
        "aaaaaaaaaaaaaabc",
        "     x y z",
        "correct horse",
        "\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{5b57}",
    ] {
        assert_eq!(problems(password, &Complexity::default(), &mike()), [], "{password}");
    }
}

#[test]
fn passwords_of_nothing_are_refused_with_a_reason() {
    for blank in [
        "",
        "        ",
        "\u{a0}\u{3000}\t\t\n\n\u{2003}\u{2003}",
        "\u{200b}\u{2060}\u{ad}\u{feff}\u{3164}\u{2800}\u{fe0f}\u{e0041}",
    ] {
        assert_eq!(problems(blank, &lenient(), &mike()), [PasswordProblem::Blank], "{blank:?}");
    }
    for few in [
        "aaaaaaaa",
        "abababab",
        "aaaabbbb",
        "a a a a a",
        "a\u{200b}a\u{200b}a\u{200b}a",
        "a       b",
        "       a",
        "12121212",
        "\u{1f642}\u{1f642}\u{1f642}\u{1f642}\u{1f642}\u{1f642}\u{1f642}\u{1f642}",
    ] {
        let found = problems(few, &Complexity { min_length: 4, ..Complexity::default() }, &mike());
        assert_eq!(found, [PasswordProblem::TooFewDifferent], "{few:?}");
    }
    assert_eq!(problems("ababababc", &lenient(), &mike()), []);
    for (before, after) in [
        (" ", ""),
        ("", "\t"),
        ("\u{a0}", "\u{a0}"),
        ("\u{200b}", "\u{2060}"),
        ("  \u{3164}", "\u{fe0f} "),
    ] {
        for common in ["password1", "iloveyou", "PASSWORD1"] {
            let typed = format!("{before}{common}{after}");
            assert_eq!(
                problems(&typed, &Complexity::default(), &mike()),
                [PasswordProblem::Common],
                "{typed:?}"
            );
            assert_eq!(
                normalise(&Secret::new(typed.clone())).unwrap().expose(),
                typed,
                "never trimmed"
            );
        }
    }
    // One reason is enough: the word of the place, unseen characters or not.
    assert_eq!(
        problems("Shoe\u{200b}Shop 1", &Complexity::default(), &mike()),
        [PasswordProblem::ContextWord]
    );
}

#[test]
fn r_p2_at_most_256_code_points_and_1024_octets_and_never_cut() {
    assert_eq!((MAX_CODE_POINTS, MAX_OCTETS), (256, 1_024));
    for fits in ["x".repeat(254), "\u{1f642}".repeat(254), "\u{e9}".repeat(254)] {
        let fits = fits + "\u{1f600}\u{1f680}";
        assert_eq!(normalise(&Secret::new(fits.clone())).unwrap().expose(), fits);
        assert_eq!(problems(&fits, &lenient(), &mike()), []);
    }
    for long in ["x".repeat(257), "\u{1f642}".repeat(257), "x".repeat(30_000)] {
        assert_eq!(normalise(&Secret::new(long.clone())).unwrap_err(), PasswordProblem::TooLong);
        assert_eq!(
            problems(&long, &Complexity { min_length: 300, ..lenient() }, &mike()),
            [PasswordProblem::TooLong]
        );
    }
    // 512 as typed, 256 as hashed.
    assert!(normalise(&Secret::new("e\u{301}".repeat(256))).is_ok());
}

#[test]
fn r_p2_spaces_and_case_are_kept() {
    for password in [" leading and trailing ", "MiXeD CaSe", "\ttabs\t\ttabs\t"] {
        assert_eq!(normalise(&Secret::new(password)).unwrap().expose(), password);
        assert_eq!(check(&Secret::new(password), &lenient(), &mike()).unwrap().expose(), password);
    }
}

#[test]
fn r_p3_one_password_however_it_is_typed() {
    let (composed, decomposed) =
        (Secret::new("caf\u{e9} caf\u{e9}"), Secret::new("cafe\u{301} cafe\u{301}"));
    assert!(composed != decomposed);
    assert_eq!(normalise(&composed).unwrap().expose(), normalise(&decomposed).unwrap().expose());
    assert!(check(&decomposed, &lenient(), &mike()).unwrap() == composed);
    // NFC and not NFKC: these are two passwords.
    assert_ne!(normalise(&Secret::new("\u{ff41}bcdefgh")).unwrap().expose(), "abcdefgh");
}

#[test]
fn r_p3_nul_is_refused_wherever_it_stands() {
    for password in ["\0abcdefgh", "abcd\0efgh", "abcdefgh\0"] {
        assert_eq!(normalise(&Secret::new(password)).unwrap_err(), PasswordProblem::Forbidden);
        assert_eq!(problems(password, &lenient(), &mike()), [PasswordProblem::Forbidden]);
    }
}

#[test]
fn r_p4_the_list_is_what_the_search_needs_and_long_enough() {
    let entries: Vec<&str> = BLOCKLIST.lines().collect();
    assert!(entries.len() >= 3_000 && BLOCKLIST.len() < 100_000);
    assert!(
        entries.windows(2).all(|pair| matches!(pair, [one, next] if one < next)),
        "sorted, no doubles"
    );
    assert!(entries.iter().all(|entry| entry.len() >= 8
        && entry.is_ascii()
        && !entry.contains(|c: char| c.is_ascii_uppercase())));
    assert!(BLOCKLIST.ends_with('\n') && !BLOCKLIST.contains('\r'));
}

#[test]
fn r_p4_every_common_password_is_refused_in_any_case_and_only_as_a_whole() {
    let default = Complexity::default();
    let nobody = PasswordContext::default();
    let different =
        |entry: &&str| entry.chars().collect::<std::collections::BTreeSet<_>>().len() > 2;
    for entry in BLOCKLIST.lines().filter(different) {
        assert_eq!(problems(entry, &default, &nobody), [PasswordProblem::Common], "{entry}");
        assert_eq!(
            problems(&entry.to_ascii_uppercase(), &default, &nobody),
            [PasswordProblem::Common],
            "{entry}"
        );
        assert_eq!(problems(&format!("{entry} \u{e9}"), &default, &nobody), [], "{entry}");
        assert_eq!(problems(entry, &lenient(), &nobody), [], "{entry}");
    }
    for absent in
        ["!!!!!!!?.", "zzzzzzzzzzzzzyx", "~~~~~~<>", "password\n12345678", "passwor\u{212a}x"]
    {
        assert_eq!(problems(absent, &default, &nobody), [], "{absent}");
    }
}

#[test]
fn r_p4_context_words_are_refused_bare_or_with_digits_and_punctuation_after_them() {
    for password in [
        "mike.smith@example.com",
        "MIKE.SMITH@example.com1",
        "mike.smith",
        "Mike.Smith!!2026",
        "example1",
        "Example.com",
        "example2026!",
        "ShoeShop",
        "shoe shop 123",
        "Shop!1234",
        "acme, inc",
        "ACME,1234",
    ] {
        assert_eq!(
            problems(password, &lenient(), &mike()),
            [PasswordProblem::ContextWord],
            "{password}"
        );
    }
    for password in [
        "mike.smith.and.co",
        "my example 1",
        "1example1",
        "shoeshopping",
        "examples 1",
        "acme inch",
    ] {
        assert_eq!(problems(password, &lenient(), &mike()), [], "{password}");
    }
    let domain = PasswordContext { email: Some("a@b\u{fc}cher.de"), ..PasswordContext::default() };
    assert_eq!(problems("B\u{dc}CHER123", &lenient(), &domain), [PasswordProblem::ContextWord]);
    // Two letters are no word.
    let short = PasswordContext { email: Some("al@x.io"), ..PasswordContext::default() };
    assert_eq!(problems("al8472910", &lenient(), &short), []);
}

#[test]
fn each_character_rule_at_its_boundary() {
    let with = |change: fn(&mut Complexity)| {
        let mut complexity = lenient();
        change(&mut complexity);
        complexity
    };
    for (complexity, without, problem, extra) in [
        (with(|c| c.min_lower_case = 1), "ABCDEFG1!", PasswordProblem::NoLowerCase, "x"),
        (with(|c| c.min_lower_case = 1), "ABCDEFG1!", PasswordProblem::NoLowerCase, "\u{e9}"),
        (with(|c| c.min_upper_case = 1), "abcdefg1!", PasswordProblem::NoUpperCase, "X"),
        (with(|c| c.min_number = 1), "abcdefgH!", PasswordProblem::NoNumber, "0"),
        (with(|c| c.min_symbol = 1), "abc efgH1", PasswordProblem::NoSymbol, "_"),
        (with(|c| c.min_symbol = 1), "abc efgH1", PasswordProblem::NoSymbol, "\u{1f642}"),
    ] {
        assert_eq!(problems(without, &complexity, &mike()), [problem]);
        assert_eq!(problems(&format!("{without}{extra}"), &complexity, &mike()), []);
    }
}

#[test]
fn parts_of_the_username_are_found_as_the_sign_in_page_finds_them() {
    let excluding = Complexity { exclude_username: true, ..lenient() };
    let named =
        |login: &'static str| PasswordContext { login: Some(login), ..PasswordContext::default() };
    for (login, password) in [
        ("mike.smith@example.com", "xxSMITHxx"),
        ("mike.smith@example.com", "my-mike-1"),
        ("mike.smith@example.com", "no-example-no"),
        ("a,bcde-fghi_jklm#nopq", "xx-jklm-xx"),
        ("jos\u{e9}@x.io", "xx-JOSE\u{301}-xx"),
    ] {
        assert_eq!(
            problems(password, &excluding, &named(login)),
            [PasswordProblem::ContainsUsername],
            "{login} {password}"
        );
        assert_eq!(problems(password, &lenient(), &named(login)), [], "{login} {password}");
    }
    // "com", "bob" and "net" have three letters.
    for (login, password) in [
        ("bob@abc.com", "xx-bob-com-xx"),
        ("mike+shoes@x.net", "the mike shoes net"),
        ("", "anything at all"),
    ] {
        assert_eq!(problems(password, &excluding, &named(login)), [], "{login} {password}");
    }
}

#[test]
fn excluded_attributes_are_found_whatever_their_case() {
    let excluding = Complexity {
        exclude_attributes: vec!["firstName".into(), "lastName".into(), "shoeSize".into()],
        ..lenient()
    };
    let found = |name: &str| PasswordProblem::ContainsAttribute(name.into());
    assert_eq!(problems("xxMIKExx", &excluding, &mike()), [found("firstName")]);
    assert_eq!(
        problems("xx-SM\u{cf}TH-mike", &excluding, &mike()),
        [found("firstName"), found("lastName")]
    );
    assert_eq!(problems("xx-M-I-K-E-xx", &excluding, &mike()), []);
    assert_eq!(problems("xxMIKExx", &lenient(), &mike()), []);
    // Nobody called "O" has to do without the letter.
    let o = PasswordContext {
        first_name: Some("O"),
        last_name: Some("  "),
        ..PasswordContext::default()
    };
    assert_eq!(problems("fork spoon", &excluding, &o), []);
}

#[test]
fn all_that_is_wrong_is_told_in_one_go() {
    let strict = Complexity {
        min_lower_case: 1,
        min_upper_case: 1,
        min_number: 1,
        min_symbol: 1,
        min_length: 12,
        exclude_attributes: vec!["firstName".into()],
        ..Complexity::default()
    };
    let found = problems("MIKE", &strict, &mike());
    let expected = [
        PasswordProblem::TooShort { min: 12 },
        PasswordProblem::NoLowerCase,
        PasswordProblem::NoNumber,
        PasswordProblem::NoSymbol,
        PasswordProblem::ContainsEmail,
        PasswordProblem::ContainsAttribute("firstName".into()),
    ];
    assert_eq!(found, expected);
    let mut sentences: Vec<String> = found.iter().map(PasswordProblem::sentence).collect();
    assert!(sentences.iter().all(|sentence| sentence.ends_with('.')));
    sentences.dedup();
    assert_eq!(sentences.len(), expected.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn r_p3_normalising_twice_is_normalising_once(text in any::<String>()) {
        if let Ok(once) = normalise(&Secret::new(text.clone())) {
            prop_assert!(once.expose().chars().count() <= MAX_CODE_POINTS && once.expose().len() <= MAX_OCTETS);
            prop_assert!(normalise(&once).unwrap() == once);
            prop_assert!(!text.contains('\0'));
        }
    }

    #[test]
    fn r_p3_what_may_be_chosen_is_what_is_verified(text in any::<String>(), login in any::<String>(), name in any::<String>()) {
        let context = PasswordContext { login: Some(&login), first_name: Some(&name), app_label: Some(&name), ..mike() };
        match check(&Secret::new(text.clone()), &Complexity::default(), &context) {
            Ok(chosen) => prop_assert!(normalise(&Secret::new(text)).unwrap() == chosen),
            Err(found) => prop_assert!(!found.is_empty()),
        }
    }
}
