//! Attribute values: against the shared vectors, at the boundaries of each keyword, and against a
//! naive reference.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]
#![allow(clippy::float_cmp, reason = "the same number, not a close one")]

mod format;
mod reference;

use policy::attribute::{
    MAX_IDENTIFIER, MAX_LENGTH, Violation, allowed_characters, check_pattern, is_attribute_name,
    is_empty, is_reserved_name, validate, validate_free,
};
use policy::organisation::{Format, Property, PropertyType, base_properties};
use serde_json::{Value, json};

use format::formatted;

fn of(kind: PropertyType) -> Property {
    Property { kind: Some(kind), ..Property::default() }
}

fn verdict(property: &Property, value: impl Into<Value>) -> Result<Value, Vec<Violation>> {
    validate("attribute", property, &value.into())
}

fn accepts(property: &Property, value: impl Into<Value>) -> bool {
    verdict(property, value).is_ok()
}

#[test]
fn r_v3_r_v4_every_row_of_the_vectors() {
    let rows: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/attributes.json")).unwrap();
    assert!(rows.len() >= 24, "the vectors are there");
    let base = base_properties();
    for row in &rows {
        let path = row["path"].as_str().unwrap();
        let value = &row["value"];
        let Some(name) = path.strip_prefix("profile.") else {
            // What is beside the profile: no custom attribute can be called so either.
            assert!(is_reserved_name(path), "{path}");
            continue;
        };
        match (name, row["note"].as_str().unwrap()) {
            // Data like any other: whoever shows it escapes it (security.md R-M2, R-M3). And good
            // values of attributes that are not on the form: the form refuses the name.
            ("firstName", "HTML mail" | "template" | "formula") | ("email" | "secondEmail", _) => {
                assert_eq!(validate(name, &base[name], value).as_ref(), Ok(value));
            }
            ("firstName", "bidi") => assert_eq!(
                validate(name, &base[name], value),
                Err(vec![Violation::ForbiddenCharacter])
            ),
            ("firstName", "oversize") => assert_eq!(
                validate(name, &base[name], value),
                Err(vec![Violation::TooLong { max: 50 }])
            ),
            // Clients have no other way to post a number (idx.md §6).
            ("age", "string for integer") => {
                assert_eq!(verdict(&of(PropertyType::Integer), value.clone()), Ok(json!(42)))
            }
            ("age", "beyond 2^53") => assert_eq!(
                verdict(&of(PropertyType::Integer), value.clone()),
                Err(vec![Violation::NotAllowed])
            ),
            ("age", _) => {
                let age = Property { minimum: Some(0.0), ..of(PropertyType::Integer) };
                assert_eq!(
                    verdict(&age, value.clone()),
                    Err(vec![Violation::BelowMinimum { minimum: 0.0 }])
                );
            }
            ("optIn", _) => assert_eq!(
                verdict(&of(PropertyType::Boolean), value.clone()),
                Err(vec![Violation::WrongType])
            ),
            ("country", _) => assert_eq!(
                verdict(&formatted(Format::CountryCode), value.clone()),
                Err(vec![Violation::NotAllowed])
            ),
            ("tags", _) => assert_eq!(
                verdict(&of(PropertyType::Array), value.clone()),
                Err(vec![Violation::WrongType])
            ),
            (name, note) => {
                assert!(!is_attribute_name(name) || is_reserved_name(name), "{name:?}: {note}")
            }
        }
    }
}

#[test]
fn r_v4_text_is_stored_in_nfc_and_counted_in_code_points_of_it() {
    let five = Property { min_length: Some(5), max_length: Some(5), ..of(PropertyType::String) };
    assert_eq!(
        verdict(&five, "Zoe\u{308}x"),
        Err(vec![Violation::TooShort { min: 5 }]),
        "five as typed, four in NFC"
    );
    assert_eq!(verdict(&five, "Zoe\u{308}xx"), Ok(json!("Zo\u{eb}xx")));
}

