//! Texts that become a mail's subject or a page's label.

use alloc::format;
use alloc::string::String;

use super::report::{At, Report};
use crate::attribute::is_forbidden;
use crate::organisation::Property;
use crate::text::is_blank;

/// Code points of a name that stands in the subject of a mail: the company's, an app's.
const LONGEST_NAME: usize = 100;

/// Code points of any other text that people read: what they agree to at a check box is long.
const LONGEST_LABEL: usize = 255;

/// Code points of a description, which no page shows.
const LONGEST_DESCRIPTION: usize = 1_024;

/// The texts of an attribute.
pub(super) fn attribute(property: &Property, at: &At, report: &mut Report) {
    optional(
        property.title.as_deref(),
        at.to("title"),
        "say what the attribute is called, or leave the key out",
        report,
    );
    description(property.description.as_deref(), at, report);
    for (at, one) in at.to("oneOf").each(property.one_of.as_deref().unwrap_or_default()) {
        label(&one.title, at.to("title"), "say what people read for this value", report);
    }
}

/// A name that stands in the subject of a mail.
pub(super) fn name(text: &str, at: At, missing: &str, report: &mut Report) {
    wording(text, LONGEST_NAME, at, missing, report);
}

/// A label on a page.
pub(super) fn label(text: &str, at: At, missing: &str, report: &mut Report) {
    wording(text, LONGEST_LABEL, at, missing, report);
}

/// A label that may be left out.
pub(super) fn optional(text: Option<&str>, at: At, missing: &str, report: &mut Report) {
    if let Some(text) = text {
        label(text, at, missing, report);
    }
}

/// A description.
pub(super) fn description(text: Option<&str>, at: &At, report: &mut Report) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        wording(
            text,
            LONGEST_DESCRIPTION,
            at.to("description"),
            "say something that can be read, or leave the key out",
            report,
        );
    }
}

/// One line that can be read, and is not too long.
fn wording(text: &str, longest: usize, at: At, missing: &str, report: &mut Report) {
    if let Some(fault) = fault(text, longest, missing) {
        report.add(at, fault);
    }
}

fn fault(text: &str, longest: usize, missing: &str) -> Option<String> {
    if is_blank(text) {
        let unseen = if text.chars().all(char::is_whitespace) {
            ""
        } else {
            "has nothing that can be seen; "
        };
        return Some(format!("{unseen}{missing}"));
    }
    if let Some(c) = text.chars().find(|c| is_forbidden(*c)) {
        let code = u32::from(c);
        return Some(match c {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                "has a line break; write it on one line".into()
            }
            c if c.is_control() => format!("has a control character (U+{code:04X}); take it out"),
            _ => format!(
                "has a character that changes the direction of the text around it (U+{code:04X}); take it out"
            ),
        });
    }
    let length = text.chars().count();
    (length > longest).then(|| format!("has {length} characters; at most {longest}"))
}
