//! The IDX envelope: where a transaction stands, as JSON (idx.md §4, §5).

use policy::Context;
use policy::attribute::timezones;
use policy::email::Email;
use policy::form::{self, Field, Form, Input};
use policy::message::{Message, Notice, Place};
use policy::organisation::{AuthenticatorKey, Complexity};
use policy::remediation::{Remediation, Standing};
use policy::requirement::Refusal;
use policy::time::Timestamp;
use policy::transaction::{Subject, Transaction};
use policy::user::Profile;
use serde_json::{Map, Value, json};

use crate::body::authenticator_id;
use crate::message;
use crate::operation::{ISSUER_PATH, Operation, ROUTES};

/// `Content-Type` of an envelope; errors of introspect are plain JSON.
pub const MEDIA_TYPE: &str = "application/ion+json; okta-version=1.0.0";

/// `version` of every envelope; clients take an error body for an IDX body by it.
const VERSION: &str = "1.0.0";

/// How often a client asks whether the link was followed, in milliseconds.
const POLL_EVERY: u64 = 4_000;

/// What an envelope shows.
#[derive(Debug)]
pub struct View<'a> {
    /// What it is decided in.
    pub context: &'a Context<'a>,
    /// The transaction.
    pub transaction: &'a Transaction,
    /// Where it stands.
    pub standing: &'a Standing,
    /// What is said.
    pub notices: &'a [Notice],
    /// What was typed into the form that is shown: what of it is right is filled in again.
    pub typed: &'a Profile,
    /// The client's handle, to be sent back.
    pub state_handle: &'a str,
    /// Where the API is, without a trailing slash.
    pub base_url: &'a str,
    /// RFC 3339 text of the transaction's end.
    pub expires_at: String,
}

/// The end that the client is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client redeems the code itself.
    InteractionCode,
    /// The browser goes to the redirect URI with the code: the answer to a poll, which one generation of the widget cannot redeem (idx.md §9).
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
                        envelope.insert("cancel".into(), view.form("cancel", Operation::Cancel, Vec::new()));
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
                let said = texts.into_iter().filter_map(|(key, text)| Some((key.to_string(), Value::from(text.clone()?))));
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
        Standing::Finished { .. } | Standing::Cancelled => notices.extend(policy::message::form(Message::ContinuedElsewhere)),
    }
    let on_form = matches!(view.standing, Standing::Offered(_));
    let top: Vec<_> = notices.iter().filter(|notice| !on_form || notice.place == Place::Form).collect();
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
            let href = redirect(&client.redirect_uri, &[("interaction_code", interaction_code), ("state", &client.state)]);
            envelope.insert("success".into(), json!({"name": "success-redirect", "href": href}));
            // auth-js forgets the transaction, and with it the code verifier, at an answer without any action: before the redirect has led back.
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
    envelope.insert("app".into(), object(json!({"name": "oidc_client", "label": app.label, "id": app.id})));
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

/// The parts of the envelope that forms point at.
#[derive(Default)]
struct Related {
    current_authenticator: Option<Value>,
    current_enrollment: Option<Value>,
    authenticators: Vec<Value>,
    enrollments: Vec<Value>,
}

