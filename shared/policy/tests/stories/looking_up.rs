//! What must be known to decide an input: whose a name is, what the slow hash has to do, which
//! budgets are counted before (security.md R-O4, R-O6).
use policy::step::passcode_digits;

use super::*;

fn identities(needs: &Needs) -> Vec<(&str, &str)> {
    needs.identities.iter().map(|one| (one.attribute.as_str(), one.value.as_str())).collect()
}

fn named(budgets: &[Budget]) -> Vec<(&str, &str, u32)> {
    let spread = |one: &Budget| one.name == "guess-all";
    budgets
        .iter()
        .map(|one| (one.name, if spread(one) { "a share" } else { whose(one) }, one.max))
        .collect()
}

fn nothing(needs: &Needs) -> bool {
    needs.identities.is_empty()
        && matches!(needs.password, PasswordWork::None)
        && needs.budgets.is_empty()
        && !needs.passcode
}

fn identify(identifier: &str) -> Input {
    Input::Identify { identifier: identifier.into(), password: Some(password()) }
}

#[test]
fn a_name_with_a_password_is_looked_up_by_each_identifier_of_the_app_in_order_and_counted_as_a_guess()
 {
    let mut organisation = demo();
    enrollment(&mut organisation).allowed_identifiers =
        vec!["customerNumber".into(), "login".into()];
    let needs = needs(&organisation, &begin(), &identify(" Ada+x@EXAMPLE.com"));
    assert_eq!(
        identities(&needs),
        [("customerNumber", "ada+x@example.com"), ("login", "ada+x@example.com")]
    );
    assert!(
        matches!(&needs.password, PasswordWork::Verify(typed) if typed.expose() == password().expose())
    );
    let of_all = 20_000 / 16;
    let key = "ada@example.com";
    assert_eq!(
        named(&needs.budgets[0]),
        [
            ("guess-address", key, 10),
            ("guess-source", "the source", 50),
            ("guess-all", "a share", of_all)
        ]
    );
    // If that is used up: a few first tries from each network, of a share of the same guesses; of
    // everybody's five times as many.
    let first = [
        ("guess-address", key, 15),
        ("guess-first", key, 2),
        ("guess-source", "the source", 50),
        ("guess-all", "a share", 5 * of_all),
    ];
    assert_eq!(named(&needs.budgets[1]), first);
    assert_eq!((needs.budgets.len(), &needs.budgets[1][1].whose), (2, &Whose::Network(key.into())));
    assert!(
        needs.budgets.iter().flatten().all(|one| one.refund && one.window == Span::hours(1)),
        "only wrong ones count, for an hour"
    );
    // Without a password nothing is guessed.
    organisation.settings.verify_knowledge_second_when_2fa_required = true;
    let named_only = Input::Identify { identifier: "ada@example.com".into(), password: None };
    let needs = super::needs(&organisation, &begin(), &named_only);
    assert_eq!(identities(&needs).len(), 2);
    assert!(
        needs.budgets.iter().flatten().all(|one| !one.name.starts_with("guess"))
            && matches!(needs.password, PasswordWork::None)
    );
}

#[test]
fn the_lockout_of_the_password_policy_is_one_of_the_budgets_of_a_password() {
    for (attempts, expected) in [(0, 10), (1, 1), (10, 10), (30, 10)] {
        let mut organisation = demo();
        organisation.policies.password[0]
            .settings
            .as_mut()
            .unwrap()
            .password
            .lockout
            .max_attempts = attempts;
        assert_eq!(
            needs(&organisation, &begin(), &identify("ada@example.com")).budgets[0][0].max,
            expected,
            "0 is none"
        );
    }
}

#[test]
fn r_r8_a_browser_that_the_person_has_used_before_has_a_budget_of_its_own() {
    let organisation = demo();
    let needs = lookup(
        &context(&organisation),
        &begin(),
        &identify("ada@example.com"),
        Familiar { browser: true, network: true },
        false,
    );
    assert_eq!(needs.budgets.len(), 1);
    assert_eq!(
        named(&needs.budgets[0]),
        [("guess-known-browser", "ada@example.com browser", 10)],
        "and no other"
    );
}

#[test]
fn r_r8_m1_so_have_the_networks_that_the_person_has_used_before_each_and_all_together() {
    let organisation = demo();
    let needs = lookup(
        &context(&organisation),
        &begin(),
        &identify("ada@example.com"),
        Familiar { browser: false, network: true },
        false,
    );
    let key = "ada@example.com";
    assert_eq!(
        named(&needs.budgets[0]),
        [
            ("guess-known-network", key, 10),
            ("guess-known-networks", key, 20),
            ("guess-source", "the source", 500)
        ]
    );
    assert_eq!(needs.budgets[0][0].whose, Whose::Network(key.into()));
    assert_eq!((needs.budgets.len(), needs.budgets[1][1].name), (2, "guess-first"));
    assert!(needs.budgets.iter().flatten().all(|one| one.refund && one.window == Span::hours(1)));
}

