//! What is asked of whom, in which order, and who is turned away (policies.md §0, §3.4, §7, §8.3).
use super::*;

fn second_factor(organisation: &mut Organisation) {
    let policy =
        organisation.policies.access.iter_mut().find(|policy| policy.id == "one-factor").unwrap();
    policy.rules[0].actions.app_sign_on.verification_method.factor_mode = FactorMode::TwoFactors;
}

pub fn any_factor(organisation: &mut Organisation) {
    organisation.policies.global_session[0].rules[0].actions.signon.primary_factor =
        PrimaryFactor::PasswordIdpAnyFactor;
}

/// The same as the default policy, for customers, and before it.
fn for_customers<R: Clone, S: Clone>(policy: &Policy<R, S>) -> Policy<R, S> {
    let people = PeopleCondition {
        groups: Some(IncludeExclude { include: vec!["customers".into()], exclude: vec![] }),
        users: None,
    };
    Policy {
        id: "for-customers".into(),
        system: false,
        conditions: Some(PolicyConditions { people: Some(people), ..PolicyConditions::default() }),
        ..policy.clone()
    }
}

fn denied_to_customers(organisation: &mut Organisation) {
    let mut policy = for_customers(&organisation.policies.global_session[0]);
    policy.rules[0].actions.signon.access = Access::Deny;
    organisation.policies.global_session.push(policy);
}

/// After somebody typed this name on a page that asks for nothing else.
fn named(organisation: &Organisation, user: Option<User>) -> Transaction {
    let input = Input::Identify { identifier: "who@example.com".into(), password: None };
    take(
        organisation,
        &begin(),
        &input,
        &Facts { owners: vec![user.map(|user| (user, 7))], ..Facts::default() },
    )
    .transaction
}

fn standing(organisation: &Organisation, transaction: &Transaction) -> Standing {
    remediations(&context(organisation), transaction)
}

fn offered(organisation: &Organisation, transaction: &Transaction) -> Vec<Remediation> {
    match standing(organisation, transaction) {
        Standing::Offered(offered) => offered,
        other => panic!("{other:?}"),
    }
}

fn list(organisation: &Organisation, transaction: &Transaction) -> Vec<Requirement> {
    requirements(&context(organisation), transaction)
}

fn proven(transaction: &Transaction, key: AuthenticatorKey) -> Transaction {
    let mut transaction = transaction.clone();
    transaction.proofs.insert(key, NOON);
    transaction
}

#[test]
fn r_s9_a_sign_up_that_was_begun_ends_where_nobody_can_sign_up_any_more() {
    let mut organisation = demo();
    let form = take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default());
    let sent = sign_up(&organisation, ada(), vec![]);
    enrollment(&mut organisation).unknown_user_action = Some(UnknownUserAction::Deny);
    for begun in [form, sent] {
        assert_eq!(
            standing(&organisation, &begun.transaction),
            Standing::Refused(Refusal::RegistrationClosed)
        );
    }
}

#[test]
fn sign_up_is_offered_where_whoever_signs_up_will_be_assigned_to_the_app() {
    for (groups, target, expected) in [
        (vec!["everyone"], None, true),
        (vec!["customers"], Some("customers"), true),
        (vec!["customers"], Some("subscribers"), false),
        (vec!["customers"], None, false),
        (vec![], Some("customers"), false),
    ] {
        let mut organisation = demo();
        organisation.apps[0].groups = groups.iter().map(ToString::to_string).collect();
        enrollment(&mut organisation).target_group_ids = target.map(|group| vec![group.into()]);
        assert_eq!(
            offered(&organisation, &begin()).contains(&Remediation::SelectEnrollProfile),
            expected,
            "{groups:?} {target:?}"
        );
    }
}

