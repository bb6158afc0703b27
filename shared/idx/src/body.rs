//! Request bodies, read strictly: a JSON object without repeated keys at any level, with exactly
//! the fields of its operation (security.md R-V1..R-V5). Nothing of a body is ever echoed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use policy::attribute::MAX_IDENTIFIER;
use policy::organisation::AuthenticatorKey;
use policy::secret::Secret;
use policy::step::Input;
use policy::text;
use policy::user::Profile;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value, json};

use crate::operation::Operation;

/// Largest body in bytes.
pub const MAX_BODY: usize = 32 * 1024;

/// Media types of a body.
pub const MEDIA_TYPES: [&str; 2] = ["application/json", "application/ion+json"];

/// Media types of a form, as pages and OAuth clients send it.
pub const FORM_MEDIA_TYPES: [&str; 1] = ["application/x-www-form-urlencoded"];

/// How every step but the first names its transaction.
const STATE_HANDLE: &str = "stateHandle";

/// What the clients are known to add to any form (idx.md §12.15, §16.2).
const EXTRAS: [&str; 3] = ["rememberMe", "keepMeSignedIn", "resend"];

/// The content of a body: the transaction of the step, and the input.
#[derive(Debug, PartialEq)]
pub struct Parsed {
    /// The handle.
    pub handle: Handle,
    /// The input.
    pub input: Input,
}

/// The name by which a client gives its transaction.
#[derive(Debug, PartialEq)]
pub enum Handle {
    /// `interactionHandle`, from interact.
    Interaction(Secret),
    /// `stateHandle`, from every answer.
    State(Secret),
}

/// The body is not what the operation takes. Says nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not what the operation takes")]
pub struct Malformed;

/// Reads the body of an IDX step.
///
/// # Errors
/// [`Malformed`] if it is not a JSON object with exactly the fields of the operation, or if the
/// operation has no IDX body.
pub fn parse(operation: Operation, body: &[u8]) -> Result<Parsed, Malformed> {
    each(operation, Reading(object(body)?))
}

/// The JSON Schema (2020-12) of the bodies that [`parse`] takes; `None` if the operation has no IDX
/// body.
pub fn schema(operation: Operation) -> Option<Value> {
    each(operation, Describing)
}

/// The bodies: which of them an operation takes, and which input it is.
fn each<V: Bodies>(operation: Operation, bodies: V) -> V::Output {
    match operation {
        Operation::Introspect => bodies.introspect(),
        Operation::Identify => bodies.step::<Identify>(|body| {
            Ok(Input::Identify {
                identifier: body.identifier.0,
                password: body.credentials.map(|c| c.passcode.0),
            })
        }),
        Operation::SelectIdentify => bodies.step::<Nothing>(|_| Ok(Input::SelectIdentify)),
        Operation::Cancel => bodies.step::<Nothing>(|_| Ok(Input::Cancel)),
        Operation::SelectEnrollProfile => {
            bodies.step::<Nothing>(|_| Ok(Input::SelectEnrollProfile))
        }
        Operation::Skip => bodies.step::<Nothing>(|_| Ok(Input::Skip)),
        Operation::Resend => bodies.step::<Nothing>(|_| Ok(Input::Resend)),
        Operation::Poll => bodies.step::<Nothing>(|_| Ok(Input::Poll)),
        Operation::EnrollProfile => bodies.step::<EnrollProfile>(|body| {
            Ok(Input::EnrollProfile {
                profile: body.user_profile,
                password: body.credentials.map(|c| c.passcode.0),
            })
        }),
        Operation::UpdateProfile => {
            bodies.step::<UpdateProfile>(|body| Ok(Input::UpdateProfile(body.user_profile)))
        }
        Operation::AnswerPassword => {
            bodies.step::<Answer>(|body| Ok(Input::AnswerPassword(body.credentials.passcode.0)))
        }
        Operation::AnswerEmail => {
            bodies.step::<Answer>(|body| Ok(Input::AnswerEmail(body.credentials.passcode.0)))
        }
        Operation::EnrollPassword => {
            bodies.step::<Answer>(|body| Ok(Input::EnrollPassword(body.credentials.passcode.0)))
        }
        Operation::SelectAuthenticator => {
            bodies.step::<Select>(|body| body.key().map(Input::SelectAuthenticator))
        }
        Operation::SelectAuthenticatorEnroll => {
            bodies.step::<Select>(|body| body.key().map(Input::SelectAuthenticatorEnroll))
        }
        Operation::OpenLink
        | Operation::ConfirmLink
        | Operation::Discovery
        | Operation::Keys
        | Operation::Interact
        | Operation::Token
        | Operation::Userinfo
        | Operation::UserinfoByPost
        | Operation::Favicon
        | Operation::OpenApi => bodies.none(),
    }
}

/// What is done with a body: it is read, or it is described. Both go by the same types, so that
/// neither can say what the other does not.
trait Bodies {
    type Output;

    fn introspect(self) -> Self::Output;
    fn step<B: DeserializeOwned + JsonSchema>(
        self,
        input: impl FnOnce(B) -> Result<Input, Malformed>,
    ) -> Self::Output;
    fn none(self) -> Self::Output;
}

struct Reading(Map<String, Value>);

impl Bodies for Reading {
    type Output = Result<Parsed, Malformed>;

