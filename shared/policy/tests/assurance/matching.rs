//! Which policy and which rule apply to whom (policies.md §6.1, §6.3, §7.1, §8.3).

use policy::assurance::{
    Rules, Who, enrolment, first_of_anybody, identifier_first, password_settings,
};
use policy::organisation::AuthenticatorKey::{OktaEmail, OktaPassword};
use policy::organisation::{
    Access, EnrollSelf, MfaEnrolment, Organisation, Policy, SelfEnroll, SignOnRule, Status,
};
use serde_json::{Value, json};

use super::{demo, signon};

#[test]
fn the_first_page_in_all_eight_cases() {
    for any_factor in [false, true] {
        for possession_first in [false, true] {
            for prevention in [false, true] {
                let mut organisation = demo();
                let primary = if any_factor { "PASSWORD_IDP_ANY_FACTOR" } else { "PASSWORD_IDP" };
                organisation.policies.global_session[0].rules[0].actions.signon =
                    signon(primary, false);
                organisation.settings.verify_knowledge_second_when_2fa_required = possession_first;
                organisation.settings.user_enumeration_prevention.authentication = prevention;
                assert_eq!(
                    identifier_first(&organisation),
                    any_factor || possession_first || prevention
                );
            }
        }
    }
}

#[test]
fn one_rule_that_counts_makes_the_page_for_everybody() {
    let mut organisation = demo();
    let mut other =
        policy_for(&organisation, "vip", 1, &json!({"groups": {"include": ["customers"]}}), true);
    other.rules.push(rule("any factor", 2, "PASSWORD_IDP_ANY_FACTOR", &json!({})));
    organisation.policies.global_session.push(other);
    assert!(identifier_first(&organisation));
    organisation.policies.global_session[1].rules[1].status = Status::Inactive;
    assert!(!identifier_first(&organisation));
    organisation.policies.global_session[1].rules[1].status = Status::Active;
    organisation.policies.global_session[1].status = Status::Inactive;
    assert!(!identifier_first(&organisation));
}

fn rule(name: &str, priority: u32, primary: &str, people: &Value) -> SignOnRule {
    let actions = json!({"signon": {"primaryFactor": primary}});
    serde_json::from_value(json!({"name": name, "priority": priority, "conditions": {"people": people}, "actions": actions})).unwrap()
}

/// A global session policy with one rule, told by its second factor.
fn policy_for(
    organisation: &Organisation,
    id: &str,
    priority: u32,
    people: &Value,
    second: bool,
) -> Policy<SignOnRule> {
    let mut rule = rule(id, 1, "PASSWORD_IDP", &json!({}));
    rule.actions.signon = signon("PASSWORD_IDP", second);
    Policy {
        id: id.into(),
        priority,
        system: false,
        conditions: serde_json::from_value(json!({"people": people})).unwrap(),
        rules: vec![rule],
        ..organisation.policies.global_session[0].clone()
    }
}

fn who(user: &str, groups: &[&str]) -> Who {
    Who { user: Some(user.into()), groups: groups.iter().map(ToString::to_string).collect() }
}

fn second_factor(organisation: &Organisation, who: &Who) -> bool {
    Rules::of(organisation, organisation.app("demo").unwrap(), who).unwrap().global.require_factor
}

#[test]
fn a_policy_applies_to_its_people() {
    let cases = [
        (json!({"groups": {"include": ["customers"]}}), [false, true, true]),
        (json!({"groups": {"include": ["everyone"]}}), [true, true, true]),
        (json!({"groups": {"exclude": ["customers"]}}), [true, false, false]),
        (
            json!({"groups": {"include": ["customers"], "exclude": ["subscribers"]}}),
            [false, true, false],
        ),
        (json!({"groups": {"exclude": ["everyone"]}}), [false, false, false]),
        (json!({"users": {"include": ["ada"]}}), [true, false, true]),
        (json!({"users": {"exclude": ["ada"]}}), [false, true, false]),
        (
            json!({"groups": {"include": ["customers"]}, "users": {"exclude": ["bob"]}}),
            [false, false, true],
        ),
        (json!({}), [true, true, true]),
    ];
    for (people, expected) in cases {
        let mut organisation = demo();
        let policy = policy_for(&organisation, "some", 1, &people, true);
        organisation.policies.global_session.push(policy);
        let found = [
            who("ada", &[]),
            who("bob", &["customers"]),
            who("ada", &["customers", "subscribers"]),
        ]
        .map(|who| second_factor(&organisation, &who));
        assert_eq!(found, expected, "{people}");
    }
    // Somebody who has no account yet is nobody that a condition could name.
    let mut organisation = demo();
    let policy =
        policy_for(&organisation, "some", 1, &json!({"users": {"include": ["ada"]}}), true);
    organisation.policies.global_session.push(policy);
    assert!(!second_factor(&organisation, &Who::default()));
}

#[test]
fn the_first_active_policy_by_priority_decides_and_the_default_is_last() {
    let mut organisation = demo();
    let all = json!({});
    let (second, first) = (
        policy_for(&organisation, "second", 2, &all, false),
        policy_for(&organisation, "first", 1, &all, true),
    );
    organisation.policies.global_session.extend([second, first]);
    // The default policy is last, whatever its number.
    organisation.policies.global_session[0].priority = 0;
    let who = Who::default();
    assert!(second_factor(&organisation, &who));
    organisation.policies.global_session[2].status = Status::Inactive;
    assert!(!second_factor(&organisation, &who));
    organisation.policies.global_session[0].rules[0].actions.signon = signon("PASSWORD_IDP", true);
    assert!(!second_factor(&organisation, &who));
    organisation.policies.global_session[1].status = Status::Inactive;
    assert!(second_factor(&organisation, &who));
}

