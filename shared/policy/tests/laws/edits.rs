//! What holds when a policy changes while a page is open: everything that a page offered is tried
//! after every change (security.md R-S9).

use policy::form::Form;
use policy::message::Place;
use policy::organisation::check::check;
use policy::organisation::{
    EnrollAuthenticator, FactorMode, Organisation, PrimaryFactor, ProfileAttribute,
    ProfileEnrollment, SelfEnroll, UnknownUserAction,
};
use policy::remediation::{Remediation, Standing, remediations};
use policy::requirement::Refusal;
use policy::secret::Secret;
use policy::step::{Effect, Input, Outdated, Rejection, StepError, step};
use policy::transaction::{Subject, Transaction};
use policy::user::Profile;
use serde_json::json;

use super::Seen;
use super::walk::{Tried, filled, tried, walk};
use super::world::{World, worlds};

type Edit = fn(&mut Organisation);

const EDITS: [(&str, Edit); 12] = [
    ("attributes leave", |organisation| {
        enrollment(organisation).profile_attributes.retain(|asked| asked.name != "shoeSize")
    }),
    ("a required one joins", |organisation| join(organisation, "favouriteColour", true)),
    ("an optional one joins", |organisation| join(organisation, "favouriteColour", false)),
    ("all become required", |organisation| {
        enrollment(organisation)
            .profile_attributes
            .iter_mut()
            .for_each(|asked| asked.required = true)
    }),
    ("all become optional", |organisation| {
        let asked = enrollment(organisation).profile_attributes.iter_mut();
        asked.filter(|asked| asked.name != "email").for_each(|asked| asked.required = false);
    }),
    ("choices narrow", narrow),
    ("the password joins or leaves", |organisation| {
        let types = &mut enrollment(organisation).enroll_authenticator_types;
        *types = if types.is_some() { None } else { Some(vec![EnrollAuthenticator::Password]) };
    }),
    ("sign-up closes", |organisation| {
        enrollment(organisation).unknown_user_action = Some(UnknownUserAction::Deny)
    }),
    ("another policy", |organisation| {
        organisation.apps[0].profile_enrollment = Some("newsletter-enrollment".into())
    }),
    ("the first page changes", |organisation| {
        for rule in
            organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
        {
            let factor = &mut rule.actions.signon.primary_factor;
            *factor = if *factor == PrimaryFactor::PasswordIdp {
                PrimaryFactor::PasswordIdpAnyFactor
            } else {
                PrimaryFactor::PasswordIdp
            };
        }
    }),
    ("two factors", |organisation| {
        let policy = organisation
            .policies
            .access
            .iter_mut()
            .find(|policy| policy.id == "one-factor")
            .unwrap();
        let mode = &mut policy.rules[0].actions.app_sign_on.verification_method.factor_mode;
        *mode = if *mode == FactorMode::OneFactor {
            FactorMode::TwoFactors
        } else {
            FactorMode::OneFactor
        };
    }),
    ("other authenticators", |organisation| {
        for one in &mut organisation.policies.authenticator_enrollment[0]
            .settings
            .as_mut()
            .unwrap()
            .authenticators
        {
            one.enroll.own = if one.enroll.own == SelfEnroll::Optional {
                SelfEnroll::Required
            } else {
                SelfEnroll::Optional
            };
        }
    }),
];

fn enrollment(organisation: &mut Organisation) -> &mut ProfileEnrollment {
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    &mut policy.rules[0].actions.profile_enrollment
}

fn join(organisation: &mut Organisation, name: &str, required: bool) {
    let asked = &mut enrollment(organisation).profile_attributes;
    if !asked.iter().any(|one| one.name == name) {
        asked.push(ProfileAttribute { name: name.into(), label: name.into(), required });
    }
}

/// Of each list of allowed values the last one stays.
fn narrow(organisation: &mut Organisation) {
    for property in organisation.user_schema.definitions.custom.properties.values_mut() {
        if let Some(list) = &mut property.enumeration {
            list.drain(..list.len() - 1);
        }
        if let Some(list) = &mut property.one_of {
            list.drain(..list.len() - 1);
        }
    }
}

