//! The profile enrollment policies (policies.md §1, §3.7).

use alloc::format;
use alloc::string::String;

use super::index::Index;
use super::report::{At, Report, listed};
use super::text;
use crate::assurance::{Who, enrolment, of_everybody};
use crate::attribute::{MAX_IDENTIFIER, is_attribute_name, is_reserved_name};
use crate::organisation::{
    Access, Action, AuthenticatorKey, EVERYONE, EnrollmentRule, Mutability, Organisation, Policy,
    ProfileAttribute, ProfileEnrollment, Property, PropertyType, SelfEnroll, Status,
};
use crate::text::is_blank;

/// Fields of a form; above the second number people give up (policies.md §13).
const MOST_FIELDS: usize = 30;
const MANY_FIELDS: usize = 10;
/// `login` and two more.
const MOST_IDENTIFIERS: usize = 3;

/// One policy.
pub(super) fn check(
    organisation: &Index<'_>,
    policy: &Policy<EnrollmentRule>,
    at: &At,
    report: &mut Report,
) {
    report.ensure(!policy.system || policy.name.contains("Default"), at.to("name"), || {
        format!("Okta's tools find the default policy by its name; \"{}\" must contain \"Default\", as in \"Default Policy\"", policy.name)
    });
    report.ensure(policy.rules.len() == 1, at.to("rules"), || {
        format!("has {} rules; a profile enrollment policy has exactly one", policy.rules.len())
    });
    for (at, rule) in at.to("rules").each(&policy.rules) {
        let (kind, written) = ("PROFILE_ENROLLMENT", rule.kind.as_deref());
        report.ensure(written.is_none_or(|written| written == kind), at.to("type"), || {
            format!("must be \"{kind}\"; or leave the key out")
        });
        report.ensure(rule.status == Status::Active, at.to("status"), || {
            "the one rule of a profile enrollment policy must be ACTIVE".into()
        });
        self::rule(
            organisation,
            policy.registers(),
            &rule.actions.profile_enrollment,
            &at.down("actions.profileEnrollment"),
            report,
        );
    }
}

pub(super) fn warnings(organisation: &Index<'_>, report: &mut Report) {
    for (at, policy) in At::root("policies")
        .to("PROFILE_ENROLLMENT")
        .each(&organisation.policies.profile_enrollment)
    {
        // Okta's guide for several identifiers writes them, and Okta forgets them (policies.md
        // §13).
        report.ensure(of_everybody(policy.conditions.as_ref()), at.to("conditions"), || {
            "has no effect: a profile enrollment policy is chosen by the apps that name it; leave the conditions out".into()
        });
        for (at, rule) in at.to("rules").each(&policy.rules) {
            let (at, rule) =
                (at.down("actions.profileEnrollment"), &rule.actions.profile_enrollment);
            shadows(organisation, rule, &at.to("allowedIdentifiers"), report);
            // Where answers must not tell who has an account, everybody proves the mailbox first.
            let proven_anyway = organisation.settings.user_enumeration_prevention.authentication
                && policy.registers();
            report.ensure(
                !proven_anyway || rule.activation_requirements.email_verification,
                at.down("activationRequirements.emailVerification"),
                || "has no effect while userEnumerationPrevention is on: the mailbox is always proven first".into(),
            );
            let form = &rule.profile_attributes;
            let at = at.to("profileAttributes");
            report.ensure(form.len() <= MANY_FIELDS, at.clone(), || {
                format!("{} fields are many; ask for {MANY_FIELDS} at most, and for the rest at a later sign-in", form.len())
            });
            for (at, attribute) in at
                .each(form)
                .filter(|(_, attribute)| organisation.property(&attribute.name).is_none())
            {
                if let Some(near) =
                    report.nearest(&attribute.name, organisation.properties().map(|(name, _)| name))
                {
                    let name = &attribute.name;
                    report.add(
                        at.to("name"),
                        format!("\"{name}\" is not in the user schema, so it is asked for and not stored; did you mean \"{near}\"?"),
                    );
                }
            }
        }
    }
}

