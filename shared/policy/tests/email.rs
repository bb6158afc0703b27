//! The one address parser against the shared vectors, and laws that hold for every text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what it expects by failing"
)]

use policy::email::{Email, InvalidEmail, identifier_key, throttle_key_of};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    input: String,
    accept: bool,
    identity_key: Option<String>,
    throttle_key: Option<String>,
    note: String,
}

#[test]
fn r_e1_every_row_of_the_vectors() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("vectors/emails.json")).unwrap();
    assert!(rows.len() > 40, "the vectors are there");
    for row in rows {
        let parsed = Email::parse(&row.input);
        assert_eq!(parsed.is_ok(), row.accept, "{:?}: {}", row.input, row.note);
        if let Ok(email) = parsed {
            assert_eq!(Some(email.identity_key()), row.identity_key, "{:?}", row.input);
            assert_eq!(Some(email.throttle_key()), row.throttle_key, "{:?}", row.input);
        }
    }
}

#[test]
fn r_e1_spaces_around_an_address_are_dropped_and_nothing_else_is() {
    assert_eq!(Email::parse("  User@Example.COM ").unwrap().address(), "User@example.com");
    for padded in [
        "\tu@example.com",
        "u@example.com\n",
        "\u{a0}u@example.com",
        "u@example.com\u{2003}",
        "u@example.com\u{feff}",
    ] {
        assert_eq!(Email::parse(padded), Err(InvalidEmail), "{padded:?}");
    }
}

#[test]
fn r_e1_lengths_at_their_boundaries() {
    let local = |n: usize| format!("{}@example.com", "x".repeat(n));
    assert!(Email::parse(&local(64)).is_ok());
    assert!(Email::parse(&local(65)).is_err());

    // 64 + 1 + 189 = 254
    let domain =
        |last: usize| format!("{}.{}.{}.com", "a".repeat(63), "b".repeat(63), "c".repeat(last));
    let address = |last: usize| format!("{}@{}", "x".repeat(64), domain(last));
    assert_eq!(address(57).len(), 254);
    assert!(Email::parse(&address(57)).is_ok());
    assert!(Email::parse(&address(58)).is_err());

    assert!(Email::parse(&format!("a@{}.com", "b".repeat(63))).is_ok());
    assert!(Email::parse(&format!("a@{}.com", "b".repeat(64))).is_err());
    // In all, too, it is the A-label that counts.
    let domain = format!("{0}.{0}.{0}.{0}.com", format!("\u{fc}{}", "a".repeat(40)));
    let room = 254 - 1 - Email::parse(&format!("a@{domain}")).unwrap().domain().len();
    assert!(Email::parse(&format!("{}@{domain}", "x".repeat(room))).is_ok());
    assert!(Email::parse(&format!("{}@{domain}", "x".repeat(room + 1))).is_err());
    // Short as typed, too long as A-label.
    assert!(Email::parse(&format!("a@{}.com", "\u{fc}\u{4e00}".repeat(31))).is_err());
}

#[test]
fn r_e1_domains_that_are_no_host_names() {
    for domain in [
        "x.com.",
        ".x.com",
        "x..com",
        "x_y.com",
        "x y.com",
        "x/y.com",
        "ab--cd.com",
        "xn--a.com",
        "1.2.3.4",
        "x.0x4",
        "x.4",
        "[127.0.0.1]",
        "x:25.com",
    ] {
        assert_eq!(Email::parse(&format!("a@{domain}")), Err(InvalidEmail), "{domain}");
    }
}

#[test]
fn r_e2_a_domain_in_another_script_is_one_identity_in_all_its_spellings() {
    let expected = "a@xn--bcher-kva.de";
    for spelling in [
        "a@b\u{fc}cher.de",
        "a@bu\u{308}cher.de",
        "a@B\u{dc}CHER.DE",
        "a@xn--bcher-kva.de",
        "a@XN--BCHER-KVA.de",
    ] {
        assert_eq!(Email::parse(spelling).unwrap().address(), expected, "{spelling}");
    }
}

