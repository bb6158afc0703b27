//! Whether a whole organisation makes sense: references, read-only attributes that are required,
//! identifiers, limits.
//!
//! The types already keep out what has the wrong shape. This is about what has the right shape and
//! would still lock people out, weaken the sign-in or do nothing; policies.md lists it, security.md
//! adds its limits. What Okta has and we do not have yet is refused by name: a setting that is
//! silently ignored is worse than one that is missing.

mod app;
mod authenticator;
mod enrollment;
mod index;
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
use index::Index;
use report::{At, Report};

pub use report::nearest;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys and indices from the root, e.g. `["apps", "0", "groups", "1"]`. The last may be
    /// a key that is missing.
    pub path: Vec<String>,
    /// What is wrong, and what would be right. No trailing full stop.
    pub message: String,
    /// Text is expected and something else is there, for want of quotes. What belongs between them
    /// is how the value was written, which only the reader of the file knows: `01` is the number 1
    /// here.
    pub unquoted: bool,
}

/// What is wrong with `organisation`, in the order of the file: the first hundred problems. Empty:
/// it can be used.
#[must_use]
pub fn check(organisation: &Organisation) -> Vec<Problem> {
    let organisation = &Index::of(organisation);
    let mut report = Report::default();
    settings::check(organisation, &mut report);
    schema::check(organisation, &mut report);
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
    let organisation = &Index::of(organisation);
    let mut report = Report::default();
    enrollment::warnings(organisation, &mut report);
    authenticator::warnings(organisation, &mut report);
    app::warnings(organisation, &mut report);
    report.into_problems()
}

fn groups(organisation: &Organisation, report: &mut Report) {
    let at = At::root("groups");
    report.distinct(
        "group id",
        at.each(&organisation.groups).map(|(at, group)| (at.to("id"), group.id.as_str())),
    );
    for (at, _) in at.each(&organisation.groups).filter(|(_, group)| group.id == EVERYONE) {
        report.add(
            at.to("id"),
            "the group \"everyone\" is built in; leave it out, or choose another id",
        );
    }
    for (at, group) in
        at.each(&organisation.groups).map(|(at, group)| (at.to("profile"), &group.profile))
    {
        text::label(&group.name, at.to("name"), "say what the group is called", report);
        text::description(group.description.as_deref(), &at, report);
    }
}
