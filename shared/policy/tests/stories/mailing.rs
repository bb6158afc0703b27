//! Codes and links: when one is mailed, how long it is good, and what it proves (policies.md §9;
//! security.md R-O2, R-O5, R-R6, I3, I8).
use super::*;

/// The same a while after the code was made.
fn after(organisation: &Organisation, milliseconds: u64) -> Context<'_> {
    let made = context(organisation);
    Context { now: made.now + Span(milliseconds), ..made }
}

fn take_after(
    organisation: &Organisation,
    milliseconds: u64,
    transaction: &Transaction,
    input: &Input,
    facts: &Facts,
) -> Decision {
    step(&after(organisation, milliseconds), transaction.clone(), input, facts).unwrap()
}

/// Somebody who signs up and waits for the code; the mail provider has taken it, or not yet.
fn waiting(organisation: &Organisation, sent: bool) -> Transaction {
    let mut transaction = sign_up(organisation, ada(), vec![]).transaction;
    transaction.challenge.as_mut().unwrap().sent = sent;
    transaction
}

/// A member who asked for a code to sign in with.
fn signing_in(organisation: &mut Organisation, user: User) -> Decision {
    organisation.policies.global_session[0].rules[0].actions.signon.primary_factor =
        PrimaryFactor::PasswordIdpAnyFactor;
    let input = Input::Identify { identifier: user.text("login").unwrap().into(), password: None };
    let named = take(
        organisation,
        &begin(),
        &input,
        &Facts { owners: vec![Some((user, 7))], ..Facts::default() },
    );
    take(
        organisation,
        &named.transaction,
        &Input::SelectAuthenticator(AuthenticatorKey::OktaEmail),
        &Facts::default(),
    )
}

fn sequence(decision: &Decision) -> Option<u32> {
    match &decision.mail {
        Some(Mail::Passcode(challenge)) => Some(challenge.sequence),
        _ => None,
    }
}

#[test]
fn r_o5_a_new_code_half_a_minute_after_the_old_one() {
    let organisation = demo();
    let transaction = waiting(&organisation, true);
    for (milliseconds, expected) in
        [(0, None), (29_999, None), (30_000, Some(2)), (299_999, Some(2))]
    {
        let resent = take_after(
            &organisation,
            milliseconds,
            &transaction,
            &Input::Resend,
            &Facts::default(),
        );
        assert_eq!(sequence(&resent), expected, "{milliseconds}");
        assert_eq!(resent.rejection, expected.is_none().then_some(Rejection::TooManyRequests));
    }
}

#[test]
fn a_new_code_at_once_for_whom_the_old_one_is_no_use() {
    let mut organisation = demo();
    let mut unsent = waiting(&organisation, false);
    for (milliseconds, expected, why) in
        [(1, None, "it is on its way"), (5_000, Some(2), "whoever sent it has died")]
    {
        assert_eq!(
            sequence(&take_after(
                &organisation,
                milliseconds,
                &unsent,
                &Input::Resend,
                &Facts::default()
            )),
            expected,
            "{why}"
        );
    }
    unsent.challenge.as_mut().unwrap().failed = true;
    assert_eq!(
        sequence(&take_after(&organisation, 1, &unsent, &Input::Resend, &Facts::default())),
        Some(2),
        "it was never mailed"
    );
    organisation.settings.limits.resend_cooldown_seconds = 3_600;
    let dead = waiting(&organisation, true);
    assert_eq!(
        sequence(&take_after(&organisation, 299_999, &dead, &Input::Resend, &Facts::default())),
        None
    );
    assert_eq!(
        sequence(&take_after(&organisation, 300_000, &dead, &Input::Resend, &Facts::default())),
        Some(2),
        "it has died"
    );
}

