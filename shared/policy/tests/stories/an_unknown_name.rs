//! The table of policies.md §3.6, row by row.
use super::*;

fn identify(organisation: &Organisation, on_one_page: bool) -> Decision {
    let typed = on_one_page.then(password);
    take(
        organisation,
        &begin(),
        &Input::Identify { identifier: "nobody@example.com".into(), password: typed },
        &Facts { owners: vec![None], ..Facts::default() },
    )
}

fn organisation(identifier_first: bool, sign_up: bool, prevention: bool) -> Organisation {
    let mut organisation = demo();
    if identifier_first {
        organisation.policies.global_session[0].rules[0].actions.signon.primary_factor =
            PrimaryFactor::PasswordIdpAnyFactor;
    }
    if !sign_up {
        enrollment(&mut organisation).unknown_user_action = Some(UnknownUserAction::Deny);
    }
    organisation.settings.user_enumeration_prevention.authentication = prevention;
    organisation
}

#[test]
fn is_told_where_one_can_sign_up() {
    for identifier_first in [true, false] {
        let organisation = organisation(identifier_first, true, false);
        let decision = identify(&organisation, !identifier_first);
        assert_eq!(decision.rejection, None, "a warning, not an error");
        assert_eq!(
            messages(&decision),
            [Message::UnknownUser { label: "Email".into(), name: "nobody@example.com".into() }]
        );
        assert_eq!(Transaction { shown: None, ..decision.transaction.clone() }, begin());
        // Not in bulk: counted with the answer, or, where no password is asked, before
        // anybody is looked up.
        let input = Input::Identify {
            identifier: "nobody@example.com".into(),
            password: (!identifier_first).then(password),
        };
        let before = lookup(&context(&organisation), &begin(), &input, Familiar::default(), false)
            .budgets
            .concat();
        let counted: Vec<_> = decision
            .counts
            .iter()
            .flatten()
            .chain(&before)
            .map(|budget| budget.name)
            .filter(|name| *name == "unknown-name")
            .collect();
        assert_eq!(counted, ["unknown-name"], "once");
    }
}

#[test]
fn is_asked_for_a_proof_that_is_never_right_where_nobody_can_sign_up() {
    let organisation = organisation(true, false, false);
    let decision = identify(&organisation, false);
    assert_eq!((decision.rejection, messages(&decision)), (None, vec![]));
    never_right(&organisation, &decision.transaction, &Message::AuthenticationFailed);
}

#[test]
fn looks_like_any_other_where_nobody_may_learn_it() {
    for sign_up in [true, false] {
        let organisation = organisation(true, sign_up, true);
        let decision = identify(&organisation, false);
        assert_eq!((decision.rejection, messages(&decision)), (None, vec![]));
        // Email and password are offered, like to a real person.
        let Standing::Offered(offered) =
            remediations(&context(&organisation), &decision.transaction)
        else {
            panic!()
        };
        assert_eq!(offered[0], Remediation::SelectAuthenticator(AuthenticatorKey::ALL.to_vec()));
        never_right(&organisation, &decision.transaction, &Message::AuthenticationFailed);

        let chosen = take(
            &organisation,
            &decision.transaction,
            &Input::SelectAuthenticator(AuthenticatorKey::OktaEmail),
            &Facts::default(),
        );
        assert!(
            matches!(chosen.mail, Some(Mail::Nobody(_))),
            "nobody is mailed, at the same price: {:?}",
            chosen.mail
        );
        assert!(
            chosen.counts.iter().flatten().any(|budget| budget.name == "mail-address-hour"),
            "the same budgets as for a real person (R-R4)"
        );
        let answered = answer_code(&organisation, &chosen.transaction, vec![]);
        assert_eq!(
            (answered.rejection, messages(&answered)),
            (Some(Rejection::Unauthenticated), vec![Message::InvalidPasscode])
        );
    }
}

#[test]
fn and_a_password_are_just_wrong_on_one_page() {
    let organisation = organisation(false, false, false);
    let decision = identify(&organisation, true);
    assert_eq!(
        (decision.rejection, messages(&decision)),
        (Some(Rejection::Unauthenticated), vec![Message::AuthenticationFailed])
    );
    // The very same as for a wrong password.
    let input =
        Input::Identify { identifier: "ada@example.com".into(), password: Some(password()) };
    let wrong = take(
        &organisation,
        &begin(),
        &input,
        &Facts { owners: vec![Some((person("ada"), 1))], ..Facts::default() },
    );
    assert_eq!((wrong.rejection, wrong.notices), (decision.rejection, decision.notices));
}

fn never_right(organisation: &Organisation, transaction: &Transaction, message: &Message) {
    let chosen = take(
        organisation,
        transaction,
        &Input::SelectAuthenticator(AuthenticatorKey::OktaPassword),
        &Facts::default(),
    );
    let facts = Facts { password_right: true, ..Facts::default() };
    let answered =
        take(organisation, &chosen.transaction, &Input::AnswerPassword(password()), &facts);
    assert_eq!(
        (answered.rejection, &messages(&answered)[0]),
        (Some(Rejection::Unauthenticated), message)
    );
}
