//! R-O4 to R-O7 beyond one code: whatever is tried elsewhere, with another code, or by many at
//! once.

use serde_json::json;

use super::stage::{Answer, MANY, Stage, demo};
use super::{ADA, PASSWORD, another, at_once, by_password_or_mail, with_ada_in};

fn evaluated(answer: &Answer) -> bool {
    answer.status == 401
}

#[test]
fn r_o4_a_012_choosing_the_mailbox_again_gives_no_new_attempts() {
    let stage = with_ada_in(&by_password_or_mail());
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/identify", json!({"identifier": ADA}));
    browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let code = stage.code(ADA);
    let mut guesses = 0;
    for _ in 0..3 {
        guesses += (0..3).filter(|_| evaluated(&browser.answer_code(&another(&code)))).count();
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    }
    assert_eq!(guesses, 5);
    assert_eq!(
        (browser.answer_code(&code).status, stage.code(ADA)),
        (429, code),
        "the same code, and it is dead"
    );
}

#[test]
fn r_o5_a_015_resends_at_once_send_one_mail() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    stage.advance(31);
    let statuses = at_once(MANY.min(20), |_| {
        let mut twin = stage.browser("demo-spa");
        twin.handle.clone_from(&browser.handle);
        twin.step("/idp/idx/email/resend", json!({})).status
    });
    assert!(statuses.iter().all(|status| [200, 429, 503].contains(status)), "{statuses:?}");
    let codes: std::collections::BTreeSet<_> =
        stage.letters().into_iter().map(|letter| letter.code).collect();
    assert_eq!(codes.len(), 2, "the first one and one more: {statuses:?}");
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

#[test]
fn r_o3_a_017_a_code_makes_one_session_and_is_dead_after_it() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    let done = browser.answer_code(&code).interaction_code().unwrap();
    assert_eq!(
        browser.answer_code(&code).interaction_code(),
        Some(done.clone()),
        "the same request, the same answer"
    );
    let mut elsewhere = stage.browser("demo-spa");
    (elsewhere.handle, elsewhere.source) = (browser.handle.clone(), "198.51.100.9".into());
    let again = elsewhere.answer_code(&code);
    assert!(
        again.status == 401 || again.interaction_code() == Some(done.clone()),
        "{}",
        again.text
    );
    assert_eq!(browser.token(&done).status, 200);
    for twin in [&mut browser, &mut elsewhere] {
        assert_eq!(twin.answer_code(&code).status, 401);
    }
    assert_eq!((stage.items("USER").len(), stage.items("CODE").len()), (1, 1));
}

#[test]
fn r_o7_a_020_a_021_a_code_of_another_app_or_purpose_is_a_wrong_one() {
    let stage = with_ada_in(&by_password_or_mail());
    let choose = |client: &str| {
        let mut browser = stage.browser(client);
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": ADA}));
        let sent =
            browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
        assert_eq!(sent.status, 200, "{}", sent.text);
        (browser, stage.code(ADA))
    };
    let ((mut here, code), (mut there, other)) = (choose("demo-spa"), choose("newsletter-spa"));
    assert_eq!((here.answer_code(&other).status, there.answer_code(&code).status), (401, 401));
    // A code that confirms a sign-up does not sign in, and the other way round.
    let mut newcomer = stage.browser("demo-spa");
    newcomer.sign_up("bob@example.com", PASSWORD);
    let confirms = stage.code("bob@example.com");
    assert_eq!(
        (here.answer_code(&confirms).status, newcomer.answer_code(&code).status),
        (401, 401)
    );
    assert!(here.answer_code(&code).interaction_code().is_some());
}

#[test]
fn r_o6_a_026_guesses_of_codes_and_of_passwords_are_of_one_budget() {
    let mut organisation = by_password_or_mail();
    organisation.settings.limits.guesses_per_address_per_hour = 8;
    let stage = with_ada_in(&organisation);
    // Half of them are kept for the first try of each code.
    for expected in [4, 1] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": ADA}));
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
        let wrong = another(&stage.code(ADA));
        assert_eq!((0..5).filter(|_| evaluated(&browser.answer_code(&wrong))).count(), expected);
    }
    // Elsewhere, with the other authenticator, at the other app: the same address. One is left of
    // the first tries of passwords.
    for expected in [401, 429] {
        let mut browser = stage.browser("newsletter-spa");
        browser.source = "203.0.113.9".into();
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": ADA}));
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
        let answer = browser.step(
            "/idp/idx/challenge/answer",
            json!({"credentials": {"passcode": "not the password"}}),
        );
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
}

#[test]
fn r_o6_a_027_guesses_of_everybody_together_are_limited() {
    let mut organisation = demo();
    // One for each of the sixteen counters that everybody's guesses are spread over; past it each
    // name has a few first tries, five times as many in all.
    organisation.settings.limits.guesses_in_all_per_hour = 16;
    let stage = Stage::with(&organisation);
    let evaluated = (0..110)
        .filter(|guess| {
            let mut browser = stage.browser("demo-spa");
            // Each from an address of its own and at another name, as a botnet does it.
            browser.source = format!("203.0.113.{guess}");
            browser.begin();
            let answer = browser.password(&format!("user{guess}@example.com"), "whatever it is");
            assert!([200, 429].contains(&answer.status), "{}", answer.text);
            answer.status == 200
        })
        .count();
    assert!((50..=80).contains(&evaluated), "{evaluated}");
}
