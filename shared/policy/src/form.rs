//! Profile forms: which fields a policy asks for, and reading what was typed into them (policies.md
//! §1, §2, §4).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

use crate::Context;
use crate::attribute::{self, Violation};
use crate::message::{Message, Notice, Place};
use crate::organisation::{DisplayFormat, Format, Property, PropertyType, shipped_title};
use crate::user::Profile;

/// A profile form.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Title of the progressive form.
    pub label: Option<String>,
    /// Button of the progressive form.
    pub button_label: Option<String>,
    /// The fields, in order.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name of the attribute.
    pub name: String,
    /// What it is called on the form.
    pub label: String,
    /// True if that is other than what Okta, or the schema for a custom attribute, calls it: the
    /// client must not replace it by a translation.
    pub custom_label: bool,
    /// True if it must be given.
    pub required: bool,
    /// How it is entered.
    pub input: Input,
    /// Its definition; `None` if it is in no schema: such a value is asked for and not stored.
    pub property: Option<Property>,
}

/// How a value is entered.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A text box; lengths in code points.
    Text {
        /// At least.
        min: Option<u32>,
        /// At most.
        max: Option<u32>,
    },
    /// A drop-down of values and what people read.
    Select(Vec<(String, String)>),
    /// A drop-down of countries, filled by the client.
    Country,
    /// A drop-down of the [time zones](attribute::timezones).
    Timezone,
    /// A radio group of values and what people read.
    Radio(Vec<(String, String)>),
    /// A check box. A required one must be ticked.
    Checkbox,
}

/// What was typed into a form, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Values of schema attributes: what will be stored.
    pub stored: Profile,
    /// Values of attributes that are in no schema: for the registration hook, never stored.
    pub passing: Profile,
}

/// Why a form could not be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Unreadable {
    /// It has a field of this name that was not on the form: no person does that.
    UnknownField(String),
    /// Some values are wrong.
    Wrong(Vec<Notice>),
}

/// The sign-up form: all attributes of the app's policy.
pub fn registration(context: &Context<'_>) -> Form {
    build(context, |_, _| true)
}

/// The progressive form: what `profile` lacks. `None` if nothing required is missing, or if the
/// policy does not ask at sign-in.
///
/// Optional attributes that are still empty are shown beside a required one, never alone
/// (policies.md §4, §13).
pub fn progressive(context: &Context<'_>, profile: &Profile) -> Option<Form> {
    if context.enrollment.progressive_profiling_action != crate::organisation::Switch::Enabled {
        return None;
    }
    let form = build(context, |name, property| {
        property.is_some() && attribute::is_empty(profile.get(name))
    });
    form.fields.iter().any(|field| field.required).then_some(form)
}

/// What a sign-up that was sent lacks by the policy of today: `None`, unless that has become
/// stricter meanwhile.
pub fn lacking(context: &Context<'_>, profile: &Profile) -> Option<Form> {
    let mut form = registration(context);
    // What is in no schema is not kept, so it cannot be told whether it was given. What is optional
    // and not right any more is left out.
    form.fields.retain(|field| {
        field.required && field.property.is_some() && field.read(profile.get(&field.name)).is_err()
    });
    (!form.fields.is_empty()).then_some(form)
}