/// Identifiers that people write themselves and that are looked at before the username (policies.md
/// §1.6: the first match decides).
fn shadows(organisation: &Index<'_>, rule: &ProfileEnrollment, at: &At, report: &mut Report) {
    let before_login = at.each(&rule.allowed_identifiers).take_while(|(_, name)| *name != "login");
    for (at, name) in
        before_login.filter(|(_, name)| organisation.property(name).is_some_and(Property::writable))
    {
        report.add(
            at,
            format!(
                "people write \"{name}\" themselves, and it stands before \"login\": one who takes another person's username for it keeps that \
                 person from signing in; put \"login\" first, or make \"{name}\" READ_ONLY"
            ),
        );
    }
}

fn rule(
    organisation: &Index<'_>,
    registers: bool,
    rule: &ProfileEnrollment,
    at: &At,
    report: &mut Report,
) {
    report.ensure(rule.access == Access::Allow, at.to("access"), || {
        "cannot be DENY; write ALLOW, and DENY in unknownUserAction to have no sign-up".into()
    });

    let groups = at.to("targetGroupIds");
    report.ensure(rule.target_groups().len() <= 1, groups.clone(), || {
        format!("names {} groups; at most one", rule.target_groups().len())
    });
    for (at, group) in groups.each(rule.target_groups()) {
        if group == EVERYONE {
            report.add(at, format!("everybody is in the group \"{EVERYONE}\" anyway; name another one, or leave the key out"));
        } else {
            report.refer(at, &organisation.own_group_names, group);
        }
    }

    let hooks = rule.pre_registration_inline_hooks.as_deref().unwrap_or_default();
    report.ensure(hooks.is_empty(), at.to("preRegistrationInlineHooks"), || {
        "inline hooks are not built yet; leave the key out".into()
    });

    if let Some(id) = &rule.ui_schema_id {
        report.refer(at.to("uiSchemaId"), &organisation.ui_schema_names, id);
    }
    password(organisation, rule, at, report);
    identifiers(organisation, rule, &at.to("allowedIdentifiers"), report);
    form(organisation, registers, rule, &at.to("profileAttributes"), report);
}

/// What the authenticator enrollment policy of the people who sign up has to say about the
/// password.
fn password(organisation: &Organisation, rule: &ProfileEnrollment, at: &At, report: &mut Report) {
    let who = Who { user: None, groups: rule.target_groups().iter().cloned().collect() };
    if enrolment(organisation, &who, AuthenticatorKey::OktaPassword) == SelfEnroll::Required {
        return;
    }
    report.ensure(!rule.password_on_form(), at.to("enrollAuthenticatorTypes"), || {
        "the MFA_ENROLL policy of the people who sign up here does not require the password; make okta_password REQUIRED there, or leave this out"
            .into()
    });
    // policies.md §3.7: else there would be an account with no proof of anything.
    report.ensure(rule.activation_requirements.email_verification, at.down("activationRequirements.emailVerification"), || {
        "must be true, since people who sign up here may have no password; or make okta_password REQUIRED in their MFA_ENROLL policy".into()
    });
}

/// policies.md §1.6.
fn identifiers(organisation: &Index<'_>, rule: &ProfileEnrollment, at: &At, report: &mut Report) {
    let names = &rule.allowed_identifiers;
    report.distinct("identifier", at.each(names).map(|(at, name)| (at, name.as_str())));
    report.ensure(names.len() <= MOST_IDENTIFIERS, at.clone(), || {
        format!("names {} identifiers; at most {MOST_IDENTIFIERS}", names.len())
    });
    report.ensure(names.iter().any(|name| name == "login"), at.clone(), || {
        "\"login\" must be one of the identifiers; add it".into()
    });
    let custom = &organisation.user_schema.definitions.custom.properties;
    for (at, name) in at.each(names).filter(|(_, name)| *name != "login") {
        match custom.get(name) {
            None => report.refer(at, &organisation.identifier_names, name),
            Some(property) => {
                let fits = property.kind() == PropertyType::String
                    && property.is_unique()
                    && property.sensitive != Some(true)
                    && property.action() != Action::Hide;
                let longest = property.max_length.unwrap_or(MAX_IDENTIFIER);
                report.ensure(longest <= MAX_IDENTIFIER, at.clone(), || {
                    format!("\"{name}\" may have {longest} characters, more than the {MAX_IDENTIFIER} that people sign in with; lower its maxLength")
                });
                report.ensure(fits, at, || {
                    format!("\"{name}\" cannot be an identifier; that takes a custom attribute of type string, unique, not sensitive, not hidden")
                });
            }
        }
    }
}

