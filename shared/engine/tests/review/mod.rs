//! What a review of the whole found: ways around a proof, a budget, or a secret. One test each;
//! none may come back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod ownership;
use crate::stage;
mod strain;

use policy::organisation::Organisation;
use serde_json::{Value, json};
use stage::{Answer, Browser, Stage};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// The demo organisation with some of its text replaced.
fn demo_with(changes: &[(&str, &str)]) -> Organisation {
    let mut text = include_str!("../../../../functions/local/organisation.yaml").to_string();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    organisation::parse("organisation.yaml", &text).unwrap()
}

fn enroll(browser: &mut Browser<'_>, body: Value) -> Answer {
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    browser.step("/idp/idx/enroll/new", body)
}

/// R-S4, I2: somebody who has nothing to prove themselves with is not whoever says so.
#[test]
fn nobody_sets_a_password_for_an_account_on_the_word_of_its_name() {
    for prevention in ["false", "true"] {
        let organisation = demo_with(&[
            ("{ authentication: false }", &format!("{{ authentication: {prevention} }}")),
            ("passcodeLength: 6 ", "allowedFor: recovery\n      passcodeLength: 6 "),
            ("enrollAuthenticatorTypes: [password]", "enrollAuthenticatorTypes: []"),
            ("emailVerification: false ", "emailVerification: true "),
            (
                "{ key: okta_password, enroll: { self: REQUIRED } }",
                "{ key: okta_password, enroll: { self: OPTIONAL } }",
            ),
            (
                "{ key: okta_email, enroll: { self: OPTIONAL } }",
                "{ key: okta_email, enroll: { self: REQUIRED } }",
            ),
            ("primaryFactor: PASSWORD_IDP\n", "primaryFactor: PASSWORD_IDP_ANY_FACTOR\n"),
        ]);
        let stage = Stage::with(&organisation);
        let mut ada = stage.browser("demo-spa");
        enroll(
            &mut ada,
            json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
        );
        ada.answer_code(&stage.code(ADA));
        let done = ada.step("/idp/idx/skip", json!({}));
        assert!(done.interaction_code().is_some(), "without a password: {}", done.text);
        let before = stage.items("USER");

        let mut mallory = stage.browser("demo-spa");
        mallory.begin();
        let identified = mallory.step("/idp/idx/identify", json!({"identifier": ADA}));
        assert!(
            !identified.forms().contains(&"enroll-authenticator".to_string()),
            "{}",
            identified.text
        );
        let set = mallory.step(
            "/idp/idx/credential/answer",
            json!({"credentials": {"passcode": "mallory's own choice"}}),
        );
        assert_eq!(set.interaction_code(), None, "{}", set.text);
        let typed = mallory.step(
            "/idp/idx/challenge/answer",
            json!({"credentials": {"passcode": "mallory's own choice"}}),
        );
        assert_eq!(typed.interaction_code(), None, "{}", typed.text);
        assert_eq!(stage.items("USER"), before);
    }
}

/// R-R1: what is said of another unique value must not depend on whether the address has an
/// account.
#[test]
fn r_r1_a_taken_value_says_the_same_of_free_and_of_taken_addresses() {
    let organisation = demo_with(&[
        ("{ authentication: false }", "{ authentication: true }"),
        (
            "# - { name: shoeSize, label: Shoe size, required: true }",
            "- { name: customerNumber, label: Customer number, required: true }",
        ),
    ]);
    let stage = Stage::with(&organisation);
    let body = |email: &str, number: &str| json!({"userProfile": {"email": email, "firstName": "Ada", "lastName": "Lovelace", "customerNumber": number}, "credentials": {"passcode": PASSWORD}});
    let sign_up = |email: &str, number: &str| {
        let mut browser = stage.browser("demo-spa");
        enroll(&mut browser, body(email, number));
        let done = browser.answer_code(&stage.code(email));
        assert!(done.interaction_code().is_some(), "{}", done.text);
    };
    sign_up(ADA, "1");
    sign_up("mallory@example.com", "2");
    stage.advance(3_600);
    for number in ["1", "2", "3"] {
        let [taken, free] = [ADA, "nobody@example.com"]
            .map(|email| enroll(&mut stage.browser("demo-spa"), body(email, number)));
        assert_eq!(
            (taken.status, taken.forms(), taken.messages()),
            (free.status, free.forms(), free.messages()),
            "customer number {number}"
        );
    }
}

