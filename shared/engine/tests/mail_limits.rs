//! The mails of a day (security.md R-R6, finding M2): a flood ends neither sign-up nor sign-in.

use serde_json::json;

use crate::security::suite::{by_password_or_mail, with_ada_in};
use crate::stage::{Answer, Browser, MailFault, Stage};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// An organisation with so few mails a day that a small flood reaches a limit.
fn with_few_mails() -> Stage {
    let mut organisation = by_password_or_mail();
    let stage = with_ada_in(&organisation);
    let limits = &mut organisation.settings.limits;
    limits.mails_in_all_per_day = 16 * 20;
    (limits.mails_per_address_per_hour, limits.mails_per_address_per_day) = (1_000, 1_000);
    stage.apply(&organisation);
    stage
}

/// A sign-up from each of so many addresses at 203.0.113.0/24; how many mails went out.
fn flood(stage: &Stage, tag: &str) -> usize {
    let before = stage.letters().len();
    for index in 0..400 {
        let mut bot = stage.browser("demo-spa");
        bot.source = format!("203.0.113.{}", index / 20);
        bot.sign_up(&format!("bot{tag}{index}@example.com"), PASSWORD);
    }
    stage.letters().len() - before
}

fn at<'s>(stage: &'s Stage, source: &str) -> Browser<'s> {
    let mut browser = stage.browser("demo-spa");
    browser.source = source.into();
    browser
}

/// A sign-in by mail.
fn ask_for_a_code(browser: &mut Browser<'_>) -> Answer {
    browser.begin();
    browser.step("/idp/idx/identify", json!({"identifier": ADA}));
    browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}))
}

fn wait_of(refused: &Answer) -> u64 {
    assert_eq!(refused.status, 429, "{}", refused.text);
    refused.header("retry-after").unwrap().parse().unwrap()
}

/// M2: what everybody shares is no switch that a few clients can turn.
#[test]
fn m2_a_106_a_flood_of_sign_ups_from_one_site_ends_neither_sign_up_nor_sign_in() {
    let stage = with_few_mails();
    // Half of what there is, and the two mails of the site.
    assert_eq!(flood(&stage, "a"), 16 * 10 + 2);
    let (mut person, new) = (at(&stage, "198.51.100.7"), "newcomer@example.com");
    assert_eq!(person.sign_up(new, PASSWORD).status, 200);
    let done = person.answer_code(&stage.code(new));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    // One more for the site, whatever the address; then it waits, and as long as it is told.
    assert_eq!(at(&stage, "198.51.100.8").sign_up("second@example.com", PASSWORD).status, 200);
    let wait = wait_of(&at(&stage, "198.51.100.9").sign_up("third@example.com", PASSWORD));
    assert!((1..=48 * 3_600).contains(&wait), "{wait}");
    for source in ["198.51.100.7", "203.0.113.200", "192.0.2.1"] {
        let asked = ask_for_a_code(&mut at(&stage, source));
        assert_eq!(asked.status, 200, "{}", asked.text);
    }
    stage.advance(wait);
    assert_eq!(at(&stage, "198.51.100.9").sign_up("third@example.com", PASSWORD).status, 200);
}

/// The other way round as well: codes for an account of one's own are mails like any other.
#[test]
fn m2_a_106_a_flood_of_sign_ins_from_one_site_ends_neither() {
    let stage = with_few_mails();
    let before = stage.letters().len();
    for index in 0..600 {
        ask_for_a_code(&mut at(&stage, &format!("203.0.113.{}", index / 20)));
    }
    assert_eq!(stage.letters().len() - before, 16 * 14 + 2);
    // There is some for sign-up, of other sites and even of this one.
    assert_eq!(flood(&stage, "a"), 2);
    for (source, new) in
        [("198.51.100.7", "newcomer@example.com"), ("2001:db8:1::1", "second@example.com")]
    {
        let asked = at(&stage, source).sign_up(new, PASSWORD);
        assert_eq!(asked.status, 200, "{}", asked.text);
        assert_eq!(ask_for_a_code(&mut at(&stage, source)).status, 200);
    }
    // One IPv6 customer has 65,536 networks at least, and is one site.
    assert_eq!(ask_for_a_code(&mut at(&stage, "2001:db8:1:2::1")).status, 200);
    wait_of(&ask_for_a_code(&mut at(&stage, "2001:db8:1:3::1")));
}

#[test]
fn m2_f_26_what_a_site_has_is_given_back_where_no_mail_went_out() {
    let stage = with_few_mails();
    flood(&stage, "a");
    stage.fail_mail(Some(MailFault::Unavailable));
    for index in 0..3 {
        let asked =
            at(&stage, "198.51.100.7").sign_up(&format!("unlucky{index}@example.com"), PASSWORD);
        assert_eq!(asked.messages(), ["idx.error.mail.not.sent"], "{}", asked.text);
    }
    stage.fail_mail(None);
    let statuses = [0, 1, 2].map(|index| {
        at(&stage, "198.51.100.7").sign_up(&format!("lucky{index}@example.com"), PASSWORD).status
    });
    assert_eq!(statuses, [200, 200, 429]);
}
