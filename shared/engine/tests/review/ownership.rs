//! Whose an address, a name, an account is.

use serde_json::{Value, json};

use super::stage::{Browser, Stage};
use super::{ADA, PASSWORD, demo_with, enroll};

const MALLORYS: &str = "a password of Mallory's";
const LAST_NAME: &str =
    "{ name: lastName, label: Last name, required: true }\n                # Take";

/// The demo's form with one field more.
fn asks_for(field: &str) -> (&'static str, String) {
    (
        LAST_NAME,
        format!(
            "{{ name: lastName, label: Last name, required: true }}\n                - {field}\n                # Take"
        ),
    )
}

fn profile(email: &str, more: &Value) -> Value {
    let mut profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
    profile.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}})
}

/// Signs up at the app where nothing is proven.
fn squat(browser: &mut Browser<'_>, email: &str, password: &str) -> String {
    let form = json!({"userProfile": {"email": email, "firstName": "Mal", "lastName": "Lory"}, "credentials": {"passcode": password}});
    enroll(browser, form).interaction_code().unwrap()
}

/// Such usernames are refused (see the test after this one). There are some from before; each goes
/// to whoever proves that it is their address.
#[test]
fn a_046_a_username_that_is_an_address_goes_to_whoever_proves_it() {
    const OTHER: &str = "correct staple battery";
    for verification in ["true", "false"] {
        let stage = Stage::with(&demo_with(&[(
            "emailVerification: true ",
            &format!("emailVerification: {verification} "),
        )]));
        let finish = |browser: &mut Browser<'_>, email: &str, sent: super::Answer| {
            let done = if sent.interaction_code().is_some() {
                sent
            } else {
                browser.answer_code(&stage.code(email))
            };
            done.interaction_code()
        };
        let mut mallory = stage.browser("demo-spa");
        let sent = mallory.sign_up("mallory@evil.example", OTHER);
        assert!(finish(&mut mallory, "mallory@evil.example", sent).is_some());
        goes_by(&stage, ADA);
        for name in [ADA, "mallory@evil.example"] {
            mallory.begin();
            assert!(
                mallory.password(name, OTHER).interaction_code().is_some(),
                "by the username and by the email"
            );
        }
        let mut ada = stage.browser("demo-spa");
        let sent = ada.sign_up(ADA, PASSWORD);
        assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
        assert!(finish(&mut ada, ADA, sent).is_some());
        ada.begin();
        assert!(ada.password(ADA, PASSWORD).interaction_code().is_some());
        mallory.begin();
        assert_eq!(mallory.password(ADA, OTHER).status, 401);
        mallory.begin();
        let code = mallory.password("mallory@evil.example", OTHER).interaction_code().unwrap();
        let tokens = mallory.token(&code);
        assert!(tokens.text.contains("access_token"), "{}", tokens.text);
        assert_eq!(stage.items("UNIQUE").len(), 4, "two names each");
    }
}

/// The one account there is goes by this username too, as it could before such names were refused.
fn goes_by(stage: &Stage, login: &str) {
    let mut user = stage.items("USER").remove(0);
    let id = user.body["id"].clone();
    (user.version, user.body["profile"]["login"]) = (user.version + 1, json!(login));
    stage.put(user);
    let key = engine::keys::unique(&policy::step::Identity::of("login", login));
    stage.put(engine::ports::Item {
        key,
        version: 1,
        expires_at: None,
        count: 0,
        body: json!({"user": id}),
    });
}

#[test]
fn a_046_nobody_is_found_by_the_address_of_another() {
    let (from, to) = asks_for("{ name: nick, label: Nick }");
    let stage = Stage::with(&demo_with(&[
        (from, &to),
        ("allowedIdentifiers: [login]            #", "allowedIdentifiers: [nick, login] #"),
        (
            "        customerNumber:\n",
            "        nick: { title: Nick, type: string, unique: true, permissions: [{ principal: SELF, action: READ_WRITE }] }\n        customerNumber:\n",
        ),
    ]));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let refused = enroll(
        &mut stage.browser("demo-spa"),
        profile("mallory@evil.example", &json!({"nick": ADA})),
    );
    assert_eq!(refused.status, 400, "{}", refused.text);
    ada.begin();
    assert!(ada.password(ADA, PASSWORD).interaction_code().is_some());
}

#[test]
fn r_r1_a_username_on_the_form_does_not_tell_who_has_an_address() {
    let (from, to) = asks_for("{ name: login, label: Username }");
    let stage = Stage::with(&demo_with(&[
        (from, &to),
        ("{ authentication: false }", "{ authentication: true }"),
    ]));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let mut answers = ["ada@example.com", "bob@example.com"].map(|email| {
        let logins = [
            json!({}),
            json!({"login": ""}),
            json!({"login": null}),
            json!({"login": email}),
            json!({"login": "eve@example.com"}),
        ];
        logins.map(|login| {
            let answer = enroll(&mut stage.browser("demo-spa"), profile(email, &login));
            (answer.status, answer.forms())
        })
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].each_mut().map(|(status, _)| *status), [200, 200, 200, 200, 400]);
}