#[test]
fn whoever_is_not_assigned_to_the_app_is_told_after_they_proved_who_they_are() {
    let mut organisation = demo();
    organisation.apps[0].groups = vec!["customers".into()];
    let outside = sign_in(&organisation, bob());
    assert_eq!(
        standing(&organisation, &outside.transaction),
        Standing::Refused(Refusal::NotAssigned)
    );
    assert!(is_done(&sign_in(&organisation, person("ada"))));
}

#[test]
fn policies_are_those_of_the_future_member_while_somebody_signs_up() {
    let mut organisation = demo();
    enrollment(&mut organisation).activation_requirements.email_verification = false;
    assert!(is_done(&sign_up(&organisation, ada(), vec![])));
    let mut policy = for_customers(&organisation.policies.global_session[0]);
    policy.rules[0].actions.signon.require_factor = true;
    organisation.policies.global_session.push(policy);
    let sent = sign_up(&organisation, ada(), vec![]);
    assert_eq!(
        list(&organisation, &sent.transaction),
        [Requirement::Enroll(AuthenticatorKey::OktaEmail)]
    );
    assert!(matches!(sent.mail, Some(Mail::Passcode(_))));
}

#[test]
fn the_rules_of_a_new_password_are_those_of_ones_group() {
    let mut organisation = demo();
    let mut policy = for_customers(&organisation.policies.password[0]);
    policy.settings.as_mut().unwrap().password.complexity.min_length = 30;
    organisation.policies.password.push(policy);
    let refused = sign_up(&organisation, ada(), vec![]);
    assert_eq!(refused.rejection, Some(Rejection::Invalid), "whoever signs up will be a customer");

    any_factor(&mut organisation);
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::Required);
    for (groups, length) in [(vec![], 8), (vec!["customers".to_string()], 30)] {
        let user = User { groups: groups.into_iter().collect(), ..person("cleo") };
        let transaction = proven(&named(&organisation, Some(user)), AuthenticatorKey::OktaEmail);
        let rules = offered(&organisation, &transaction).into_iter().find_map(|one| match one {
            Remediation::EnrollPassword { rules } => Some(rules.min_length),
            _ => None,
        });
        assert_eq!(rules, Some(length));
        let typed = Input::EnrollPassword(password());
        let facts = Facts { new_password: Some(hash()), ..Facts::default() };
        assert_eq!(
            take(&organisation, &transaction, &typed, &facts).rejection.is_some(),
            length == 30
        );
        let hashes =
            matches!(needs(&organisation, &transaction, &typed).password, PasswordWork::Hash(_));
        assert_eq!(hashes, length == 8, "what will be refused is not hashed");
    }
}

#[test]
fn whoever_signs_up_sets_up_each_authenticator_once() {
    use AuthenticatorKey::{OktaEmail, OktaPassword};
    let mut organisation = demo();
    enrollment(&mut organisation).enroll_authenticator_types = None;
    second_factor(&mut organisation);
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::Required);
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let input = Input::EnrollProfile { profile: profile(ada()), password: None };
    let sent = take(&organisation, &form, &input, &Facts::default()).transaction;
    assert_eq!(
        list(&organisation, &sent),
        [Requirement::Enroll(OktaEmail), Requirement::Enroll(OktaPassword)]
    );

    let facts = Facts { new_password: Some(hash()), ..Facts::default() };
    let made = take(
        &organisation,
        &answer_code(&organisation, &sent, vec![]).transaction,
        &Input::EnrollPassword(password()),
        &facts,
    );
    let [Effect::CreateUser { user, password: Some(new), .. }] = made.effects.as_slice() else {
        panic!("{made:?}")
    };
    assert_eq!((is_done(&made), user.has_password, new), (true, true, &hash()));

    enrollment(&mut organisation).activation_requirements.email_verification = false;
    assert_eq!(
        list(&organisation, &sent),
        [Requirement::Enroll(OktaPassword), Requirement::Enroll(OktaEmail)]
    );
    // What only the sign-on policies want is set up after what the enrollment policy wants.
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::Optional);
    let proven_password = proven(&sent, OktaPassword);
    assert_eq!(
        list(&organisation, &proven_password),
        [Requirement::Enroll(OktaPassword), Requirement::Enroll(OktaEmail)]
    );
    // And what nobody requires and the sign-on policies want is no option.
    enrolled_by_themselves(&mut organisation, SelfEnroll::Optional, SelfEnroll::Optional);
    enrollment(&mut organisation).activation_requirements.email_verification = true;
    let code_right = answer_code(&organisation, &sent, vec![]).transaction;
    assert_eq!(
        list(&organisation, &code_right),
        [Requirement::EnrollOptional(vec![OktaPassword]), Requirement::Enroll(OktaPassword)]
    );
}

