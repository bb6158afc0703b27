//! Numbers, as JSON or as the text that clients post.

use alloc::vec::Vec;

use serde_json::{Number, Value};

use super::Violation;
use crate::organisation::PropertyType;

/// 2^53 - 1: beyond it JSON clients do not agree on what a number is (RFC 8259 §6).
const MAX_SAFE: i64 = 9_007_199_254_740_991;

/// The least number above zero that DynamoDB keeps.
const LEAST: f64 = 1e-130;

/// A whole number within ±(2^53 - 1).
pub(super) fn integer(value: &Value) -> Result<Number, Vec<Violation>> {
    let wrong = |violation| Err(alloc::vec![violation]);
    let whole = match value {
        Value::Number(number) if number.is_f64() => return wrong(Violation::WrongType),
        Value::Number(number) => number.as_i64(),
        Value::String(text) if is_whole(text) => text.parse().ok(),
        _ => return wrong(Violation::WrongType),
    };
    match whole.filter(|whole| (-MAX_SAFE..=MAX_SAFE).contains(whole)) {
        Some(whole) => Ok(Number::from(whole)),
        None => wrong(Violation::NotAllowed),
    }
}

/// A number within ±(2^53 - 1), and not so small that the table has no room for it. A whole one is
/// whole, however it is written: 2.0 is 2.
pub(super) fn number(value: &Value) -> Result<Number, Vec<Violation>> {
    let decimal = match value {
        Value::Number(number) if number.is_f64() => number.as_f64(),
        Value::String(text) if is_decimal(text) => text.parse().ok(),
        _ => return integer(value),
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "within ±(2^53 - 1) all are exact"
    )]
    match decimal {
        Some(negative_zero) if negative_zero == 0.0 && negative_zero.is_sign_negative() => {
            Err(alloc::vec![Violation::WrongType])
        }
        Some(decimal)
            if decimal.abs() <= MAX_SAFE as f64 && (decimal == 0.0 || decimal.abs() >= LEAST) =>
        {
            let whole = decimal as i64;
            let number = if whole as f64 == decimal {
                Some(Number::from(whole))
            } else {
                Number::from_f64(decimal)
            };
            number.ok_or_else(|| alloc::vec![Violation::NotAllowed])
        }
        _ => Err(alloc::vec![Violation::NotAllowed]),
    }
}

/// Whether any number is within these limits and within ±(2^53 - 1): a whole one, if the type is
/// integer.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "within ±(2^53 - 1) all are exact"
)]
pub(crate) fn some_number(kind: PropertyType, minimum: Option<f64>, maximum: Option<f64>) -> bool {
    let safe = MAX_SAFE as f64;
    let (least, most) = (minimum.unwrap_or(-safe).max(-safe), maximum.unwrap_or(safe).min(safe));
    // The cast goes towards zero, which is up where `most` is below it.
    let towards_zero = most as i64 as f64;
    let whole = if towards_zero > most { towards_zero - 1.0 } else { towards_zero };
    least <= if kind == PropertyType::Integer { whole } else { most }
}

/// `0`, or digits that do not start with it; a minus before all but `0`. One text for each number,
/// as JavaScript prints it.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text == "0" || (!digits.starts_with('0') && is_digits(digits))
}

/// A number with digits after a point, and no exponent. `-0.5` is one, `-0.0` is not.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let Some((whole, fraction)) = digits.split_once('.') else { return false };
    let nonzero = digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    is_whole(whole)
        && !whole.starts_with('-')
        && is_digits(fraction)
        && (nonzero || !text.starts_with('-'))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
