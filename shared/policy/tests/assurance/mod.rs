//! Whether what was proven is enough, and what is asked next (policies.md §6, §7), against an
//! oracle that knows only the formulas.
//!
//! There are two authenticators, password and email, so the tables here are complete; the row of
//! §7.4 that wants WebAuthn waits for it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod matching;

use std::collections::BTreeSet;

use policy::Context;
use policy::assurance::{Keys, Rules};
use policy::organisation::AuthenticatorKey::{OktaEmail, OktaPassword};
use policy::organisation::{
    Access, AppSignOn, AuthenticatorKey, EnrollSelf, FactorClass, MfaEnrolment, Organisation,
    PrimaryFactor, SelfEnroll, SignOn,
};
use policy::requirement::{Refusal, Requirement, requirements};
use policy::time::Timestamp;
use policy::transaction::{Client, Subject, Transaction};
use policy::user::{User, UserStatus};
use serde_json::{Value, json};

const NOON: Timestamp = Timestamp(1_795_348_800_000);

fn demo() -> Organisation {
    organisation::parse(
        "organisation.yaml",
        include_str!("../../../../functions/local/organisation.yaml"),
    )
    .unwrap()
}

fn keys(list: &[AuthenticatorKey]) -> Keys {
    list.iter().copied().collect()
}

fn signon(primary: &str, second: bool) -> SignOn {
    let mode = second.then_some("ALWAYS");
    serde_json::from_value(
        json!({"primaryFactor": primary, "requireFactor": second, "factorPromptMode": mode}),
    )
    .unwrap()
}

fn app(mode: &str, constraints: &Value) -> AppSignOn {
    serde_json::from_value(
        json!({"verificationMethod": {"factorMode": mode, "constraints": constraints}}),
    )
    .unwrap()
}

/// Every shape a constraint can have here: none, either class, both, alternatives, by type, by
/// method, written down but not required, one that nothing we have can meet, and by authenticator,
/// those that will do and those that do not count.
fn shapes() -> Vec<Value> {
    vec![
        json!([]),
        json!([{"knowledge": {}}]),
        json!([{"possession": {}}]),
        json!([{"knowledge": {}, "possession": {}}]),
        json!([{"knowledge": {"types": ["password"]}}, {"possession": {"types": ["email"]}}]),
        json!([{"possession": {"methods": ["EMAIL"], "required": true}}]),
        json!([{"possession": {"methods": ["email"], "required": false}}]),
        json!([{"knowledge": {"methods": ["password"]}, "possession": {"methods": ["webauthn"]}}]),
        json!([{"possession": {"authenticationMethods": [{"key": "okta_email", "method": "email"}]}}]),
        json!([{"knowledge": {"authenticationMethods": [{"key": "okta_email", "method": "email"}]}}]),
        json!([{"possession": {"excludedAuthenticationMethods": [{"key": "okta_email", "method": "email"}]}}]),
        json!([{"knowledge": {"excludedAuthenticationMethods": [{"key": "okta_password", "method": "PASSWORD"}]}, "possession": {}}]),
    ]
}

fn every_pair_of_rules(mut visit: impl FnMut(&SignOn, &AppSignOn)) {
    for primary in ["PASSWORD_IDP", "PASSWORD_IDP_ANY_FACTOR"] {
        for second in [false, true] {
            for mode in ["1FA", "2FA"] {
                for shape in shapes() {
                    for (global_access, app_access) in [
                        (Access::Allow, Access::Allow),
                        (Access::Deny, Access::Allow),
                        (Access::Allow, Access::Deny),
                    ] {
                        let global = SignOn { access: global_access, ..signon(primary, second) };
                        let app = AppSignOn { access: app_access, ..app(mode, &shape) };
                        visit(&global, &app);
                    }
                }
            }
        }
    }
}

fn subsets(of: &Keys) -> Vec<Keys> {
    let of: Vec<_> = of.iter().copied().collect();
    (0..1_usize << of.len())
        .map(|bits| (0..of.len()).filter(|bit| bits & (1 << bit) != 0).map(|bit| of[bit]).collect())
        .collect()
}

/// `sat_G` and `sat_A` of policies.md §7.4, quantifier by quantifier.
mod oracle {
    use super::*;