/// R-O6, I3: a browser that the squatter was known in is not one that the owner is known in.
#[test]
fn r_o6_browsers_known_before_a_takeover_have_no_budgets_of_their_own() {
    let mut stage = Stage::new();
    let mut cookies = Vec::new();
    stage.browser("newsletter-spa").sign_up(ADA, "mallory's own choice");
    for _ in 0..5 {
        let mut mallory = stage.browser("newsletter-spa");
        mallory.begin();
        assert!(mallory.password(ADA, "mallory's own choice").interaction_code().is_some());
        cookies.push(mallory.cookie.clone());
    }
    stage.advance(1);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let hers = ada.cookie.clone();

    let mut evaluated = 0;
    for (source, cookie) in cookies.iter().enumerate() {
        stage.source = format!("198.51.100.{source}");
        for guess in 0..15 {
            let mut mallory = stage.browser("demo-spa");
            mallory.cookie.clone_from(cookie);
            mallory.begin();
            evaluated += usize::from(
                mallory.password(ADA, &format!("wrong password {guess}")).status == 401,
            );
        }
    }
    assert!(evaluated <= 20, "{evaluated} guesses were evaluated");
    // The owner's own browser still has its budget (R-R8).
    stage.source = "192.0.2.7".into();
    let mut ada = stage.browser("demo-spa");
    ada.cookie = hers;
    ada.begin();
    assert!(ada.password(ADA, PASSWORD).interaction_code().is_some());
}

/// R-M6, A-008: an address that the provider rejects looks like any other, also to whoever asks
/// again, and is not tried for ever.
#[test]
fn r_m6_a_rejected_mail_looks_like_one_that_was_sent() {
    let stage = Stage::new();
    *stage.mailbox.rejects.lock().unwrap() = true;
    let mut browser = stage.browser("demo-spa");
    let sent = browser.sign_up(ADA, PASSWORD);
    assert_eq!((sent.status, sent.messages()), (200, Vec::new()), "{}", sent.text);
    assert_eq!(
        browser.step("/idp/idx/email/resend", json!({})).status,
        429,
        "the cooldown runs as for a mail that was sent"
    );
    for _ in 0..5 {
        stage.advance(6);
        browser.step("/idp/idx/email/poll", json!({}));
    }
    assert_eq!(*stage.mailbox.rejected.lock().unwrap(), 1, "polls do not ask the provider again");
}

/// R-R1: that no mail could be sent tells nobody who has an account.
#[test]
fn r_r1_a_broken_provider_does_not_tell_members_from_strangers() {
    let organisation = demo_with(&[
        (
            "{ authentication: false }",
            "{ authentication: true }\n  verifyKnowledgeSecondWhen2faRequired: true",
        ),
        ("primaryFactor: PASSWORD_IDP\n", "primaryFactor: PASSWORD_IDP_ANY_FACTOR\n"),
    ]);
    let stage = Stage::with(&organisation);
    let mut ada = stage.browser("demo-spa");
    enroll(
        &mut ada,
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": PASSWORD}}),
    );
    ada.answer_code(&stage.code(ADA));
    stage.fail_mail(Some(stage::MailFault::Unavailable));
    let [member, stranger] = [ADA, "nobody@example.com"].map(|name| {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let identified = browser.step("/idp/idx/identify", json!({"identifier": name}));
        let chosen = browser.step(
            "/idp/idx/challenge",
            json!({"authenticator": {"id": "aut-email", "methodType": "email"}}),
        );
        (identified.status, identified.forms(), chosen.status, chosen.forms(), chosen.messages())
    });
    assert_eq!(member, stranger);
    assert_eq!(member.2, 200);
}