#[test]
fn r_e2_what_uts_46_would_map_or_delete_is_refused() {
    for (c, name) in [
        ('\u{ad}', "soft hyphen"),
        ('\u{200b}', "zero width space"),
        ('\u{200d}', "zero width joiner"),
        ('\u{212a}', "Kelvin sign"),
        ('\u{ff41}', "fullwidth a"),
        ('\u{ff0e}', "fullwidth full stop"),
        ('\u{3002}', "ideographic full stop"),
        ('\u{2100}', "account of"),
        ('\u{24d0}', "circled a"),
        ('\u{fe0f}', "variation selector"),
        ('\u{130}', "dotted capital i"),
    ] {
        assert_eq!(Email::parse(&format!("a@ex{c}ample.com")), Err(InvalidEmail), "{name}");
    }
}

#[test]
fn r_e3_tags_and_gmail_dots_share_a_budget_but_not_an_identity() {
    let keys = |text: &str| {
        let email = Email::parse(text).unwrap();
        (email.identity_key(), email.throttle_key())
    };
    assert_eq!(keys("U.Ser+x@GMail.com"), ("u.ser+x@gmail.com".into(), "user@gmail.com".into()));
    assert_eq!(
        keys("user@googlemail.com"),
        ("user@googlemail.com".into(), "user@gmail.com".into())
    );
    assert_eq!(
        keys("u.ser+a+b@example.com"),
        ("u.ser+a+b@example.com".into(), "u.ser@example.com".into())
    );
    assert_eq!(throttle_key_of(" U.Ser+x@GMail.com "), "user@gmail.com");
    assert_eq!(throttle_key_of(" Mike+x "), "mike+x");
}

#[test]
fn r_e4_no_other_text_has_the_key_of_an_address() {
    for (text, address) in [
        ("\u{212a}ate@example.com", "kate@example.com"),
        ("k@\u{212a}.com", "k@k.com"),
        ("m\u{131}ke@x.com", "mike@x.com"),
    ] {
        assert_ne!(identifier_key(text), identifier_key(address));
        assert_ne!(throttle_key_of(text), throttle_key_of(address));
    }
}

#[test]
fn identifier_keys_of_logins_that_are_no_addresses() {
    assert_eq!(identifier_key("  Mike "), "mike");
    assert_eq!(identifier_key("Rene\u{301}"), "ren\u{e9}");
    assert_eq!(identifier_key(" MIKE@Example.COM "), "mike@example.com");
    assert_eq!(identifier_key(""), "");
}

#[test]
fn c03_c05_c06_every_text_of_the_vectors_has_its_key_and_a_name_is_found_however_it_is_typed() {
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("vectors/texts.json")).unwrap();
    assert!(rows.len() >= 60, "the vectors are there");
    for row in &rows {
        let (typed, key) = (row["typed"].as_str().unwrap(), row["key"].as_str().unwrap());
        assert_eq!(identifier_key(typed), key, "{}", row["note"]);
        assert_eq!(throttle_key_of(typed), key, "{}", row["note"]);
    }
}

#[test]
fn c03_c26_white_space_around_an_address_is_no_part_of_it() {
    for (before, after) in [
        (" ", ""),
        ("", "\t"),
        ("", "\u{a0}"),
        ("", "\n"),
        ("\u{200b}", ""),
        ("\u{feff}", ""),
        ("\u{2068}", "\u{2069}"),
        ("\u{3000}", "\u{2060}"),
    ] {
        let typed = format!("{before}A@Example.com{after}");
        assert_eq!(identifier_key(&typed), "a@example.com", "{typed:?}");
        assert_eq!(
            throttle_key_of(&format!("{before}A+x@Example.com{after}")),
            "a@example.com",
            "{typed:?}"
        );
    }
}

#[test]
fn r_e4_what_only_folds_to_an_address_is_another_text() {
    for posing in [
        "\u{212a}ate@example.com",
        "\u{fb00}@example.com",
        "k\u{200b}ate@example.com",
        "kate@example.com\u{ad}",
        "\u{17f}am@example.com",
    ] {
        let key = identifier_key(posing);
        assert!(
            Email::parse(&key).is_err() && throttle_key_of(posing) == key,
            "{posing:?} {key:?}"
        );
    }
    // However it is spelled, it is one.
    assert_eq!(
        identifier_key("\u{212a}ate@example.com"),
        identifier_key("\u{212a}a\u{200b}te@example.com")
    );
}

