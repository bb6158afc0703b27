//! The IDX envelope: where a transaction stands, as JSON (idx.md §4, §5).

mod authenticators;
mod fields;
mod forms;

use policy::Context;
use policy::message::{Message, Notice, Place};
use policy::remediation::{Remediation, Standing};
use policy::requirement::Refusal;
use policy::time::Timestamp;
use policy::transaction::{Subject, Transaction};
use policy::user::Profile;
use serde_json::{Map, Value, json};

use self::forms::Related;
use crate::message;
use crate::operation::{ISSUER_PATH, Operation};

/// `Content-Type` of an envelope; errors of introspect are plain JSON.
pub const MEDIA_TYPE: &str = "application/ion+json; okta-version=1.0.0";

/// `version` of every envelope; clients take an error body for an IDX body by it.
const VERSION: &str = "1.0.0";

/// The content of an envelope.
#[derive(Debug)]
pub struct View<'a> {
    /// The context of the decision.
    pub context: &'a Context<'a>,
    /// The transaction.
    pub transaction: &'a Transaction,
    /// The current position.
    pub standing: &'a Standing,
    /// The message.
    pub notices: &'a [Notice],
    /// What was typed into the form that is shown: what of it is right is filled in again.
    pub typed: &'a Profile,
    /// The client's handle, to be sent back.
    pub state_handle: &'a str,
    /// The address of the API, without a trailing slash.
    pub base_url: &'a str,
    /// RFC 3339 text of the transaction's end.
    pub expires_at: String,
}

/// The end that the client is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client redeems the code itself.
    InteractionCode,
    /// The browser goes to the redirect URI with the code: the answer to a poll, which one
    /// generation of the widget cannot redeem (idx.md §9).
    Redirect,
}

/// The envelope of a transaction that is under way, or that nothing helps.
pub fn step(view: &View<'_>) -> Value {
    let mut envelope = head(view);
    let mut notices: Vec<Notice> = view.notices.to_vec();
    match view.standing {
        Standing::Offered(offered) => {
            let mut related = Related::default();
            let mut forms: Vec<Value> = Vec::new();
            for remediation in offered {
                match remediation {
                    Remediation::Cancel => {
                        envelope.insert(
                            "cancel".into(),
                            view.form("cancel", Operation::Cancel, Vec::new()),
                        );
                    }
                    other => forms.push(view.remediation(other, &mut related)),
                }
            }
            envelope.insert("remediation".into(), array(forms));
            related.into_envelope(&mut envelope);
            if let Some(Remediation::UpdateProfile { form }) = offered.first()
                && (form.label.is_some() || form.button_label.is_some())
            {
                let texts = [("label", &form.label), ("buttonLabel", &form.button_label)];
                let said = texts
                    .into_iter()
                    .filter_map(|(key, text)| Some((key.to_string(), Value::from(text.clone()?))));
                envelope.insert("uiDisplay".into(), object(said.collect()));
            }
        }
        Standing::Refused(refusal) => {
            notices.extend(policy::message::form(match refusal {
                Refusal::AccessDenied => Message::AccessDenied,
                Refusal::NotAssigned => Message::NotAssigned,
                Refusal::RegistrationClosed => Message::RegistrationUnavailable,
            }));
            // The way back to the first page.
            envelope.insert("cancel".into(), view.form("cancel", Operation::Cancel, Vec::new()));
        }
        Standing::Finished { .. } | Standing::Cancelled => {
            notices.extend(policy::message::form(Message::ContinuedElsewhere));
        }
    }
    let on_form = matches!(view.standing, Standing::Offered(_));
    let top: Vec<_> =
        notices.iter().filter(|notice| !on_form || notice.place == Place::Form).collect();
    if !top.is_empty() {
        envelope.insert("messages".into(), array(message::values(top)));
    }
    Value::Object(envelope)
}

/// The envelope of a transaction that is done.
pub fn success(view: &View<'_>, ending: Ending, interaction_code: &str) -> Value {
    let mut envelope = head(view);
    let client = &view.transaction.client;
    match ending {
        Ending::InteractionCode => {
            envelope.insert(
                "successWithInteractionCode".into(),
                json!({
                    "rel": ["create-form"],
                    "name": "issue",
                    "href": format!("{}{ISSUER_PATH}/v1/token", view.base_url),
                    "method": "POST",
                    "value": [
                        {"name": "grant_type", "required": true, "value": "interaction_code"},
                        {"name": "interaction_code", "required": true, "value": interaction_code},
                        {"name": "client_id", "required": true, "value": client.client_id},
                        {"name": "code_verifier", "required": true},
                    ],
                    "accepts": "application/x-www-form-urlencoded",
                }),
            );
        }
        Ending::Redirect => {
            let href = redirect(
                &client.redirect_uri,
                &[("interaction_code", interaction_code), ("state", &client.state)],
            );
            envelope.insert("success".into(), json!({"name": "success-redirect", "href": href}));
            // auth-js forgets the transaction, and with it the code verifier, at an answer without
            // any action: before the redirect has led back.
            envelope.insert("cancel".into(), view.form("cancel", Operation::Cancel, Vec::new()));
        }
    }
    Value::Object(envelope)
}

/// An envelope without a transaction: one message, nothing to do.
pub fn terminal(key: &'static str, text: &str) -> Value {
    json!({"version": VERSION, "messages": array(vec![message::plain(key, text)])})
}

/// A registered URI with more in its query string.
pub fn redirect(uri: &str, pairs: &[(&str, &str)]) -> String {
    match url::Url::parse(uri) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs);
            url.into()
        }
        // Checked when the organisation was loaded.
        Err(_) => uri.into(),
    }
}

fn head(view: &View<'_>) -> Map<String, Value> {
    let mut envelope = Map::new();
    envelope.insert("version".into(), VERSION.into());
    envelope.insert("stateHandle".into(), view.state_handle.into());
    envelope.insert("expiresAt".into(), view.expires_at.clone().into());
    envelope.insert("intent".into(), "LOGIN".into());
    let app = view.context.app;
    envelope.insert(
        "app".into(),
        object(json!({"name": "oidc_client", "label": app.label, "id": app.id})),
    );
    if let Some(identifier) = view.transaction.identifier() {
        let mut user = Map::from_iter([("identifier".to_string(), Value::from(identifier))]);
        // Nothing about a person before something was proven.
        if let Subject::Member { user: member, .. } = &view.transaction.subject
            && !view.transaction.proofs.is_empty()
        {
            user.insert("id".into(), member.id.clone().into());
        }
        envelope.insert("user".into(), object(Value::Object(user)));
    }
    envelope
}

fn insert(json: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = json {
        map.insert(key.into(), value);
    }
}

#[allow(clippy::needless_pass_by_value, reason = "a wrapper of what its caller has just made")]
fn array(values: Vec<Value>) -> Value {
    json!({"type": "array", "value": values})
}

#[allow(clippy::needless_pass_by_value, reason = "a wrapper of what its caller has just made")]
fn object(value: Value) -> Value {
    json!({"type": "object", "value": value})
}

/// RFC 3339, milliseconds, UTC.
pub fn rfc3339(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map(|at| format!("{at:.3}")).unwrap_or_default()
}