#[test]
fn a_password_is_a_guess_at_the_name_that_was_typed() {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    let named_only = Input::Identify { identifier: "Ada@example.com".into(), password: None };
    for owner in [None, Some((person("ada"), 7))] {
        let transaction = take(
            &organisation,
            &begin(),
            &named_only,
            &Facts { owners: vec![owner], ..Facts::default() },
        )
        .transaction;
        let needs = needs(&organisation, &transaction, &Input::AnswerPassword(password()));
        assert!(matches!(needs.password, PasswordWork::Verify(_)) && needs.identities.is_empty());
        assert_eq!(named(&needs.budgets[0])[0], ("guess-address", "ada@example.com", 10));
    }
}

#[test]
fn r_o4_a_code_is_compared_within_its_own_five_tries_and_what_is_no_code_is_not_compared() {
    let organisation = demo();
    let transaction = sign_up(&organisation, ada(), vec![]).transaction;
    let made = transaction.challenge.as_ref().unwrap().made;
    let needs =
        |typed: &str| needs(&organisation, &transaction, &Input::AnswerEmail(Secret::new(typed)));
    let code = needs("123-456");
    assert!(
        code.passcode && code.identities.is_empty() && matches!(code.password, PasswordWork::None)
    );
    // The first try may use what is kept for it, and everybody's guesses do not weigh on it.
    let key = "ada@example.com";
    assert_eq!(
        named(&code.budgets[0])[..2],
        [("guess-address", key, 20), ("guess-source", "the source", 50)]
    );
    let of_all = ("guess-all", "a share", 1_250);
    assert_eq!(
        named(&code.budgets[1])[..3],
        [("guess-address", key, 10), ("guess-source", "the source", 50), of_all]
    );
    assert_eq!((code.budgets.len(), code.budgets[0].len(), code.budgets[1].len()), (2, 3, 4));
    for (budgets, tries) in [(&code.budgets[1], 5), (&code.budgets[0], 1)] {
        let own = budgets.last().unwrap();
        assert_eq!(
            (own.name, whose(own), own.max, own.since, own.refund),
            ("passcode", "transaction:1", tries, Some(made), false)
        );
    }
    let rows: Vec<Value> = serde_json::from_str(include_str!("../vectors/passcodes.json")).unwrap();
    assert!(rows.len() >= 30, "the vectors are there");
    for row in &rows {
        let (typed, digits) = (row["typed"].as_str().unwrap(), row["digits"].as_str());
        let read = passcode_digits(&Secret::new(typed), 6);
        assert_eq!(read.as_ref().map(Secret::expose), digits, "{}", row["note"]);
        assert_eq!(nothing(&needs(typed)), digits.is_none(), "{}", row["note"]);
    }
}

#[test]
fn r_r8_as_many_guesses_of_an_address_are_kept_for_first_tries_as_it_can_have_codes() {
    for (guesses, mails, others) in [(20, 10, 10), (20, 3, 17), (20, 50, 10), (7, 5, 4), (1, 10, 1)]
    {
        let mut organisation = demo();
        let limits = &mut organisation.settings.limits;
        (limits.guesses_per_address_per_hour, limits.mails_per_address_per_day) = (guesses, mails);
        let mut transaction = sign_up(&organisation, ada(), vec![]).transaction;
        let input = Input::AnswerEmail(Secret::new("123456"));
        let code = needs(&organisation, &transaction, &input);
        assert_eq!((code.budgets[1][0].max, code.budgets[0][0].max), (others, guesses));
        let password = needs(&organisation, &begin(), &identify("ada@example.com"));
        let first_tries = others.min(10) + (guesses - others) / 2;
        assert_eq!(
            (password.budgets[0][0].max, password.budgets[1][0].max),
            (others.min(10), first_tries)
        );
        transaction.familiar.browser = true;
        let code = needs(&organisation, &transaction, &input);
        let own: Vec<_> =
            named(&code.budgets[0]).into_iter().map(|(name, _, max)| (name, max)).collect();
        // Its own, and the address's: nobody has more guesses of codes than that, in however many
        // browsers.
        assert_eq!(
            own,
            [("guess-known-browser", guesses), ("guess-address", guesses), ("passcode", 5)]
        );
        assert_eq!(code.budgets.len(), 1);
    }
}

