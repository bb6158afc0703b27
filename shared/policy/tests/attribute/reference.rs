//! Any schema and any value: the verdict and what is stored are those of a reference that is as
//! plain as can be.

use std::sync::LazyLock;

use policy::attribute::{MAX_LENGTH, check_pattern, validate};
use policy::organisation::{Property, PropertyType};
use proptest::prelude::*;
use regex::Regex;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{accepts, of};

static WHOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new("^(0|-?[1-9][0-9]*)$").unwrap());
static DECIMAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^-?(0|[1-9][0-9]*)\.[0-9]+$").unwrap());
static MINUS_ZERO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^-[0.]+$").unwrap());
static BLANK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\p{White_Space}\p{Default_Ignorable_Code_Point}\x{2800}]*$").unwrap()
});
static AROUND: LazyLock<Regex> = LazyLock::new(|| {
    let space = r"[\p{White_Space}\x{2800}\x{61C}\x{200B}\x{200E}\x{200F}\x{2060}\x{2066}-\x{2069}\x{FEFF}]";
    Regex::new(&format!("^{space}+|{space}+$")).unwrap()
});
static FORBIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{Cc}\x{61C}\x{200E}\x{200F}\x{2028}-\x{202E}\x{2066}-\x{2069}]").unwrap()
});

/// One number, one value: what has nothing behind its point is whole.
fn decimal(number: f64) -> Option<Value> {
    let fits = number.abs() < 2_f64.powi(53) && (number == 0.0 || number.abs() >= 1e-130);
    #[allow(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    let value =
        if number.fract() == 0.0 { Value::from(number as i64) } else { Value::from(number) };
    fits.then_some(value)
}

/// policies.md §2, written down once more.
fn reference(property: &Property, value: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => AROUND.replace_all(text, "").into_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    let is_text = value.is_string();
    let stored = match property.kind() {
        PropertyType::String if is_text && !BLANK.is_match(&text) => {
            let text: String = text.nfc().collect();
            let length = text.chars().count() as u64;
            let fits = length >= property.min_length.unwrap_or(0).into()
                && length <= property.max_length.unwrap_or(MAX_LENGTH).into();
            (fits && !FORBIDDEN.is_match(&text)).then(|| json!(text))
        }
        PropertyType::Boolean if value.is_boolean() || is_text => match text.as_str() {
            "true" => Some(json!(true)),
            "false" => Some(json!(false)),
            _ => None,
        },
        PropertyType::Number if value.is_f64() && !MINUS_ZERO.is_match(&text) => {
            value.as_f64().and_then(decimal)
        }
        PropertyType::Number
            if is_text && DECIMAL.is_match(&text) && !MINUS_ZERO.is_match(&text) =>
        {
            text.parse().ok().and_then(decimal)
        }
        PropertyType::Integer | PropertyType::Number
            if !value.is_boolean() && WHOLE.is_match(&text) =>
        {
            text.parse::<i64>().ok().filter(|whole| whole.unsigned_abs() < 1 << 53).map(Value::from)
        }
        _ => None,
    }?;
    if let Some(number) = stored.as_f64() {
        let above = property.minimum.is_none_or(|minimum| number >= minimum);
        let below = property.maximum.is_none_or(|maximum| number <= maximum);
        if !above || !below {
            return None;
        }
    }
    let equal = |member: &Value| match (member.as_f64(), stored.as_f64()) {
        (Some(member), Some(stored)) => member == stored,
        _ => *member == stored,
    };
    property.enumeration.as_ref().is_none_or(|members| members.iter().any(equal)).then_some(stored)
}

fn values() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        4 => "[ab]{0,4}",
        2 => "[a\u{e9}\u{308}\u{1f642}\u{7f}\u{202e} ]{0,6}",
        2 => "[a\u{200b}\u{a0}\u{3164}\u{2800}\u{ad}\u{200e}\u{202e}]{0,4}",
        4 => "-?[0-9]{1,3}",
        2 => "-?[0-9]{1,2}\\.[0-9]{1,2}",
        1 => "-?[0-9]{15,18}",
        1 => "[-+.0-9eE ]{1,5}",
        1 => "true|false|True",
        1 => any::<String>(),
    ];
    prop_oneof![
        8 => texts.prop_map(Value::from),
        2 => (-12_i64..12).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        2 => (-48_i32..48).prop_map(|quarters| json!(f64::from(quarters) / 4.0)),
        1 => proptest::num::f64::NORMAL.prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => proptest::sample::select(vec![json!(null), json!([]), json!(["a"]), json!({"a": 1})]),
    ]
}

fn properties() -> impl Strategy<Value = Property> {
    let kinds = [
        PropertyType::String,
        PropertyType::Boolean,
        PropertyType::Number,
        PropertyType::Integer,
        PropertyType::Array,
    ];
    let bound =
        || proptest::option::of((-40_i32..40).prop_map(|quarters| f64::from(quarters) / 4.0));
    let members = prop_oneof![
        "[ab]{1,2}".prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        Just(json!(true)),
        Just(json!(1.5)),
        Just(json!(2.0))
    ];
    (
        proptest::sample::select(kinds.to_vec()),
        proptest::option::of(0_u32..5),
        proptest::option::of(0_u32..5),
        bound(),
        bound(),
        proptest::option::weighted(0.3, proptest::collection::vec(members, 0..4)),
    )
        .prop_map(|(kind, min_length, max_length, minimum, maximum, enumeration)| Property {
            min_length,
            max_length,
            minimum,
            maximum,
            enumeration,
            ..of(kind)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn r_v4_any_schema_and_any_value_as_the_reference_has_it(property in properties(), value in values()) {
        let found = validate("attribute", &property, &value);
        prop_assert_ne!(&found, &Err(Vec::new()));
        prop_assert_eq!(found.ok(), reference(&property, &value));
    }

    #[test]
    fn what_is_stored_is_accepted_again_and_stays_as_it_is(property in properties(), value in values()) {
        if let Ok(stored) = validate("attribute", &property, &value) {
            prop_assert_eq!(validate("attribute", &property, &stored), Ok(stored.clone()));
        }
    }

    #[test]
    fn any_pattern_is_read_or_refused(pattern in "\\[[-a-z0-9.\\\\_]{0,6}\\]\\+|.{0,6}", text in "[-a-z0-9._]{1,4}") {
        // Where ours is accepted, it means what it means as a regular expression.
        if check_pattern(&pattern).is_ok() {
            let property = Property { pattern: Some(pattern.clone()), ..of(PropertyType::String) };
            let meant = Regex::new(&format!("^(?:{})$", pattern.replace("\\_", "_"))).unwrap();
            prop_assert_eq!(accepts(&property, text.clone()), meant.is_match(&text), "{}", text);
        }
    }
}