fn form(
    organisation: &Index<'_>,
    registers: bool,
    rule: &ProfileEnrollment,
    at: &At,
    report: &mut Report,
) {
    let attributes = &rule.profile_attributes;
    if attributes.len() > MOST_FIELDS {
        report.add(
            at.clone(),
            format!("{} fields are too many; at most {MOST_FIELDS}", attributes.len()),
        );
        return;
    }
    report.distinct(
        "attribute",
        at.each(attributes).map(|(at, attribute)| (at.to("name"), attribute.name.as_str())),
    );
    for (at, attribute) in at.each(attributes) {
        text::label(&attribute.label, at.to("label"), "say what the field is called", report);
        field(organisation, attribute, &at, report);
    }
    for (name, property) in organisation
        .properties()
        .filter(|(name, property)| property.is_required() && *name != "login")
    {
        if report.is_full() {
            return;
        }
        // The email and the names are on every form; the organisation's own where people make
        // accounts (policies.md §1, edge cases).
        let always = matches!(name, "email" | "firstName" | "lastName");
        if !always && !registers {
            continue;
        }
        match at.each(attributes).find(|(_, attribute)| attribute.name == name) {
            None => match at.each(attributes).find(|(_, attribute)| is_misspelt(organisation, &attribute.name, name, report)) {
                Some((at, ProfileAttribute { name: wrong, .. })) => {
                    report.add(
                        at.to("name"),
                        format!("there is no attribute \"{wrong}\", and the user schema requires \"{name}\"; did you mean that?"),
                    );
                }
                None => report.add(at.clone(), missing(name, property)),
            },
            Some((at, attribute)) => report.ensure(attribute.required, at.to("required"), || {
                format!("the user schema requires \"{name}\", so the form must too; write required: true")
            }),
        }
    }
}

/// True if `wrong`, which is in no schema, looks like an attempt at `name`.
fn is_misspelt(organisation: &Index<'_>, wrong: &str, name: &str, report: &mut Report) -> bool {
    organisation.property(wrong).is_none()
        && report.nearest(wrong, core::iter::once(name)).is_some()
}

fn missing(name: &str, property: &Property) -> String {
    let label = property.title.as_deref().unwrap_or(name);
    format!(
        "the user schema requires \"{name}\"; add {{ name: {name}, label: {label}, required: true }}"
    )
}

/// What nobody can fill in would lock people out (policies.md §1, edge cases).
fn field(organisation: &Index<'_>, attribute: &ProfileAttribute, at: &At, report: &mut Report) {
    let (at, name) = (at.to("name"), &attribute.name);
    let Some(property) = organisation.property(name) else {
        stranger(organisation, name, at, report);
        return;
    };
    let fault = match (property.action(), property.mutability) {
        _ if property.kind() == PropertyType::Array => "is a list, which cannot be on a form",
        _ if property.sensitive == Some(true) => "is sensitive, which cannot be on a form",
        (Action::ReadOnly, _) => {
            "is READ_ONLY, so that people could not fill it in; give SELF the permission READ_WRITE in the user schema"
        }
        (Action::Hide, _) => {
            "is hidden (HIDE), so that people could not fill it in; give SELF the permission READ_WRITE in the user schema"
        }
        (Action::ReadWrite, None | Some(Mutability::ReadWrite)) => return,
        (Action::ReadWrite, Some(_)) => {
            "has a mutability other than READ_WRITE, so that people could not fill it in at any sign-in"
        }
    };
    report.add(at, format!("\"{name}\" {fault}"));
}

/// A name that is in no schema: it is asked for and not stored (policies.md §1).
fn stranger(organisation: &Index<'_>, name: &str, at: At, report: &mut Report) {
    if is_blank(name) {
        return;
    }
    if let Some(near) = organisation.alike(name) {
        report.add(
            at,
            format!("there is no attribute \"{name}\"; did you mean {}?", listed([near].iter())),
        );
    } else if is_reserved_name(name) {
        report.add(at, format!("the name \"{name}\" is reserved; choose another"));
    } else if !is_attribute_name(name) {
        report.add(
            at,
            format!(
                "\"{name}\" cannot be a name; begin with a letter, go on with letters, digits and _"
            ),
        );
    }
}