#[test]
fn r_v4_lengths_at_their_boundaries() {
    let property =
        Property { min_length: Some(2), max_length: Some(3), ..of(PropertyType::String) };
    let face = "\u{1f642}";
    assert_eq!(verdict(&property, face), Err(vec![Violation::TooShort { min: 2 }]));
    assert!(accepts(&property, face.repeat(2)));
    assert!(accepts(&property, face.repeat(3)));
    assert_eq!(verdict(&property, face.repeat(4)), Err(vec![Violation::TooLong { max: 3 }]));
}

#[test]
fn r_v7_a_text_without_a_stated_length_is_bounded() {
    let max = MAX_LENGTH as usize;
    assert!(accepts(&of(PropertyType::String), "x".repeat(max)));
    assert_eq!(
        verdict(&of(PropertyType::String), "x".repeat(max + 1)),
        Err(vec![Violation::TooLong { max: MAX_LENGTH }])
    );
    assert!(validate_free(&json!("x".repeat(max))).is_ok());
    assert_eq!(
        validate_free(&json!("x".repeat(max + 1))),
        Err(vec![Violation::TooLong { max: MAX_LENGTH }])
    );
}

#[test]
fn r_v4_controls_and_direction_changes_are_refused_unless_they_stand_around_a_text() {
    let bidi = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{2028}\u{2029}";
    // What comes along when something is copied; an embedding or override was meant.
    let dropped = "\t\n\u{b}\u{c}\r\u{85}\u{2028}\u{2029}\u{61c}\u{200e}\u{200f}\u{2066}\u{2067}\u{2068}\u{2069}";
    let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').chain(bidi.chars());
    for c in controls {
        let wrong = Err(vec![Violation::ForbiddenCharacter]);
        assert_eq!(validate_free(&json!(format!("a{c}b"))), wrong, "{c:?}");
        for text in [format!("{c}ab"), format!("ab{c}")] {
            assert_eq!(
                validate_free(&json!(text)),
                if dropped.contains(c) { Ok(json!("ab")) } else { wrong.clone() },
                "{c:?}"
            );
        }
    }
    for harmless in
        ['\u{a0}', '\u{200c}', '\u{200d}', '\u{fe0f}', '\u{1f642}', '\u{5d0}', '\u{627}']
    {
        assert!(validate_free(&json!(format!("a{harmless}b"))).is_ok(), "{harmless:?}");
    }
}

#[test]
fn c03_c04_every_text_of_the_vectors_is_stored_as_it_says_or_blank() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../vectors/texts.json")).unwrap();
    assert!(rows.len() >= 60, "the vectors are there");
    for row in &rows {
        let (typed, stored, note) = (&row["typed"], row["stored"].as_str(), &row["note"]);
        assert_eq!(is_empty(Some(typed)), stored.is_none(), "{note}");
        let right = stored.map_or(Err(vec![Violation::Blank]), |stored| Ok(json!(stored)));
        assert_eq!(validate_free(typed), right, "{note}");
        assert_eq!(validate("firstName", &base_properties()["firstName"], typed), right, "{note}");
        let free = Property { pattern: Some(".+".into()), ..base_properties()["login"].clone() };
        assert_eq!(validate("login", &free, typed), right, "{note}");
        for kind in [
            PropertyType::Boolean,
            PropertyType::Number,
            PropertyType::Integer,
            PropertyType::Array,
        ] {
            assert_eq!(
                stored.is_none(),
                verdict(&of(kind), typed.clone()) == Err(vec![Violation::Blank]),
                "{note}"
            );
        }
    }
}

#[test]
fn nothing_given_is_absent_null_or_what_cannot_be_seen() {
    assert!(is_empty(None));
    assert!(is_empty(Some(&json!(null))));
    for given in [json!("x"), json!(" x "), json!(false), json!(0), json!([]), json!({})] {
        assert!(!is_empty(Some(&given)), "{given}");
    }
    for blank in [json!(null), json!(""), json!("  "), json!("\u{a0}\u{3000}"), json!("\u{200b}")] {
        assert!(is_empty(Some(&blank)), "{blank}");
        for kind in [
            PropertyType::String,
            PropertyType::Boolean,
            PropertyType::Number,
            PropertyType::Integer,
            PropertyType::Array,
        ] {
            assert_eq!(
                verdict(&of(kind), blank.clone()),
                Err(vec![Violation::Blank]),
                "{blank} as {kind:?}"
            );
        }
    }
}

