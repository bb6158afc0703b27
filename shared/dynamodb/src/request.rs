//! [`Write`] → what DynamoDB is asked to do. All names and values go through placeholders
//! (security.md R-V6).

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure as OnFailure,
    TransactWriteItem, Update,
};
use engine::ports::{Expect, Item, Key, StoreError, Write};
use policy::time::Timestamp;

use crate::failure::broken;
use crate::item::{self, BODY, EXPIRES_AT, EXPIRES_AT_MS, NONCE, PK};
use crate::nonce::Nonce;

/// True if the write can go alone, at half the price of a transaction: because the item it leaves
/// behind tells whether an attempt without an answer took effect, or because doing it twice is
/// harmless. A count that goes astray unseen may count twice, which only tightens a limit; one that
/// gives back must not.
pub(crate) fn needs_no_transaction(write: &Write) -> bool {
    match write {
        Write::Put { .. } => true,
        Write::Delete { expect, .. } => *expect == Expect::Anything,
        Write::Check { .. } => false,
        Write::Count { by, .. } => *by >= 0,
    }
}

/// The action that carries the write out, as part of the call `nonce`.
pub(crate) fn action(
    write: &Write,
    table: &str,
    nonce: &Nonce,
) -> Result<TransactWriteItem, StoreError> {
    let action = TransactWriteItem::builder();
    let action = match write {
        Write::Put { item, expect } => action.put(put(item, expectation(*expect), table, nonce)?),
        Write::Delete { key, expect } => {
            action.delete(delete(key, expectation(*expect), table).map_err(incomplete)?)
        }
        Write::Check { key, expect } => {
            action.condition_check(check(key, expectation(*expect), table).map_err(incomplete)?)
        }
        Write::Count { key, by, max, expires_at } => {
            action.update(add(key, *by, *max, *expires_at, table, nonce).map_err(incomplete)?)
        }
    };
    Ok(action.build())
}

/// A condition with its values. Its names are in the text: `#name` stands for the attribute `name`.
struct Condition {
    text: String,
    values: HashMap<String, AttributeValue>,
}

fn expectation(expect: Expect) -> Option<Condition> {
    let (text, value) = match expect {
        Expect::Absent(Timestamp(now)) => (
            format!("attribute_not_exists(#{PK}) OR #{EXPIRES_AT_MS} <= :now"),
            (":now", item::number(now)),
        ),
        Expect::Version(version) => {
            ("#version = :version".into(), (":version", item::number(version)))
        }
        Expect::Anything => return None,
    };
    Some(Condition { text, values: HashMap::from([(value.0.into(), value.1)]) })
}

fn names(expressions: &[&str]) -> Option<HashMap<String, String>> {
    let words = expressions.iter().flat_map(|text| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '#')
    });
    let names: HashMap<_, _> = words
        .filter_map(|word| Some((word.to_owned(), word.strip_prefix('#')?.to_owned())))
        .collect();
    (!names.is_empty()).then_some(names)
}

fn put(
    item: &Item,
    condition: Option<Condition>,
    table: &str,
    nonce: &Nonce,
) -> Result<Put, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(item::to_attributes(item, nonce)?));
    let put = match condition {
        None => put,
        Some(Condition { text, values }) => put
            .set_expression_attribute_names(names(&[&text]))
            .set_expression_attribute_values(Some(values))
            .condition_expression(text)
            .return_values_on_condition_check_failure(OnFailure::AllOld),
    };
    put.build().map_err(incomplete)
}

fn delete(key: &Key, condition: Option<Condition>, table: &str) -> Result<Delete, BuildError> {
    let delete = Delete::builder().table_name(table).set_key(Some(item::key(key)));
    match condition {
        None => delete.build(),
        Some(Condition { text, values }) => delete
            .set_expression_attribute_names(names(&[&text]))
            .set_expression_attribute_values(Some(values))
            .condition_expression(text)
            .build(),
    }
}

fn check(
    key: &Key,
    condition: Option<Condition>,
    table: &str,
) -> Result<ConditionCheck, BuildError> {
    let (text, values) = condition.map_or_else(
        // A check must have a condition; this one always holds.
        || (format!("attribute_exists(#{PK}) OR attribute_not_exists(#{PK})"), None),
        |condition| (condition.text, Some(condition.values)),
    );
    ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(item::key(key)))
        .set_expression_attribute_names(names(&[&text]))
        .set_expression_attribute_values(values)
        .condition_expression(text)
        .build()
}