#[test]
fn r_r1_whoever_signs_in_waits_for_a_new_code_even_if_the_old_one_was_not_mailed_where_that_would_tell()
 {
    for (prevention, expected) in [(false, Some(2)), (true, None)] {
        let mut organisation = demo();
        organisation.settings.user_enumeration_prevention.authentication = prevention;
        let mut asked = signing_in(&mut organisation, person("ada"));
        asked.transaction.challenge.as_mut().unwrap().failed = true;
        assert_eq!(asked.transaction.challenge.as_ref().unwrap().purpose, Purpose::SignIn);
        assert_eq!(
            sequence(&take_after(
                &organisation,
                1,
                &asked.transaction,
                &Input::Resend,
                &Facts::default()
            )),
            expected
        );
        // Whoever signs up with an address that is taken is mailed too, so there is nothing to
        // tell.
        let mut applicant = waiting(&organisation, false);
        applicant.challenge.as_mut().unwrap().failed = true;
        assert_eq!(applicant.challenge.as_ref().unwrap().purpose, Purpose::Registration);
        assert_eq!(
            sequence(&take_after(&organisation, 1, &applicant, &Input::Resend, &Facts::default())),
            Some(2)
        );
    }
}

#[test]
fn r_o5_so_many_codes_and_no_more() {
    let organisation = demo();
    let mut transaction = waiting(&organisation, false);
    for expected in 2..=organisation.settings.limits.sends_per_transaction {
        transaction.challenge.as_mut().unwrap().failed = true;
        let resent = take(&organisation, &transaction, &Input::Resend, &Facts::default());
        assert_eq!((sequence(&resent), resent.transaction.sends), (Some(expected), expected));
        transaction = resent.transaction;
    }
    transaction.challenge.as_mut().unwrap().failed = true;
    let refused = take(&organisation, &transaction, &Input::Resend, &Facts::default());
    assert_eq!(
        (refused.rejection, &refused.mail, &refused.transaction),
        (Some(Rejection::TooManyRequests), &None, &transaction)
    );
}

#[test]
fn i8_a_mail_that_nobody_reported_as_sent_is_sent_once_more_by_whoever_asks_after_five_seconds() {
    let organisation = demo();
    let (unsent, sent) = (waiting(&organisation, false), waiting(&organisation, true));
    let poll = |milliseconds, transaction: &Transaction, over_commit_budget| {
        take_after(
            &organisation,
            milliseconds,
            transaction,
            &Input::Poll,
            &Facts { over_commit_budget, ..Facts::default() },
        )
    };
    assert_eq!(sequence(&poll(4_999, &unsent, false)), None);
    let again = poll(5_000, &unsent, false);
    assert_eq!(
        (sequence(&again), names(&again)),
        (Some(1), of_a_mail()),
        "the same code, and it counts like any mail"
    );
    for (milliseconds, transaction, over, why) in [
        (5_000, &again.transaction, false, "it was sent again already"),
        (5_000, &sent, false, "it was sent"),
        (300_000, &unsent, false, "the code is dead"),
        (5_000, &unsent, true, "a budget is used up"),
    ] {
        let nothing = poll(milliseconds, transaction, over);
        assert_eq!(
            (&nothing.mail, &nothing.counts, &nothing.transaction),
            (&None, &vec![], transaction),
            "{why}"
        );
    }
}

#[test]
fn r_r6_a_second_try_counts_like_any_mail_whoever_it_is_for() {
    for prevention in [false, true] {
        let mut organisation = demo();
        organisation.settings.user_enumeration_prevention.authentication = prevention;
        let asked = signing_in(&mut organisation, person("ada"));
        let again =
            take_after(&organisation, 5_000, &asked.transaction, &Input::Poll, &Facts::default());
        assert_eq!((sequence(&again), names(&again)), (Some(1), of_a_mail()));
    }
}

/// What a mail counts: as long as there is much room in what everybody shares, and where there is
/// less.
fn of_a_mail() -> Vec<Vec<&'static str>> {
    let always = ["mail-address-hour", "mail-address-day", "mail-source-hour", "mail-all-day"];
    vec![always.to_vec(), [&always[..], &["mail-site-day"]].concat()]
}

fn names(decision: &Decision) -> Vec<Vec<&'static str>> {
    decision.counts.iter().map(|counts| counts.iter().map(|one| one.name).collect()).collect()
}

