//! The user schema (policies.md §2.2–2.4).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::index::Index;
use super::report::{At, Report, listed, some_of};
use super::{nearest, text};
use crate::attribute::{
    check_pattern, is_attribute_name, is_reserved_name, max_length, same, some_number, validate,
};
use crate::organisation::{Property, PropertyType, base_properties};
use crate::text::trim;

/// Attributes that may be unique, per user type.
const MOST_UNIQUE: usize = 5;

pub(super) fn check(organisation: &Index<'_>, report: &mut Report) {
    let schema = &organisation.user_schema;
    let shipped = base_properties();
    let definitions = At::root("userSchema").to("definitions");
    for (half, stated) in
        [("base", &schema.definitions.base), ("custom", &schema.definitions.custom)]
    {
        for (at, name) in
            definitions.to(half).to("required").each(stated.required.as_deref().unwrap_or_default())
        {
            // Okta gathers the list from the attributes; what it alone says would be ignored.
            report.ensure(organisation.property(name).is_some_and(Property::is_required), at, || {
                format!("the attribute \"{name}\" is not required; say required: true there, or take it out of this list")
            });
        }
    }
    let at = definitions.down("base.properties");
    for (name, stated) in &schema.definitions.base.properties {
        let Some(shipped) = shipped.get(name) else {
            let near = nearest(name, shipped.keys().map(String::as_str))
                .map(|near| format!("; did you mean \"{near}\"?"));
            let hint = near.unwrap_or_else(|| {
                "; your own attributes belong to definitions.custom.properties".into()
            });
            report.add(at.to(name), format!("there is no base attribute \"{name}\"{hint}"));
            continue;
        };
        base(name, stated, shipped, &at.to(name), report);
        text::attribute(stated, &at.to(name), report);
    }

    let at = definitions.down("custom.properties");
    for (name, property) in &schema.definitions.custom.properties {
        custom_name(name, shipped.keys().map(String::as_str), &at.to(name), report);
        custom(name, property, &at.to(name), report);
        text::attribute(property, &at.to(name), report);
    }
    for (name, _) in schema
        .definitions
        .custom
        .properties
        .iter()
        .filter(|(_, property)| property.is_unique())
        .skip(MOST_UNIQUE)
    {
        report.add(
            at.to(name).to("unique"),
            format!(
                "more than {MOST_UNIQUE} attributes are unique; make this or another one not unique"
            ),
        );
    }
}

/// True if an attribute may have this value: the very value, not one that only becomes right when
/// it is stored. A whole number may be written with a point.
fn is_value_of(name: &str, property: &Property, value: &Value) -> bool {
    if property.kind() == PropertyType::Array {
        let item = property.item();
        return value
            .as_array()
            .is_some_and(|items| items.iter().all(|value| is_value_of(name, &item, value)));
    }
    validate(name, property, value).is_ok_and(|stored| same(&stored, value))
}

/// True if this stands where text belongs because its quotes are missing.
fn is_unquoted(kind: PropertyType, value: &Value) -> bool {
    kind == PropertyType::String && matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
}

/// Two values are the same if this is ([`same`]).
fn comparable(value: &Value) -> String {
    match value {
        Value::String(text) => format!("text {}", text.nfc()),
        // `0.0` beside `-0.0`: one number.
        Value::Number(number) => format!("number {:?}", number.as_f64().map(|number| number + 0.0)),
        other => format!("{other}"),
    }
}