/// Adds to a counter. The count afterwards lies within 0 and `max`: said of the count before, since
/// conditions cannot calculate. A counter that is absent counts as zero.
fn add(
    key: &Key,
    by: i64,
    max: u64,
    expires_at: Timestamp,
    table: &str,
    nonce: &Nonce,
) -> Result<Update, BuildError> {
    let least = by.min(0).unsigned_abs();
    let most = i128::from(max) - i128::from(by);
    // Without the nonce, an attempt after a lost answer would count once more. (BETWEEN would not
    // do: it refuses an empty range as invalid.)
    let mut condition = format!("#count >= :least AND #count <= :most AND #{NONCE} <> :nonce");
    if least == 0 && most >= 0 {
        condition = format!("attribute_not_exists(#{PK}) OR ({condition})");
    }
    // Taking back does not change when the counter expires; there is one then.
    let expiry = |name: &str, value: &str| {
        if by < 0 { format!("if_not_exists(#{name}, {value})") } else { value.into() }
    };
    let update = format!(
        "SET #count = if_not_exists(#count, :zero) + :by, #version = if_not_exists(#version, :zero) + :one, #{NONCE} = :nonce, \
         #{BODY} = if_not_exists(#{BODY}, :body), #{EXPIRES_AT} = {}, #{EXPIRES_AT_MS} = {}",
        expiry(EXPIRES_AT, ":seconds"),
        expiry(EXPIRES_AT_MS, ":millis"),
    );
    let values = [
        (":zero", item::number(0)),
        (":least", item::number(least)),
        (":most", item::number(most)),
        (":by", item::number(by)),
        (":one", item::number(1)),
        (":body", AttributeValue::M(HashMap::new())),
        (":seconds", item::number(expires_at.0.div_ceil(1_000))),
        (":millis", item::number(expires_at.0)),
        (":nonce", nonce.value()),
    ];
    Update::builder()
        .table_name(table)
        .set_key(Some(item::key(key)))
        .set_expression_attribute_names(names(&[&condition, &update]))
        .set_expression_attribute_values(Some(
            values.map(|(name, value)| (name.to_owned(), value)).into(),
        ))
        .condition_expression(condition)
        .update_expression(update)
        .return_values_on_condition_check_failure(OnFailure::AllOld)
        .build()
}

fn incomplete(_: BuildError) -> StoreError {
    broken("an incomplete request")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use super::*;

    fn count(by: i64, max: u64) -> Write {
        Write::Count { key: Key("LIMIT#a".into()), by, max, expires_at: Timestamp(9) }
    }

    #[test]
    fn r_v6_expressions_hold_placeholders_only() {
        let update =
            action(&count(1, 5), "table", &Nonce::draw().unwrap()).unwrap().update.unwrap();
        let names = update.expression_attribute_names.unwrap();
        let mut used: Vec<_> =
            names.iter().map(|(placeholder, name)| format!("{placeholder}={name}")).collect();
        used.sort();
        assert_eq!(
            used,
            [
                "#body=body",
                "#count=count",
                "#expiresAt=expiresAt",
                "#expiresAtMs=expiresAtMs",
                "#nonce=nonce",
                "#pk=pk",
                "#version=version"
            ]
        );
        for expression in [update.update_expression, update.condition_expression.unwrap()] {
            let bare: Vec<_> = expression
                .split(|letter: char| !letter.is_ascii_alphanumeric() && !"#:_".contains(letter))
                .collect();
            let words = [
                "",
                "SET",
                "AND",
                "OR",
                "attribute_exists",
                "attribute_not_exists",
                "if_not_exists",
            ];
            assert!(
                bare.iter().all(|word| word.starts_with(['#', ':']) || words.contains(word)),
                "{bare:?}"
            );
        }
    }

    #[test]
    fn bounds_of_a_count_do_not_overflow() {
        let most = |by: i64, max: u64| {
            let update =
                action(&count(by, max), "table", &Nonce::draw().unwrap()).unwrap().update.unwrap();
            update.expression_attribute_values.unwrap().remove(":most").unwrap()
        };
        assert_eq!(most(6, 5), item::number(-1));
        assert_eq!(most(-1, u64::MAX), item::number(i128::from(u64::MAX) + 1));
        assert_eq!(most(i64::MIN, 0), item::number(-i128::from(i64::MIN)));
    }

    #[test]
    fn r_d3_what_goes_alone_can_be_recognised_afterwards() {
        let key = || Key("TX#1".into());
        assert!(needs_no_transaction(&count(1, 5)) && needs_no_transaction(&count(0, 5)));
        assert!(needs_no_transaction(&Write::Delete { key: key(), expect: Expect::Anything }));
        assert!(!needs_no_transaction(&count(-1, 5)));
        assert!(!needs_no_transaction(&Write::Delete { key: key(), expect: Expect::Version(1) }));
        assert!(!needs_no_transaction(&Write::Check { key: key(), expect: Expect::Version(1) }));
    }
}
