//! R-R1..R-R4: with enumeration prevention on, known and unknown people get the same answers.

use serde_json::{Value, json};

use super::stage::{Answer, Browser, Kind, MailFault, Stage, demo};
use super::{ADA, PASSWORD, another, by_password_or_mail, with_ada_in};
use policy::organisation::Organisation;

const NOBODY: &str = "nob@example.com";

fn preventing() -> Organisation {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    organisation
}

/// Status, header names and body, with what is random or typed masked.
fn seen(answer: &Answer, handle: &str, typed: &str) -> (u16, Vec<String>, String) {
    let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    let masked = policy::email::Email::parse(typed).unwrap().masked();
    let mut text =
        answer.text.replace(handle, "HANDLE").replace(typed, "TYPED").replace(&masked, "MASKED");
    if let Some(expires) = answer.body["expiresAt"].as_str() {
        text = text.replace(expires, "EXPIRES");
    }
    (answer.status, names, text)
}

/// The same way twice: as somebody, and as nobody.
fn compare(stage: &Stage, steps: impl Fn(&mut Browser<'_>, &str) -> Vec<Answer>) {
    let mut views = Vec::new();
    for typed in [ADA, NOBODY] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let answers = steps(&mut browser, typed);
        let handle = browser.handle.clone();
        views.push(answers.iter().map(|answer| seen(answer, &handle, typed)).collect::<Vec<_>>());
    }
    assert_eq!(views[0], views[1]);
}

#[test]
fn r_r1_a_001_identify_and_wrong_password_look_the_same() {
    let stage = with_ada_in(&preventing());
    compare(&stage, |browser, typed| {
        let identified = browser.step("/idp/idx/identify", json!({"identifier": typed}));
        assert_eq!(identified.status, 200, "{}", identified.text);
        let mut answers = vec![identified];
        if answers[0].forms()[0] == "select-authenticator-authenticate" {
            answers.push(
                browser
                    .step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}})),
            );
        }
        for _ in 0..3 {
            answers.push(browser.step(
                "/idp/idx/challenge/answer",
                json!({"credentials": {"passcode": "not the password"}}),
            ));
        }
        answers
    });
}

#[test]
fn r_r4_a_005_a_decoy_challenge_dies_like_a_real_one() {
    let stage = with_ada_in(&chosen_mailbox());
    compare(&stage, |browser, typed| {
        let mut answers = vec![browser.step("/idp/idx/identify", json!({"identifier": typed}))];
        answers.push(
            browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}})),
        );
        for guess in 0..7 {
            // Not by chance the right one.
            let code = if typed == ADA {
                another(&browser.stage.code(ADA))
            } else {
                format!("{guess:06}")
            };
            answers.push(browser.answer_code(&code));
        }
        answers
    });
    assert!(stage.letters().iter().all(|mail| mail.to == ADA), "nobody is mailed");
}

#[test]
fn r_r3_a_004_a_taken_address_is_answered_alike_and_its_owner_told() {
    let stage = with_ada_in(&preventing());
    compare(&stage, |browser, typed| {
        browser.step("/idp/idx/enroll", json!({}));
        let profile = json!({"email": typed, "firstName": "Ada", "lastName": "Lovelace"});
        let sent = browser.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": "another password"}}),
        );
        assert_eq!(sent.status, 200, "{}", sent.text);
        vec![sent, browser.answer_code("000000")]
    });
    let last: Vec<_> = stage.letters().into_iter().rev().take(2).collect();
    assert!(last[1].kind == Kind::AlreadyRegistered && last[1].to == ADA, "{last:?}");
    assert!(last[0].kind == Kind::Activation && last[0].to == NOBODY);
    assert_eq!(stage.items("USER").len(), 1);
}

/// Whoever chooses the mailbox at sign-in, and what becomes of that choice.
fn chosen_mailbox() -> Organisation {
    let mut organisation = by_password_or_mail();
    organisation.settings.user_enumeration_prevention.authentication = true;
    organisation
}

fn choose_mailbox(browser: &mut Browser<'_>, typed: &str) -> Vec<Answer> {
    let identified = browser.step("/idp/idx/identify", json!({"identifier": typed}));
    vec![
        identified,
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}})),
    ]
}

#[test]
fn r_r4_a_003_a_006_a_009_resends_cooldowns_and_polls_are_alike() {
    let stage = with_ada_in(&chosen_mailbox());
    compare(&stage, |browser, typed| {
        let mut answers = choose_mailbox(browser, typed);
        answers.push(browser.step("/idp/idx/email/poll", json!({})));
        answers.push(browser.step("/idp/idx/email/resend", json!({})));
        assert_eq!(answers.last().unwrap().status, 429, "cooling down");
        // Until neither may send any more.
        for _ in 0..6 {
            browser.stage.advance(31);
            answers.push(browser.step("/idp/idx/email/resend", json!({})));
            answers.push(browser.step("/idp/idx/email/poll", json!({})));
        }
        assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 3);
        answers
    });
}

