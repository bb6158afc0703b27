use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

use super::index::Index;
use super::report::{At, Report, listed};
use super::text;
use crate::organisation::{DisplayFormat, Format, Organisation, Property, PropertyType};

pub(super) fn check(organisation: &Index<'_>, report: &mut Report) {
    let on_forms = on_forms(organisation);
    let at = At::root("uiSchemas");
    report.distinct(
        "UI schema id",
        at.each(&organisation.ui_schemas).map(|(at, ui)| (at.to("id"), ui.id.as_str())),
    );
    for (at, ui) in at.each(&organisation.ui_schemas) {
        let at = at.to("uiSchema");
        report.ensure(ui.ui_schema.kind == "Group", at.to("type"), || {
            format!("\"{}\" is not supported; write \"Group\"", ui.ui_schema.kind)
        });
        text::optional(
            ui.ui_schema.label.as_deref(),
            at.to("label"),
            "say what the form is called, or leave the key out",
            report,
        );
        text::optional(
            ui.ui_schema.button_label.as_deref(),
            at.to("buttonLabel"),
            "say what the button says, or leave the key out",
            report,
        );
        let elements = at.to("elements");
        report.distinct(
            "scope",
            elements
                .each(&ui.ui_schema.elements)
                .map(|(at, control)| (at.to("scope"), control.scope.as_str())),
        );
        for (at, control) in elements.each(&ui.ui_schema.elements) {
            report.ensure(control.kind == "Control", at.to("type"), || {
                format!("\"{}\" is not supported; write \"Control\"", control.kind)
            });
            let missing =
                "say what the field is called, or leave the key out for what the policy calls it";
            text::optional(control.label.as_deref(), at.to("label"), missing, report);
            let Some(name) = control.scope.strip_prefix("#/properties/") else {
                report.add(
                    at.to("scope"),
                    format!(
                        "\"{}\" names no attribute; write \"#/properties/NAME\"",
                        control.scope
                    ),
                );
                continue;
            };
            match organisation.property(name) {
                Some(property) => format_fits(report, &at, property, control.options.format),
                // A field that is asked for and not stored is text (policies.md §1).
                None if on_forms.contains(&(ui.id.as_str(), name)) => {
                    format_fits(report, &at, &Property::default(), control.options.format)
                }
                None => {
                    let near = near(organisation, name, report);
                    report.add(at.to("scope"), format!("there is no attribute \"{name}\"{near}"));
                }
            }
        }
    }
}

fn near(organisation: &Index<'_>, name: &str, report: &mut Report) -> String {
    match report.nearest(name, organisation.properties().map(|(name, _)| name)) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => "; add it to userSchema.definitions.custom.properties, or to a form that is drawn by this UI schema".into(),
    }
}

/// The fields that each UI schema draws, by its id.
fn on_forms(organisation: &Organisation) -> BTreeSet<(&str, &str)> {
    let rules = organisation.policies.profile_enrollment.iter().flat_map(|policy| &policy.rules);
    let forms = rules.map(|rule| &rule.actions.profile_enrollment);
    let drawn = forms.filter_map(|form| Some((form.ui_schema_id.as_deref()?, form)));
    drawn
        .flat_map(|(id, form)| {
            form.profile_attributes.iter().map(move |field| (id, field.name.as_str()))
        })
        .collect()
}

/// The table of policies.md §2.1.
fn format_fits(report: &mut Report, at: &At, property: &Property, format: Option<DisplayFormat>) {
    use DisplayFormat::{Checkbox, Radio, RadioTrueFalse, RadioYesNo, Select, Text};
    let allowed: &[DisplayFormat] = match property.kind() {
        PropertyType::Boolean => &[Checkbox, RadioYesNo, RadioTrueFalse],
        PropertyType::String | PropertyType::Number | PropertyType::Integer
            if property.enumeration.is_some() =>
        {
            &[Select, Radio, Text]
        }
        PropertyType::String
            if matches!(property.format, Some(Format::CountryCode | Format::Timezone)) =>
        {
            &[Select, Text]
        }
        PropertyType::String | PropertyType::Number | PropertyType::Integer => &[Text],
        PropertyType::Array => &[],
    };
    if let Some(format) = format.filter(|format| !allowed.contains(format)) {
        let at = at.down("options.format");
        let allowed = if allowed.is_empty() {
            "nothing does; leave the control out".into()
        } else {
            listed(allowed.iter().map(|format| word(*format)))
        };
        report.add(
            at,
            format!("\"{}\" does not fit the attribute's type; what fits: {allowed}", word(format)),
        );
    }
}

fn word(format: DisplayFormat) -> &'static str {
    match format {
        DisplayFormat::Text => "text",
        DisplayFormat::Select => "select",
        DisplayFormat::Radio => "radio",
        DisplayFormat::Checkbox => "checkbox",
        DisplayFormat::RadioYesNo => "radio_yes_no",
        DisplayFormat::RadioTrueFalse => "radio_true_false",
    }
}