/// policies.md §1: access is blocked until the mailbox is verified, whichever app somebody signed
/// up at.
#[test]
fn i2_an_app_that_wants_a_proven_mailbox_lets_nobody_in_whose_is_not() {
    let stage = Stage::new();
    squat(&mut stage.browser("newsletter-spa"), ADA, PASSWORD);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let asked = browser.password(ADA, PASSWORD);
    assert_eq!(
        (asked.status, asked.forms()),
        (200, vec!["select-authenticator-enroll".to_string()]),
        "{}",
        asked.text
    );
    browser.step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-email"}}));
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    // The password stays: it was shown beside the mailbox. Where nothing need be proven, it is
    // enough.
    let mut again = stage.browser("demo-spa");
    again.begin();
    assert!(again.password(ADA, PASSWORD).interaction_code().is_some());
}

#[test]
fn a_049_the_owner_of_a_squatted_mailbox_gets_in_where_nothing_need_be_proven() {
    let stage =
        Stage::with(&demo_with(&[("emailVerification: true ", "emailVerification: false ")]));
    let mut mallory = stage.browser("demo-spa");
    let code = squat(&mut mallory, ADA, MALLORYS);
    let token = mallory.token(&code).body["access_token"].as_str().unwrap().to_string();
    let mut ada = stage.browser("demo-spa");
    let asked = ada.sign_up(ADA, PASSWORD);
    assert_eq!(asked.forms()[0], "enroll-authenticator", "{}", asked.text);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    ada.begin();
    assert!(ada.password(ADA, PASSWORD).interaction_code().is_some());
    mallory.begin();
    assert_eq!(mallory.password(ADA, MALLORYS).status, 401);
    let bearer = format!("Bearer {token}");
    assert_eq!(
        stage
            .request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &bearer)], b"")
            .status,
        401
    );
    // From then on it is somebody's for good.
    assert_eq!(stage.browser("demo-spa").sign_up(ADA, MALLORYS).status, 400);
}

#[test]
fn i3_a_squatters_password_does_not_survive_the_proof_in_a_browser_that_both_have_used() {
    let mut organisation = demo_with(&[]);
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor =
            policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    let stage = Stage::with(&organisation);
    let mut shared = stage.browser("newsletter-spa");
    squat(&mut shared, ADA, MALLORYS);
    shared.begin();
    shared.step("/idp/idx/identify", json!({"identifier": ADA}));
    shared.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let proven = shared.answer_code(&stage.code(ADA));
    assert_eq!(
        proven.forms()[0],
        "enroll-authenticator",
        "a password of one's own: {}",
        proven.text
    );
    let mut mallory = stage.browser("newsletter-spa");
    mallory.begin();
    mallory.step("/idp/idx/identify", json!({"identifier": ADA}));
    mallory.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
    let refused =
        mallory.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": MALLORYS}}));
    assert_ne!(refused.status, 200, "{}", refused.text);
}

/// I9: with prevention on everybody is offered the same; whoever has no password must be among
/// everybody.
#[test]
fn whoever_has_no_password_gets_in_where_answers_tell_nothing() {
    let stage = Stage::with(&demo_with(&[
        ("{ authentication: false }", "{ authentication: true }"),
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
    ]));
    let mut ada = stage.browser("demo-spa");
    enroll(
        &mut ada,
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    );
    ada.answer_code(&stage.code(ADA));
    assert!(ada.step("/idp/idx/skip", json!({})).interaction_code().is_some());
    for client in ["demo-spa", "workforce-spa"] {
        let mut ada = stage.browser(client);
        ada.begin();
        let asked = ada.step("/idp/idx/identify", json!({"identifier": ADA}));
        assert!(asked.text.contains("aut-email"), "{client}: {}", asked.text);
        let mut nobody = stage.browser(client);
        nobody.begin();
        assert_eq!(
            nobody.step("/idp/idx/identify", json!({"identifier": "bob@example.com"})).forms(),
            asked.forms()
        );
        ada.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
        assert_eq!(ada.answer_code(&stage.code(ADA)).status, 200);
    }
}

/// whoever loses the race is told, also by the page behind the link.
#[test]
fn whoever_was_slower_is_told_behind_the_link_too() {
    let stage = Stage::new();
    let (mut faster, mut slower) = (stage.browser("demo-spa"), stage.browser("demo-spa"));
    faster.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    slower.sign_up(ADA, MALLORYS);
    let link = stage.link(ADA);
    assert!(faster.answer_code(&code).interaction_code().is_some());
    let (path, token) =
        link.split_once("/email/").and_then(|(_, path)| path.split_once("?token=")).unwrap();
    let path = &format!("/email/{path}");
    let told =
        slower.send(path, "application/x-www-form-urlencoded", format!("token={token}").as_bytes());
    assert_eq!(told.status, 400);
    assert!(told.text.contains("There is an account with your email address now"), "{}", told.text);
}

/// I9: who was asked for the password before the account changed hands is let in with the one that
/// is right now.
#[test]
fn the_password_of_today_is_right_on_a_page_of_yesterday() {
    let stage = Stage::new();
    squat(&mut stage.browser("newsletter-spa"), ADA, MALLORYS);
    stage.apply(&demo_with(&[("{ authentication: false }", "{ authentication: true }")]));
    let mut waiting = stage.browser("demo-spa");
    waiting.begin();
    waiting.step("/idp/idx/identify", json!({"identifier": ADA}));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let mut answer = |password: &str| {
        waiting.step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": password}}))
    };
    assert_eq!(answer(MALLORYS).status, 401);
    let done = answer(PASSWORD);
    assert!(done.interaction_code().is_some(), "{}", done.text);
}
