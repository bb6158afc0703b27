//! Whatever people type: addresses, attribute values, passwords. Coverage-guided on demand
//! (`.ci/fuzz`); in `cargo test`, the corpus kept beside this.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bolero::check;
use policy::attribute::{Violation, check_pattern, is_empty, validate, validate_free};
use policy::email::{Email, identifier_key, throttle_key_of};
use policy::organisation::{Format, Property, PropertyType, base_properties};
use serde_json::{Value, json};

/// Random inputs beside the corpus, in `cargo test`.
const ITERATIONS: usize = 200;

#[test]
fn addresses() {
    check!(name = "addresses").with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let typed = String::from_utf8_lossy(input);
        let (identifier, throttle) = (identifier_key(&typed), throttle_key_of(&typed));
        let Ok(email) = Email::parse(&typed) else { return };
        let address = email.address();
        assert!(
            address.is_ascii() && address.len() <= 254 && address.matches('@').count() == 1,
            "{address:?}"
        );
        assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?}");
        assert_eq!(
            Email::parse(address).unwrap(),
            email,
            "what is stored is what would be stored of it"
        );
        let key = email.identity_key();
        assert_eq!(Email::parse(&key).unwrap().identity_key(), key, "a key is its own key");
        assert_eq!(
            (key, email.throttle_key()),
            (identifier, throttle),
            "one account is found by whatever finds it"
        );
    });
}

/// Properties of every type, format and keyword.
static PROPERTIES: LazyLock<BTreeMap<String, Property>> = LazyLock::new(|| {
    let of = |kind| Property { kind: Some(kind), ..Property::default() };
    let formats = [
        Format::Email,
        Format::Uri,
        Format::DateTime,
        Format::CountryCode,
        Format::LanguageCode,
        Format::Locale,
        Format::Timezone,
    ];
    let mut all = base_properties();
    all.extend(formats.map(|format| {
        (format!("of {format:?}"), Property { format: Some(format), ..of(PropertyType::String) })
    }));
    all.insert(
        "bounded".into(),
        Property { min_length: Some(3), max_length: Some(9), ..of(PropertyType::String) },
    );
    all.insert(
        "listed".into(),
        Property {
            enumeration: Some(vec![json!("caf\u{e9}"), json!("b")]),
            ..of(PropertyType::String)
        },
    );
    all.insert(
        "whole".into(),
        Property { minimum: Some(-5.0), maximum: Some(1e6), ..of(PropertyType::Integer) },
    );
    all.insert("number".into(), of(PropertyType::Number));
    all.insert("truth".into(), of(PropertyType::Boolean));
    all.insert("list".into(), of(PropertyType::Array));
    all
});

#[test]
fn attribute_values() {
    check!(name = "attribute_values").with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let value = serde_json::from_slice(input)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(input)));
        let free = validate_free(&value);
        let of_schema = PROPERTIES
            .iter()
            .map(|(name, property)| (name.as_str(), validate(name, property, &value)));
        for (name, verdict) in of_schema.chain([("in no schema", free)]) {
            match verdict {
                Ok(stored) => {
                    assert!(!is_empty(Some(&stored)), "{name}: {stored}");
                    assert!(!stored.is_array() && !stored.is_object(), "{name}: {stored}");
                    assert!(
                        stored.as_str().is_none_or(|text| !text.chars().any(char::is_control)),
                        "{name}: {stored}"
                    );
                    let again = PROPERTIES.get(name).map_or_else(
                        || validate_free(&stored),
                        |property| validate(name, property, &stored),
                    );
                    assert_eq!(
                        again,
                        Ok(stored),
                        "{name}: what is stored is what would be stored of it"
                    );
                }
                Err(violations) => {
                    assert!(!violations.is_empty(), "{name} refuses without a reason");
                    assert!(
                        !is_empty(Some(&value)) || violations == [Violation::Blank],
                        "{name}: {violations:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn login_patterns() {
    check!(name = "login_patterns").with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let (pattern, login) = text.split_once('\n').unwrap_or((&text, "ada"));
        let known = check_pattern(pattern).is_ok();
        let property = Property {
            kind: Some(PropertyType::String),
            pattern: Some(pattern.into()),
            ..Property::default()
        };
        let verdict = validate("login", &property, &login.into());
        assert!(known || verdict.is_err(), "{pattern:?} is unknown, and takes {login:?}");
        if let Ok(stored) = verdict {
            assert_eq!(validate("login", &property, &stored), Ok(stored.clone()), "{pattern:?}");
        }
    });
}