    fn introspect(self) -> Self::Output {
        let Introspect { interaction_handle, state_handle, state_token } = typed(self.0)?;
        let handle = match (interaction_handle, state_handle, state_token) {
            (Some(handle), None, None) => Handle::Interaction(handle.0),
            (None, Some(handle), None) | (None, None, Some(handle)) => Handle::State(handle.0),
            _ => return Err(Malformed),
        };
        Ok(Parsed { handle, input: Input::Introspect })
    }

    fn step<B: DeserializeOwned + JsonSchema>(
        mut self,
        input: impl FnOnce(B) -> Result<Input, Malformed>,
    ) -> Self::Output {
        let Some(Value::String(handle)) = self.0.remove(STATE_HANDLE) else {
            return Err(Malformed);
        };
        if EXTRAS.iter().any(|extra| self.0.remove(*extra).is_some_and(|value| !value.is_boolean()))
        {
            return Err(Malformed);
        }
        Ok(Parsed { handle: Handle::State(Secret::new(handle)), input: input(typed(self.0)?)? })
    }

    fn none(self) -> Self::Output {
        Err(Malformed)
    }
}

struct Describing;

impl Bodies for Describing {
    type Output = Option<Value>;

    fn introspect(self) -> Self::Output {
        Some(described::<Introspect>())
    }

    fn step<B: DeserializeOwned + JsonSchema>(
        self,
        _: impl FnOnce(B) -> Result<Input, Malformed>,
    ) -> Self::Output {
        let mut schema = described::<B>();
        let fields = schema.as_object_mut()?;
        let properties = fields.entry("properties").or_insert_with(|| json!({})).as_object_mut()?;
        properties.insert(STATE_HANDLE.into(), json!({"type": "string"}));
        properties.extend(EXTRAS.map(|extra| (extra.into(), json!({"type": "boolean"}))));
        fields
            .entry("required")
            .or_insert_with(|| json!([]))
            .as_array_mut()?
            .push(STATE_HANDLE.into());
        Some(schema)
    }

    fn none(self) -> Self::Output {
        None
    }
}

/// The schema of a type, in one piece.
fn described<B: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<B>();
    schema.remove("title");
    schema.to_value()
}

/// The id by which clients name an authenticator.
pub fn authenticator_id(key: AuthenticatorKey) -> &'static str {
    match key {
        AuthenticatorKey::OktaPassword => "aut-password",
        AuthenticatorKey::OktaEmail => "aut-email",
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Malformed> {
    // serde takes an array for a struct, so the first byte is looked at (security.md R-V1).
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') || body.len() > MAX_BODY {
        return Err(Malformed);
    }
    match serde_json::from_slice::<Strict>(body).map_err(|_| Malformed)?.0 {
        Value::Object(map) => Ok(map),
        _ => Err(Malformed),
    }
}

fn typed<B: DeserializeOwned>(value: Map<String, Value>) -> Result<B, Malformed> {
    // Nor for a struct within the body, for which serde would take one too.
    if value.values().any(Value::is_array) {
        return Err(Malformed);
    }
    serde_json::from_value(Value::Object(value)).map_err(|_| Malformed)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = exactly_one)]
struct Introspect {
    interaction_handle: Option<Text>,
    state_handle: Option<Text>,
    state_token: Option<Text>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Identify {
    identifier: Name,
    credentials: Option<Credentials>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnrollProfile {
    #[serde(default)]
    user_profile: Profile,
    credentials: Option<Credentials>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateProfile {
    #[serde(default)]
    user_profile: Profile,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answer {
    credentials: Credentials,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    passcode: Text,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Select {
    authenticator: Choice,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = authenticators)]
struct Choice {
    id: String,
    method_type: Option<String>,
}

impl Select {
    fn key(self) -> Result<AuthenticatorKey, Malformed> {
        let key = AuthenticatorKey::ALL
            .into_iter()
            .find(|key| authenticator_id(*key) == self.authenticator.id)
            .ok_or(Malformed)?;
        match self.authenticator.method_type {
            Some(method) if method != key.method() => Err(Malformed),
            _ => Ok(key),
        }
    }
}

/// Of the properties, one is there.
fn exactly_one(schema: &mut Schema) {
    let names: Vec<String> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    let only =
        |name: &String| json!({"required": [name], "properties": {name: {"type": "string"}}});
    schema.insert("oneOf".into(), names.iter().map(only).collect());
}

/// The ids are these, and a method is the one of its authenticator.
fn authenticators(schema: &mut Schema) {
    let one = |key| json!({"properties": {"id": {"const": authenticator_id(key)}, "methodType": {"enum": [key.method(), null]}}});
    schema.insert("oneOf".into(), AuthenticatorKey::ALL.map(one).into_iter().collect());
}

/// Text that goes straight into a [`Secret`].
struct Text(Secret);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// A name that people sign in with, without the white space around it. It is stored with the
/// transaction and shown, so its length, as it was sent, has a limit.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let typed = String::deserialize(deserializer)?;
        let fits = typed.chars().count() <= MAX_IDENTIFIER as usize;
        if fits { Ok(Self(text::trim(&typed).into())) } else { Err(de::Error::custom("too long")) }
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string", "maxLength": MAX_IDENTIFIER})
    }
}

/// A JSON value in which no object has the same key twice: `serde_json` keeps the last one silently
/// (security.md R-V2).
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            if values.insert(key, value).is_some() {
                return Err(de::Error::custom("a key is repeated"));
            }
        }
        Ok(Value::Object(values.into_iter().collect()))
    }
}