#[test]
fn whoever_has_a_page_open_while_a_policy_changes_is_led_on() {
    let mut seen = Seen::new();
    for mut world in worlds(3) {
        join(&mut world.organisation, "shoeSize", true);
        let graph = walk(&world, |_| {});
        for (name, edit) in EDITS {
            let mut organisation = world.organisation.clone();
            edit(&mut organisation);
            // What the check refuses is never put into effect.
            if !check(&organisation).is_empty() {
                continue;
            }
            let edited = World {
                name: format!("{} {name}", world.name),
                organisation,
                people: world.people.clone(),
            };
            // Of each kind of page some are enough.
            for (before, since) in graph.states.iter().step_by(1 + graph.states.len() / 40) {
                let Standing::Offered(page) = remediations(&world.context(*since), before) else {
                    continue;
                };
                for input in page.iter().flat_map(sent) {
                    tried(&edited, before, &input, *since, &mut |tried| {
                        let holds = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                            is_led_on(tried, &page)
                        }));
                        assert!(holds.is_ok(), "{name}\n{}", tried.story());
                        count(tried, name, &mut seen);
                    });
                    for worse in with_more(&input) {
                        tried(&edited, before, &worse, *since, &mut |tried| {
                            assert!(takes_nothing_more(tried), "{}", tried.story())
                        });
                    }
                }
            }
        }
    }
    for what in [
        "attributes leave: taken",
        "a required one joins: redrawn",
        "an optional one joins: taken",
        "all become required: taken",
        "choices narrow: redrawn",
        "the password joins or leaves: taken",
        "the password joins or leaves: redrawn",
        "sign-up closes: redrawn",
        "another policy: redrawn",
        "the first page changes: redrawn",
        "two factors: redrawn",
    ] {
        assert!(
            seen.get(what).is_some_and(|times| *times > 3),
            "{what} hardly ever happened: {seen:?}"
        );
    }
}

/// What somebody sends who does what the page offers, and does it right.
fn sent(offered: &Remediation) -> Vec<Input> {
    let secret = || Secret::new("a long enough password");
    let form = |form: &Form| filled(form, "new@example.com");
    match offered {
        Remediation::Identify { with_password } => ["ada@example.com", "nobody@example.com"]
            .map(|identifier| Input::Identify {
                identifier: identifier.into(),
                password: with_password.then(secret),
            })
            .into(),
        Remediation::SelectEnrollProfile | Remediation::EditRegistration => {
            vec![Input::SelectEnrollProfile]
        }
        Remediation::SelectIdentify => vec![Input::SelectIdentify],
        Remediation::EnrollProfile { form: asked, password } => {
            vec![Input::EnrollProfile {
                profile: form(asked),
                password: password.as_ref().map(|_| secret()),
            }]
        }
        Remediation::UpdateProfile { form: asked } => vec![Input::UpdateProfile(form(asked))],
        Remediation::Email { .. } => {
            vec![Input::AnswerEmail(Secret::new("123456")), Input::Resend, Input::Poll]
        }
        Remediation::EnrollPassword { .. } => vec![Input::EnrollPassword(secret())],
        Remediation::Password => vec![Input::AnswerPassword(secret())],
        Remediation::SelectAuthenticator(keys) => {
            keys.iter().map(|key| Input::SelectAuthenticator(*key)).collect()
        }
        Remediation::SelectAuthenticatorEnroll { keys, .. } => {
            keys.iter().map(|key| Input::SelectAuthenticatorEnroll(*key)).collect()
        }
        Remediation::Skip => vec![Input::Skip],
        Remediation::Cancel => vec![Input::Cancel],
    }
}

