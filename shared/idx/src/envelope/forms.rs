//! The forms of an envelope: one for each remediation (idx.md §5).

use policy::form;
use policy::message::Place;
use policy::organisation::AuthenticatorKey;
use policy::remediation::Remediation;
use serde_json::{Map, Value, json};

use super::authenticators::authenticator;
use super::{View, array, insert, object};
use crate::operation::{Operation, ROUTES};

/// How often a client asks whether the link was followed, in milliseconds.
const POLL_EVERY: u64 = 4_000;

/// The parts of the envelope that forms point at.
#[derive(Default)]
pub(super) struct Related {
    current_authenticator: Option<Value>,
    current_enrollment: Option<Value>,
    authenticators: Vec<Value>,
    enrollments: Vec<Value>,
}

impl Related {
    pub(super) fn into_envelope(self, envelope: &mut Map<String, Value>) {
        if let Some(authenticator) = self.current_authenticator {
            envelope.insert("currentAuthenticator".into(), object(authenticator));
        }
        if let Some(authenticator) = self.current_enrollment {
            envelope.insert("currentAuthenticatorEnrollment".into(), object(authenticator));
        }
        envelope.insert("authenticators".into(), array(self.authenticators));
        envelope.insert("authenticatorEnrollments".into(), array(self.enrollments));
    }
}

impl View<'_> {
    pub(super) fn remediation(&self, remediation: &Remediation, related: &mut Related) -> Value {
        match remediation {
            Remediation::Identify { with_password } => {
                let label = form::identifier_label(self.context);
                let mut identifier =
                    json!({"name": "identifier", "label": label, "required": true});
                if let Some(hint) = &self.transaction.client.login_hint {
                    insert(&mut identifier, "value", hint.clone().into());
                }
                // Clients have a translation of their own, which is of this word.
                if label != "Username" {
                    insert(&mut identifier, "customLabel", true.into());
                }
                self.with_messages(&mut identifier, &Place::Identifier);
                let mut fields = vec![identifier];
                if *with_password {
                    fields.push(self.passcode("Password", true));
                }
                self.form("identify", Operation::Identify, fields)
            }
            Remediation::SelectEnrollProfile => {
                self.form("select-enroll-profile", Operation::SelectEnrollProfile, Vec::new())
            }
            // By a name of its own: auth-js would follow `select-enroll-profile` by itself, and run
            // in a circle.
            Remediation::EditRegistration => {
                self.form("edit-enroll-profile", Operation::SelectEnrollProfile, Vec::new())
            }
            Remediation::SelectIdentify => {
                self.form("select-identify", Operation::SelectIdentify, Vec::new())
            }
            Remediation::EnrollProfile { form, password } => {
                let mut fields = vec![self.profile(form)];
                if let Some(rules) = password {
                    let mut field = self.new_passcode("Password", rules);
                    insert(&mut field, "relatesTo", json!("$.currentAuthenticator"));
                    fields.push(field);
                    related.current_authenticator = Some(self.new_password_authenticator(rules));
                }
                self.form("enroll-profile", Operation::EnrollProfile, fields)
            }
            Remediation::UpdateProfile { form } => {
                self.form("enroll-profile", Operation::UpdateProfile, vec![self.profile(form)])
            }
            Remediation::Email { enrolls, challenge } => {
                let mut authenticator = self.email_authenticator(Some(&challenge.address));
                insert(&mut authenticator, "contextualData", json!({"useEmailMagicLink": false}));
                insert(
                    &mut authenticator,
                    "resend",
                    self.form("resend", Operation::Resend, Vec::new()),
                );
                let mut poll = self.form("poll", Operation::Poll, Vec::new());
                insert(&mut poll, "refresh", POLL_EVERY.into());
                insert(&mut authenticator, "poll", poll);
                self.answer(
                    *enrolls,
                    Operation::AnswerEmail,
                    self.passcode("Enter code", false),
                    authenticator,
                    related,
                )
            }
            Remediation::EnrollPassword { rules } => {
                let field = self.new_passcode("Enter password", rules);
                self.answer(
                    true,
                    Operation::EnrollPassword,
                    field,
                    self.new_password_authenticator(rules),
                    related,
                )
            }
            Remediation::Password => {
                let field = self.passcode("Enter password", true);
                self.answer(
                    false,
                    Operation::AnswerPassword,
                    field,
                    authenticator(AuthenticatorKey::OktaPassword),
                    related,
                )
            }
            Remediation::SelectAuthenticator(keys) => {
                let fields =
                    vec![self.choice(keys, "authenticatorEnrollments", &mut related.enrollments)];
                self.form(
                    "select-authenticator-authenticate",
                    Operation::SelectAuthenticator,
                    fields,
                )
            }
            Remediation::SelectAuthenticatorEnroll { keys, .. } => {
                let fields = vec![self.choice(keys, "authenticators", &mut related.authenticators)];
                self.form(
                    "select-authenticator-enroll",
                    Operation::SelectAuthenticatorEnroll,
                    fields,
                )
            }
            Remediation::Skip => self.form("skip", Operation::Skip, Vec::new()),
            Remediation::Cancel => self.form("cancel", Operation::Cancel, Vec::new()),
        }
    }

    /// `enroll-authenticator` or `challenge-authenticator`.
    pub(super) fn answer(
        &self,
        enrolls: bool,
        operation: Operation,
        passcode: Value,
        authenticator: Value,
        related: &mut Related,
    ) -> Value {
        let (name, relates_to) = if enrolls {
            related.authenticators.push(authenticator.clone());
            related.current_authenticator = Some(authenticator);
            ("enroll-authenticator", "$.currentAuthenticator")
        } else {
            related.enrollments.push(authenticator.clone());
            related.current_enrollment = Some(authenticator);
            ("challenge-authenticator", "$.currentAuthenticatorEnrollment")
        };
        let mut form = self.form(name, operation, vec![passcode]);
        insert(&mut form, "relatesTo", json!([relates_to]));
        form
    }

    pub(super) fn form(&self, name: &str, operation: Operation, mut fields: Vec<Value>) -> Value {
        let path = ROUTES
            .iter()
            .find(|route| route.operation == operation)
            .map(|route| route.path)
            .unwrap_or_default();
        fields.push(json!({"name": "stateHandle", "required": true, "value": self.state_handle, "visible": false, "mutable": false}));
        json!({
            "rel": ["create-form"],
            "name": name,
            "href": format!("{}{path}", self.base_url),
            "method": "POST",
            "produces": "application/ion+json; okta-version=1.0.0",
            "value": fields,
            "accepts": "application/json; okta-version=1.0.0",
        })
    }
}