/// R-R2: what a mail takes must not tell who has an account.
#[test]
fn a_stranger_who_asks_for_a_mail_costs_one_that_nobody_gets() {
    let organisation = demo_with(&[
        ("{ authentication: false }", "{ authentication: true }"),
        ("primaryFactor: PASSWORD_IDP\n", "primaryFactor: PASSWORD_IDP_ANY_FACTOR\n"),
    ]);
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/identify", json!({"identifier": "nobody@example.com"}));
    let chosen = browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    assert_eq!(chosen.forms()[0], "challenge-authenticator", "{}", chosen.text);
    assert_eq!((stage.letters().len(), stage.sent_to_nobody()), (0, 1));

    // A provider that is down is down for strangers too, and nobody is told.
    *stage.mailbox.broken.lock().unwrap() = true;
    browser.begin();
    browser.step("/idp/idx/identify", json!({"identifier": "nobody@example.com"}));
    let unsent = browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    assert_eq!(
        (unsent.status, unsent.forms(), unsent.messages()),
        (chosen.status, chosen.forms(), chosen.messages())
    );
}

/// I3: a read of several items is no snapshot. Whoever reads the password just before the mailbox's
/// owner takes the account over, and the person just after, has compared with a hash that opens
/// nothing any more. Nor does one from before an administrator has voided what was.
#[test]
fn the_password_of_an_earlier_account_or_generation_opens_nothing_even_if_it_is_still_read() {
    let stage = Stage::with(&demo_with(&[]));
    let mut mallory = stage.browser("newsletter-spa");
    enroll(
        &mut mallory,
        json!({"userProfile": {"email": ADA, "firstName": "M", "lastName": "M"}, "credentials": {"passcode": "mallory's own choice"}}),
    );
    let squatted = stage.items("PASSWORD")[0].clone();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    stage.put(squatted);
    mallory.begin();
    let refused = mallory.password(ADA, "mallory's own choice");
    assert_eq!((refused.status, refused.interaction_code()), (401, None), "{}", refused.text);

    let mut user = stage.items("USER").remove(0);
    (user.version, user.body["generation"]) = (user.version + 1, json!(1));
    stage.put(user);
    ada.begin();
    let refused = ada.password(ADA, PASSWORD);
    assert_eq!((refused.status, refused.interaction_code()), (401, None), "{}", refused.text);
}

/// R-O6: a budget of its own has the browser that began, and nobody has two of them.
#[test]
fn a_known_browsers_cookie_opens_no_budget_to_another_one() {
    let stage = Stage::with(&demo_with(&[]));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let evaluated = (0..30)
        .filter(|_| {
            let mut mallory = stage.browser("demo-spa");
            mallory.begin();
            mallory.cookie.clone_from(&ada.cookie);
            mallory.password(ADA, "not the password").status == 401
        })
        .count();
    assert!(evaluated <= 20, "{evaluated}");
    ada.begin();
    assert!(
        ada.password(ADA, PASSWORD).interaction_code().is_some(),
        "and the owner is not locked out by it (R-R8)"
    );
}

/// A-010, where the first page asks for the name alone.
#[test]
fn a_name_that_is_known_is_not_told_in_bulk_either() {
    let stage = Stage::with(&demo_with(&[(
        "primaryFactor: PASSWORD_IDP\n",
        "primaryFactor: PASSWORD_IDP_ANY_FACTOR\n",
    )]));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let identify = |name: &str| {
        let mut browser = stage.browser("demo-spa");
        browser.source = "203.0.113.9".into();
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": name}))
    };
    for index in 0..20 {
        assert_eq!(
            identify(ADA).forms()[0],
            "select-authenticator-authenticate",
            "a name that is known costs nothing"
        );
        assert_eq!(
            identify(&format!("nobody{index}@example.com")).messages(),
            ["idx.unknown.user"]
        );
    }
    assert_eq!(
        (identify("nobody@example.com").status, identify(ADA).status),
        (429, 429),
        "then neither answer is given"
    );
    ada.begin();
    assert_eq!(
        ada.step("/idp/idx/identify", json!({"identifier": ADA})).status,
        200,
        "save in a browser that is known"
    );
}