/// What the page calls the name that people sign in with: the policy's identifiers, in its order. A
/// username that has to be an address is spoken of as the email.
pub fn identifier_label(context: &Context<'_>) -> String {
    let asked = |name: &str| {
        context
            .enrollment
            .profile_attributes
            .iter()
            .find(|asked| asked.name == name)
            .map(|asked| asked.label.clone())
    };
    let mut labels: Vec<String> = Vec::new();
    for name in &context.enrollment.allowed_identifiers {
        let label = if name == "login" && login_is_address(context) {
            asked("email").unwrap_or_else(|| "Email".into())
        } else {
            let title = || {
                context.organisation.user_schema.property(name).and_then(|property| property.title)
            };
            asked(name).or_else(title).unwrap_or_else(|| name.clone())
        };
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels.join(" or ")
}

/// True if usernames have to be addresses (policies.md §2.4).
pub fn login_is_address(context: &Context<'_>) -> bool {
    context.organisation.user_schema.property("login").is_none_or(|login| login.pattern.is_none())
}

fn build(context: &Context<'_>, wanted: impl Fn(&str, Option<&Property>) -> bool) -> Form {
    let ui = context
        .enrollment
        .ui_schema_id
        .as_deref()
        .and_then(|id| context.organisation.ui_schema(id));
    let mut fields = Vec::new();
    for asked in &context.enrollment.profile_attributes {
        let property = context.organisation.user_schema.property(&asked.name);
        // Never ask for what the person cannot write: if it is required and missing, it would lock
        // them out (policies.md §1, edge cases).
        let askable =
            property.as_ref().is_none_or(|p| p.writable() && p.kind() != PropertyType::Array);
        if !askable || !wanted(&asked.name, property.as_ref()) {
            continue;
        }
        let control = ui.and_then(|ui| ui.control(&asked.name));
        let label = control
            .and_then(|control| control.label.clone())
            .unwrap_or_else(|| asked.label.clone());
        let custom_label =
            property.as_ref().is_some_and(|property| !is_usual(&asked.name, property, &label));
        let input = input(
            &asked.name,
            property.as_ref(),
            control.and_then(|control| control.options.format),
        );
        fields.push(Field {
            name: asked.name.clone(),
            label,
            custom_label,
            required: asked.required,
            input,
            property,
        });
    }
    Form {
        label: ui.and_then(|ui| ui.ui_schema.label.clone()),
        button_label: ui.and_then(|ui| ui.ui_schema.button_label.clone()),
        fields,
    }
}

/// True if clients may replace the label by their translation: they have one for each base
/// attribute, of the title that Okta ships, whatever this organisation calls it (idx.md §5.2). On
/// Okta's own forms the primary email is called "Email".
fn is_usual(name: &str, property: &Property, label: &str) -> bool {
    shipped_title(name).or(property.title.as_deref()) == Some(label)
        || (name == "email" && label == "Email")
}

fn input(name: &str, property: Option<&Property>, format: Option<DisplayFormat>) -> Input {
    let Some(property) = property else { return Input::Text { min: None, max: None } };
    let yes_no =
        |yes: &str, no: &str| alloc::vec![("true".into(), yes.into()), ("false".into(), no.into())];
    // Clients draw a field of this name as a drop-down whatever they are told, and without options
    // as one of names that are no zones.
    let chosen = format.filter(|_| name != "timezone").unwrap_or_else(|| natural_format(property));
    match (chosen, property.kind()) {
        (DisplayFormat::RadioYesNo | DisplayFormat::Radio, PropertyType::Boolean) => {
            Input::Radio(yes_no("Yes", "No"))
        }
        (DisplayFormat::RadioTrueFalse | DisplayFormat::Select, PropertyType::Boolean) => {
            Input::Radio(yes_no("True", "False"))
        }
        (DisplayFormat::Select, _) if property.enumeration.is_some() => {
            Input::Select(options(property))
        }
        (DisplayFormat::Select, _) if property.format == Some(Format::CountryCode) => {
            Input::Country
        }
        (DisplayFormat::Select, _) if property.format == Some(Format::Timezone) => Input::Timezone,
        (DisplayFormat::Radio, _) if property.enumeration.is_some() => {
            Input::Radio(options(property))
        }
        (_, PropertyType::Boolean) => Input::Checkbox,
        (_, PropertyType::String) => Input::Text {
            min: Some(attribute::min_length(property)).filter(|min| *min > 0),
            max: property.max_length,
        },
        // The wire carries numbers as text, and the lengths of a number mean nothing (idx.md §6).
        _ => Input::Text { min: None, max: None },
    }
}

fn natural_format(property: &Property) -> DisplayFormat {
    match property.kind() {
        PropertyType::Boolean => DisplayFormat::Checkbox,
        _ if property.enumeration.is_some()
            || matches!(property.format, Some(Format::CountryCode | Format::Timezone)) =>
        {
            DisplayFormat::Select
        }
        _ => DisplayFormat::Text,
    }
}

fn options(property: &Property) -> Vec<(String, String)> {
    let mut titles = property.one_of.iter().flatten().map(|one| one.title.clone());
    property
        .enumeration
        .iter()
        .flatten()
        .map(option)
        .map(|value| (value.clone(), titles.next().unwrap_or(value)))
        .collect()
}

/// An allowed value as text. A number has the one that is accepted when it comes back: 1 for 1.0,
/// and 0.00001 for 1e-5.
fn option(value: &Value) -> String {
    match (value.as_str(), value.as_f64()) {
        (Some(text), _) => text.into(),
        (None, Some(number)) => number.to_string(),
        (None, None) => value.to_string(),
    }
}

impl Form {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// True if it asks who somebody is: what was proven by whoever answers it otherwise was proven
    /// of somebody else.
    pub(crate) fn asks_who(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.name.as_str(), "email" | "login"))
    }

    /// Checks what was typed: known field, required present, type and format, length and
    /// enumeration (policies.md §2.5 steps 1–4).
    ///
    /// # Errors
    /// [`Unreadable::UnknownField`] for a field that is not on the form, [`Unreadable::Wrong`] for
    /// all values that are wrong, at their fields.
    pub fn read(&self, values: &Profile) -> Result<Reading, Unreadable> {
        if let Some(unknown) = values.keys().find(|name| self.field(name).is_none()) {
            return Err(Unreadable::UnknownField(unknown.clone()));
        }
        let mut reading = Reading::default();
        let mut wrong = Vec::new();
        for field in &self.fields {
            match field.read(values.get(&field.name)) {
                Ok(Some(value)) => {
                    let part = if field.property.is_some() {
                        &mut reading.stored
                    } else {
                        &mut reading.passing
                    };
                    part.insert(field.name.clone(), value);
                }
                Ok(None) => {}
                Err(violations) => {
                    wrong.extend(violations.into_iter().map(|violation| field.notice(violation)));
                }
            }
        }
        if wrong.is_empty() { Ok(reading) } else { Err(Unreadable::Wrong(wrong)) }
    }
}