#[test]
fn what_is_required_is_set_up_without_a_way_past_and_what_is_optional_with_one() {
    use AuthenticatorKey::{OktaEmail, OktaPassword};
    let mut organisation = demo();
    any_factor(&mut organisation);
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::Optional);
    let cleo = proven(&named(&organisation, Some(person("cleo"))), OktaEmail);
    let offers = offered(&organisation, &cleo);
    let [
        Remediation::EnrollPassword { .. },
        Remediation::SelectAuthenticatorEnroll { keys, optional: false },
        Remediation::Cancel,
    ] = offers.as_slice()
    else {
        panic!("{offers:?}")
    };
    assert_eq!(*keys, [OktaPassword], "a list of one, for clients that choose from lists");

    enrolled_by_themselves(&mut organisation, SelfEnroll::Optional, SelfEnroll::Optional);
    let mut cleo = cleo;
    cleo.show(&context(&organisation));
    let choice =
        Remediation::SelectAuthenticatorEnroll { keys: vec![OktaPassword], optional: true };
    assert_eq!(
        offered(&organisation, &cleo),
        [choice.clone(), Remediation::Skip, Remediation::Cancel]
    );
    let not_listed = step(
        &context(&organisation),
        cleo.clone(),
        &Input::SelectAuthenticatorEnroll(OktaEmail),
        &Facts::default(),
    );
    assert_eq!(not_listed, Err(StepError::Malformed));
    let chosen = take(
        &organisation,
        &cleo,
        &Input::SelectAuthenticatorEnroll(OktaPassword),
        &Facts::default(),
    )
    .transaction;
    assert!(
        matches!(offered(&organisation, &chosen).as_slice(), [Remediation::EnrollPassword { .. }, list, Remediation::Skip, _] if *list == choice)
    );
    // Whoever skips is not asked again; whoever has chosen one has it.
    assert!(
        !list(
            &organisation,
            &take(&organisation, &cleo, &Input::Skip, &Facts::default()).transaction
        )
        .contains(&Requirement::EnrollOptional(vec![OktaPassword]))
    );
    let facts = Facts { new_password: Some(hash()), ..Facts::default() };
    let set = take(&organisation, &chosen, &Input::EnrollPassword(password()), &facts);
    let [Effect::SaveUser { user, version: 7, password: PasswordChange::Set(new), .. }] =
        set.effects.as_slice()
    else {
        panic!("{set:?}")
    };
    assert_eq!(
        (user.has_password, user.last_updated, new),
        (true, context(&organisation).now, &hash())
    );
    assert!(
        set.transaction.proven(OktaPassword)
            && list(&organisation, &set.transaction)
                .iter()
                .all(|one| !matches!(one, Requirement::EnrollOptional(_)))
    );
    // Nobody sets a password that the rules refuse, whatever was hashed.
    let refused =
        take(&organisation, &chosen, &Input::EnrollPassword(Secret::new("short")), &facts);
    assert_eq!(
        (refused.rejection, refused.effects.as_slice()),
        (Some(Rejection::Invalid), [].as_slice())
    );
}