#[test]
fn a_policy_without_a_fitting_rule_is_passed_over() {
    let mut organisation = demo();
    let mut policy = policy_for(&organisation, "some", 1, &json!({}), true);
    policy.rules[0].conditions =
        serde_json::from_value(json!({"people": {"users": {"exclude": ["ada"]}}})).unwrap();
    organisation.policies.global_session.push(policy);
    assert_eq!(
        [who("ada", &[]), who("bob", &[])].map(|who| second_factor(&organisation, &who)),
        [false, true]
    );
    organisation.policies.global_session[1].rules[0].status = Status::Inactive;
    assert!(!second_factor(&organisation, &who("bob", &[])));
    organisation.policies.global_session[1].rules.clear();
    assert!(!second_factor(&organisation, &who("bob", &[])));
}

#[test]
fn rules_go_by_priority_and_the_catch_all_is_last() {
    let mut organisation = demo();
    let policy =
        organisation.policies.access.iter_mut().find(|policy| policy.id == "one-factor").unwrap();
    let mut catch_all = policy.rules[0].clone();
    catch_all.priority = 0;
    let with = |priority, access| {
        let mut rule = catch_all.clone();
        (rule.priority, rule.system, rule.actions.app_sign_on.access) = (priority, false, access);
        rule
    };
    policy.rules = vec![catch_all.clone(), with(2, Access::Allow), with(1, Access::Deny)];
    let denied = |organisation: &Organisation| {
        Rules::of(organisation, organisation.app("demo").unwrap(), &Who::default()).unwrap().deny()
    };
    assert!(denied(&organisation));
    let policy =
        organisation.policies.access.iter_mut().find(|policy| policy.id == "one-factor").unwrap();
    policy.rules[2].status = Status::Inactive;
    assert!(!denied(&organisation));
}

#[test]
fn an_app_has_the_authentication_policy_that_it_names_or_the_default() {
    let mut organisation = demo();
    let mode = |organisation: &Organisation| {
        Rules::of(organisation, organisation.app("demo").unwrap(), &Who::default())
            .unwrap()
            .app
            .verification_method
            .factor_mode
            .classes()
    };
    assert_eq!(mode(&organisation), 1);
    organisation.apps[0].access_policy = None;
    assert_eq!(mode(&organisation), 2);
}

#[test]
fn enrolment_and_password_rules_go_by_group_too() {
    let mut organisation = demo();
    let conditions = || {
        serde_json::from_value(json!({"people": {"groups": {"include": ["customers"]}}})).unwrap()
    };
    let mut authenticators = organisation.policies.authenticator_enrollment[0].clone();
    (authenticators.system, authenticators.conditions) = (false, conditions());
    authenticators.settings.as_mut().unwrap().authenticators = vec![MfaEnrolment {
        key: OktaEmail.as_str().into(),
        enroll: EnrollSelf { own: SelfEnroll::Required },
    }];
    organisation.policies.authenticator_enrollment.push(authenticators);
    let mut password = organisation.policies.password[0].clone();
    (password.system, password.conditions) = (false, conditions());
    password.settings.as_mut().unwrap().password.complexity.min_length = 15;
    organisation.policies.password.push(password);

    let (everybody, customer) = (Who::default(), who("ada", &["customers"]));
    assert_eq!(enrolment(&organisation, &everybody, OktaPassword), SelfEnroll::Required);
    assert_eq!(enrolment(&organisation, &everybody, OktaEmail), SelfEnroll::Optional);
    assert_eq!(enrolment(&organisation, &customer, OktaEmail), SelfEnroll::Required);
    // What a policy does not mention is not allowed; no other policy is asked.
    assert_eq!(enrolment(&organisation, &customer, OktaPassword), SelfEnroll::NotAllowed);
    assert_eq!(password_settings(&organisation, &everybody).complexity.min_length, 8);
    assert_eq!(password_settings(&organisation, &customer).complexity.min_length, 15);
}

/// Okta writes conditions that exclude nobody into every rule: behind what applies to everybody
/// nothing applies to anybody.
#[test]
fn what_is_asked_of_anybody_ends_where_a_rule_excludes_nobody() {
    let mut organisation = demo();
    organisation.policies.global_session[0].rules[0].actions.signon =
        signon("PASSWORD_IDP_ANY_FACTOR", false);
    let asked = |organisation: &Organisation| {
        first_of_anybody(organisation, organisation.app("demo").unwrap())
    };
    assert_eq!(asked(&organisation), [OktaPassword, OktaEmail]);
    for (people, expected) in [
        (json!({"groups": {"include": ["customers"]}}), vec![OktaPassword, OktaEmail]),
        (json!({"users": {"exclude": []}}), vec![OktaPassword]),
        (json!({}), vec![OktaPassword]),
    ] {
        let mut organisation = organisation.clone();
        let mut policy = policy_for(&organisation, "first", 1, &people, false);
        policy.rules = vec![rule("first", 1, "PASSWORD_IDP", &people)];
        organisation.policies.global_session.push(policy);
        assert_eq!(asked(&organisation), expected, "{people}");
    }
}