/// nor by the sign-up form.
#[test]
fn what_is_taken_is_not_told_in_bulk() {
    let stage = Stage::with(&demo_with(&[]));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let form = json!({"userProfile": {"email": ADA, "firstName": "A", "lastName": "B"}, "credentials": {"passcode": PASSWORD}});
    let told: Vec<_> =
        (0..22).map(|_| enroll(&mut stage.browser("demo-spa"), form.clone()).status).collect();
    assert_eq!(told, [vec![400; 20], vec![429; 2]].concat());
}

/// what a page of another app tries has no effect.
#[test]
fn a_page_of_another_app_moves_nothing() {
    let mut organisation = demo_with(&[]);
    let other = organisation.apps.iter_mut().find(|app| app.id != "demo").unwrap();
    other.allowed_origins.push("https://other.example".into());
    let stage = Stage::with(&organisation);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let before = stage.items("TX");
    let body = json!({"stateHandle": ada.handle}).to_string();
    let headers = [("content-type", "application/json"), ("origin", "https://other.example")];
    let refused = stage.request("POST", "/idp/idx/cancel", &headers, body.as_bytes());
    assert_eq!((refused.status, stage.items("TX")), (403, before), "{}", refused.text);
}

/// R-S9: an optional answer that is not right any more is left out, and a username that was made of
/// the email is not held against its pattern.
#[test]
fn nobody_is_asked_for_what_is_optional_in_a_circle() {
    let mut organisation = demo_with(&[]);
    let login =
        organisation.user_schema.definitions.base.properties.entry("login".into()).or_default();
    login.pattern = Some("[a-z]+".into());
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let attributes = &mut policy.rules[0].actions.profile_enrollment.profile_attributes;
    attributes.push(policy::organisation::ProfileAttribute {
        name: "login".into(),
        label: "Username".into(),
        required: false,
    });
    let stage = Stage::with(&organisation);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let done = ada.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

/// A code that is good for longer than a flow may stand still keeps the flow with it (policies.md
/// §9).
#[test]
fn a_flow_waits_for_the_code_that_is_out() {
    let organisation = demo_with(&[(
        "tokenLifetimeInMinutes: 5",
        "tokenLifetimeInMinutes: 30\n      acceptLongPasscodeLifetime: true",
    )]);
    let stage = Stage::with(&organisation);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    stage.advance(29 * 60);
    let done = ada.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

/// R-R9: a password that nobody asked for is neither hashed nor compared nor counted.
#[test]
fn a_password_that_was_not_asked_for_costs_nothing() {
    let stage =
        Stage::with(&demo_with(&[("{ authentication: false }", "{ authentication: true }")]));
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let before = stage.items("LIMIT").len();
    assert_eq!(browser.password(ADA, PASSWORD).status, 400);
    let new: Vec<_> = stage
        .items("LIMIT")
        .into_iter()
        .map(|item| item.key.0)
        .filter(|key| key.contains("guess"))
        .collect();
    assert_eq!((new, before <= stage.items("LIMIT").len()), (vec![], true));
}

/// I9: a mailbox that is for recovery only can still be set up by whoever has signed in otherwise.
#[test]
fn a_mailbox_that_is_not_for_signing_in_can_be_set_up() {
    let stage = Stage::with(&demo_with(&[]));
    let mut ada = stage.browser("newsletter-spa");
    let form = json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": PASSWORD}});
    assert!(enroll(&mut ada, form).interaction_code().is_some());
    stage.apply(&demo_with(&[
        ("passcodeLength: 6 ", "allowedFor: recovery\n      passcodeLength: 6 "),
        (
            "{ key: okta_email, enroll: { self: OPTIONAL } }",
            "{ key: okta_email, enroll: { self: REQUIRED } }",
        ),
    ]));
    ada.begin();
    let asked = ada.password(ADA, PASSWORD);
    assert_eq!(asked.forms()[0], "select-authenticator-enroll", "{}", asked.text);
    ada.step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-email"}}));
    let done = ada.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}
