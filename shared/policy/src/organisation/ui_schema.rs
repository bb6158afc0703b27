//! How forms are drawn (policies.md §2.1).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// A UI schema (`/api/v1/meta/uischemas`; policies.md §2.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UiSchema {
    /// What a policy's `uiSchemaId` names.
    pub id: String,
    /// How the form is drawn.
    pub ui_schema: UiSchemaBody,
}

/// `uiSchema` of a [`UiSchema`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UiSchemaBody {
    /// Always `Group`.
    #[serde(rename = "type", default = "group")]
    pub kind: String,
    /// Title of the progressive form; the sign-up form has the widget's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Button of the progressive form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button_label: Option<String>,
    /// One control per attribute.
    #[serde(default)]
    pub elements: Vec<UiControl>,
}

/// How one attribute is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UiControl {
    /// Always `Control`.
    #[serde(rename = "type", default = "control")]
    pub kind: String,
    /// `#/properties/NAME`.
    pub scope: String,
    /// What the field is called; the policy's label if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The display format.
    #[serde(default, deserialize_with = "super::null_is_absent")]
    pub options: UiOptions,
}

/// `options` of a [`UiControl`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UiOptions {
    /// The display format; chosen by the attribute's type if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DisplayFormat>,
}

/// How a value is entered (policies.md §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayFormat {
    /// A text box.
    Text,
    /// A drop-down.
    Select,
    /// A radio group.
    Radio,
    /// A check box.
    Checkbox,
    /// Two radios, "Yes" and "No".
    RadioYesNo,
    /// Two radios, "True" and "False".
    RadioTrueFalse,
}

impl UiSchema {
    /// The control that draws the attribute `name`.
    pub fn control(&self, name: &str) -> Option<&UiControl> {
        self.ui_schema
            .elements
            .iter()
            .find(|control| control.scope.strip_prefix("#/properties/") == Some(name))
    }
}

fn group() -> String {
    "Group".into()
}

fn control() -> String {
    "Control".into()
}