#[test]
fn r_r6_every_mail_counts_for_its_address_its_source_and_everybody() {
    let mut organisation = demo();
    let typed = with(ada(), "email", json!("Ada+tag@example.com"));
    let limits = organisation.settings.limits.clone();
    let (hour, day, key) = (Span::hours(1), Span::hours(24), "ada@example.com");
    let expected = [
        ("mail-address-hour", key, limits.mails_per_address_per_hour, hour, true),
        ("mail-address-day", key, limits.mails_per_address_per_day, day, true),
        ("mail-source-hour", "the source", limits.mails_per_source_per_hour, hour, false),
    ];
    for decision in
        [sign_up(&organisation, typed, vec![]), signing_in(&mut organisation, person("ada"))]
    {
        assert_eq!(names(&decision), of_a_mail());
        for counts in &decision.counts {
            let counted: Vec<_> = counts
                .iter()
                .map(|one| (one.name, whose(one), one.max, one.window, one.refund))
                .collect();
            assert_eq!(counted[..3], expected);
        }
    }
}

/// M2: past what anybody may ask for there is more for each site, and a fifth of all is for
/// sign-in.
#[test]
fn a_106_how_far_the_mails_of_a_day_go_depends_on_what_is_asked_for() {
    let mut organisation = demo();
    let shares = |decision: &Decision| -> Vec<_> {
        let of_all = |counts: &Vec<Budget>| {
            let of_all = counts.iter().find(|one| one.name == "mail-all-day").unwrap();
            assert!(
                matches!(of_all.whose, Whose::Everybody(_))
                    && of_all.refund
                    && of_all.window == Span::hours(24)
            );
            of_all.max
        };
        let of_site = |one: &Budget| (one.whose.clone(), one.max, one.window, one.refund);
        decision.counts.iter().map(|counts| (of_all(counts), counts.get(4).map(of_site))).collect()
    };
    let two_of = |kind: &str| Some((Whose::Site(kind.into()), 2, Span::hours(24), true));
    let mut of = |in_all| {
        organisation.settings.limits.mails_in_all_per_day = in_all;
        let asked = sign_up(&organisation, ada(), vec![]);
        (shares(&asked), shares(&signing_in(&mut organisation, person("ada"))))
    };
    // The budget of everybody is spread over sixteen counters (R-R10).
    let (sign_up, sign_in) = of(1_600);
    assert_eq!(sign_up, [(50, None), (80, two_of("sign-up"))]);
    assert_eq!(sign_in, [(70, None), (100, two_of("sign-in"))]);
    // The smallest limit lets something through, and the largest is no overflow.
    assert!([of(1).0, of(1).1].concat().iter().all(|(max, _)| *max == 1));
    assert_eq!(of(u32::MAX).1[1].0, u32::MAX / 16 + 1);
}

#[test]
fn choosing_the_mailbox_again_shows_the_code_that_is_out() {
    let mut organisation = demo();
    let asked = signing_in(&mut organisation, person("ada"));
    let choose = |milliseconds, transaction: &Transaction, key| {
        sequence(&take_after(
            &organisation,
            milliseconds,
            transaction,
            &Input::SelectAuthenticator(key),
            &Facts::default(),
        ))
    };
    assert_eq!(sequence(&asked), Some(1));
    assert_eq!(choose(299_999, &asked.transaction, AuthenticatorKey::OktaEmail), None);
    assert_eq!(choose(300_000, &asked.transaction, AuthenticatorKey::OktaEmail), Some(2));
    assert_eq!(
        choose(300_000, &asked.transaction, AuthenticatorKey::OktaPassword),
        None,
        "for a password nothing is mailed"
    );
}

