//! How a form is drawn: the table of policies.md §2.1, and what its labels are.
use policy::form::{Field, Input as Entry};
use policy::organisation::{Mutability, UiSchema};

use super::*;

/// The field of the demo's form for an attribute of this definition, drawn in this format.
fn field(definition: Value, format: Option<&str>) -> Option<Field> {
    let mut organisation = demo();
    let mut property: Property = serde_json::from_value(definition).unwrap();
    property
        .permissions
        .get_or_insert(vec![Permission { principal: "SELF".into(), action: Action::ReadWrite }]);
    organisation.user_schema.definitions.custom.properties.insert("extra".into(), property);
    ask(&mut organisation, "extra", false);
    draw(&mut organisation, "extra", format);
    form::registration(&context(&organisation)).field("extra").cloned()
}

fn draw(organisation: &mut Organisation, name: &str, format: Option<&str>) {
    let options = format.map_or(json!({}), |format| json!({ "format": format }));
    let control =
        json!({"type": "Control", "scope": format!("#/properties/{name}"), "options": options});
    let ui: UiSchema = serde_json::from_value(
        json!({"id": "drawn", "uiSchema": {"type": "Group", "elements": [control]}}),
    )
    .unwrap();
    organisation.ui_schemas.push(ui);
    enrollment(organisation).ui_schema_id = Some("drawn".into());
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(value, text)| ((*value).into(), (*text).into())).collect()
}

#[test]
fn are_drawn_as_the_table_says() {
    let text = json!({"type": "string", "minLength": 2, "maxLength": 9});
    let listed = json!({"type": "string", "enum": ["a", "b"]});
    let titled = json!({"type": "string", "enum": ["a", "b"], "oneOf": [{"const": "a", "title": "Anna"}, {"const": "b", "title": "Ben"}]});
    let numbers = json!({"type": "integer", "enum": [1, 2]});
    let small = json!({"type": "number", "enum": [1.0, 1e-5, -2.5]});
    let country = json!({"type": "string", "format": "country-code"});
    let listed_country = json!({"type": "string", "format": "country-code", "enum": ["DE", "FR"]});
    let timezone = json!({"type": "string", "format": "timezone"});
    let truth = json!({"type": "boolean"});
    let number = json!({"type": "integer", "minLength": 2, "maxLength": 9});
    let (ab, one_two) = (pairs(&[("a", "a"), ("b", "b")]), pairs(&[("1", "1"), ("2", "2")]));
    let anna_ben = pairs(&[("a", "Anna"), ("b", "Ben")]);
    let (yes_no, true_false) = (
        pairs(&[("true", "Yes"), ("false", "No")]),
        pairs(&[("true", "True"), ("false", "False")]),
    );
    let sized = || Entry::Text { min: Some(2), max: Some(9) };
    let plain = || Entry::Text { min: None, max: None };
    for (definition, format, expected) in [
        (&text, None, sized()),
        (&text, Some("text"), sized()),
        // Nothing to choose from.
        (&text, Some("select"), sized()),
        (&text, Some("radio"), sized()),
        (&json!({"type": "string", "minLength": 0}), None, plain()),
        (&listed, None, Entry::Select(ab.clone())),
        (&listed, Some("radio"), Entry::Radio(ab)),
        (&listed, Some("text"), plain()),
        (&titled, Some("select"), Entry::Select(anna_ben.clone())),
        (&titled, Some("radio"), Entry::Radio(anna_ben)),
        (&numbers, None, Entry::Select(one_two.clone())),
        (&numbers, Some("radio"), Entry::Radio(one_two)),
        // What is chosen comes back as text, which has no exponent.
        (
            &small,
            None,
            Entry::Select(pairs(&[("1", "1"), ("0.00001", "0.00001"), ("-2.5", "-2.5")])),
        ),
        (&country, None, Entry::Country),
        (&country, Some("select"), Entry::Country),
        (&country, Some("text"), plain()),
        // Not all countries, but those that are allowed.
        (&listed_country, None, Entry::Select(pairs(&[("DE", "DE"), ("FR", "FR")]))),
        (&listed_country, Some("radio"), Entry::Radio(pairs(&[("DE", "DE"), ("FR", "FR")]))),
        (&timezone, None, Entry::Timezone),
        (&timezone, Some("select"), Entry::Timezone),
        (&timezone, Some("text"), plain()),
        (&truth, None, Entry::Checkbox),
        (&json!({"type": "boolean", "enum": [true, false]}), None, Entry::Checkbox),
        (&truth, Some("checkbox"), Entry::Checkbox),
        (&truth, Some("radio_yes_no"), Entry::Radio(yes_no.clone())),
        (&truth, Some("radio"), Entry::Radio(yes_no)),
        (&truth, Some("radio_true_false"), Entry::Radio(true_false.clone())),
        (&truth, Some("select"), Entry::Radio(true_false)),
        // The lengths of a number mean nothing.
        (&number, None, plain()),
    ] {
        assert_eq!(
            field(definition.clone(), format).map(|field| field.input),
            Some(expected),
            "{definition} {format:?}"
        );
    }
    let mut organisation = demo();
    ask(&mut organisation, "invitation", false);
    draw(&mut organisation, "invitation", Some("select"));
    assert_eq!(
        form::registration(&context(&organisation)).field("invitation").unwrap().input,
        plain(),
        "in no schema"
    );
}