#[test]
fn masked_addresses_keep_the_domain_and_most_of_the_local_part_hidden() {
    for (address, masked) in [
        ("mickey@example.com", "m***y@example.com"),
        ("mike@example.com", "m***e@example.com"),
        ("bob@example.com", "b***@example.com"),
        ("al@example.com", "a***@example.com"),
        ("a@example.com", "***@example.com"),
    ] {
        assert_eq!(Email::parse(address).unwrap().masked(), masked);
    }
}

#[test]
fn r_l1_an_address_is_not_printed() {
    let email = Email::parse("mike@example.com").unwrap();
    assert_eq!(format!("{email:?}"), "Email(…)");
    let error = serde_json::from_str::<Email>("\"not mike\"").unwrap_err();
    assert!(!error.to_string().contains("mike"), "{error}");
}

#[test]
fn serialised_as_its_address_and_read_through_the_parser() {
    let email: Email = serde_json::from_str("\" Mike@EXAMPLE.com\"").unwrap();
    assert_eq!(serde_json::to_string(&email).unwrap(), "\"Mike@example.com\"");
    let value = serde_json::json!("mike@example.com");
    assert!(serde_json::from_value::<Email>(value).is_ok());
    assert!(serde_json::from_str::<Email>("42").is_err());
}

/// Texts that are addresses, nearly addresses, or anything.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z0-9.+'_-]{1,12}@[a-zA-Z0-9-]{1,8}\\.[a-zA-Z]{1,4}",
        2 => "[a-z]{1,4}@[a-z\u{e0}-\u{f6}\u{430}-\u{44f}\u{212a}\u{ad}]{1,6}\\.(com|de)",
        1 => "[\u{1f}-\u{7e}\u{80}-\u{ff}\u{130}\u{131}\u{17f}\u{212a}\u{ff20}@.]{0,20}",
        1 => any::<String>(),
        2 => "[a-zA-Z\u{c0}-\u{17f}\u{345}\u{370}-\u{3ff}\u{300}-\u{308}\u{1f80}-\u{1fff}\u{200b}-\u{200f}\u{fb00}-\u{fb06} @.]{0,12}",
        1 => (any::<String>(), any::<String>()).prop_map(|(local, domain)| format!("{local}@{domain}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn r_e1_the_accepted_form_is_canonical_ascii(text in texts()) {
        if let Ok(email) = Email::parse(&text) {
            prop_assert!(email.address().is_ascii());
            prop_assert!(email.address().len() <= 254);
            prop_assert!(!email.address().contains(char::is_whitespace));
            prop_assert_eq!(email.address(), format!("{}@{}", email.local(), email.domain()));
            let again = Email::parse(email.address());
            prop_assert_eq!(again.as_ref(), Ok(&email));
            let key = Email::parse(&email.identity_key()).expect("a key is an address");
            prop_assert_eq!(key.address(), email.identity_key());
        }
    }

    #[test]
    fn r_e3_ascii_case_is_no_identity(text in texts()) {
        let (upper, lower) = (text.to_ascii_uppercase(), text.to_ascii_lowercase());
        let keys = |text: &str| Email::parse(text).map(|email| (email.identity_key(), email.throttle_key()));
        prop_assert_eq!(keys(&upper), keys(&text));
        prop_assert_eq!(keys(&lower), keys(&text));
    }

    #[test]
    fn r_e4_identifier_keys_are_stable_and_those_of_addresses_are_theirs_alone(text in texts()) {
        let key = identifier_key(&text);
        prop_assert_eq!(identifier_key(&key), key.clone());
        prop_assert!(!key.chars().any(|c| policy::text::is_invisible(c) && c != ' '));
        if let Ok(email) = Email::parse(&key) {
            prop_assert_eq!(Email::parse(&text).map(|typed| typed.identity_key()), Ok(email.identity_key()));
        }
    }
}
