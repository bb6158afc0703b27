//! What the laws are tried on: many organisations that pass the check, and the same few people in
//! each.

use std::fmt::Write;

use policy::Context;
use policy::organisation::check::check;
use policy::organisation::{
    Access, AppSignOn, AuthenticatorKey, Constraint, ConstraintPair, EnrollAuthenticator,
    EnrollSelf, FactorMode, FactorPromptMode, IncludeExclude, MfaEnrolment, Organisation,
    PeopleCondition, Policy, PolicyConditions, PrimaryFactor, ProfileAttribute, SelfEnroll, SignOn,
    Switch, UnknownUserAction,
};
use policy::step::Identity;
use policy::time::Timestamp;
use policy::user::User;
use serde_json::Value;

use super::people::{demo, people};

/// One organisation and who is in it.
pub struct World {
    /// The choices that made it: what a failing law prints.
    pub name: String,
    pub organisation: Organisation,
    pub people: Vec<User>,
}

impl World {
    pub fn context(&self, now: Timestamp) -> Context<'_> {
        Context::new(&self.organisation, self.organisation.app("demo").unwrap(), now).unwrap()
    }

    pub fn person(&self, id: &str) -> &User {
        self.people.iter().find(|user| user.id == id).unwrap()
    }

    /// Whose value this is, found by looking at everybody.
    pub fn owner(&self, identity: &Identity) -> Option<(User, u64)> {
        let value = |user: &User| match user.profile.get(&identity.attribute)? {
            Value::String(text) => Some(Identity::of(&identity.attribute, text).value),
            other => Some(other.to_string()),
        };
        let has = |user: &&User| value(user).as_ref() == Some(&identity.value);
        self.people.iter().find(has).map(|user| (user.clone(), 3))
    }
}

/// The demo organisation, and `number` others that differ in everything that a decision looks at.
pub fn worlds(number: usize) -> Vec<World> {
    let mut worlds =
        vec![World { name: "demo".into(), organisation: few_sends(demo()), people: people() }];
    let mut dice = Dice(1);
    while worlds.len() <= number {
        let mut name = String::new();
        let organisation = variant(&mut |choice: &str, sides: u64| {
            let side = dice.throw(sides);
            write!(name, "{choice}={side} ").unwrap();
            side
        });
        // What the check refuses is never decided on.
        if check(&organisation).is_empty() {
            worlds.push(World { name, organisation, people: people() });
        }
    }
    worlds
}

/// The same numbers in each run: a law that fails, fails again.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// So that the walk comes soon to where they are used up.
fn few_sends(mut organisation: Organisation) -> Organisation {
    organisation.settings.limits.sends_per_transaction = 2;
    organisation
}

fn variant(choose: &mut impl FnMut(&str, u64) -> u64) -> Organisation {
    let mut organisation = few_sends(demo());
    organisation.settings.user_enumeration_prevention.authentication = choose("prevention", 3) == 0;
    organisation.settings.verify_knowledge_second_when_2fa_required =
        choose("possession-first", 4) == 0;
    enrollment(&mut organisation, choose);
    sign_on(&mut organisation, choose);

    let wanted = |side| {
        [SelfEnroll::Required, SelfEnroll::Optional, SelfEnroll::NotAllowed]
            [usize::try_from(side).unwrap()]
    };
    let (password, email) = (wanted(choose("password", 3)), wanted(choose("email", 3)));
    organisation.policies.authenticator_enrollment[0].settings.as_mut().unwrap().authenticators = vec![
        MfaEnrolment {
            key: AuthenticatorKey::OktaPassword.as_str().into(),
            enroll: EnrollSelf { own: password },
        },
        MfaEnrolment {
            key: AuthenticatorKey::OktaEmail.as_str().into(),
            enroll: EnrollSelf { own: email },
        },
    ];
    organisation.apps[0].groups = match choose("assigned", 6) {
        0 => vec!["customers".into()],
        1 => Vec::new(),
        2 => vec!["subscribers".into()],
        _ => vec!["everyone".into()],
    };
    organisation
}

fn enrollment(organisation: &mut Organisation, choose: &mut impl FnMut(&str, u64) -> u64) {
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let rule = &mut policy.rules[0].actions.profile_enrollment;
    if choose("sign-up", 4) == 0 {
        rule.unknown_user_action = Some(UnknownUserAction::Deny);
    }
    rule.activation_requirements.email_verification = choose("verification", 2) == 0;
    rule.enroll_authenticator_types =
        (choose("password-on-form", 2) == 0).then(|| vec![EnrollAuthenticator::Password]);
    if choose("progressive", 4) == 0 {
        rule.progressive_profiling_action = Switch::Disabled;
    }
    if choose("group", 4) == 0 {
        rule.target_group_ids = None;
    }
    let mut ask = |name: &str, required| {
        rule.profile_attributes.push(ProfileAttribute {
            name: name.into(),
            label: name.into(),
            required,
        })
    };
    match choose("attributes", 4) {
        0 => ask("shoeSize", true),
        1 => {
            ask("newsletterOptIn", true);
            ask("customerNumber", false);
            ask("invitation", true);
        }
        2 => ask("customerNumber", true),
        _ => {}
    }
    if choose("username", 4) == 0 {
        ask("login", true);
    }
}

fn sign_on(organisation: &mut Organisation, choose: &mut impl FnMut(&str, u64) -> u64) {
    let access = |side| if side == 0 { Access::Deny } else { Access::Allow };
    let mut signon = |who: &str| {
        let require_factor = choose(&format!("{who}-second"), 3) == 0;
        SignOn {
            access: access(choose(&format!("{who}-session"), 12)),
            primary_factor: [PrimaryFactor::PasswordIdpAnyFactor, PrimaryFactor::PasswordIdp]
                [usize::from(choose(&format!("{who}-primary"), 2) == 0)],
            require_factor,
            factor_prompt_mode: require_factor.then_some(FactorPromptMode::Always),
            factor_lifetime: None,
            remember_device_by_default: false,
            session: None,
        }
    };
    let (everybody, customers) = (signon("all"), signon("customers"));
    let policies = &mut organisation.policies.global_session;
    policies[0].rules[0].actions.signon = everybody;
    if choose("two-sessions", 3) == 0 {
        let people = PeopleCondition {
            groups: Some(IncludeExclude { include: vec!["customers".into()], exclude: vec![] }),
            users: None,
        };
        let mut rule = policies[0].rules[0].clone();
        rule.actions.signon = customers;
        policies.push(Policy {
            id: "customers-session".into(),
            system: false,
            conditions: Some(PolicyConditions {
                people: Some(people),
                ..PolicyConditions::default()
            }),
            rules: vec![rule],
            ..policies[0].clone()
        });
    }

    let two = choose("factors", 2) == 0;
    let any = || Some(Constraint { required: Some(true), ..Constraint::default() });
    let constraint = match choose("constraint", 5) {
        0 => Some(ConstraintPair { knowledge: any(), possession: None }),
        1 => Some(ConstraintPair { knowledge: None, possession: any() }),
        2 if two => Some(ConstraintPair { knowledge: any(), possession: any() }),
        _ => None,
    };
    let policy =
        organisation.policies.access.iter_mut().find(|policy| policy.id == "one-factor").unwrap();
    let mut app = AppSignOn {
        access: access(choose("app", 12)),
        ..policy.rules[0].actions.app_sign_on.clone()
    };
    app.verification_method.factor_mode =
        if two { FactorMode::TwoFactors } else { FactorMode::OneFactor };
    app.verification_method.constraints = constraint.into_iter().collect();
    policy.rules[0].actions.app_sign_on = app;
}
