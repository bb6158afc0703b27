//! R-O: one-time codes and links.

use serde_json::json;

use super::stage::{Answer, Stage, demo};
use super::{ADA, PASSWORD, another, at_once, until_decided};

#[test]
fn r_o2_a_022_a_code_is_dead_after_five_minutes_although_its_row_is_there() {
    for (seconds, accepted) in [(270, true), (301, false)] {
        let stage = Stage::new();
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(ADA, PASSWORD);
        stage.advance(seconds);
        assert_eq!(stage.items("TX").len(), 1);
        let answer = browser.answer_code(&stage.code(ADA));
        assert_eq!(
            answer.interaction_code().is_some(),
            accepted,
            "after {seconds} s: {}",
            answer.text
        );
        assert_eq!(stage.items("USER").len(), usize::from(accepted));
    }
}

#[test]
fn r_o3_a_018_a_right_code_counts_once_however_often_it_is_sent() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    let handle = browser.handle.clone();
    let answers = at_once(20, |_| {
        let mut twin = stage.browser("demo-spa");
        twin.handle.clone_from(&handle);
        until_decided(|| twin.answer_code(&code))
    });
    let codes: std::collections::BTreeSet<_> =
        answers.iter().filter_map(Answer::interaction_code).collect();
    assert_eq!((codes.len(), stage.items("USER").len(), stage.items("CODE").len()), (1, 1, 1));
    // An hour later the same request is not the same any more.
    stage.advance(61);
    assert_eq!(browser.answer_code(&code).status, 401);
}

#[test]
fn r_o4_a_011_fifty_parallel_guesses_are_five() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    let handle = browser.handle.clone();
    let mut statuses = at_once(50, |index| {
        let mut twin = stage.browser("demo-spa");
        twin.handle.clone_from(&handle);
        let guess = format!("{:06}", (code.parse::<usize>().unwrap() + 1 + index) % 1_000_000);
        twin.answer_code(&guess).status
    });
    // Whoever finds too many others at the same counter is told to come again, and is counted or
    // not; nobody is told more than five times.
    assert!(statuses.iter().all(|status| [401, 429, 503].contains(status)), "{statuses:?}");
    // Whoever came while another's count was being given back found no room, and may try again.
    let counted = || {
        stage
            .items("LIMIT")
            .into_iter()
            .find(|item| item.key.0.starts_with("LIMIT#passcode#"))
            .map_or(0, |item| item.count)
    };
    for _ in 0..30 {
        if counted() < 5 {
            stage.advance(6);
            statuses.push(browser.answer_code(&another(&code)).status);
        }
    }
    assert_eq!(counted(), 5);
    // What is counted is looked at, unless it was told to come again.
    let evaluated = statuses.iter().filter(|status| **status == 401).count();
    assert!(evaluated == 5 || (evaluated < 5 && statuses.contains(&503)), "{statuses:?}");
    stage.advance(6);
    assert_eq!(browser.answer_code(&another(&code)).status, 429, "the code is dead");
    let right = browser.answer_code(&code);
    assert_eq!((right.status, stage.items("USER").len()), (429, 0), "{}", right.text);
}

#[test]
fn r_o5_a_016_a_new_code_kills_the_old_one_and_sends_are_few() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let first = stage.code(ADA);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 429, "cooling down");
    stage.advance(31);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    let second = stage.code(ADA);
    stage.advance(5);
    assert_eq!(
        browser.step("/idp/idx/email/resend", json!({})).status,
        429,
        "word for word, and another press"
    );
    assert_ne!(first, second);
    assert_eq!(browser.answer_code(&first).status, 401);
    assert!(browser.answer_code(&second).interaction_code().is_some());

    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    for _ in 0..8 {
        stage.advance(31);
        browser.step("/idp/idx/email/resend", json!({}));
    }
    assert_eq!(stage.letters().len(), 5);
}

