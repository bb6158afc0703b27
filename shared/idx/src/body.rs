//! Request bodies, read strictly: a JSON object without repeated keys at any level, with exactly the fields of its operation
//! (security.md R-V1..R-V5). Nothing of a body is ever echoed.

use std::collections::BTreeMap;
use std::fmt;

use policy::organisation::AuthenticatorKey;
use policy::secret::Secret;
use policy::step::Input;
use policy::user::Profile;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

use crate::operation::Operation;

/// Largest body in bytes.
pub const MAX_BODY: usize = 32 * 1024;

/// What a body says: whose step it is, and the input.
#[derive(Debug, PartialEq)]
pub struct Parsed {
    /// The handle.
    pub handle: Handle,
    /// The input.
    pub input: Input,
}

/// How a client names its transaction.
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
/// [`Malformed`] if it is not a JSON object with exactly the fields of the operation, or if the operation has no IDX body.
pub fn parse(operation: Operation, body: &[u8]) -> Result<Parsed, Malformed> {
    let value = object(body)?;
    match operation {
        Operation::Introspect => {
            let Introspect { interaction_handle, state_handle } = typed(value)?;
            let handle = match (interaction_handle, state_handle) {
                (Some(handle), None) => Handle::Interaction(handle.0),
                (None, Some(handle)) => Handle::State(handle.0),
                _ => return Err(Malformed),
            };
            Ok(Parsed { handle, input: Input::Introspect })
        }
        Operation::Identify => {
            step::<Identify>(value, |body| Ok(Input::Identify { identifier: body.identifier, password: body.credentials.map(|c| c.passcode.0) }))
        }
        Operation::SelectIdentify => step::<Nothing>(value, |_| Ok(Input::SelectIdentify)),
        Operation::Cancel => step::<Nothing>(value, |_| Ok(Input::Cancel)),
        Operation::SelectEnrollProfile => step::<Nothing>(value, |_| Ok(Input::SelectEnrollProfile)),
        Operation::Skip => step::<Nothing>(value, |_| Ok(Input::Skip)),
        Operation::Resend => step::<Nothing>(value, |_| Ok(Input::Resend)),
        Operation::Poll => step::<Nothing>(value, |_| Ok(Input::Poll)),
        Operation::EnrollProfile => step::<EnrollProfile>(value, |body| {
            Ok(Input::EnrollProfile { profile: body.user_profile, password: body.credentials.map(|c| c.passcode.0) })
        }),
        Operation::UpdateProfile => step::<UpdateProfile>(value, |body| Ok(Input::UpdateProfile(body.user_profile))),
        Operation::AnswerPassword => step::<Answer>(value, |body| Ok(Input::AnswerPassword(body.credentials.passcode.0))),
        Operation::AnswerEmail => step::<Answer>(value, |body| Ok(Input::AnswerEmail(body.credentials.passcode.0))),
        Operation::EnrollPassword => step::<Answer>(value, |body| Ok(Input::EnrollPassword(body.credentials.passcode.0))),
        Operation::SelectAuthenticator => step::<Select>(value, |body| body.key().map(Input::SelectAuthenticator)),
        Operation::SelectAuthenticatorEnroll => step::<Select>(value, |body| body.key().map(Input::SelectAuthenticatorEnroll)),
        Operation::OpenLink
        | Operation::ConfirmLink
        | Operation::Discovery
        | Operation::Keys
        | Operation::Interact
        | Operation::Token
        | Operation::Userinfo => Err(Malformed),
    }
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

fn step<B: DeserializeOwned>(mut value: Map<String, Value>, input: impl FnOnce(B) -> Result<Input, Malformed>) -> Result<Parsed, Malformed> {
    let Some(Value::String(handle)) = value.remove("stateHandle") else { return Err(Malformed) };
    // What the clients are known to add to any form (idx.md §12.15, §16.2).
    for extra in ["rememberMe", "keepMeSignedIn", "resend"] {
        if value.remove(extra).is_some_and(|value| !value.is_boolean()) {
            return Err(Malformed);
        }
    }
    Ok(Parsed { handle: Handle::State(Secret::new(handle)), input: input(typed(value)?)? })
}

fn typed<B: DeserializeOwned>(value: Map<String, Value>) -> Result<B, Malformed> {
    // Nor for a struct within the body, for which serde would take one too.
    if value.values().any(Value::is_array) {
        return Err(Malformed);
    }
    serde_json::from_value(Value::Object(value)).map_err(|_| Malformed)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Introspect {
    interaction_handle: Option<Text>,
    #[serde(alias = "stateToken")]
    state_handle: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identify {
    identifier: String,
    credentials: Option<Credentials>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnrollProfile {
    #[serde(default)]
    user_profile: Profile,
    credentials: Option<Credentials>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateProfile {
    #[serde(default)]
    user_profile: Profile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    passcode: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Select {
    authenticator: Choice,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Choice {
    id: String,
    method_type: Option<String>,
}

impl Select {
    fn key(self) -> Result<AuthenticatorKey, Malformed> {
        let key = AuthenticatorKey::ALL.into_iter().find(|key| authenticator_id(*key) == self.authenticator.id).ok_or(Malformed)?;
        match self.authenticator.method_type {
            Some(method) if method != key.method() => Err(Malformed),
            _ => Ok(key),
        }
    }
}

/// Text that goes straight into a [`Secret`].
struct Text(Secret);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// A JSON value in which no object has the same key twice: `serde_json` keeps the last one silently (security.md R-V2).
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