/// A base attribute may state what may be changed, and may repeat what is so anyway.
fn base(name: &str, stated: &Property, shipped: &Property, at: &At, report: &mut Report) {
    fn changed<T: PartialEq>(stated: Option<&T>, shipped: Option<&T>) -> bool {
        stated.is_some() && stated != shipped
    }
    for (key, changed) in [
        ("description", changed(stated.description.as_ref(), shipped.description.as_ref())),
        ("type", changed(stated.kind.as_ref(), shipped.kind.as_ref())),
        ("items", changed(stated.items.as_ref(), shipped.items.as_ref())),
        ("enum", changed(stated.enumeration.as_ref(), shipped.enumeration.as_ref())),
        ("oneOf", changed(stated.one_of.as_ref(), shipped.one_of.as_ref())),
        ("minimum", changed(stated.minimum.as_ref(), shipped.minimum.as_ref())),
        ("maximum", changed(stated.maximum.as_ref(), shipped.maximum.as_ref())),
        ("format", changed(stated.format.as_ref(), shipped.format.as_ref())),
        ("mutability", changed(stated.mutability.as_ref(), shipped.mutability.as_ref())),
        ("unique", stated.unique.is_some() && stated.is_unique() != shipped.is_unique()),
        ("default", changed(stated.default.as_ref(), shipped.default.as_ref())),
        ("sensitive", stated.sensitive == Some(true)),
    ] {
        report.ensure(!changed, at.to(key), || {
            "cannot be changed in a base attribute; title, required, permissions, minLength, maxLength and, of login, pattern can".into()
        });
    }
    let optional = stated.required == Some(false) && shipped.is_required();
    report.ensure(!optional || matches!(name, "firstName" | "lastName"), at.to("required"), || {
        format!("{name} cannot be made optional; of the base attributes, only firstName and lastName can")
    });
    if let Some(pattern) = &stated.pattern {
        report.ensure(name == "login", at.to("pattern"), || "only login can have a pattern".into());
        report.ensure(name != "login" || check_pattern(pattern).is_ok(), at.to("pattern"), || {
            format!("\"{pattern}\" is not supported; write \".+\", or \"[...]+\" with the characters that may occur, the hyphen first")
        });
    }
    permissions(stated, at, report);
    let (min_length, max_length) =
        (stated.min_length.or(shipped.min_length), stated.max_length.or(shipped.max_length));
    lengths(&Property { min_length, max_length, ..stated.clone() }, at, report);
}

fn custom_name<'a>(
    name: &str,
    mut base: impl Iterator<Item = &'a str>,
    at: &At,
    report: &mut Report,
) {
    if let Some(base) = base.find(|base| base.eq_ignore_ascii_case(name)) {
        report
            .add(at.clone(), format!("there is a base attribute \"{base}\"; choose another name"));
    } else if is_reserved_name(name) {
        report.add(at.clone(), format!("the name \"{name}\" is reserved; choose another"));
    } else if !is_attribute_name(name) {
        report.add(
            at.clone(),
            format!(
                "\"{name}\" cannot be a name; begin with a letter, go on with letters, digits and _"
            ),
        );
    }
}

fn custom(name: &str, property: &Property, at: &At, report: &mut Report) {
    let Some(kind) = property.kind else {
        report.add(at.to("type"), "say the type: string, boolean, number, integer or array");
        return;
    };
    let (is_text, number) = (
        kind == PropertyType::String,
        matches!(kind, PropertyType::Number | PropertyType::Integer),
    );
    let single = is_text || number;
    for (key, stated, fits, types) in [
        ("minLength", property.min_length.is_some(), is_text, "string"),
        ("maxLength", property.max_length.is_some(), is_text, "string"),
        ("format", property.format.is_some(), is_text, "string"),
        ("minimum", property.minimum.is_some(), number, "number or integer"),
        ("maximum", property.maximum.is_some(), number, "number or integer"),
        ("enum", property.enumeration.is_some(), single, "string, number or integer"),
        ("oneOf", property.one_of.is_some(), single, "string, number or integer"),
        ("unique", property.is_unique(), single, "string, number or integer"),
        ("items", property.items.is_some(), kind == PropertyType::Array, "array"),
    ] {
        report.ensure(!stated || fits, at.to(key), || {
            format!("is only for the type {types}; leave it out, or change the type")
        });
    }
    report.ensure(property.pattern.is_none(), at.to("pattern"), || {
        "only login can have a pattern; enum, format and lengths are for all".into()
    });
    report.ensure(kind != PropertyType::Array || property.items.is_some(), at.to("items"), || {
        "say the type of the items, as { type: string }".into()
    });
    if let Some(items) = &property.items {
        let fits = matches!(
            items.kind,
            PropertyType::String | PropertyType::Number | PropertyType::Integer
        );
        report.ensure(fits, at.down("items.type"), || {
            "the items of a list can be string, number or integer".into()
        });
    }
    permissions(property, at, report);
    lengths(property, at, report);
    range(property, at, report);
    if single {
        enumeration(name, property, at, report);
    }
    if let Some(default) = &property.default {
        let item = property.item().kind();
        for (at, value) in
            at.to("default").each(default.as_array().map(Vec::as_slice).unwrap_or_default())
        {
            if is_unquoted(item, value) {
                report.add_unquoted(at, value);
                return;
            }
        }
        if is_unquoted(kind, default) {
            report.add_unquoted(at.to("default"), default);
            return;
        }
        report.ensure(is_value_of(name, property, default), at.to("default"), || {
            format!("{default} is not a value that this attribute may have; write one of the right type that is within its enum, lengths and limits")
        });
        report.ensure(!property.is_unique(), at.to("default"), || {
            "two people would have this value; a unique attribute has no default".into()
        });
    }
}