    fn sat_g(rule: &SignOn, v: &Keys) -> bool {
        let primary =
            rule.primary_factor != PrimaryFactor::PasswordIdp || v.contains(&OktaPassword);
        let any_pair = v.iter().any(|v1| {
            let may_be_primary =
                rule.primary_factor == PrimaryFactor::PasswordIdpAnyFactor || *v1 == OktaPassword;
            may_be_primary && v.iter().any(|v2| v1 != v2 && *v2 != OktaPassword)
        });
        rule.access == Access::Allow && primary && (!rule.require_factor || any_pair)
    }

    fn sat_a(rule: &AppSignOn, v: &Keys) -> bool {
        let method = &rule.verification_method;
        let n = if json!(method.factor_mode) == "2FA" { 2 } else { 1 };
        rule.access == Access::Allow
            && subsets(v).iter().any(|s| {
                let classes: BTreeSet<_> = s.iter().map(|key| key.class()).collect();
                let some_constraint = method.constraints.iter().any(|pair| {
                    let excluded = |constraint: &Option<policy::organisation::Constraint>| {
                        let all = constraint
                            .iter()
                            .flat_map(|constraint| &constraint.excluded_authentication_methods);
                        all.map(|method| method.key).collect::<Vec<_>>()
                    };
                    // It is a proof of `s` that does not count: another subset is without it.
                    if s.iter().any(|v| {
                        excluded(&pair.knowledge).contains(v)
                            || excluded(&pair.possession).contains(v)
                    }) {
                        return false;
                    }
                    let meets =
                        |constraint: Option<&policy::organisation::Constraint>,
                         class: FactorClass| match constraint {
                            None => true,
                            Some(constraint) if constraint.required == Some(false) => true,
                            Some(constraint)
                                if !constraint.excluded_authentication_methods.is_empty() =>
                            {
                                true
                            }
                            Some(constraint) => s.iter().any(|v| {
                                let name = v.method();
                                let listed = |names: &[String]| {
                                    names.is_empty()
                                        || names.iter().any(|one| one.to_lowercase() == name)
                                };
                                v.class() == class
                                    && listed(&constraint.types)
                                    && listed(&constraint.methods)
                                    && (constraint.authentication_methods.is_empty()
                                        || constraint
                                            .authentication_methods
                                            .iter()
                                            .any(|method| method.key == *v))
                            }),
                        };
                    meets(pair.knowledge.as_ref(), FactorClass::Knowledge)
                        && meets(pair.possession.as_ref(), FactorClass::Possession)
                });
                classes.len() >= n && (method.constraints.is_empty() || some_constraint)
            })
    }

    pub fn done(global: &SignOn, app: &AppSignOn, v: &Keys) -> bool {
        sat_g(global, v) && sat_a(app, v)
    }

    /// The smallest sets that complete `v`.
    pub fn completions(global: &SignOn, app: &AppSignOn, v: &Keys, usable: &Keys) -> Vec<Keys> {
        let all: Vec<Keys> = subsets(usable)
            .into_iter()
            .filter(|more| {
                more.is_disjoint(v) && done(global, app, &v.union(more).copied().collect())
            })
            .collect();
        let smallest = all.iter().map(BTreeSet::len).min();
        all.into_iter().filter(|more| Some(more.len()) == smallest).collect()
    }
}

#[test]
fn what_is_enough_is_what_the_formulas_say() {
    every_pair_of_rules(|global, app| {
        for proven in subsets(&keys(&AuthenticatorKey::ALL)) {
            assert_eq!(
                Rules { global, app }.satisfied(&proven),
                oracle::done(global, app, &proven),
                "{global:?} {app:?} {proven:?}"
            );
        }
    });
}