#[test]
fn r_o2_a_code_and_its_link_are_good_for_five_minutes() {
    let organisation = demo();
    let transaction = waiting(&organisation, true);
    let right = Facts { passcode_right: true, ..Facts::default() };
    let code = Input::AnswerEmail(Secret::new("123 456"));
    for (milliseconds, good) in [(0, true), (299_999, true), (300_000, false)] {
        let answered = take_after(&organisation, milliseconds, &transaction, &code, &right);
        assert_eq!(
            (is_done(&answered), answered.rejection),
            (good, (!good).then_some(Rejection::Unauthenticated))
        );
        let link = step(
            &after(&organisation, milliseconds),
            transaction.clone(),
            &Input::ConfirmLink { sequence: 1 },
            &Facts::default(),
        );
        assert_eq!(
            link.map(|decision| is_done(&decision)),
            if good { Ok(true) } else { Err(StepError::NotOffered) }
        );
    }
    let wrong = take_after(&organisation, 0, &transaction, &code, &Facts::default());
    assert_eq!(
        (wrong.rejection, wrong.transaction),
        (Some(Rejection::Unauthenticated), transaction.clone())
    );
    for sequence in [0, 2] {
        let link = step(
            &after(&organisation, 0),
            transaction.clone(),
            &Input::ConfirmLink { sequence },
            &Facts::default(),
        );
        assert_eq!(link, Err(StepError::NotOffered), "of another code");
    }
}

#[test]
fn r_r3_the_link_of_a_sign_up_with_somebody_elses_address_leads_nowhere() {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    let decoy =
        sign_up(&organisation, ada(), vec![Some((person("ada"), 1)), Some((person("ada"), 1))])
            .transaction;
    let link = step(
        &after(&organisation, 0),
        decoy,
        &Input::ConfirmLink { sequence: 1 },
        &Facts::default(),
    );
    assert_eq!(link, Err(StepError::NotOffered));
}

#[test]
fn f_34_a_code_made_by_a_clock_that_was_put_back_is_dead() {
    let organisation = demo();
    let mut transaction = waiting(&organisation, true);
    for (ahead, good) in [(60_000, true), (60_001, false)] {
        transaction.challenge.as_mut().unwrap().made = context(&organisation).now + Span(ahead);
        let answered = answer_code(&organisation, &transaction, vec![]);
        assert_eq!(is_done(&answered), good, "{ahead}");
    }
}

#[test]
fn i3_whoever_proves_a_mailbox_first_owns_the_account_and_a_password_of_somebody_else_is_void() {
    let right = Facts { passcode_right: true, new_user_id: "new".into(), ..Facts::default() };
    let code = Input::AnswerEmail(Secret::new("123456"));
    // That the browser is known is no proof: others may use it too.
    for (knows_browser, has_password, knows_password) in
        [(false, true, false), (true, true, false), (false, true, true), (false, false, false)]
    {
        let mut organisation = demo();
        let mut bob = User { has_password, generation: 3, ..person("bob") };
        bob.groups.insert("staff".into());
        let mut transaction = signing_in(&mut organisation, bob.clone()).transaction;
        transaction.familiar.browser = knows_browser;
        if knows_password {
            organisation.policies.global_session[0].rules[0].actions.signon.require_factor = true;
            transaction.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
        }
        let proven = take(&organisation, &transaction, &code, &right);
        let Subject::Member { user: now, version, .. } = &proven.transaction.subject else {
            panic!("{proven:?}")
        };
        // Nobody ever got in where there is no password: an administrator made that account for
        // whoever has the mailbox.
        if knows_password || !has_password {
            let [Effect::SaveUser { user, version: 7, password: PasswordChange::Keep, .. }] =
                proven.effects.as_slice()
            else {
                panic!("{proven:?}")
            };
            assert_eq!(
                (user.id.as_str(), user.email_verified, user.has_password, user.generation),
                ("bob", true, has_password, 3)
            );
            assert_eq!(
                (&user.profile, user.last_updated, *version),
                (&bob.profile, context(&organisation).now, 8)
            );
            assert!(user.groups.contains("staff"));
            continue;
        }
        let [Effect::ReplaceUser { user, password: None, old, version: 7, claims, .. }] =
            proven.effects.as_slice()
        else {
            panic!("{proven:?}")
        };
        assert_eq!(
            (old.as_str(), user.id.as_str(), user.generation),
            ("bob", "new", 0),
            "a subject is never reassigned"
        );
        assert_eq!(
            json!(user.profile),
            json!({"email": "bob@example.com", "login": "bob@example.com"}),
            "the mailbox is theirs, the rest is not"
        );
        assert!(
            (user.email_verified, user.has_password) == (true, false)
                && !user.groups.contains("staff")
        );
        assert_eq!(
            (user.created, user.last_updated),
            (context(&organisation).now, context(&organisation).now)
        );
        let claimed: Vec<_> = claims.iter().map(|claim| claim.attribute.as_str()).collect();
        assert_eq!(claimed, ["email", "login"]);
        assert_eq!(
            (now.id.as_str(), *version, proven.transaction.familiar.browser),
            ("new", 1, false),
            "what was saved is what the next step finds"
        );
    }
    // Of a mailbox that was proven before, nothing changes.
    let mut organisation = demo();
    let asked = signing_in(&mut organisation, person("ada"));
    let proven = take(&organisation, &asked.transaction, &code, &right);
    assert_eq!(proven.effects, [Effect::CheckUser { id: "ada".into(), version: 7 }]);
}