#[test]
fn i9_five_wrong_answers_kill_a_code_and_not_the_next_one() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let wrong = another(&stage.code(ADA));
    for _ in 0..5 {
        assert_eq!(browser.answer_code(&wrong).status, 401);
        stage.advance(6);
    }
    assert_eq!(browser.answer_code(&stage.code(ADA)).status, 429, "the right one, too late");
    stage.advance(31);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

#[test]
fn r_o6_a_013_twenty_guesses_per_address_over_all_transactions() {
    let stage = Stage::new();
    let evaluated: usize = (0..8)
        .map(|index| {
            let mut browser = stage.browser("demo-spa");
            browser.sign_up(&format!("ada+{index}@example.com"), PASSWORD);
            (0..5).filter(|guess| browser.answer_code(&format!("{guess:06}")).status == 401).count()
        })
        .sum();
    assert!(evaluated <= 20, "{evaluated}");
}

#[test]
fn r_o6_a_014_fifty_guesses_per_source() {
    let mut organisation = demo();
    organisation.settings.limits.mails_per_source_per_hour = 1_000;
    let stage = Stage::with(&organisation);
    let evaluated: usize = (0..12)
        .map(|index| {
            let mut browser = stage.browser("demo-spa");
            browser.sign_up(&format!("user{index}@example.com"), PASSWORD);
            (0..5).filter(|guess| browser.answer_code(&format!("{guess:06}")).status == 401).count()
        })
        .sum();
    // A guess in a million is right.
    assert!((49..=50).contains(&evaluated), "{evaluated}");
}

#[test]
fn r_o7_a_019_a_code_is_good_in_its_transaction_only_and_counts_where_it_is_tried() {
    let stage = Stage::new();
    let (mut one, mut two) = (stage.browser("demo-spa"), stage.browser("demo-spa"));
    one.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    two.sign_up(ADA, PASSWORD);
    assert_eq!(two.answer_code(&code).status, 401);
    assert_eq!(
        stage
            .items("LIMIT")
            .iter()
            .filter(|item| item.key.0.starts_with("LIMIT#passcode#"))
            .map(|item| item.count)
            .sum::<u64>(),
        1
    );
}

#[test]
fn r_o8_r_o11_nothing_stored_or_answered_gives_the_code_away() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let sent = browser.sign_up(ADA, PASSWORD);
    let (code, link) = (stage.code(ADA), stage.link(ADA));
    let token = link.split_once("token=").unwrap().1;
    let dump: String = stage.items("TX").iter().map(|item| item.body.to_string()).collect();
    for secret in
        [code.as_str(), token, &engine::derive::sha256(&code), PASSWORD, browser.handle.as_str()]
    {
        assert!(!dump.contains(secret), "{secret} is in the table");
    }
    assert!(!sent.text.contains(&code) && !sent.text.contains(token));
    let wrong = browser.answer_code(&another(&code));
    assert!(!wrong.text.contains(&code));
}

#[test]
fn r_o9_a_023_what_is_not_six_digits_is_refused_and_not_counted() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    for typed in
        ["12345", "1234567", "1e5", "-12345", "\u{ff11}2345", "\u{2460}23456", "abcdef", ""]
    {
        assert_eq!(browser.answer_code(typed).status, 400, "{typed}");
    }
    assert!(stage.items("LIMIT").iter().all(|item| !item.key.0.starts_with("LIMIT#passcode#")));
    let spaced = format!(" {}-{} ", &code[..3], &code[3..]);
    assert!(browser.answer_code(&spaced).interaction_code().is_some());
}

#[test]
fn r_o10_a_100_head_and_get_consume_nothing() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let (link, before) = (stage.link(ADA), stage.items("TX"));
    for _ in 0..3 {
        assert_eq!(browser.get(&link).status, 200);
        assert_eq!(stage.browser("demo-spa").get(&link).status, 200);
    }
    assert_eq!(stage.request("HEAD", &link, &[], b"").status, 200);
    assert_eq!(stage.items("TX"), before);
    let forged = format!("{link}x");
    assert_eq!(browser.get(&forged).status, 400);
    stage.advance(301);
    assert_eq!(browser.get(&link).status, 400);
}
