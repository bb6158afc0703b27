//! [`Item`] ⇄ attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::{Item, Key, StoreError};
use policy::time::Timestamp;

use crate::failure::broken;
use crate::nonce::Nonce;

pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The partition key: the text of [`Key`].
pub(crate) const PK: &str = "pk";
pub(crate) const VERSION: &str = "version";
/// For DynamoDB's own deletion (TTL): whole seconds, rounded up so that nothing goes early. No
/// condition looks at it.
pub(crate) const EXPIRES_AT: &str = "expiresAt";
/// The exact end, for conditions.
pub(crate) const EXPIRES_AT_MS: &str = "expiresAtMs";
pub(crate) const COUNT: &str = "count";
pub(crate) const BODY: &str = "body";
/// The last writer of the item.
pub(crate) const NONCE: &str = "nonce";

/// The attributes that say where an item lives.
pub(crate) fn key(key: &Key) -> Attributes {
    Attributes::from([(PK.into(), AttributeValue::S(key.0.clone()))])
}

/// All attributes of an item that this call writes.
pub(crate) fn to_attributes(item: &Item, nonce: &Nonce) -> Result<Attributes, StoreError> {
    let body = serde_dynamo::to_attribute_value(&item.body)
        .map_err(|_| broken("a body that DynamoDB cannot hold"))?;
    let mut attributes = key(&item.key);
    attributes.insert(VERSION.into(), number(item.version));
    attributes.insert(COUNT.into(), number(item.count));
    attributes.insert(BODY.into(), body);
    attributes.insert(NONCE.into(), nonce.value());
    if let Some(Timestamp(end)) = item.expires_at {
        attributes.insert(EXPIRES_AT.into(), number(end.div_ceil(1_000)));
        attributes.insert(EXPIRES_AT_MS.into(), number(end));
    }
    Ok(attributes)
}

/// An item as read. [`StoreError::Broken`] if it is none of ours; the error says nothing of its
/// content.
pub(crate) fn from_attributes(mut attributes: Attributes) -> Result<Item, StoreError> {
    let Some(AttributeValue::S(key)) = attributes.remove(PK) else {
        return Err(broken("an item without a key"));
    };
    let unreadable = || {
        broken(format!("a {} item that cannot be read", key.split('#').next().unwrap_or_default()))
    };
    let version = attributes.get(VERSION).and_then(integer).ok_or_else(unreadable)?;
    let count = attributes.get(COUNT).and_then(integer).ok_or_else(unreadable)?;
    let expires_at = attributes
        .get(EXPIRES_AT_MS)
        .map(|end| integer(end).map(Timestamp).ok_or_else(unreadable))
        .transpose()?;
    let body = attributes.remove(BODY).ok_or_else(unreadable)?;
    let body = serde_dynamo::from_attribute_value(body).map_err(|_| unreadable())?;
    Ok(Item { key: Key(key), version, expires_at, count, body })
}

/// A number as DynamoDB takes it: text.
pub(crate) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

fn integer(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use serde_json::json;

    use super::*;

    fn stored(expires_at: u64) -> Attributes {
        let item = Item {
            key: Key("TX#1".into()),
            version: 3,
            expires_at: Some(Timestamp(expires_at)),
            count: 0,
            body: json!({ "name": "secret" }),
        };
        to_attributes(&item, &Nonce::draw().unwrap()).unwrap()
    }

    #[test]
    fn the_end_for_ttl_is_rounded_up_and_the_exact_one_is_kept() {
        let ends = |expires_at| {
            (
                stored(expires_at).remove(EXPIRES_AT).unwrap(),
                stored(expires_at).remove(EXPIRES_AT_MS).unwrap(),
            )
        };
        assert_eq!(ends(1_000), (number(1), number(1_000)));
        assert_eq!(ends(1_001), (number(2), number(1_001)));
    }

    #[test]
    fn r_v5_an_unreadable_item_is_named_by_its_kind_only() {
        for broken in [VERSION, COUNT, BODY] {
            let mut attributes = stored(1);
            attributes.remove(broken);
            let error = from_attributes(attributes).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the store is broken: a TX item that cannot be read",
                "{broken}"
            );
        }
        let mut attributes = stored(1);
        attributes.insert(EXPIRES_AT_MS.into(), AttributeValue::S("soon".into()));
        assert!(from_attributes(attributes).is_err());
        assert!(from_attributes(Attributes::new()).is_err());
    }
}
