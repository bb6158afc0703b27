//! What an answer says, and whether a fault may be told like that.

use engine::testing::{Fault, PortCall};
use idx::operation::Operation;
use serde_json::Value;

use crate::stage::Answer;
use crate::sweep::plan::Kind;

pub const NOT_MAILED: &str = "idx.error.mail.not.sent";

const WRONG_CODE: &str = "api.authn.error.PASSCODE_INVALID";
const NEWEST_CODE: &str = "idx.error.code.newest";

/// What an answer says, without what is different each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gist {
    pub status: u16,
    forms: Vec<String>,
    pub messages: Vec<String>,
    done: bool,
    /// The page's title, or the names of the fields.
    rest: Vec<String>,
}

/// True if this is how a fault may be told: 503 and when to come again, a budget, a mail that did
/// not leave.
pub fn declared(
    told: Option<&Gist>,
    answer: Option<&Answer>,
    kind: Kind,
    of: Option<PortCall>,
    operation: Option<Operation>,
) -> bool {
    let (Kind::Once(fault) | Kind::From(fault)) = kind else { return true };
    let (Some(told), Some(answer)) = (told, answer) else {
        return matches!(fault, Fault::KilledBefore | Fault::KilledAfter);
    };
    let soon = || {
        operation.is_none()
            || answer
                .header("retry-after")
                .is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|seconds| seconds < 4))
    };
    let hashes = matches!(of, Some(PortCall::Hash | PortCall::Verify));
    match told.status {
        503 if told.messages == [NOT_MAILED] => of == Some(PortCall::Send),
        503 => soon(),
        429 => {
            (hashes && soon())
                || (matches!(fault, Fault::Refused(_)) && answer.header("retry-after").is_some())
        }
        // A hash that cannot be read, a pepper that is missing: nobody can sign in before somebody
        // looks.
        500 => hashes && fault == Fault::Broken,
        // Somebody else was faster: with the same code, that is.
        // Or it is spent, though the tokens could not be signed.
        400 => operation == Some(Operation::Token),
        _ => told.messages == [NOT_MAILED] && of == Some(PortCall::Send),
    }
}

pub fn waits_for_mail(answer: &Answer) -> bool {
    answer.forms().first().is_some_and(|form| {
        ["enroll-authenticator", "challenge-authenticator"].contains(&form.as_str())
    })
}

/// What came back; whether clients can work with it takes its time to check.
pub fn answer(response: engine::http::Response, checked: bool) -> Answer {
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_string()))
        .collect();
    let status = response.status().as_u16();
    let text = String::from_utf8(response.into_body()).unwrap();
    if checked {
        Answer::new(status, headers, text)
    } else {
        Answer { status, body: serde_json::from_str(&text).unwrap_or_default(), text, headers }
    }
}

pub fn gist(answer: &Answer) -> Gist {
    let rest = match (&answer.body, answer.text.split_once("<h1>")) {
        (_, Some((_, text))) => vec![text.split("</h1>").next().unwrap().to_string()],
        (Value::Object(map), None) if map.get("version").is_none() => map.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let done = answer.interaction_code().is_some() || answer.body["success"].is_object();
    // A wrong code is told with more words where a fault has led to a second code: the newest one
    // counts.
    let messages = answer
        .messages()
        .into_iter()
        .map(|key| if key == NEWEST_CODE { WRONG_CODE.into() } else { key })
        .collect();
    Gist { status: answer.status, forms: answer.forms(), messages, done, rest }
}

pub fn nothing() -> Gist {
    Gist { status: 0, forms: Vec::new(), messages: Vec::new(), done: false, rest: Vec::new() }
}
