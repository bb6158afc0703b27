//! R-O10: a link is opened by scanners and strangers; only the person's click, in the browser that
//! began, goes on.

use serde_json::json;

use super::stage::{Answer, Browser, Stage};
use super::{ADA, PASSWORD};

const FORM: &str = "application/x-www-form-urlencoded";

fn press(browser: &mut Browser<'_>, link: &str) -> Answer {
    let (path, query) = link.split_once('?').unwrap();
    browser.send(path, FORM, query.as_bytes())
}

/// True if the tab that waits is sent on with a code.
fn goes_on(browser: &mut Browser<'_>) -> bool {
    let polled = browser.step("/idp/idx/email/poll", json!({}));
    polled.body["success"]["href"].as_str().is_some_and(|href| href.contains("interaction_code="))
}

#[test]
fn r_o10_a_099_a_link_is_long_its_own_and_good_once() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let link = stage.link(ADA);
    let token = link.split_once("token=").unwrap().1;
    assert!(
        token.len() >= 22 && !token.contains(&stage.code(ADA)),
        "at least 128 bits, and not the code: {token}"
    );
    for place in [0, token.len() / 2, token.len() - 1] {
        let mut forged = token.to_owned();
        forged.replace_range(place..=place, if &token[place..=place] == "A" { "B" } else { "A" });
        assert_eq!(press(&mut browser, &link.replace(token, &forged)).status, 400);
    }
    assert_eq!(press(&mut browser, &link).status, 200);
    assert!(goes_on(&mut browser), "the tab that waited");
    // The same press within a minute is the same request (I6); afterwards the link is dead.
    stage.advance(61);
    assert_eq!((press(&mut browser, &link).status, stage.items("USER").len()), (400, 1), "once");
}

#[test]
fn a_100_the_page_behind_a_link_waits_for_a_click() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let (link, before) = (stage.link(ADA), stage.state());
    let page = browser.get(&link);
    let text = page.text.to_lowercase();
    for active in ["<script", "onload", "autofocus", "http-equiv", "javascript:"] {
        assert!(!text.contains(active), "{active} in {}", page.text);
    }
    assert!(text.contains("<button") && text.contains("method=\"post\""));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(stage.state(), before, "nothing is consumed");
}

#[test]
fn a_101_a_102_in_another_browser_a_link_shows_the_code_and_goes_no_further() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let link = stage.link(ADA);
    let mut other = stage.browser("demo-spa");
    other.interact();
    let before = stage.state();
    let spelled: String = other.get(&link).text.chars().filter(char::is_ascii_digit).collect();
    assert!(spelled.contains(&stage.code(ADA)), "the code to type");
    assert_eq!(press(&mut other, &link).status, 403);
    let mut unknown = stage.browser("demo-spa");
    assert_eq!(press(&mut unknown, &link).status, 403, "without any cookie");
    assert_eq!(stage.state(), before);
    assert!(!goes_on(&mut browser));
}

#[test]
fn a_074_whoever_is_lured_finishes_nothing_for_the_one_who_began() {
    let stage = Stage::new();
    let (mut attacker, mut victim) = (stage.browser("demo-spa"), stage.browser("demo-spa"));
    // The attacker signs the victim's address up; the victim's browser has business of its own
    // here.
    attacker.sign_up(ADA, "the attacker's password");
    victim.begin();
    let link = stage.link(ADA);
    victim.get(&link);
    assert_eq!(press(&mut victim, &link).status, 403);
    assert!(!goes_on(&mut attacker));
    assert!(stage.items("USER").is_empty());
    // What the victim completes is the victim's: the attacker's app cannot redeem it.
    victim.sign_up(ADA, PASSWORD);
    let code = victim.answer_code(&stage.code(ADA)).interaction_code().unwrap();
    attacker.verifier = "a".repeat(43);
    assert_eq!(attacker.token(&code).status, 400);
}