#[test]
fn a_008_a_mail_that_is_refused_or_cannot_be_sent_tells_nothing() {
    let stage = with_ada_in(&chosen_mailbox());
    for how in [MailFault::Rejected, MailFault::Unavailable] {
        stage.fail_mail(Some(how));
        compare(&stage, |browser, typed| {
            let mut answers = choose_mailbox(browser, typed);
            // Chosen once more, asked for again, waited for: whatever is done about a mail that is
            // still to be sent must not be seen.
            answers.push(
                browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}})),
            );
            answers.push(browser.step("/idp/idx/email/resend", json!({})));
            browser.stage.advance(6);
            answers.push(browser.step("/idp/idx/email/poll", json!({})));
            browser.stage.advance(25);
            for _ in 0..2 {
                answers.push(browser.step("/idp/idx/email/resend", json!({})));
            }
            answers
        });
        stage.fail_mail(None);
    }
    // What could not be sent is sent by the next poll.
    stage.advance(3_600);
    stage.fail_mail(Some(MailFault::Unavailable));
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    choose_mailbox(&mut browser, ADA);
    stage.fail_mail(None);
    stage.advance(6);
    browser.step("/idp/idx/email/poll", json!({}));
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

#[test]
fn r_p9_r_r2_a_002_known_unknown_and_deactivated_cost_the_same_round_trips() {
    let stage = with_ada_in(&chosen_mailbox());
    let gone = "gone@example.com";
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(gone, PASSWORD);
    browser.answer_code(&stage.code(gone));
    let mut item =
        stage.items("USER").into_iter().find(|item| item.body["profile"]["email"] == gone).unwrap();
    item.body["status"] = json!("DEPROVISIONED");
    item.version += 1;
    stage.put(item);
    let calls = |typed: &str| {
        let mut browser = stage.browser("demo-spa");
        // A stranger's: whoever is in a network that somebody has signed in from has other budgets
        // there (shared/organisation/README.md).
        browser.source = "203.0.113.9".into();
        browser.begin();
        stage.calls();
        let mut step = |path: &str, body: Value| {
            let status = browser.step(path, body).status;
            // A mail itself is what remains (shared/organisation/README.md): all else is the
            // same, in the same order.
            let calls: Vec<_> =
                stage.calls().into_iter().filter(|call| call != "ses.SendEmail").collect();
            (path.to_owned(), status, calls)
        };
        vec![
            step("/idp/idx/identify", json!({"identifier": typed})),
            step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}})),
            step(
                "/idp/idx/challenge/answer",
                json!({"credentials": {"passcode": "not the password"}}),
            ),
            step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}})),
            step("/idp/idx/email/answer", json!({"credentials": {"passcode": "000000"}})),
            step("/idp/idx/email/poll", json!({})),
            step("/idp/idx/email/resend", json!({})),
        ]
    };
    let nobody = calls(NOBODY);
    assert_eq!(nobody[2].1, 401);
    assert_eq!(calls(ADA), nobody);
    assert_eq!(calls(gone), nobody);
}

#[test]
fn a_007_a_password_that_nobody_can_have_is_wrong_for_everybody_alike() {
    let long = || json!({"passcode": "x".repeat(2_000)});
    let stage = with_ada_in(&preventing());
    compare(&stage, |browser, typed| {
        browser.step("/idp/idx/identify", json!({"identifier": typed}));
        vec![browser.step("/idp/idx/challenge/answer", json!({"credentials": long()}))]
    });

    let mut organisation = by_password_or_mail();
    organisation.settings.user_enumeration_prevention.authentication = true;
    let stage = with_ada_in(&organisation);
    let guess = |browser: &mut Browser<'_>, typed: &str| {
        browser.step("/idp/idx/identify", json!({"identifier": typed}));
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
        browser.step("/idp/idx/challenge/answer", json!({"credentials": long()}))
    };
    compare(&stage, |browser, typed| vec![guess(browser, typed)]);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let refused = guess(&mut browser, ADA);
    assert_eq!(
        (refused.status, refused.messages()),
        (401, vec!["errors.E0000004".to_string()]),
        "{}",
        refused.text
    );
    assert_eq!(refused.forms()[0], "challenge-authenticator", "on its form");
}

/// One wrong password, typed at this address: status, messages, and whether a wait is told. How
/// long it is depends on the time of the first guess, which passes over HTTP.
fn wrong_at(stage: &Stage, source: &str, typed: &str) -> (u16, Vec<String>, bool) {
    let mut browser = stage.browser("demo-spa");
    browser.source = source.into();
    browser.begin();
    browser.step("/idp/idx/identify", json!({"identifier": typed}));
    let answer = browser.step(
        "/idp/idx/challenge/answer",
        json!({"credentials": {"passcode": "not the password"}}),
    );
    (answer.status, answer.messages(), answer.header("retry-after").is_some())
}

/// A stranger shares the owner's network: the neighbours, or all who use one server of an app.
#[test]
fn r_r1_r_r8_past_the_limits_a_network_of_the_owner_does_not_tell_that_there_is_one() {
    let mut stage = Stage::with(&preventing());
    stage.source = "192.0.2.200".into();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    stage.advance(2 * 24 * 3_600);
    let home = stage.source.clone();

    // What strangers may guess at one name is used up elsewhere.
    for typed in [ADA, NOBODY] {
        for network in 0..20 {
            wrong_at(&stage, &format!("203.113.{network}.7"), typed);
        }
    }
    let told = [ADA, NOBODY].map(|typed| [0, 1, 2].map(|_| wrong_at(&stage, &home, typed)));
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0][2].0, 429, "{told:?}");

    // What the source may guess is used up with other names.
    stage.advance(2 * 3_600);
    for index in 0..50 {
        wrong_at(&stage, &home, &format!("another{index}@example.com"));
    }
    let told = [ADA, NOBODY].map(|typed| wrong_at(&stage, &home, typed));
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].0, 429, "{told:?}");
}