#[test]
fn r_v4_types_are_exact() {
    for value in [json!(1), json!(true), json!(["x"]), json!({"x": "y"})] {
        assert_eq!(
            verdict(&of(PropertyType::String), value.clone()),
            Err(vec![Violation::WrongType]),
            "{value}"
        );
        assert_eq!(validate_free(&value), Err(vec![Violation::WrongType]), "{value}");
    }
    for value in
        [json!(0), json!(1), json!("True"), json!("1"), json!("yes"), json!("tr ue"), json!([true])]
    {
        assert_eq!(
            verdict(&of(PropertyType::Boolean), value.clone()),
            Err(vec![Violation::WrongType]),
            "{value}"
        );
    }
    for (value, stored) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!(" true\n"), true),
    ] {
        assert_eq!(verdict(&of(PropertyType::Boolean), value), Ok(json!(stored)));
    }
}

#[test]
fn r_v4_numbers_as_the_wire_has_them() {
    let integer = of(PropertyType::Integer);
    let number = of(PropertyType::Number);
    for (value, stored) in [
        (json!("12"), json!(12)),
        (json!("-3"), json!(-3)),
        (json!("0"), json!(0)),
        (json!("\u{a0}12 "), json!(12)),
        (json!(-3), json!(-3)),
        (json!("9007199254740991"), json!(9_007_199_254_740_991_i64)),
        (json!(-9_007_199_254_740_991_i64), json!(-9_007_199_254_740_991_i64)),
    ] {
        assert_eq!(verdict(&integer, value.clone()).as_ref(), Ok(&stored), "{value}");
        assert_eq!(verdict(&number, value.clone()).as_ref(), Ok(&stored), "{value}");
    }
    for (value, stored) in [
        (json!("1.5"), 1.5),
        (json!("-0.25"), -0.25),
        (json!("1.50"), 1.5),
        (json!(1e-130), 1e-130),
    ] {
        assert_eq!(verdict(&number, value.clone()), Ok(json!(stored)), "{value}");
        assert_eq!(verdict(&integer, value.clone()), Err(vec![Violation::WrongType]), "{value}");
    }
    // One number, one value: a unique attribute is claimed by what is stored (I1).
    for (value, stored) in
        [(json!("0.0"), 0), (json!("2.0"), 2), (json!(2.0), 2), (json!("-7.00"), -7)]
    {
        assert_eq!(verdict(&number, value.clone()), Ok(json!(stored)), "{value}");
        assert_eq!(verdict(&integer, value.clone()), Err(vec![Violation::WrongType]), "{value}");
    }
    for beyond in [json!(1e300), json!(-1e16), json!(1e-131), json!("9007199254740993.5")] {
        assert_eq!(verdict(&number, beyond.clone()), Err(vec![Violation::NotAllowed]), "{beyond}");
    }
    assert_eq!(verdict(&number, json!(-0.0)), Err(vec![Violation::WrongType]));
    let odd = [
        "1e5", "1E5", "1 2", "1\u{a0}2", "+1", "012", "-0", "-0.0", "--1", "1.", ".5", "0x1",
        "1_000", "1,5", "1.2.3", "-", "NaN", "inf", "\u{661}",
    ];
    for text in odd {
        assert_eq!(verdict(&integer, text), Err(vec![Violation::WrongType]), "{text}");
        assert_eq!(verdict(&number, text), Err(vec![Violation::WrongType]), "{text}");
    }
    for big in [
        json!("9007199254740992"),
        json!(9_007_199_254_740_992_i64),
        json!(-9_007_199_254_740_992_i64),
        json!(u64::MAX),
        json!("9".repeat(400)),
    ] {
        assert_eq!(verdict(&integer, big.clone()), Err(vec![Violation::NotAllowed]), "{big}");
        assert_eq!(verdict(&number, big.clone()), Err(vec![Violation::NotAllowed]), "{big}");
    }
    assert_eq!(
        verdict(&number, format!("{}.5", "9".repeat(400))),
        Err(vec![Violation::NotAllowed]),
        "not finite"
    );
}

