//! A tree into Okta's objects: keys, types and allowed values.
//!
//! A serde deserializer of our own rather than a detour over JSON, because serde tells a
//! [`de::Error`] which keys and values are allowed, and that is what a message has to say.

use std::fmt::{self, Display};

use policy::organisation::check::nearest;
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::yaml::{Node, Value, plain};

/// A tree that is not an organisation.
#[derive(Debug)]
pub(crate) struct Fault {
    /// From the place outwards.
    outwards: Vec<String>,
    what: What,
}

/// What is wrong with it.
#[derive(Debug)]
enum What {
    /// This, in words.
    Said(String),
    /// Something else is expected there. How the file has what was found, its reader knows only at
    /// the end.
    Instead { expected: String, found: String },
}

impl Fault {
    fn within(mut self, part: impl Display) -> Self {
        self.outwards.push(part.to_string());
        self
    }

    /// Path from the root of `document`, and message.
    pub fn into_parts(self, document: &Node) -> (Vec<String>, String) {
        let path: Vec<String> = self.outwards.into_iter().rev().collect();
        let message = match self.what {
            What::Said(message) => message,
            What::Instead { expected, found } => instead(&expected, &found, document.at(&path)),
        };
        (path, message)
    }
}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self { outwards: Vec::new(), what: What::Said(message.to_string()) }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = plainly(&expected.to_string()).to_owned();
        Self {
            outwards: Vec::new(),
            what: What::Instead { expected, found: Found(found).to_string() },
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "\"{variant}\" is not allowed here; {}",
            what_is(variant, expected)
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("there is no such key; {}", what_is(field, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("the key \"{field}\" is missing"))
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Said(message) => f.write_str(message),
            What::Instead { expected, found } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl std::error::Error for Fault {}

/// That something else is expected of `node`, where it is quoted as it stands in the file: advice
/// that is followed must not change the value.
fn instead(expected: &str, found: &str, node: Option<&Node>) -> String {
    let written =
        node.and_then(|node| node.written.as_deref()).filter(|written| !written.is_empty());
    match (written, node.map(|node| &node.value)) {
        (Some(written), _) if expected == TEXT => {
            format!("expected {TEXT}, found {written}; put it in quotes: \"{written}\"")
        }
        (Some(written), _) => format!("expected {expected}, found {written}"),
        (None, Some(Value::Text(text))) if is_quoted(expected, text) => {
            format!("expected {expected}, found {found}; take the quotes away")
        }
        (None, _) => format!("expected {expected}, found {found}"),
    }
}

/// True if this text would be what is expected, had it no quotes.
fn is_quoted(expected: &str, text: &str) -> bool {
    match plain(text) {
        Ok(Value::Bool(_)) => expected == TRUTH,
        Ok(Value::Integer(number)) => expected == NUMBER || (expected == WHOLE && number >= 0),
        Ok(Value::Float(_)) => expected == NUMBER,
        _ => false,
    }
}

/// What is allowed instead.
fn what_is(wrong: &str, allowed: &[&str]) -> String {
    let listed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
    match nearest(wrong, allowed.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"? Allowed: {listed}"),
        None => format!("allowed: {listed}"),
    }
}

const TEXT: &str = "text";
const TRUTH: &str = "true or false";
const WHOLE: &str = "a whole number from 0 up";
const NUMBER: &str = "a number";

/// serde's words for what it expects, in the words of people who write YAML.
fn plainly(expected: &str) -> &str {
    match expected {
        "a string" => TEXT,
        "a boolean" => TRUTH,
        "u32" => WHOLE,
        "f32" | "f64" => NUMBER,
        "a sequence" => "a list",
        "a map" => "a mapping",
        other if other.starts_with("struct ") => "a mapping",
        other => other,
    }
}

/// Characters of a text that are quoted: enough to find it.
const MOST_QUOTED: usize = 60;

/// What was found, in the same words.
struct Found<'a>(Unexpected<'a>);

impl Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Bool(value) => write!(f, "{value}"),
            Unexpected::Unsigned(value) => write!(f, "{value}"),
            Unexpected::Signed(value) => write!(f, "{value}"),
            Unexpected::Float(value) => write!(f, "{value}"),
            Unexpected::Str(text) => match text.char_indices().nth(MOST_QUOTED) {
                Some((end, _)) => {
                    write!(f, "the text \"{}…\"", text.get(..end).unwrap_or_default())
                }
                None => write!(f, "the text \"{text}\""),
            },
            Unexpected::Unit => f.write_str("nothing"),
            Unexpected::Seq => f.write_str("a list"),
            Unexpected::Map => f.write_str("a mapping"),
            other => write!(f, "{other}"),
        }
    }
}

impl Node {
    /// Something else is expected here.
    fn instead_of(&self, expected: String) -> Fault {
        Fault {
            outwards: Vec::new(),
            what: What::Instead { expected, found: Found(self.unexpected()).to_string() },
        }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Integer(value) => Unexpected::Signed(*value),
            Value::Float(value) => Unexpected::Float(*value),
            Value::Text(text) => Unexpected::Str(text),
            Value::List(_) => Unexpected::Seq,
            Value::Mapping(_) => Unexpected::Map,
        }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items { items: items.iter().enumerate() }),
            Value::Mapping(mapping) => {
                visitor.visit_map(Entries { entries: mapping.entries.iter(), value: None })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if matches!(self.value, Value::Null) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // serde would take a list as a struct without keys.
        if matches!(self.value, Value::Mapping(_)) {
            return self.deserialize_any(visitor);
        }
        let keys = if fields.is_empty() { "none".into() } else { fields.join(", ") };
        Err(self.instead_of(format!("a mapping with the keys {keys}")))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(self.instead_of(format!("one of {}", variants.join(", ")))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        self.items
            .next()
            .map(|(i, node)| seed.deserialize(node).map_err(|fault| fault.within(i)))
            .transpose()
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, (String, Node)>,
    value: Option<&'de (String, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.value = self.entries.next();
        self.value
            .map(|(key, _)| {
                seed.deserialize(key.as_str().into_deserializer())
                    .map_err(|fault: Fault| fault.within(key))
            })
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, node) = self
            .value
            .take()
            .ok_or_else(|| <Fault as de::Error>::custom("a value without a key"))?;
        seed.deserialize(node).map_err(|fault| fault.within(key))
    }
}