#[test]
fn what_is_asked_leads_to_the_end_and_nothing_is_refused_that_has_a_way() {
    every_pair_of_rules(|global, app| {
        let rules = Rules { global, app };
        for usable in subsets(&keys(&AuthenticatorKey::ALL)) {
            for proven in subsets(&usable) {
                if oracle::done(global, app, &proven) {
                    continue;
                }
                let completions = oracle::completions(global, app, &proven, &usable);
                let mandatory = !completions.is_empty()
                    && completions.iter().all(|more| more.contains(&OktaPassword));
                let expected: Keys = if mandatory {
                    keys(&[OktaPassword])
                } else {
                    completions.iter().flatten().copied().collect()
                };
                let next = rules.next(&proven, &usable);
                let case = format!("{global:?} {app:?} proven {proven:?} usable {usable:?}");
                assert_eq!(next.iter().copied().collect::<Keys>(), expected, "{case}");
                assert_eq!(next.is_empty(), completions.is_empty(), "{case}");
                for key in next {
                    let then: Keys = proven.iter().copied().chain([key]).collect();
                    assert!(
                        subsets(&usable).iter().any(|more| oracle::done(
                            global,
                            app,
                            &then.union(more).copied().collect()
                        )),
                        "{case}: {key:?} leads nowhere"
                    );
                }
            }
        }
    });
}

/// What is asked, list by list, of somebody who always takes the first.
fn asked(
    global: &SignOn,
    app: &AppSignOn,
    proven: &[AuthenticatorKey],
) -> Vec<Vec<AuthenticatorKey>> {
    let (usable, mut proven) = (keys(&AuthenticatorKey::ALL), keys(proven));
    let rules = Rules { global, app };
    let mut asked = Vec::new();
    while !rules.satisfied(&proven) {
        let next = rules.next(&proven, &usable);
        proven.insert(*next.first().unwrap_or_else(|| panic!("refused after {asked:?}")));
        asked.push(next);
    }
    asked
}

#[test]
fn the_worked_cases_of_the_specification() {
    let (password, any) = ("PASSWORD_IDP", "PASSWORD_IDP_ANY_FACTOR");
    let (free, email) = (json!([]), json!([{"possession": {"types": ["email"]}}]));
    let possession = json!([{"possession": {}}]);
    let knowledge = json!([{"knowledge": {"types": ["password"]}}]);
    let row = |primary, second, mode, constraints, expected: &[&[AuthenticatorKey]]| {
        assert_eq!(
            asked(&signon(primary, second), &app(mode, constraints), &[]),
            expected,
            "{primary} {second} {mode} {constraints}"
        );
    };
    row(password, false, "1FA", &free, &[&[OktaPassword]]);
    row(password, false, "2FA", &free, &[&[OktaPassword], &[OktaEmail]]);
    row(password, true, "1FA", &free, &[&[OktaPassword], &[OktaEmail]]);
    row(any, false, "1FA", &possession, &[&[OktaEmail]]);
    row(any, false, "1FA", &free, &[&[OktaPassword, OktaEmail]]);
    // "email, then any other": the other can only be the password, so it is mandatory, and what is
    // mandatory comes first (§6.3).
    row(any, true, "1FA", &email, &[&[OktaPassword], &[OktaEmail]]);
    row(password, false, "1FA", &email, &[&[OktaPassword], &[OktaEmail]]);
    row(any, false, "1FA", &knowledge, &[&[OktaPassword]]);
}

#[test]
fn after_sign_up_the_proven_mailbox_counts() {
    let any = signon("PASSWORD_IDP_ANY_FACTOR", false);
    assert_eq!(asked(&any, &app("1FA", &json!([])), &[OktaEmail]), Vec::<Vec<_>>::new());
    assert_eq!(asked(&any, &app("2FA", &json!([])), &[OktaEmail]), [[OktaPassword]]);
    assert_eq!(
        asked(&signon("PASSWORD_IDP", false), &app("1FA", &json!([])), &[OktaEmail]),
        [[OktaPassword]]
    );
}

