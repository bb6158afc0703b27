//! The fields of forms: passcodes and the attributes of profiles (idx.md §4, §6).

use policy::attribute::timezones;
use policy::form::{self, Field, Form, Input};
use policy::message::Place;
use policy::organisation::Complexity;
use serde_json::{Value, json};

use super::{View, array, insert};
use crate::message;

impl View<'_> {
    pub(super) fn passcode(&self, label: &str, secret: bool) -> Value {
        self.credentials(json!({"name": "passcode", "label": label, "required": true}), secret)
    }

    /// The field of a new password. Clients list the rules that Okta has (idx.md §8); the label
    /// says the others.
    pub(super) fn new_passcode(&self, label: &str, rules: &Complexity) -> Value {
        let label = format!(
            "{label} ({})",
            message::password_rules(rules, form::login_is_address(self.context))
        );
        self.credentials(
            json!({"name": "passcode", "label": label, "customLabel": true, "required": true}),
            true,
        )
    }

    pub(super) fn credentials(&self, mut field: Value, secret: bool) -> Value {
        if secret {
            insert(&mut field, "secret", true.into());
        }
        self.with_messages(&mut field, &Place::Passcode);
        json!({"name": "credentials", "type": "object", "required": true, "form": {"value": [field]}})
    }

    pub(super) fn profile(&self, form: &Form) -> Value {
        let fields: Vec<_> = form.fields.iter().map(|field| self.field(field)).collect();
        json!({"name": "userProfile", "type": "object", "required": true, "form": {"value": fields}})
    }

    pub(super) fn field(&self, field: &Field) -> Value {
        // Always explicit: clients take a missing `required` for true (idx.md §4). Numbers are text
        // on the wire (idx.md §6).
        let mut json = json!({"name": field.name, "label": field.label, "type": "string", "required": field.required});
        if field.custom_label {
            insert(&mut json, "customLabel", true.into());
        }
        let display = |value: Value| json!([{"label": "display", "value": {"type": "object", "value": value}}]);
        let option = |value: &str, label: &str| json!({"label": label, "value": value});
        let listed = |kind: &str, options: Vec<Value>| {
            display(json!({"inputType": kind, "options": options}))
        };
        let titled = |options: &[(String, String)]| {
            options.iter().map(|(value, label)| option(value, label)).collect()
        };
        match &field.input {
            Input::Text { min, max } => {
                if let Some(min) = min {
                    insert(&mut json, "minLength", (*min).into());
                }
                if let Some(max) = max {
                    insert(&mut json, "maxLength", (*max).into());
                }
            }
            Input::Select(options) => {
                insert(&mut json, "options", listed("select", titled(options)))
            }
            Input::Radio(options) => insert(&mut json, "options", listed("radio", titled(options))),
            Input::Country => insert(
                &mut json,
                "options",
                display(json!({"inputType": "select", "format": "country-code"})),
            ),
            // Written out: the clients' own list, for a field named `timezone`, has names that are
            // no zones (`PST`).
            Input::Timezone => insert(
                &mut json,
                "options",
                listed("select", timezones().map(|zone| option(zone, zone)).collect()),
            ),
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

    pub(super) fn with_messages(&self, field: &mut Value, place: &Place) {
        let here = message::values(self.notices.iter().filter(|notice| notice.place == *place));
        if !here.is_empty() {
            insert(field, "messages", array(here));
        }
    }
}