#[test]
fn r_o7_l1_a_code_proves_the_mailbox_that_it_was_sent_to_and_no_later_one() {
    let mut organisation = demo();
    let mut transaction = signing_in(&mut organisation, person("bob")).transaction;
    let Subject::Member { user, .. } = &mut transaction.subject else { panic!() };
    user.profile.insert("email".into(), json!("new@example.com"));
    let right = Facts { passcode_right: true, ..Facts::default() };
    let answered =
        take(&organisation, &transaction, &Input::AnswerEmail(Secret::new("123456")), &right);
    assert_eq!((answered.rejection, answered.effects.len()), (Some(Rejection::Unauthenticated), 0));
    assert!(answered.transaction.proofs.is_empty());
    let sequence = transaction.challenge.as_ref().unwrap().sequence;
    assert!(
        step(&context(&organisation), transaction, &Input::ConfirmLink { sequence }, &right)
            .is_err()
    );
}

#[test]
fn only_who_serves_mail_sends_and_looking_does_not() {
    let organisation = demo();
    let waiting = waiting(&organisation, true);
    let mut without_code = waiting.clone();
    without_code.challenge = None;
    for (input, transaction, mails) in [
        (Input::Introspect, &waiting, false),
        (Input::Poll, &waiting, false),
        (Input::Introspect, &without_code, false),
        (Input::Poll, &without_code, true),
    ] {
        assert_eq!(
            take(&organisation, transaction, &input, &Facts::default()).mail.is_some(),
            mails,
            "{input:?}"
        );
    }
}

#[test]
fn without_verification_there_is_an_account_at_once_and_a_welcome_goes_out() {
    let mut organisation = demo();
    enrollment(&mut organisation).activation_requirements.email_verification = false;
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let input = Input::EnrollProfile { profile: profile(ada()), password: Some(password()) };
    let send = |organisation: &Organisation, over_commit_budget| {
        let facts = Facts {
            new_password: Some(hash()),
            new_user_id: "new".into(),
            over_commit_budget,
            ..Facts::default()
        };
        take(organisation, &form, &input, &facts)
    };
    let made = send(&organisation, false);
    assert!(is_done(&made) && !created(&made).email_verified);
    assert_eq!(
        made.mail,
        Some(Mail::Welcome { user_id: "new".into(), address: "Ada@example.com".into() })
    );
    let beside = |counts: Vec<&'static str>| [&["unproven-account"][..], &counts].concat();
    assert_eq!(names(&made), of_a_mail().into_iter().map(beside).collect::<Vec<_>>());
    // Nothing waits for it.
    let made = send(&organisation, true);
    assert!(is_done(&made) && made.mail.is_none());
    assert_eq!(names(&made), [["unproven-account"]]);
    // Whoever has proven the mailbox needs no mail that asks for it.
    let verified = demo();
    assert_eq!(
        answer_code(&verified, &sign_up(&verified, ada(), vec![]).transaction, vec![]).mail,
        None
    );
    // Where nobody may learn who has an account, everybody proves the mailbox first.
    organisation.settings.user_enumeration_prevention.authentication = true;
    let proving = send(&organisation, false);
    assert!(proving.effects.is_empty() && sequence(&proving) == Some(1));
}
