//! A secret is changed in steps, and at each of them old and new instances serve side by side
//! (functions/README.md, "Changing a secret"). Here each request of a journey meets the other
//! instance: what one made, the other takes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::stage::{
    Answer, BASE, Browser, Mailbox, NOON, PlainPasswords, PlainSigner, Stage, TestClock,
    TestRandom, demo,
};
use engine::Engine;
use engine::keyring::Keyring;
use engine::testing::{CountingStore, MemoryStore};
use policy::secret::Secret;
use serde_json::json;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const WRONG: &str = "not the password at all";

/// The secret as instances read it, from before the change to after it.
const PHASES: [&str; 4] = [
    "OLD-0123456789abcdef0123456789abcdef",
    r#"{"current": "OLD-0123456789abcdef0123456789abcdef", "next": "NEW-0123456789abcdef0123456789abcdef"}"#,
    r#"{"current": "NEW-0123456789abcdef0123456789abcdef", "previous": "OLD-0123456789abcdef0123456789abcdef"}"#,
    "NEW-0123456789abcdef0123456789abcdef",
];

/// Two instances with these secrets on one store. Both of their secrets change at once, which is
/// harder than one after the other.
fn side_by_side(secrets: [&str; 2]) -> [Stage; 2] {
    let store = Arc::new(CountingStore::new(MemoryStore::new()));
    let (clock, mailbox) = (Arc::new(TestClock(AtomicU64::new(NOON))), Arc::<Mailbox>::default());
    let mut seed = 0;
    let stages = secrets.map(|secret| {
        seed += 1;
        let keys =
            |purpose: &str| Keyring::parse(&Secret::new(secret.replace("0123", purpose))).unwrap();
        let random = Arc::new(TestRandom(AtomicU64::new(seed)));
        let engine = Engine::new(BASE, store.clone(), clock.clone(), random, keys("interaction"))
            .with_mailer(mailbox.clone(), keys("passcode"))
            .with_passwords(Arc::new(PlainPasswords))
            .with_signer(Arc::new(PlainSigner));
        let (store, clock, mailbox) = (store.clone(), clock.clone(), mailbox.clone());
        Stage { engine, store, clock, mailbox, source: "192.0.2.1".into(), base: BASE.into() }
    });
    stages[0].apply(&demo());
    stages
}

/// Each step of the change, with the old instance first and with the new one first.
fn each_step(journey: impl Fn([&Stage; 2])) {
    for pair in PHASES.windows(2) {
        for secrets in [[pair[0], pair[1]], [pair[1], pair[0]]] {
            let [one, other] = side_by_side(secrets);
            journey([&one, &other]);
        }
    }
}

/// The next request of this browser meets the other instance.
fn turn<'s>(browser: &mut Browser<'s>, [one, other]: [&'s Stage; 2]) {
    browser.stage = if std::ptr::eq(browser.stage, one) { other } else { one };
}

/// A first page, each half of it by another instance.
fn begin<'s>(stages: [&'s Stage; 2], client_id: &str) -> Browser<'s> {
    let mut browser = stages[0].browser(client_id);
    let interaction = browser.interact();
    turn(&mut browser, stages);
    let first = browser.post("/idp/idx/introspect", json!({ "interactionHandle": interaction }));
    browser.handle =
        first.body["stateHandle"].as_str().unwrap_or_else(|| panic!("{}", first.text)).into();
    turn(&mut browser, stages);
    browser
}

/// The answer, and the same again of the other instance to the same request.
fn twice<'s>(
    browser: &mut Browser<'s>,
    stages: [&'s Stage; 2],
    request: impl Fn(&mut Browser<'s>) -> Answer,
) -> Answer {
    let answer = request(browser);
    assert_eq!(answer.status, 200, "{}", answer.text);
    turn(browser, stages);
    let again = request(browser);
    assert_eq!((again.status, again.forms()), (200, answer.forms()), "{}", again.text);
    assert_eq!(again.interaction_code(), answer.interaction_code());
    answer
}

fn clone<'s>(browser: &Browser<'s>) -> Browser<'s> {
    Browser {
        stage: browser.stage,
        cookie: browser.cookie.clone(),
        verifier: browser.verifier.clone(),
        client_id: browser.client_id.clone(),
        handle: browser.handle.clone(),
        source: browser.source.clone(),
    }
}

fn form() -> serde_json::Value {
    let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}})
}

/// Signs up, by a code that the one instance mailed and the other one is given.
fn signs_up(stages: [&Stage; 2]) -> Browser<'_> {
    let mut ada = begin(stages, "demo-spa");
    ada.step("/idp/idx/enroll", json!({}));
    turn(&mut ada, stages);
    twice(&mut ada, stages, |ada| ada.step("/idp/idx/enroll/new", form()));
    assert_eq!(stages[0].mails().len(), 1, "the repeated request sent another mail");
    turn(&mut ada, stages);
    let code = stages[0].code(ADA);
    let wrong = ada.answer_code(if code == "000000" { "000001" } else { "000000" });
    assert_eq!(wrong.status, 401, "{}", wrong.text);
    let done = twice(&mut ada, stages, |ada| ada.answer_code(&code));
    turn(&mut ada, stages);
    let tokens = ada.token(&done.interaction_code().unwrap());
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    ada
}