#[test]
fn r_v4_ranges_at_their_boundaries() {
    let integer = Property { minimum: Some(-2.0), maximum: Some(3.0), ..of(PropertyType::Integer) };
    assert_eq!(verdict(&integer, -3), Err(vec![Violation::BelowMinimum { minimum: -2.0 }]));
    assert!(accepts(&integer, -2) && accepts(&integer, "3"));
    assert_eq!(verdict(&integer, "4"), Err(vec![Violation::AboveMaximum { maximum: 3.0 }]));
    let number = Property { minimum: Some(0.5), maximum: Some(0.5), ..of(PropertyType::Number) };
    assert!(
        accepts(&number, "0.5") && !accepts(&number, "0.49999") && !accepts(&number, "0.50001")
    );
}

#[test]
fn r_v4_enumerations_are_exact() {
    let colours = Property {
        enumeration: Some(vec![json!("red"), json!("Gru\u{308}n")]),
        ..of(PropertyType::String)
    };
    assert!(accepts(&colours, "red"));
    assert_eq!(verdict(&colours, "Gru\u{308}n"), Ok(json!("Gr\u{fc}n")));
    assert_eq!(verdict(&colours, " red\t"), Ok(json!("red")));
    for outsider in ["Red", "re d", "re", "blue"] {
        assert_eq!(verdict(&colours, outsider), Err(vec![Violation::NotAllowed]), "{outsider}");
    }
    let sizes =
        Property { enumeration: Some(vec![json!(1), json!(2.0)]), ..of(PropertyType::Integer) };
    assert!(accepts(&sizes, "1") && accepts(&sizes, 2) && !accepts(&sizes, 3));
    let consent = Property { enumeration: Some(vec![json!(true)]), ..of(PropertyType::Boolean) };
    assert!(accepts(&consent, "true"));
    assert_eq!(verdict(&consent, "false"), Err(vec![Violation::NotAllowed]));
}

#[test]
fn one_mistake_is_told_once() {
    let property = Property {
        min_length: Some(9),
        enumeration: Some(vec![json!("x")]),
        ..formatted(Format::Email)
    };
    for (typed, violation) in [
        ("a\u{202e}b", Violation::ForbiddenCharacter),
        ("ab", Violation::InvalidEmail),
        ("a@b.de", Violation::TooShort { min: 9 }),
    ] {
        assert_eq!(verdict(&property, typed), Err(vec![violation]), "{typed:?}");
    }
    assert_eq!(verdict(&property, "ada@example.com"), Err(vec![Violation::NotAllowed]));
    let age = Property {
        minimum: Some(5.0),
        enumeration: Some(vec![json!(6)]),
        ..of(PropertyType::Integer)
    };
    assert_eq!(verdict(&age, 4), Err(vec![Violation::BelowMinimum { minimum: 5.0 }]));
}

#[test]
fn what_people_are_found_by_is_not_longer_than_what_they_sign_in_with() {
    let unique = Property { unique: Some(true), ..of(PropertyType::String) };
    assert!(accepts(&unique, "x".repeat(MAX_IDENTIFIER as usize)));
    assert_eq!(
        verdict(&unique, "x".repeat(MAX_IDENTIFIER as usize + 1)),
        Err(vec![Violation::TooLong { max: MAX_IDENTIFIER }])
    );
}

#[test]
fn the_characters_of_a_pattern_are_said_in_words() {
    assert_eq!(
        allowed_characters("[-a-z0-9\\.\\ ]+").as_deref(),
        Some("-, a to z, 0 to 9, ., space")
    );
    assert_eq!(allowed_characters(".+"), None);
    assert_eq!(allowed_characters("nonsense"), None);
}

#[test]
fn addresses_are_stored_in_their_canonical_form_whatever_the_schema_says() {
    let base = base_properties();
    for name in ["email", "secondEmail", "login"] {
        assert_eq!(
            validate(name, &base[name], &json!(" Mike@B\u{fc}cher.DE")),
            Ok(json!("Mike@xn--bcher-kva.de")),
            "{name}"
        );
        assert_eq!(
            validate(name, &base[name], &json!("mike.example")),
            Err(vec![Violation::InvalidEmail]),
            "{name}"
        );
    }
    assert_eq!(
        validate("email", &of(PropertyType::String), &json!("mike.example")),
        Err(vec![Violation::InvalidEmail])
    );
    let long = format!("{}@{}.example.com", "m".repeat(50), "e".repeat(38));
    assert_eq!(
        validate("email", &base["email"], &json!(long)),
        Err(vec![Violation::TooLong { max: 100 }])
    );
    // Not a canonical text of another address (security.md R-E4).
    assert_eq!(
        validate("email", &base["email"], &json!("\u{212a}ate@example.com")),
        Err(vec![Violation::InvalidEmail])
    );
}

