//! Text as people type and paste it.

use policy::form::identifier_label;
use policy::password_rules::PasswordProblem;

use super::*;

/// Usernames that may be anything, on the form, and a unique code besides.
fn with_usernames() -> Organisation {
    let mut organisation = demo();
    let pattern = Property { pattern: Some(".+".into()), ..Property::default() };
    organisation.user_schema.definitions.base.properties.insert("login".into(), pattern);
    ask(&mut organisation, "login", true);
    let own = Permission { principal: "SELF".into(), action: Action::ReadWrite };
    let code = Property {
        kind: Some(PropertyType::String),
        unique: Some(true),
        permissions: Some(vec![own]),
        ..Property::default()
    };
    organisation.user_schema.definitions.custom.properties.insert("code".into(), code);
    ask(&mut organisation, "code", false);
    organisation
}

fn registered(decision: &Decision) -> &Profile {
    match &decision.transaction.subject {
        Subject::Applicant { registration: Some(registration) } => &registration.profile,
        other => panic!("{other:?}: {:?}", decision.notices),
    }
}

#[test]
fn c03_white_space_around_values_is_not_stored() {
    let typed = json!({"email": "\u{feff}Ada@example.com\t", "firstName": "Ada ", "lastName": "\u{a0}Lovelace\n", "login": " ada\u{200b}", "code": " AB-1 "});
    let sent = sign_up(&with_usernames(), typed, vec![]);
    for (name, stored) in [
        ("email", "Ada@example.com"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
        ("login", "ada"),
        ("code", "AB-1"),
    ] {
        assert_eq!(registered(&sent)[name], json!(stored));
    }
}

#[test]
fn c04_a_name_that_nobody_can_see_is_blank_and_an_optional_one_not_given() {
    let organisation = with_usernames();
    for nothing in [
        "\u{200b}",
        "\u{2060}",
        "\u{ad}",
        "\u{feff}",
        "\u{3164}",
        "\u{2800}",
        "\u{fe0f}",
        " \u{e0041}\u{a0}",
    ] {
        for name in ["firstName", "lastName", "login"] {
            let decision = sign_up(
                &organisation,
                with(with(ada(), "login", json!("ada")), name, json!(nothing)),
                vec![],
            );
            assert_eq!(decision.rejection, Some(Rejection::Invalid));
            assert!(
                matches!(messages(&decision).as_slice(), [Message::Attribute { violation: Violation::Blank, name: at, .. }] if at == name),
                "{nothing:?}: {:?}",
                decision.notices
            );
        }
        let decision = sign_up(
            &organisation,
            with(with(ada(), "login", json!("ada")), "code", json!(nothing)),
            vec![],
        );
        assert!(!registered(&decision).contains_key("code"), "{nothing:?}");
    }
}

#[test]
fn what_nobody_can_see_in_an_account_is_asked_for_again() {
    let mut organisation = demo();
    ask(&mut organisation, "shoeSize", true);
    let mut user = person("ada");
    user.profile.insert("shoeSize".into(), json!("\u{3164}"));
    assert_eq!(asked(&organisation, &sign_in(&organisation, user)), ["shoeSize"]);
}

#[test]
fn c05_c06_one_value_is_one_person_however_it_is_written() {
    let organisation = with_usernames();
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let asked = |login: &str, code: &str| {
        let typed = with(with(ada(), "login", json!(login)), "code", json!(code));
        let needs = needs(
            &organisation,
            &form,
            &Input::EnrollProfile { profile: profile(typed), password: Some(password()) },
        );
        needs
            .identities
            .into_iter()
            .map(|identity| (identity.attribute, identity.value))
            .collect::<Vec<_>>()
    };
    let first = asked("\u{418}\u{432}\u{430}\u{43d}7", "AB-1");
    assert!(
        first.contains(&("code".into(), "ab-1".into()))
            && first.contains(&("login".into(), "\u{438}\u{432}\u{430}\u{43d}7".into()))
    );
    for (login, code) in [
        ("\u{438}\u{432}\u{430}\u{43d}7", "AB-1 "),
        ("\u{418}\u{412}\u{410}\u{41d}7", " AB-1"),
        (" \u{418}\u{432}\u{430}\u{43d}7\u{200b}", "AB-1\u{200b}"),
        ("\u{418}\u{ad}\u{432}\u{430}\u{43d}7", "A\u{2060}B-1"),
        ("\u{418}\u{432}\u{430}\u{43d}7\u{3164}", "ab-1\u{fe0f}"),
    ] {
        assert_eq!(asked(login, code), first, "{login:?} {code:?}");
        // And whoever signs in is looked for, and counted, by the same.
        let needs = needs(
            &organisation,
            &begin(),
            &Input::Identify { identifier: login.into(), password: Some(password()) },
        );
        assert!(first.contains(&("login".into(), needs.identities[0].value.clone())), "{login:?}");
        assert_eq!(whose(&needs.budgets[0][0]), needs.identities[0].value, "{login:?}");
    }
    assert_ne!(asked("\u{418}\u{432}\u{430}\u{43d}", "AB-1"), first);
}

#[test]
fn a_name_in_which_nothing_can_be_seen_is_left_blank() {
    for nothing in ["", " ", "\u{200b}\u{a0}", "\u{3164}"] {
        let input = Input::Identify { identifier: nothing.into(), password: Some(password()) };
        let decision = take(&demo(), &begin(), &input, &Facts::default());
        assert_eq!(
            (decision.rejection, messages(&decision)),
            (Some(Rejection::Invalid), vec![Message::Blank])
        );
        assert!(needs(&demo(), &begin(), &input).budgets.is_empty());
    }
}

#[test]
fn c18_a_code_that_is_not_the_newest_says_that_the_newest_counts() {
    let organisation = demo();
    let first = sign_up(&organisation, ada(), vec![]).transaction;
    let app = organisation.app("demo").unwrap();
    let answer = |transaction: &Transaction, typed: &str, seconds: u64| {
        let context = Context::new(&organisation, app, NOON + Span::seconds(31 + seconds)).unwrap();
        let decision = step(
            &context,
            transaction.clone(),
            &Input::AnswerEmail(Secret::new(typed)),
            &Facts::default(),
        )
        .unwrap();
        (decision.rejection.unwrap(), messages(&decision))
    };
    assert_eq!(
        answer(&first, "123456", 1),
        (Rejection::Unauthenticated, vec![Message::InvalidPasscode]),
        "there was one mail"
    );
    assert_eq!(
        answer(&first, "12345", 1),
        (Rejection::Invalid, vec![Message::NewestPasscode]),
        "no code"
    );
    assert_eq!(
        answer(&first, "123456", 301),
        (Rejection::Unauthenticated, vec![Message::NewestPasscode]),
        "expired"
    );
    let context = Context::new(&organisation, app, NOON + Span::seconds(62)).unwrap();
    let second = step(&context, first, &Input::Resend, &Facts::default()).unwrap().transaction;
    assert_eq!(second.sends, 2);
    assert_eq!(
        answer(&second, "123456", 32),
        (Rejection::Unauthenticated, vec![Message::NewestPasscode]),
        "replaced"
    );
}

#[test]
fn a_dead_code_says_that_another_one_is_the_way_out() {
    let organisation = demo();
    let sent = sign_up(&organisation, ada(), vec![]).transaction;
    let used_up = Facts { over_budget: true, ..Facts::default() };
    let decision = take(&organisation, &sent, &Input::AnswerEmail(Secret::new("123456")), &used_up);
    assert_eq!(
        (decision.rejection, messages(&decision)),
        (Some(Rejection::TooManyRequests), vec![Message::TooManyPasscodes(None)])
    );
    let guess = Input::Identify { identifier: "ada".into(), password: Some(password()) };
    assert_eq!(
        messages(&take(&organisation, &begin(), &guess, &used_up)),
        [Message::TooManyRequests(None)]
    );
}

/// It is counted like any other, and costs no hash: the same for everybody.
#[test]
fn r_p2_a_password_that_nobody_can_have_is_wrong_and_counted() {
    // Where answers must not tell who has an account, the name is asked for first.
    for (identifier_first, prevention) in [(false, false), (true, false), (true, true)] {
        let mut organisation = demo();
        organisation.settings.user_enumeration_prevention.authentication = prevention;
        if identifier_first {
            for rule in
                organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
            {
                rule.actions.signon.primary_factor = PrimaryFactor::PasswordIdpAnyFactor;
            }
        }
        for owner in [None, Some((bob(), 7))] {
            let facts = Facts { owners: vec![owner], ..Facts::default() };
            let name = "bob@example.com".to_string();
            let mut start = begin();
            if identifier_first {
                let named = take(
                    &organisation,
                    &start,
                    &Input::Identify { identifier: name.clone(), password: None },
                    &facts,
                );
                if named.transaction.identifier().is_none() {
                    continue; // told to be unknown, before any password
                }
                // Where it is the only one, it is asked for at once.
                let chosen = Input::SelectAuthenticator(AuthenticatorKey::OktaPassword);
                start = step(
                    &context(&organisation),
                    named.transaction.clone(),
                    &chosen,
                    &Facts::default(),
                )
                .unwrap_or(named)
                .transaction;
            }
            let guess = |password: &str| {
                let password = Secret::new(password);
                if identifier_first {
                    Input::AnswerPassword(password)
                } else {
                    Input::Identify { identifier: name.clone(), password: Some(password) }
                }
            };
            let wrong = take(&organisation, &start, &guess("not this one"), &facts);
            let budgets = needs(&organisation, &start, &guess("not this one")).budgets;
            assert!(!budgets.is_empty());
            for impossible in ["x".repeat(257), "abcd\0efgh".into(), "\u{1f642}".repeat(300)] {
                let input = guess(&impossible);
                let needs = needs(&organisation, &start, &input);
                assert!(matches!(needs.password, PasswordWork::None));
                assert_eq!(needs.budgets, budgets, "counted like any other");
                assert_eq!(
                    take(&organisation, &start, &input, &facts),
                    wrong,
                    "and answered like any other"
                );
            }
        }
    }
}

#[test]
fn the_name_is_called_what_people_sign_in_with() {
    let label = |organisation: &Organisation| identifier_label(&context(organisation));
    let mut organisation = demo();
    assert_eq!(label(&organisation), "Email", "a username that has to be an address");
    enrollment(&mut organisation).profile_attributes[0].label = "Work email".into();
    assert_eq!(label(&organisation), "Work email", "as the sign-up form calls it");
    let mut organisation = with_usernames();
    assert_eq!(label(&organisation), "Your login", "as the sign-up form calls it");
    enrollment(&mut organisation).profile_attributes.retain(|asked| asked.name != "login");
    assert_eq!(label(&organisation), "Username", "as the schema calls it");
    enrollment(&mut organisation).allowed_identifiers =
        vec!["login".into(), "code".into(), "badge".into()];
    assert_eq!(label(&organisation), "Username or Your code or badge");
}

#[test]
fn a_part_of_the_email_is_called_that_where_it_is_the_username() {
    let organisation = demo();
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let typed = json!({"email": "mickey@example.com", "firstName": "M", "lastName": "M"});
    let input = Input::EnrollProfile {
        profile: profile(typed),
        password: Some(Secret::new("xx mickey xx")),
    };
    assert_eq!(
        messages(&take(&organisation, &form, &input, &Facts::default())),
        [Message::Password(PasswordProblem::ContainsEmail)]
    );
}
