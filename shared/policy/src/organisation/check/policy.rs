//! What all policies have in common: ids, the default policy, conditions.

use alloc::format;

use super::index::Index;
use super::report::{At, Report};
use super::{authenticator, enrollment, sign_on};
use crate::assurance::of_everybody;
use crate::organisation::{PeopleCondition, Policy, PolicyConditions, Status};

pub(super) fn check(organisation: &Index<'_>, report: &mut Report) {
    let root = At::root("policies");
    let policies = &organisation.policies;
    report.distinct(
        "policy id",
        ids(root.to("PROFILE_ENROLLMENT"), &policies.profile_enrollment)
            .chain(ids(root.to("OKTA_SIGN_ON"), &policies.global_session))
            .chain(ids(root.to("ACCESS_POLICY"), &policies.access))
            .chain(ids(root.to("MFA_ENROLL"), &policies.authenticator_enrollment))
            .chain(ids(root.to("PASSWORD"), &policies.password)),
    );

    let at = section(&root, "PROFILE_ENROLLMENT", &policies.profile_enrollment, report);
    for (at, policy) in at.each(&policies.profile_enrollment) {
        enrollment::check(organisation, policy, &at, report);
    }
    let at = section(&root, "OKTA_SIGN_ON", &policies.global_session, report);
    for (at, policy) in at.each(&policies.global_session) {
        applies_to(organisation, policy, &at, report);
        sign_on::global_session(organisation, policy, &at, report);
    }
    let at = section(&root, "ACCESS_POLICY", &policies.access, report);
    for (at, policy) in at.each(&policies.access) {
        applies_to(organisation, policy, &at, report);
        mapped_by_apps(policy, &at, report);
        sign_on::access(organisation, policy, &at, report);
    }
    let at = section(&root, "MFA_ENROLL", &policies.authenticator_enrollment, report);
    for (at, policy) in at.each(&policies.authenticator_enrollment) {
        applies_to(organisation, policy, &at, report);
        authenticator::enrollment(policy, &at, report);
    }
    let at = section(&root, "PASSWORD", &policies.password, report);
    for (at, policy) in at.each(&policies.password) {
        applies_to(organisation, policy, &at, report);
        authenticator::password(policy, &at, report);
    }
}

/// The people to whom a policy or a rule applies. User ids are not part of the organisation, so
/// they cannot be looked up.
pub(super) fn conditions(
    organisation: &Index<'_>,
    conditions: Option<&PolicyConditions>,
    at: &At,
    report: &mut Report,
) {
    let Some(PeopleCondition { groups: Some(groups), .. }) =
        conditions.and_then(|conditions| conditions.people.as_ref())
    else {
        return;
    };
    let at = at.down("conditions.people.groups");
    for (key, ids) in [("include", &groups.include), ("exclude", &groups.exclude)] {
        for (at, id) in at.to(key).each(ids) {
            report.refer(at, &organisation.group_names, id);
        }
    }
}

/// What holds for every type of policy: one default policy, for everybody.
fn section<R, S>(root: &At, kind: &str, policies: &[Policy<R, S>], report: &mut Report) -> At {
    let section = root.to(kind);
    let defaults = || section.each(policies).filter(|(_, policy)| policy.system);
    report.ensure(defaults().next().is_some(), section.clone(), || {
        format!("there is no default policy for {kind}; say system: true in one, which applies where no other does")
    });
    for (at, _) in defaults().skip(1) {
        report.add(
            at.to("system"),
            format!("there are two default policies for {kind}; keep system: true in one"),
        );
    }
    for (at, policy) in section.each(policies) {
        if let Some(written) = policy.kind.as_deref().filter(|written| *written != kind) {
            report.add(at.to("type"), format!("\"{written}\" stands in the section {kind}; write \"{kind}\", leave the key out, or move the policy"));
        }
        report.ensure(!policy.system || policy.status == Status::Active, at.to("status"), || {
            "the default policy must be ACTIVE".into()
        });
    }
    section
}

/// The people to whom a policy applies: everybody, if it is the default one. Those of a profile
/// enrollment policy nobody asks about (policies.md §13).
fn applies_to<R, S>(organisation: &Index<'_>, policy: &Policy<R, S>, at: &At, report: &mut Report) {
    conditions(organisation, policy.conditions.as_ref(), at, report);
    report.ensure(
        !policy.system || of_everybody(policy.conditions.as_ref()),
        at.to("conditions"),
        || "the default policy applies to everybody; leave its conditions out".into(),
    );
}

/// A policy that apps name is chosen by nothing else (policies.md §7.1).
fn mapped_by_apps<R, S>(policy: &Policy<R, S>, at: &At, report: &mut Report) {
    report.ensure(
        policy.system || of_everybody(policy.conditions.as_ref()),
        at.to("conditions"),
        || "is chosen by the apps that name it, never by conditions; leave them out".into(),
    );
}

fn ids<R, S>(at: At, policies: &[Policy<R, S>]) -> impl Iterator<Item = (At, &str)> {
    policies.iter().enumerate().map(move |(i, policy)| (at.to(i).to("id"), policy.id.as_str()))
}