#[test]
fn l9_handles_codes_and_repeated_requests_are_good_at_either_instance() {
    each_step(|stages| drop(signs_up(stages)));
}

#[test]
fn l9_a_link_is_good_at_either_instance_and_so_is_the_code_that_it_shows() {
    each_step(|stages| {
        let mut ada = begin(stages, "demo-spa");
        ada.step("/idp/idx/enroll", json!({}));
        ada.step("/idp/idx/enroll/new", form());
        let link = stages[0].link(ADA);
        // Elsewhere the link shows a code. It need not be the mailed one; it must be good.
        let page = stages[1].browser("demo-spa").get(&link);
        let shown: Vec<&str> = page
            .text
            .split(|char: char| !char.is_ascii_digit())
            .filter(|digits| digits.len() == 6)
            .collect();
        assert!(page.status == 200 && !shown.is_empty(), "{}", page.text);
        turn(&mut ada, stages);
        // In the browser that began it, its button ends the flow.
        let confirm = ada.get(&link);
        assert!(confirm.text.contains("<button"), "{}", confirm.text);
        let token = link.split_once("?token=").unwrap().1;
        let path = link.split_once('?').unwrap().0;
        let body = format!("token={token}");
        for _ in 0..2 {
            let pressed = ada.send(path, "application/x-www-form-urlencoded", body.as_bytes());
            assert_eq!(pressed.status, 200, "{}", pressed.text);
            turn(&mut ada, stages);
        }
        let polled = ada.step("/idp/idx/email/poll", json!({}));
        assert!(polled.text.contains("interaction_code="), "{}", polled.text);

        let mut bob = begin(stages, "demo-spa");
        bob.step("/idp/idx/enroll", json!({}));
        let profile = json!({"email": "bob@example.com", "firstName": "Bob", "lastName": "B"});
        bob.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        );
        let page = stages[1].browser("demo-spa").get(&stages[0].link("bob@example.com"));
        let shown = page
            .text
            .split(|char: char| !char.is_ascii_digit())
            .find(|digits| digits.len() == 6)
            .unwrap();
        assert!(bob.answer_code(shown).interaction_code().is_some());
    });
}

#[test]
fn l9_a_welcome_link_is_good_at_either_instance() {
    each_step(|stages| {
        let mut ada = begin(stages, "newsletter-spa");
        ada.step("/idp/idx/enroll", json!({}));
        let done = ada.step("/idp/idx/enroll/new", form());
        assert!(done.interaction_code().is_some(), "{}", done.text);
        turn(&mut ada, stages);
        let link = stages[0].link(ADA);
        let (path, token) = link.split_once("?token=").unwrap();
        let pressed = ada.send(
            path,
            "application/x-www-form-urlencoded",
            format!("token={token}").as_bytes(),
        );
        assert_eq!(pressed.status, 200, "{}", pressed.text);
        assert_eq!(stages[0].items("USER")[0].body["emailVerified"], json!(true));
    });
}

#[test]
fn i7_a_key_that_is_changed_gives_nobody_a_budget_anew() {
    each_step(|stages| {
        signs_up(stages);
        let statuses = |stage: &Stage, tries: usize| -> Vec<u16> {
            let guess = |number: usize| {
                let mut stranger = stage.browser("demo-spa");
                stranger.source = format!("198.51.100.{number}");
                stranger.begin();
                stranger.password(ADA, WRONG).status
            };
            (0..tries).map(guess).collect()
        };
        let first = statuses(stages[0], 40);
        assert!(first[0] == 401 && first[39] == 429, "{first:?}");
        assert_eq!(
            statuses(stages[1], 3),
            [429; 3],
            "what the other instance counted weighs here too"
        );
    });
}

#[test]
fn r_r8_a_known_browser_is_known_at_either_instance() {
    each_step(|stages| {
        let ada = signs_up(stages);
        for number in 0..40 {
            let mut stranger = stages[number % 2].browser("demo-spa");
            stranger.source = format!("198.51.100.{number}");
            stranger.begin();
            stranger.password(ADA, WRONG);
        }
        for stage in stages {
            let mut known = Browser { stage, ..clone(&ada) };
            known.begin();
            let done = known.password(ADA, PASSWORD);
            assert!(done.interaction_code().is_some(), "{}", done.text);
        }
    });
}

/// Why the change has steps.
#[test]
fn l9_in_one_step_whoever_is_under_way_is_lost() {
    let [old, new] = side_by_side([PHASES[0], PHASES[3]]);
    let mut ada = old.browser("demo-spa");
    ada.begin();
    ada.stage = &new;
    let lost = ada.step("/idp/idx/enroll", json!({}));
    assert!(lost.status >= 400 && lost.forms().is_empty(), "{}", lost.text);
}
