//! The answer of each operation when nothing fails, and how answers become `responses`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{links_of, schemas};
use crate::envelope;
use crate::operation::{Operation, PUBLIC_CACHE};

/// One answer that an operation may give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Content-Type`; none without a body.
    pub media_type: Option<String>,
    /// Names of the headers that it has.
    pub headers: BTreeSet<String>,
}

/// The answers of an operation besides failures.
pub(super) fn declared(operation: Operation) -> Vec<Answer> {
    let ion = |status| answer(status, Some(envelope::MEDIA_TYPE), &[]);
    let json = |status| answer(status, Some("application/json"), &[]);
    let html =
        |status| answer(status, Some("text/html; charset=utf-8"), &["content-security-policy"]);
    match operation {
        // Of an introspect error, clients read the body only as plain JSON (idx.md §3.3).
        Operation::Introspect => vec![ion(200), json(400), json(403)],
        Operation::Identify
        | Operation::SelectIdentify
        | Operation::AnswerPassword
        | Operation::Cancel
        | Operation::SelectEnrollProfile
        | Operation::EnrollProfile
        | Operation::SelectAuthenticatorEnroll
        | Operation::EnrollPassword
        | Operation::Skip
        | Operation::SelectAuthenticator
        | Operation::AnswerEmail
        | Operation::Resend
        | Operation::Poll
        | Operation::UpdateProfile => {
            // Where waiting does not help, nothing says how long.
            let limited = answer(429, Some(envelope::MEDIA_TYPE), &["retry-after"]);
            let unsent = (operation == Operation::Resend).then(|| ion(503));
            [ion(200), ion(400), ion(401), ion(403), ion(429), limited]
                .into_iter()
                .chain(unsent)
                .collect()
        }
        Operation::OpenLink => vec![html(200), answer(303, None, &["location"]), html(400)],
        Operation::ConfirmLink => vec![html(200), html(400)],
        Operation::Discovery | Operation::Keys | Operation::OpenApi => {
            vec![answer(200, Some("application/json"), &["etag"]), answer(304, None, &["etag"])]
        }
        Operation::Favicon => vec![answer(204, None, &[])],
        // The cookie is set in a browser that has none yet.
        Operation::Interact => {
            vec![json(200), answer(200, Some("application/json"), &["set-cookie"]), json(400)]
        }
        Operation::Token => vec![json(200), json(400)],
        Operation::Userinfo | Operation::UserinfoByPost => {
            let unknown = answer(401, Some("application/json"), &["www-authenticate"]);
            let wrong = (operation == Operation::UserinfoByPost).then(|| json(400));
            [json(200), unknown].into_iter().chain(wrong).collect()
        }
    }
}

/// The `responses` of an operation: its answers by status and media type. `common`: the headers
/// that every answer has, and their values.
pub(super) fn responses(
    answers: Vec<Answer>,
    operation: Operation,
    common: &[(String, String)],
) -> Value {
    let mut by_status: BTreeMap<u16, Vec<Answer>> = BTreeMap::new();
    for answer in answers {
        by_status.entry(answer.status).or_default().push(answer);
    }
    let responses = by_status.into_iter().map(|(status, answers)| {
        let mut response = json!({"description": meaning(status), "headers": headers(&answers, &common_of(operation, status, common))});
        if let Value::Object(fields) = &mut response {
            let content: Map<String, Value> = answers
                .into_iter()
                .filter_map(|answer| answer.media_type)
                .map(|media_type| (media_type, json!({"schema": schemas::of_answer(operation, status)})))
                .collect();
            if !content.is_empty() {
                fields.insert("content".into(), content.into());
            }
            if let Some(links) = links_of(operation).filter(|_| status == 200) {
                fields.insert("links".into(), links);
            }
        }
        (status.to_string(), response)
    });
    responses.collect::<Map<_, _>>().into()
}

fn answer(status: u16, media_type: Option<&str>, headers: &[&str]) -> Answer {
    Answer {
        status,
        media_type: media_type.map(String::from),
        headers: headers.iter().map(|name| (*name).into()).collect(),
    }
}

/// The headers that every answer of this status has: what is public may be kept.
fn common_of(
    operation: Operation,
    status: u16,
    common: &[(String, String)],
) -> Vec<(String, String)> {
    let kept = operation.is_public() && status < 400;
    let value = |name: &str, value: &str| {
        if kept && name == "cache-control" { PUBLIC_CACHE.into() } else { value.into() }
    };
    common.iter().map(|(name, usual)| (name.clone(), value(name, usual))).collect()
}

/// A header is required if no answer of the status is without it.
fn headers(answers: &[Answer], common: &[(String, String)]) -> Value {
    let all = answers.iter().flat_map(|answer| &answer.headers).map(String::as_str);
    let named = all
        .filter(|name| *name != "content-type" && !common.iter().any(|(common, _)| common == name))
        .map(|name| {
            let required = answers.iter().all(|answer| answer.headers.contains(name));
            (name.to_string(), json!({"required": required, "schema": schemas::of_header(name)}))
        });
    let for_pages = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    ]
    .map(|name| (name.into(), json!({"schema": {"type": "string"}})));
    let common = common
        .iter()
        .map(|(name, value)| (name.clone(), json!({"required": true, "schema": {"const": value}})));
    named.chain(for_pages).chain(common).collect::<Map<_, _>>().into()
}

fn meaning(status: u16) -> &'static str {
    match status {
        200 => "Done, or the next step.",
        204 => "There is none.",
        303 => "Go on there.",
        304 => "The same as before.",
        400 => "The request or a value in it is wrong, or this step is not offered now.",
        401 => "The handle, link or token opens nothing (any more), or the answer is wrong.",
        403 => "A page of a foreign origin asks, or the policy denies access.",
        413 => "The body is too large.",
        415 => "The body is of another media type.",
        429 => "Too many attempts, or too much to do at once.",
        500 => "A fault of the service.",
        503 => "Something behind the service does not answer. Nothing is lost: try again.",
        _ => "Another answer.",
    }
}