/// `enum` and, in step with it, `oneOf`.
fn enumeration(name: &str, property: &Property, at: &At, report: &mut Report) {
    let Some(members) = &property.enumeration else {
        report.ensure(property.one_of.is_none(), at.to("oneOf"), || {
            "goes with enum; write enum with the same values in the same order".into()
        });
        return;
    };
    let list = at.to("enum");
    report.ensure(!members.is_empty(), list.clone(), || {
        "name at least one value, or leave enum out".into()
    });
    // What a member must be besides being a member: with the list in it, each would be looked up
    // among all.
    let alone = Property { enumeration: None, one_of: None, ..property.clone() };
    let mut seen = BTreeSet::new();
    let mut all_right = true;
    for (i, member) in members.iter().enumerate() {
        let right = is_value_of(name, &alone, member);
        all_right &= right;
        if is_unquoted(alone.kind(), member) {
            report.add_unquoted(list.to(i), member);
        } else if !right && member.as_str().is_some_and(|text| trim(text) != text) {
            let message =
                "has white space around it, which is dropped when people type it; take it away";
            report.add(list.to(i), format!("{member} {message}"));
        } else if !right {
            let lengths = "write one of the right type that is within its lengths and limits";
            report.add(
                list.to(i),
                format!("{member} is not a value that this attribute may have; {lengths}"),
            );
        }
        if !seen.insert(comparable(member)) {
            report.add(list.to(i), format!("{member} is there twice; keep one"));
        }
    }
    let Some(titled) = &property.one_of else { return };
    for (at, one) in
        at.to("oneOf").each(titled).filter(|(_, one)| is_unquoted(alone.kind(), &one.value))
    {
        all_right = false;
        report.add_unquoted(at.to("const"), &one.value);
    }
    let in_step = titled.len() == members.len()
        && titled.iter().zip(members).all(|(one, member)| same(&one.value, member));
    report.ensure(in_step || !all_right, at.to("oneOf"), || {
        let values = some_of(members.iter().map(|value| format!("{value}")), "none");
        format!(
            "is out of step with enum; it must have the same values in the same order: {values}"
        )
    });
}

fn permissions(property: &Property, at: &At, report: &mut Report) {
    let Some(permissions) = &property.permissions else { return };
    let at = at.to("permissions");
    report.ensure(permissions.len() == 1, at.clone(), || {
        "write one entry: { principal: SELF, action: READ_WRITE }".into()
    });
    for (at, permission) in at.each(permissions) {
        report.ensure(permission.principal == "SELF", at.to("principal"), || {
            format!(
                "the principal {} is not supported; write SELF",
                listed([&permission.principal].into_iter())
            )
        });
    }
}

/// Whether some text is long and short enough.
fn lengths(stated: &Property, at: &At, report: &mut Report) {
    let (least, most, unsaid) = (stated.min_length, stated.max_length, max_length(stated));
    let least = least.unwrap_or(0);
    match most {
        Some(0) => report.add(at.to("maxLength"), "0 lets no text through; write 1 or more, or leave the key out"),
        Some(most) => report.ensure(least <= most, at.to("minLength"), || "is above maxLength, so that no value would do".into()),
        None => report.ensure(least <= unsaid, at.to("minLength"), || {
            format!("is above {unsaid}, which is the most where nothing is said, so that no value would do; write maxLength too")
        }),
    }
}

/// Whether there is a number between the limits. The message stands at the limit that was written
/// down.
fn range(property: &Property, at: &At, report: &mut Report) {
    let key = if property.minimum.is_some() { "minimum" } else { "maximum" };
    match (property.minimum, property.maximum) {
        (Some(least), Some(most)) if least > most => report.add(at.to(key), "is above maximum, so that no value would do"),
        (least, most) => report.ensure(some_number(property.kind(), least, most), at.to(key), || {
            "leaves no number that would do; allow for one within ±(2^53 - 1), a whole one where the type is integer".into()
        }),
    }
}
