//! The authenticators that forms point at (idx.md §8).

use policy::email::Email;
use policy::form;
use policy::organisation::{AuthenticatorKey, Complexity};
use policy::transaction::Subject;
use serde_json::{Value, json};

use super::{View, insert};
use crate::body::authenticator_id;

impl View<'_> {
    /// The field `authenticator`: one option per key, each pointing at its authenticator in the
    /// envelope.
    pub(super) fn choice(
        &self,
        keys: &[AuthenticatorKey],
        list: &str,
        authenticators: &mut Vec<Value>,
    ) -> Value {
        let mut options = Vec::new();
        for key in keys {
            let index = authenticators.len();
            let address = self.transaction_mailbox();
            authenticators.push(match key {
                AuthenticatorKey::OktaPassword => authenticator(AuthenticatorKey::OktaPassword),
                AuthenticatorKey::OktaEmail => self.email_authenticator(address.as_deref()),
            });
            options.push(json!({
                "label": display_name(*key),
                "value": {"form": {"value": [
                    {"name": "id", "required": true, "value": authenticator_id(*key), "mutable": false},
                    {"name": "methodType", "required": false, "value": key.method(), "mutable": false},
                ]}},
                "relatesTo": format!("$.{list}.value[{index}]"),
            }));
        }
        json!({"name": "authenticator", "type": "object", "options": options})
    }

    /// The password, with those of its rules that clients know.
    pub(super) fn new_password_authenticator(&self, rules: &Complexity) -> Value {
        let mut authenticator = authenticator(AuthenticatorKey::OktaPassword);
        insert(
            &mut authenticator,
            "settings",
            json!({
                "complexity": {
                    "minLength": rules.min_length,
                    "minLowerCase": rules.min_lower_case,
                    "minUpperCase": rules.min_upper_case,
                    "minNumber": rules.min_number,
                    "minSymbol": rules.min_symbol,
                    // Clients would speak of a username, which people who sign in with their email
                    // do not have.
                    "excludeUsername": rules.exclude_username && !form::login_is_address(self.context),
                    "excludeAttributes": rules.exclude_attributes,
                },
                "age": {"minAgeMinutes": 0, "historyCount": 0},
            }),
        );
        authenticator
    }

    pub(super) fn email_authenticator(&self, address: Option<&str>) -> Value {
        let mut authenticator = authenticator(AuthenticatorKey::OktaEmail);
        // Masked, unless it is what the person has just typed. Where answers must not tell who has
        // an account, only what was typed is shown.
        let typed =
            self.transaction.identifier().and_then(|identifier| Email::parse(identifier).ok());
        let shown = match (typed, address.and_then(|address| Email::parse(address).ok())) {
            (Some(typed), _) if self.context.prevents_enumeration() => Some(typed),
            (None, _) if self.context.prevents_enumeration() => None,
            (_, known) => known,
        };
        if let Some(email) = shown {
            let applicant = matches!(self.transaction.subject, Subject::Applicant { .. });
            let text = if applicant { email.address().to_string() } else { email.masked() };
            insert(&mut authenticator, "profile", json!({"email": text}));
        }
        authenticator
    }

    pub(super) fn transaction_mailbox(&self) -> Option<String> {
        match &self.transaction.subject {
            Subject::Member { user, .. } => user.text("email").map(String::from),
            Subject::Applicant { registration: Some(registration) } => {
                registration.profile.get("email").and_then(Value::as_str).map(String::from)
            }
            _ => self.transaction.identifier().map(String::from),
        }
    }
}

pub(super) fn authenticator(key: AuthenticatorKey) -> Value {
    json!({
        "type": key.method(),
        "key": key.as_str(),
        "id": authenticator_id(key),
        "displayName": display_name(key),
        "methods": [{"type": key.method()}],
    })
}

pub(super) fn display_name(key: AuthenticatorKey) -> &'static str {
    match key {
        AuthenticatorKey::OktaPassword => "Password",
        AuthenticatorKey::OktaEmail => "Email",
    }
}
