//! What random walks have found, as stories of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod stage;

use serde_json::json;
use stage::Stage;

const PASSWORD: &str = "correct horse battery";

#[test]
fn r_o4_five_attempts_per_code_whatever_the_clock_says() {
    let mut organisation = stage::demo();
    let limits = &mut organisation.settings.limits;
    (limits.mails_per_source_per_hour, limits.guesses_per_source_per_hour, limits.guesses_per_address_per_hour) = (9_999, 9_999, 9_999);
    let stage = Stage::with(&organisation);
    // Windows of budgets end at any time: sixty codes are out at moments all over the hour.
    for person in 0..60 {
        let address = format!("person{person}@example.com");
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(&address, PASSWORD);
        let wrong = format!("{:06}", (stage.code(&address).parse::<u32>().unwrap() + 1) % 1_000_000);
        for attempt in 1..=8 {
            let status = browser.answer_code(&wrong).status;
            assert_eq!(status, if attempt <= 5 { 401 } else { 429 }, "attempt {attempt} of {address}");
            stage.advance(36);
        }
        stage.advance(71);
    }
}

#[test]
fn r_o5_another_code_can_be_had_as_soon_as_the_cooldown_is_over() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up("ada@example.com", PASSWORD);
    for mails in [2, 3] {
        stage.advance(31);
        let sent = browser.step("/idp/idx/email/resend", json!({}));
        assert_eq!((sent.status, stage.mails().len()), (200, mails), "{}", sent.text);
        // The same request at once is the same request: the first answer may have been lost.
        let again = browser.step("/idp/idx/email/resend", json!({}));
        assert_eq!((again.status, stage.mails().len()), (200, mails), "{}", again.text);
    }
}
