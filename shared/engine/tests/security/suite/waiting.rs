//! R-R5, R-R6, R-O5, R-O6: what is told to whom a budget is used up is true. Who waits that long
//! gets in.

use serde_json::json;

use super::stage::{Answer, Stage};
use super::{ADA, PASSWORD, another, with_ada};

/// The wait that is told, in seconds; the text says the same, no shorter and in round numbers.
fn told(refused: &Answer) -> u64 {
    assert_eq!(refused.status, 429, "{}", refused.text);
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    let text = refused.body["messages"]["value"][0]["message"].as_str().unwrap();
    let said =
        text.strip_prefix("Too many attempts. Try again in ").unwrap().strip_suffix('.').unwrap();
    let (number, unit) = said.split_once(' ').unwrap();
    let (number, unit) = (number.parse::<u64>().unwrap(), unit.trim_end_matches('s'));
    let of_unit = match unit {
        "second" => 1,
        "minute" => 60,
        _ => 3_600,
    };
    assert!(number * of_unit >= seconds && (number - 1) * of_unit < seconds, "{seconds}: {text}");
    seconds
}

#[test]
fn r_o6_after_wrong_passwords_the_right_one_works_when_it_was_told() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    let mut refused = None;
    for minute in 0..15 {
        browser.begin();
        let answer = browser.password(ADA, "not the password");
        if answer.status == 429 {
            refused = Some((minute, answer));
            break;
        }
        assert_eq!(answer.status, 401, "{}", answer.text);
        stage.advance(60);
    }
    let (wrong, refused) = refused.expect("nobody was refused");
    assert_eq!(wrong, 12, "ten, and two first tries of that network");
    let wait = told(&refused);
    assert!((1_700..=3_600).contains(&wait), "{wait}");
    // Trying in between does not make it longer.
    stage.advance(wait / 2);
    browser.begin();
    assert!(told(&browser.password(ADA, PASSWORD)) <= wait - wait / 2);
    stage.advance(wait - wait / 2);
    browser.begin();
    assert!(browser.password(ADA, PASSWORD).interaction_code().is_some());
}

#[test]
fn r_r6_after_too_many_mails_another_one_is_sent_when_it_was_told() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    for _ in 0..5 {
        assert_eq!(browser.sign_up(ADA, PASSWORD).status, 200);
        stage.advance(120);
    }
    let wait = told(&browser.sign_up(ADA, PASSWORD));
    assert!((1_700..=3_600).contains(&wait), "{wait}");
    stage.advance(wait);
    assert_eq!(browser.sign_up(ADA, PASSWORD).status, 200);
    assert_eq!(stage.letters().len(), 6);
}

#[test]
fn r_r6_a_source_is_told_when_it_may_have_mails_sent_again() {
    let mut organisation = super::stage::demo();
    organisation.settings.limits.mails_per_source_per_hour = 2;
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    for index in 0..2 {
        assert_eq!(browser.sign_up(&format!("user{index}@example.com"), PASSWORD).status, 200);
    }
    stage.advance(20 * 60);
    let wait = told(&browser.sign_up(ADA, PASSWORD));
    assert!((2_380..=2_400).contains(&wait), "{wait}");
    stage.advance(wait);
    assert_eq!(browser.sign_up(ADA, PASSWORD).status, 200);
}

#[test]
fn r_o5_the_pause_between_two_codes_is_told() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    stage.advance(10);
    let wait = told(&browser.step("/idp/idx/email/resend", json!({})));
    assert!((1..=20).contains(&wait), "{wait}");
    stage.advance(wait);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    assert_eq!(stage.letters().len(), 2);
}

#[test]
fn r_o5_where_waiting_does_not_help_no_wait_is_told() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    for _ in 0..5 {
        assert_eq!(browser.answer_code(&another(&code)).status, 401);
    }
    let refused = browser.answer_code(&code);
    assert_eq!((refused.status, refused.header("retry-after")), (429, None), "{}", refused.text);
    assert!(refused.text.contains("Ask for a new code."), "{}", refused.text);
    // And it is true: a new one is good.
    stage.advance(31);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

#[test]
fn r_r5_who_hurries_is_told_when_to_go_on() {
    let mut organisation = super::stage::demo();
    organisation.settings.limits.requests_per_transaction = 3;
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let refused = (0..20)
        .map(|_| browser.step("/idp/idx/introspect", json!({})))
        .find(|answer| answer.status == 429)
        .expect("never too fast");
    let wait = told(&refused);
    assert!((1..=5).contains(&wait), "{wait}");
    stage.advance(wait);
    assert_eq!(browser.step("/idp/idx/introspect", json!({})).status, 200);
}