#[test]
fn logins_follow_their_pattern() {
    let login = |pattern: &str| Property {
        pattern: Some(pattern.into()),
        ..base_properties()["login"].clone()
    };
    assert_eq!(
        validate("login", &login(".+"), &json!(" Bo ")),
        Ok(json!("Bo")),
        "the minimum of five does not apply"
    );
    assert_eq!(
        validate("login", &login(".+"), &json!("x".repeat(101))),
        Err(vec![Violation::TooLong { max: 100 }])
    );
    let some = login("[-a-z\\.]+");
    assert_eq!(validate("login", &some, &json!("mi-ke.s")), Ok(json!("mi-ke.s")));
    assert_eq!(validate("login", &some, &json!("mike")), Err(vec![Violation::TooShort { min: 5 }]));
    for other in ["Mikey", "mike1", "mike s", "mike@s"] {
        assert_eq!(
            validate("login", &some, &json!(other)),
            Err(vec![Violation::Pattern]),
            "{other}"
        );
    }
    assert_eq!(
        validate("login", &login(".+"), &json!("Mike@B\u{fc}cher.DE")),
        Ok(json!("Mike@xn--bcher-kva.de"))
    );
    for posing in ["\u{212a}ate@example.com", "\u{fb00}@example.com", "k\u{200b}ate@example.com"] {
        assert_eq!(
            validate("login", &login(".+"), &json!(posing)),
            Err(vec![Violation::InvalidEmail]),
            "R-E4 {posing:?}"
        );
    }
    // A pattern that cannot be read lets nobody in.
    assert_eq!(validate("login", &login("^.*$"), &json!("mikey")), Err(vec![Violation::Pattern]));
}

#[test]
fn only_the_two_documented_patterns_are_accepted() {
    for pattern in [
        ".+",
        "[a]+",
        "[-]+",
        "[-a-zA-Z0-9\\.\\_\\@\\ ]+",
        "[a-z\\.13579]+",
        "[\u{e9}a-z]+",
        "[\\]\\[\\\\\\^]+",
    ] {
        assert_eq!(check_pattern(pattern), Ok(()), "{pattern}");
    }
    for pattern in [
        "",
        ".*",
        ".",
        "[]+",
        "[a]",
        "[a]*",
        "a+",
        "^[a]+$",
        "[a]+ ",
        "[a-]+",
        "[a\\-]+",
        "[^a]+",
        "[a.]+",
        "[_]+",
        "[a b]+",
        "[\\w]+",
        "[\\d]+",
        "[z-a]+",
        "[A-z]+",
        "[a-9]+",
        "[a-",
        "[a\\]+",
        "[a][b]+",
        "[a-b-c]+",
        "[e\u{301}]+",
        "[--a]+",
        "(a)+",
    ] {
        assert!(check_pattern(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn r_v3_names_are_plain_and_not_ours() {
    for name in ["a", "shoeSize", "shoe_size_2", &"x".repeat(100)] {
        assert!(is_attribute_name(name) && !is_reserved_name(name), "{name}");
    }
    for name in [
        "",
        "_a",
        "1a",
        "a.b",
        "a[0]",
        "#n",
        ":v",
        "a-b",
        "a b",
        "\u{e9}",
        "__proto__",
        "constructor",
        "prototype",
        &"x".repeat(101),
    ] {
        assert!(!is_attribute_name(name), "{name}");
    }
    for name in [
        "login",
        "FIRSTNAME",
        "zipcode",
        "orgId",
        "apiStatus",
        "groups",
        "Groups",
        "status",
        "emailVerified",
        "PASSWORD",
    ] {
        assert!(is_reserved_name(name), "{name}");
    }
}