impl Field {
    pub(crate) fn read(&self, typed: Option<&Value>) -> Result<Option<Value>, Vec<Violation>> {
        let Some(value) = typed.filter(|value| !attribute::is_empty(Some(value))) else {
            return if self.required { Err(alloc::vec![Violation::Blank]) } else { Ok(None) };
        };
        let value = match &self.property {
            Some(property) => attribute::validate(&self.name, property, value)?,
            None => attribute::validate_free(value)?,
        };
        // Clients post `false` for a box that is not ticked; a box that must be ticked is consent.
        if self.required && self.input == Input::Checkbox && value == Value::Bool(false) {
            return Err(alloc::vec![Violation::Blank]);
        }
        Ok(Some(value))
    }

    /// What was typed, if it is right, as a client fills it in again.
    pub fn refill(&self, typed: &Profile) -> Option<Value> {
        match self.read(typed.get(&self.name)).ok()?? {
            Value::Bool(ticked) if self.input == Input::Checkbox => Some(Value::Bool(ticked)),
            Value::String(text) => Some(Value::String(text)),
            other => Some(Value::String(other.to_string())),
        }
    }

    /// A notice at this field.
    pub fn notice(&self, violation: Violation) -> Notice {
        Notice {
            place: Place::Attribute(self.name.clone()),
            message: Message::Attribute {
                label: self.label.clone(),
                name: self.name.clone(),
                violation,
                property: Box::new(self.property.clone().unwrap_or_default()),
            },
        }
    }
}