impl Related {
    fn into_envelope(self, envelope: &mut Map<String, Value>) {
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
    fn remediation(&self, remediation: &Remediation, related: &mut Related) -> Value {
        match remediation {
            Remediation::Identify { with_password } => {
                let label = form::identifier_label(self.context);
                let mut identifier = json!({"name": "identifier", "label": label, "required": true});
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
            Remediation::SelectEnrollProfile => self.form("select-enroll-profile", Operation::SelectEnrollProfile, Vec::new()),
            // By a name of its own: auth-js would follow `select-enroll-profile` by itself, and run in a circle.
            Remediation::EditRegistration => self.form("edit-enroll-profile", Operation::SelectEnrollProfile, Vec::new()),
            Remediation::SelectIdentify => self.form("select-identify", Operation::SelectIdentify, Vec::new()),
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
            Remediation::UpdateProfile { form } => self.form("enroll-profile", Operation::UpdateProfile, vec![self.profile(form)]),
            Remediation::Email { enrolls, challenge } => {
                let mut authenticator = self.email_authenticator(Some(&challenge.address));
                insert(&mut authenticator, "contextualData", json!({"useEmailMagicLink": false}));
                insert(&mut authenticator, "resend", self.form("resend", Operation::Resend, Vec::new()));
                let mut poll = self.form("poll", Operation::Poll, Vec::new());
                insert(&mut poll, "refresh", POLL_EVERY.into());
                insert(&mut authenticator, "poll", poll);
                self.answer(*enrolls, Operation::AnswerEmail, self.passcode("Enter code", false), authenticator, related)
            }
            Remediation::EnrollPassword { rules } => {
                let field = self.new_passcode("Enter password", rules);
                self.answer(true, Operation::EnrollPassword, field, self.new_password_authenticator(rules), related)
            }
            Remediation::Password => {
                let field = self.passcode("Enter password", true);
                self.answer(false, Operation::AnswerPassword, field, authenticator(AuthenticatorKey::OktaPassword), related)
            }
            Remediation::SelectAuthenticator(keys) => {
                let fields = vec![self.choice(keys, "authenticatorEnrollments", &mut related.enrollments)];
                self.form("select-authenticator-authenticate", Operation::SelectAuthenticator, fields)
            }
            Remediation::SelectAuthenticatorEnroll { keys, .. } => {
                let fields = vec![self.choice(keys, "authenticators", &mut related.authenticators)];
                self.form("select-authenticator-enroll", Operation::SelectAuthenticatorEnroll, fields)
            }
            Remediation::Skip => self.form("skip", Operation::Skip, Vec::new()),
            Remediation::Cancel => self.form("cancel", Operation::Cancel, Vec::new()),
        }
    }

    /// `enroll-authenticator` or `challenge-authenticator`.
    fn answer(&self, enrolls: bool, operation: Operation, passcode: Value, authenticator: Value, related: &mut Related) -> Value {
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

    fn form(&self, name: &str, operation: Operation, mut fields: Vec<Value>) -> Value {
        let path = ROUTES.iter().find(|route| route.operation == operation).map(|route| route.path).unwrap_or_default();
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

    fn passcode(&self, label: &str, secret: bool) -> Value {
        self.credentials(json!({"name": "passcode", "label": label, "required": true}), secret)
    }

    /// The field of a new password. Clients list the rules that Okta has (idx.md §8); the label says the others.
    fn new_passcode(&self, label: &str, rules: &Complexity) -> Value {
        let label = format!("{label} ({})", message::password_rules(rules, form::login_is_address(self.context)));
        self.credentials(json!({"name": "passcode", "label": label, "customLabel": true, "required": true}), true)
    }

    fn credentials(&self, mut field: Value, secret: bool) -> Value {
        if secret {
            insert(&mut field, "secret", true.into());
        }
        self.with_messages(&mut field, &Place::Passcode);
        json!({"name": "credentials", "type": "object", "required": true, "form": {"value": [field]}})
    }

    fn profile(&self, form: &Form) -> Value {
        let fields: Vec<_> = form.fields.iter().map(|field| self.field(field)).collect();
        json!({"name": "userProfile", "type": "object", "required": true, "form": {"value": fields}})
    }

    fn field(&self, field: &Field) -> Value {
        // Always explicit: clients take a missing `required` for true (idx.md §4). Numbers are text on the wire (idx.md §6).
        let mut json = json!({"name": field.name, "label": field.label, "type": "string", "required": field.required});
        if field.custom_label {
            insert(&mut json, "customLabel", true.into());
        }
        let display = |value: Value| json!([{"label": "display", "value": {"type": "object", "value": value}}]);
        let option = |value: &str, label: &str| json!({"label": label, "value": value});
        let listed = |kind: &str, options: Vec<Value>| display(json!({"inputType": kind, "options": options}));
        let titled = |options: &[(String, String)]| options.iter().map(|(value, label)| option(value, label)).collect();
        match &field.input {
            Input::Text { min, max } => {
                if let Some(min) = min {
                    insert(&mut json, "minLength", (*min).into());
                }
                if let Some(max) = max {
                    insert(&mut json, "maxLength", (*max).into());
                }
            }
            Input::Select(options) => insert(&mut json, "options", listed("select", titled(options))),
            Input::Radio(options) => insert(&mut json, "options", listed("radio", titled(options))),
            Input::Country => insert(&mut json, "options", display(json!({"inputType": "select", "format": "country-code"}))),
            // Written out: the clients' own list, for a field named `timezone`, has names that are no zones (`PST`).
            Input::Timezone => insert(&mut json, "options", listed("select", timezones().map(|zone| option(zone, zone)).collect())),
            Input::Checkbox => {
                insert(&mut json, "type", "boolean".into());
                insert(&mut json, "options", display(json!({"inputType": "checkbox"})));
            }
        }
        if let Some(value) = field.refill(self.typed) {
            insert(&mut json, "value", value);
        }
        self.with_messages(&mut json, &Place::Attribute(field.name.clone()));
        json
    }

    fn with_messages(&self, field: &mut Value, place: &Place) {
        let here = message::values(self.notices.iter().filter(|notice| notice.place == *place));
        if !here.is_empty() {
            insert(field, "messages", array(here));
        }
    }

    /// The field `authenticator`: one option per key, each pointing at its authenticator in the envelope.
    fn choice(&self, keys: &[AuthenticatorKey], list: &str, authenticators: &mut Vec<Value>) -> Value {
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
    fn new_password_authenticator(&self, rules: &Complexity) -> Value {
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
                    // Clients would speak of a username, which people who sign in with their email do not have.
                    "excludeUsername": rules.exclude_username && !form::login_is_address(self.context),
                    "excludeAttributes": rules.exclude_attributes,
                },
                "age": {"minAgeMinutes": 0, "historyCount": 0},
            }),
        );
        authenticator
    }

    fn email_authenticator(&self, address: Option<&str>) -> Value {
        let mut authenticator = authenticator(AuthenticatorKey::OktaEmail);
        // Masked, unless it is what the person has just typed. Where answers must not tell who has an account, only what was typed is shown.
        let typed = self.transaction.identifier().and_then(|identifier| Email::parse(identifier).ok());
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

    fn transaction_mailbox(&self) -> Option<String> {
        match &self.transaction.subject {
            Subject::Member { user, .. } => user.text("email").map(String::from),
            Subject::Applicant { registration: Some(registration) } => registration.profile.get("email").and_then(Value::as_str).map(String::from),
            _ => self.transaction.identifier().map(String::from),
        }
    }
}

fn authenticator(key: AuthenticatorKey) -> Value {
    json!({
        "type": key.method(),
        "key": key.as_str(),
        "id": authenticator_id(key),
        "displayName": display_name(key),
        "methods": [{"type": key.method()}],
    })
}

fn display_name(key: AuthenticatorKey) -> &'static str {
    match key {
        AuthenticatorKey::OktaPassword => "Password",
        AuthenticatorKey::OktaEmail => "Email",
    }
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