/// What a page offered is taken, or another page is shown; nothing is told of a field that the page
/// does not have.
fn is_led_on(tried: &Tried<'_>, page: &[Remediation]) {
    let decision = match &tried.result {
        Ok(decision) => decision,
        Err(StepError::NotOffered) => {
            let closed =
                *tried.input == Input::SelectEnrollProfile && !tried.context.offers_registration();
            let refused = [Refusal::AccessDenied, Refusal::NotAssigned].map(Standing::Refused);
            assert!(closed || refused.contains(&remediations(&tried.context, tried.before)));
            return;
        }
        Err(StepError::Malformed) => panic!("this was offered"),
    };
    match decision.rejection {
        Some(Rejection::Outdated(Outdated::Changed)) => {
            assert_eq!(
                Transaction { shown: None, ..decision.transaction.clone() },
                Transaction { shown: None, ..tried.before.clone() }
            );
            assert!(
                decision.effects.is_empty()
                    && decision.counts.is_empty()
                    && decision.mail.is_none()
            );
            // Once: then the client has today's page.
            let again =
                step(&tried.context, decision.transaction.clone(), tried.input, tried.facts);
            assert!(again.is_err() || again.unwrap().rejection != decision.rejection);
        }
        Some(Rejection::Outdated(Outdated::SignUpClosed)) => {
            assert_eq!(decision.transaction.subject, Subject::Visitor)
        }
        Some(Rejection::Invalid) => {
            let there = |name: &String| {
                page.iter().any(|one| fields(one).is_some_and(|form| form.field(name).is_some()))
            };
            for notice in &decision.notices {
                assert!(
                    !matches!(&notice.place, Place::Attribute(name) if !there(name)),
                    "{notice:?}"
                );
            }
        }
        _ => {}
    }
    stores_what_is_asked(tried);
}

fn fields(offered: &Remediation) -> Option<&Form> {
    match offered {
        Remediation::EnrollProfile { form, .. } | Remediation::UpdateProfile { form } => Some(form),
        _ => None,
    }
}

/// Nothing is stored that is not asked for today, but what was there before and what is made of it.
fn stores_what_is_asked(tried: &Tried<'_>) {
    let Ok(decision) = &tried.result else { return };
    let asked = |name: &String| {
        tried.context.enrollment.profile_attributes.iter().any(|one| one.name == *name)
            || name == "login"
    };
    let default = |name: &String| {
        tried
            .context
            .organisation
            .user_schema
            .property(name)
            .is_some_and(|property| property.default.is_some())
    };
    for effect in &decision.effects {
        let (Effect::CreateUser { user, .. } | Effect::SaveUser { user, .. }) = effect else {
            continue;
        };
        let had = tried
            .world
            .people
            .iter()
            .find(|person| person.id == user.id)
            .map(|person| person.profile.clone())
            .unwrap_or_default();
        for name in user.profile.keys() {
            assert!(asked(name) || default(name) || had.contains_key(name), "{name} is stored");
        }
    }
}

/// The same with an attribute that no page ever offered.
fn with_more(input: &Input) -> Vec<Input> {
    let more = |profile: &Profile| {
        let mut more = profile.clone();
        more.insert("memberSince".into(), json!("2026-01-01T00:00:00Z"));
        more
    };
    match input {
        Input::EnrollProfile { profile, password } => {
            vec![Input::EnrollProfile { profile: more(profile), password: password.clone() }]
        }
        Input::UpdateProfile(profile) => vec![Input::UpdateProfile(more(profile))],
        _ => Vec::new(),
    }
}

/// It is refused, or nothing of what was sent is taken at all.
fn takes_nothing_more(tried: &Tried<'_>) -> bool {
    match &tried.result {
        Err(_) => true,
        Ok(decision) if decision.rejection.is_some() => {
            [&tried.before.subject, &Subject::Visitor].contains(&&decision.transaction.subject)
        }
        Ok(decision) => !format!("{decision:?}").contains("memberSince"),
    }
}

fn count(tried: &Tried<'_>, edit: &str, seen: &mut Seen) {
    let form = matches!(tried.input, Input::EnrollProfile { .. } | Input::UpdateProfile(_));
    let happened = match tried.result.as_ref().map(|decision| decision.rejection) {
        Ok(None) if form => "taken",
        Ok(Some(Rejection::Outdated(_))) => "redrawn",
        Err(_) => "refused",
        _ => return,
    };
    *seen.entry(format!("{edit}: {happened}").leak()).or_default() += 1;
}