/// Clients draw a field of this name as a drop-down of their own, with names such as `PST`, unless
/// the form says what there is to choose.
#[test]
fn offer_the_zones_wherever_the_field_is_the_time_zone_whatever_the_ui_schema_says() {
    let mut organisation = demo();
    let own = Permission { principal: "SELF".into(), action: Action::ReadWrite };
    let stated = Property { permissions: Some(vec![own]), ..Property::default() };
    organisation.user_schema.definitions.base.properties.insert("timezone".into(), stated);
    ask(&mut organisation, "timezone", false);
    for format in [None, Some("text"), Some("select")] {
        draw(&mut organisation, "timezone", format);
        assert_eq!(
            form::registration(&context(&organisation)).field("timezone").unwrap().input,
            Entry::Timezone,
            "{format:?}"
        );
        organisation.ui_schemas.pop();
    }
}

/// A client that was told a minimum would not let a short login be typed at all (policies.md §2.4).
#[test]
fn ask_for_no_length_of_a_login_that_may_be_anything() {
    let mut organisation = demo();
    ask(&mut organisation, "login", true);
    for (pattern, min) in [(".+", None), ("[a-z]+", Some(5))] {
        let stated = Property { pattern: Some(pattern.into()), ..Property::default() };
        organisation.user_schema.definitions.base.properties.insert("login".into(), stated);
        let input =
            form::registration(&context(&organisation)).field("login").unwrap().input.clone();
        assert_eq!(input, Entry::Text { min, max: Some(100) }, "{pattern}");
    }
}

#[test]
fn accept_every_number_that_they_offer() {
    let members = json!([1.0, 1e-5, 1e-7, -0.125, 9_007_199_254_740_991_i64, 0, 1e-130]);
    let titled: Vec<_> = members
        .as_array()
        .unwrap()
        .iter()
        .map(|member| json!({"const": member, "title": "x"}))
        .collect();
    for definition in [
        json!({"type": "number", "enum": members}),
        json!({"type": "number", "enum": members, "oneOf": titled}),
    ] {
        let field = field(definition, None).unwrap();
        let Entry::Select(options) = &field.input else { panic!("{:?}", field.input) };
        assert_eq!(options.len(), 7);
        for (value, _) in options {
            let stored = policy::attribute::validate(
                "extra",
                field.property.as_ref().unwrap(),
                &json!(value),
            );
            assert!(stored.is_ok(), "{value}: {stored:?}");
        }
    }
}

#[test]
fn have_no_field_that_people_cannot_fill_in() {
    let action = |action: &str| json!([{"principal": "SELF", "action": action}]);
    for (definition, expected) in [
        (json!({"type": "string", "permissions": action("READ_WRITE")}), true),
        (json!({"type": "string", "permissions": action("READ_ONLY")}), false),
        (json!({"type": "string", "permissions": action("HIDE")}), false),
        (json!({"type": "string", "mutability": Mutability::ReadWrite}), true),
        (json!({"type": "string", "mutability": Mutability::ReadOnly}), false),
        (json!({"type": "array", "items": {"type": "string"}}), false),
    ] {
        assert_eq!(field(definition.clone(), None).is_some(), expected, "{definition}");
    }
}

/// Clients translate what is called as Okta calls it, and "Email"; another text of the
/// administrator's they must leave alone.
#[test]
fn say_which_labels_are_the_administrators_own() {
    let mut organisation = demo();
    let labels = [
        ("email", "Email"),
        ("firstName", "First name"),
        ("lastName", "Family name"),
        ("department", "Email"),
        ("invitation", "Invitation"),
    ];
    enrollment(&mut organisation).profile_attributes = labels
        .map(|(name, label)| ProfileAttribute {
            name: name.into(),
            label: label.into(),
            required: false,
        })
        .to_vec();
    enrollment(&mut organisation).ui_schema_id = None;
    let form = form::registration(&context(&organisation));
    let custom: Vec<_> = form
        .fields
        .iter()
        .filter(|field| field.custom_label)
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(custom, ["lastName", "department"]);
    // The label of the UI schema wins.
    enrollment(&mut organisation).ui_schema_id = Some("workforce-form".into());
    let form = form::registration(&context(&organisation));
    assert_eq!(
        form.field("department").map(|field| (field.label.as_str(), field.custom_label)),
        Some(("Department", false))
    );
    enrollment(&mut organisation).profile_attributes[0].label = "Primary email".into();
    assert!(
        !form::registration(&context(&organisation)).field("email").unwrap().custom_label,
        "as the schema calls it"
    );
    enrollment(&mut organisation).profile_attributes[0].label = "Work email".into();
    assert!(form::registration(&context(&organisation)).field("email").unwrap().custom_label);
    // Clients translate Okta's title, and not the one that the organisation gave the attribute
    // instead.
    let base = &mut organisation.user_schema.definitions.base.properties;
    base.insert(
        "firstName".into(),
        Property { title: Some("Given name".into()), ..Property::default() },
    );
    for (label, custom) in [("Given name", true), ("First name", false)] {
        enrollment(&mut organisation).profile_attributes[1].label = label.into();
        assert_eq!(
            form::registration(&context(&organisation)).field("firstName").unwrap().custom_label,
            custom,
            "{label}"
        );
    }
}
