//! Whether a whole organisation makes sense: references, read-only attributes that are required, identifiers, limits.
//!
//! The types already keep out what has the wrong shape. This is about what has the right shape and would still lock people out, weaken the
//! sign-in or do nothing; policies.md lists it, security.md adds its limits. What Okta has and we do not have yet is refused by name: a setting
//! that is silently ignored is worse than one that is missing.

mod app;
mod authenticator;
mod enrollment;
mod policy;
mod report;
mod schema;
mod settings;
mod sign_on;
mod text;
mod ui;
mod uri;

use alloc::string::String;
use alloc::vec::Vec;

use super::{EVERYONE, Organisation};
use report::{At, Report};

pub use report::nearest;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys and indices from the root, e.g. `["apps", "0", "groups", "1"]`. The last may be a key that is missing.
    pub path: Vec<String>,
    /// What is wrong, and what would be right. No trailing full stop.
    pub message: String,
}

/// Everything that is wrong with `organisation`, in the order of the file. Empty: it can be used.
#[must_use]
pub fn check(organisation: &Organisation) -> Vec<Problem> {
    let mut report = Report::default();
    settings::check(organisation, &mut report);
    schema::check(&organisation.user_schema, &mut report);
    ui::check(organisation, &mut report);
    groups(organisation, &mut report);
    authenticator::check(organisation, &mut report);
    policy::check(organisation, &mut report);
    app::check(organisation, &mut report);
    report.into_problems()
}

/// What can be used and is yet probably not meant, in the order of the file.
#[must_use]
pub fn warnings(organisation: &Organisation) -> Vec<Problem> {
    let mut report = Report::default();
    enrollment::warnings(organisation, &mut report);
    authenticator::warnings(organisation, &mut report);
    app::warnings(organisation, &mut report);
    report.into_problems()
}

fn groups(organisation: &Organisation, report: &mut Report) {
    let at = At::root("groups");
    report.distinct("group id", at.each(&organisation.groups).map(|(at, group)| (at.to("id"), group.id.as_str())));
    for (at, _) in at.each(&organisation.groups).filter(|(_, group)| group.id == EVERYONE) {
        report.add(at.to("id"), "the group \"everyone\" is built in; leave it out, or choose another id");
    }
    for (at, group) in at.each(&organisation.groups).map(|(at, group)| (at.to("profile"), &group.profile)) {
        text::label(&group.name, at.to("name"), "say what the group is called", report);
        text::description(group.description.as_deref(), &at, report);
    }
}

/// The ids of all groups, the built-in one included.
fn group_ids(organisation: &Organisation) -> impl Iterator<Item = &str> + Clone {
    core::iter::once(EVERYONE).chain(organisation.groups.iter().map(|group| group.id.as_str()))
}