/// Through [`requirements`], with authenticators that the person has, may set up, or may not:
/// whoever has a way is led along it by every choice that is offered, whoever has none is told at
/// once.
#[test]
fn whoever_has_a_way_is_led_along_it() {
    every_pair_of_rules(|global, app_rule| {
        let mut organisation = demo();
        organisation.policies.global_session[0].rules[0].actions.signon = global.clone();
        organisation
            .policies
            .access
            .iter_mut()
            .find(|policy| policy.id == "one-factor")
            .unwrap()
            .rules[0]
            .actions
            .app_sign_on = app_rule.clone();
        for own in [SelfEnroll::Required, SelfEnroll::Optional, SelfEnroll::NotAllowed] {
            for mail in [SelfEnroll::Required, SelfEnroll::Optional, SelfEnroll::NotAllowed] {
                organisation.policies.authenticator_enrollment[0]
                    .settings
                    .as_mut()
                    .unwrap()
                    .authenticators = vec![
                    MfaEnrolment { key: OktaPassword.as_str().into(), enroll: EnrollSelf { own } },
                    MfaEnrolment {
                        key: OktaEmail.as_str().into(),
                        enroll: EnrollSelf { own: mail },
                    },
                ];
                for has_password in [false, true] {
                    let could: Keys = AuthenticatorKey::ALL
                        .into_iter()
                        .filter(|key| match key {
                            OktaPassword => has_password || own != SelfEnroll::NotAllowed,
                            OktaEmail => mail != SelfEnroll::NotAllowed,
                        })
                        .collect();
                    // Whoever has nothing to prove themselves with gets nowhere, whatever they
                    // might set up.
                    let has_something = has_password || mail != SelfEnroll::NotAllowed;
                    let way = has_something && oracle::done(global, app_rule, &could);
                    let mut transaction = member(has_password);
                    transaction.skipped = true;
                    follow(&organisation, &transaction, way);
                }
            }
        }
    });
}

fn follow(organisation: &Organisation, transaction: &Transaction, way: bool) {
    let context = Context::new(organisation, organisation.app("demo").unwrap(), NOON).unwrap();
    let list = requirements(&context, transaction);
    let case = || {
        format!("{:?} {:?}\n{:?}", organisation.policies, transaction.subject, transaction.proofs)
    };
    let (choices, set_up) = match list.first() {
        None => {
            assert!(way, "{}", case());
            return;
        }
        Some(Requirement::Refused(refusal)) => {
            assert_eq!((way, refusal), (false, &Refusal::AccessDenied), "{}", case());
            assert!(
                transaction.proofs.is_empty(),
                "refused after proofs that were no use: {}",
                case()
            );
            return;
        }
        Some(Requirement::Verify(keys)) => (keys.clone(), false),
        Some(Requirement::Enroll(key)) => (vec![*key], true),
        Some(other) => panic!("{other:?}: {}", case()),
    };
    assert!(way, "something is asked of somebody who has no way: {}", case());
    assert!(!choices.is_empty(), "nothing to choose from: {}", case());
    assert!(
        !set_up || !transaction.proofs.is_empty(),
        "set up for an account on someone's word: {}",
        case()
    );
    for key in choices {
        assert!(!transaction.proven(key), "asked twice: {}", case());
        let mut next = transaction.clone();
        next.proofs.insert(key, NOON);
        let Subject::Member { user, .. } = &mut next.subject else { panic!() };
        match key {
            OktaPassword => {
                assert_ne!(
                    user.has_password,
                    set_up,
                    "verified what is not there, or set up what is: {}",
                    case()
                );
                user.has_password = true;
            }
            OktaEmail => user.email_verified = true,
        }
        follow(organisation, &next, way);
    }
}

fn member(has_password: bool) -> Transaction {
    let profile = json!({"login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace"});
    let user = User {
        id: "ada".into(),
        status: UserStatus::Active,
        created: NOON,
        last_updated: NOON,
        profile: serde_json::from_value(profile).unwrap(),
        email_verified: true,
        has_password,
        groups: BTreeSet::new(),
        granted: std::collections::BTreeMap::new(),
        generation: 0,
        provisioned: false,
        other: <_>::default(),
    };
    let client = Client {
        app: "demo".into(),
        client_id: "demo-spa".into(),
        redirect_uri: "http://localhost:8787/demo/callback".into(),
        scopes: vec!["openid".into()],
        state: String::new(),
        nonce: None,
        acr_values: Vec::new(),
        login_hint: None,
        code_challenge: "c".repeat(43),
        browser: "browser".into(),
    };
    let mut transaction = Transaction::begin("transaction".into(), client, NOON);
    transaction.subject =
        Subject::Member { identifier: "ada@example.com".into(), user, version: 1 };
    transaction
}