#[test]
fn a_sign_up_asks_for_the_owners_of_its_values_and_for_a_hash_once_everything_else_is_right() {
    let mut organisation = demo();
    ask(&mut organisation, "customerNumber", false);
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let input = |typed: Value, password: &str| Input::EnrollProfile {
        profile: profile(typed),
        password: Some(Secret::new(password)),
    };
    let right = with(ada(), "customerNumber", json!("1234"));
    let needs = |typed: &Value, password: &str| {
        needs(&organisation, &form, &input(typed.clone(), password))
    };
    let good = needs(&right, "correct horse battery");
    assert_eq!(
        identities(&good),
        [("customerNumber", "1234"), ("email", "ada@example.com"), ("login", "ada@example.com")]
    );
    assert!(
        matches!(&good.password, PasswordWork::Hash(typed) if typed.expose() == "correct horse battery")
    );
    assert!(nothing(&needs(&right, "short")), "the password is wrong (A-007)");
    assert!(
        nothing(&needs(&with(right, "customerNumber", json!("many")), "correct horse battery")),
        "a value is wrong (A-007)"
    );
}

#[test]
fn r_p4_a_password_that_anybody_would_guess_of_this_person_is_refused() {
    let mut organisation = demo();
    let settings = organisation.policies.password[0].settings.as_mut().unwrap();
    settings.password.complexity.exclude_attributes = vec!["firstName".into(), "lastName".into()];
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    for (guess, refused) in [
        ("countess@example.com", true),
        ("augusta12345", true),
        ("lovelace1815", true),
        ("Demo app 2026", true),
        ("correct horse battery", false),
    ] {
        let typed = profile(
            json!({"email": "countess@example.com", "firstName": "Augusta", "lastName": "Lovelace"}),
        );
        let input = Input::EnrollProfile { profile: typed, password: Some(Secret::new(guess)) };
        let facts = Facts { new_password: Some(hash()), ..Facts::default() };
        assert_eq!(
            take(&organisation, &form, &input, &facts).rejection.is_some(),
            refused,
            "{guess}"
        );
    }
}

#[test]
fn r_r10_what_is_counted_of_everybody_is_spread_over_sixteen_counters_that_nobody_chooses() {
    let organisation = demo();
    let mut budgets =
        needs(&organisation, &begin(), &identify("ada@example.com")).budgets.concat().into_iter();
    let of_all = budgets.find(|one| one.name == "guess-all").unwrap();
    // Which one it is, the engine says, by a MAC of this.
    assert_eq!(
        (of_all.whose, of_all.max, policy::step::SHARES),
        (Whose::Everybody("transaction".into()), 20_000 / 16, 16)
    );
}

#[test]
fn r_r9_l6_a_source_that_has_no_mail_left_gets_no_password_hashed() {
    for (verifies, watched) in [(true, "mail-source-hour"), (false, "unproven-account")] {
        let mut organisation = demo();
        enrollment(&mut organisation).activation_requirements.email_verification = verifies;
        let form = take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default())
            .transaction;
        let input = Input::EnrollProfile { profile: profile(ada()), password: Some(password()) };
        let names: Vec<_> = needs(&organisation, &form, &input)
            .watched_budgets
            .iter()
            .map(|one| one.name)
            .collect();
        // Never the address's: that would tell how much is mailed to it.
        assert_eq!(names, ["taken-name", watched]);
        let early = policy::step::watched(&organisation.settings.limits, &input);
        assert!(
            names.iter().all(|name| early.iter().any(|one| one.name == *name)),
            "looked at in the first trip"
        );
    }
}

#[test]
fn what_is_not_offered_costs_nothing() {
    let organisation = demo();
    for input in [
        Input::AnswerPassword(password()),
        Input::EnrollProfile { profile: profile(ada()), password: Some(password()) },
    ] {
        assert!(nothing(&needs(&organisation, &begin(), &input)));
    }
}

#[test]
fn a_values_owner_is_asked_for_when_a_known_person_gives_it_and_again_when_an_account_is_refused_for_it()
 {
    let mut organisation = demo();
    ask(&mut organisation, "customerNumber", true);
    let form = sign_in(&organisation, bob()).transaction;
    let needs = needs(
        &organisation,
        &form,
        &Input::UpdateProfile(profile(json!({"customerNumber": "1234"}))),
    );
    assert_eq!(identities(&needs), [("customerNumber", "1234")]);
    let sent = sign_up(&demo(), ada(), vec![]).transaction;
    let code = Input::AnswerEmail(Secret::new("123456"));
    for contested in [false, true] {
        let needs = lookup(&context(&organisation), &sent, &code, Familiar::default(), contested);
        assert_eq!(needs.identities.len(), if contested { 2 } else { 0 });
    }
}