#[test]
fn a_list_is_shown_where_there_is_a_choice() {
    use AuthenticatorKey::{OktaEmail, OktaPassword};
    let mut organisation = demo();
    any_factor(&mut organisation);
    let both = Remediation::SelectAuthenticator(vec![OktaPassword, OktaEmail]);
    let ada = named(&organisation, Some(person("ada")));
    assert_eq!(offered(&organisation, &ada), [both.clone(), Remediation::Cancel]);
    let chosen =
        take(&organisation, &ada, &Input::SelectAuthenticator(OktaPassword), &Facts::default());
    assert_eq!(chosen.mail, None);
    assert_eq!(
        offered(&organisation, &chosen.transaction),
        [Remediation::Password, both, Remediation::Cancel]
    );
    // The one that there is is asked for at once; what was chosen and is no choice any more is
    // forgotten.
    organisation.policies.global_session[0].rules[0].actions.signon.primary_factor =
        PrimaryFactor::PasswordIdp;
    for mut transaction in [ada, chosen.transaction] {
        assert_eq!(
            offered(&organisation, &transaction),
            [Remediation::Password, Remediation::Cancel]
        );
        transaction.chosen = Some(OktaEmail);
        assert_eq!(
            offered(&organisation, &transaction),
            [Remediation::Password, Remediation::Cancel]
        );
    }
}

#[test]
fn a_mailbox_that_may_not_be_used_to_sign_in_is_no_choice() {
    let mut organisation = demo();
    any_factor(&mut organisation);
    let email = |organisation: &mut Organisation, allowed| {
        let settings = organisation
            .authenticators
            .iter_mut()
            .find(|one| one.key == AuthenticatorKey::OktaEmail)
            .unwrap();
        settings.settings.allowed_for = allowed;
    };
    let password = [Remediation::Password, Remediation::Cancel];
    let both =
        [Remediation::SelectAuthenticator(AuthenticatorKey::ALL.to_vec()), Remediation::Cancel];
    for prevention in [false, true] {
        organisation.settings.user_enumeration_prevention.authentication = prevention;
        for (allowed, expected) in [
            (AllowedFor::Any, both.as_slice()),
            (AllowedFor::Sso, both.as_slice()),
            (AllowedFor::Recovery, password.as_slice()),
            (AllowedFor::None, password.as_slice()),
        ] {
            email(&mut organisation, allowed);
            for somebody in [Some(person("ada")), prevention.then(|| person("cleo")), None] {
                let nobody = somebody.is_none();
                let transaction = named(&organisation, somebody);
                if !nobody || prevention {
                    assert_eq!(offered(&organisation, &transaction), expected, "{allowed:?}");
                }
            }
        }
    }
}

#[test]
fn r_r1_whoever_a_policy_denies_looks_like_anybody() {
    for any in [false, true] {
        let mut organisation = demo();
        if any {
            any_factor(&mut organisation);
        }
        denied_to_customers(&mut organisation);
        organisation.settings.user_enumeration_prevention.authentication = true;
        let (denied, nobody) =
            (named(&organisation, Some(person("ada"))), named(&organisation, None));
        assert_eq!(offered(&organisation, &denied), offered(&organisation, &nobody));
        // Who has proven to be that person may know.
        assert_eq!(
            standing(&organisation, &proven(&denied, AuthenticatorKey::OktaPassword)),
            Standing::Refused(Refusal::AccessDenied)
        );
        // Where it is no secret who has an account, it is said at once.
        organisation.settings.user_enumeration_prevention.authentication = false;
        assert_eq!(standing(&organisation, &denied), Standing::Refused(Refusal::AccessDenied));
    }
}

#[test]
fn r_r1_whoever_has_nothing_to_prove_themselves_with_is_asked_for_a_password_that_nobody_has() {
    let mut organisation = demo();
    any_factor(&mut organisation);
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::NotAllowed);
    let cleo = named(&organisation, Some(person("cleo")));
    assert_eq!(standing(&organisation, &cleo), Standing::Refused(Refusal::AccessDenied));
    organisation.settings.user_enumeration_prevention.authentication = true;
    assert_eq!(offered(&organisation, &cleo), offered(&organisation, &named(&organisation, None)));
}
