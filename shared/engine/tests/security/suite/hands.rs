//! I3, R-D1: whose an account is, here and for those who never ask us; what a deleted account
//! leaves behind.

use engine::keys;
use policy::step::Identity;
use serde_json::{Value, json};

use super::stage::{Browser, Stage, demo};
use super::{ADA, PASSWORD, by_password_or_mail, with_ada, with_ada_in};

const MALLORYS: &str = "a password of Mallory's";

/// The squatter's account, at the app where nothing is proven; what its access token says, which
/// many check without asking us.
fn squat(stage: &Stage, mallory: &mut Browser<'_>) -> String {
    mallory.begin();
    mallory.step("/idp/idx/enroll", json!({}));
    let profile = json!({"email": ADA, "firstName": "Mal", "lastName": "Ory"});
    let done = mallory.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": MALLORYS}}),
    );
    let tokens = mallory.token(&done.interaction_code().unwrap_or_else(|| panic!("{}", done.text)));
    claims(stage, tokens.body["access_token"].as_str().unwrap())["sub"].as_str().unwrap().into()
}

fn claims(stage: &Stage, access: &str) -> Value {
    let authorization = format!("Bearer {access}");
    let answer = stage.request(
        "GET",
        "/oauth2/default/v1/userinfo",
        &[("authorization", &authorization)],
        b"",
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

fn signs_in(stage: &Stage, browser: &mut Browser<'_>, code: &str) -> Value {
    let tokens = browser.token(code);
    claims(stage, tokens.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", tokens.text)))
}

#[test]
fn h1_a_049_an_account_that_is_taken_over_by_signing_up_is_another_subject() {
    let stage = Stage::new();
    let squatted = squat(&stage, &mut stage.browser("newsletter-spa"));
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let code = ada.answer_code(&stage.code(ADA)).interaction_code().unwrap();
    let hers = signs_in(&stage, &mut ada, &code);
    assert_ne!(
        hers["sub"],
        json!(squatted),
        "whoever checks tokens offline must not take one for the other"
    );
    assert_eq!(hers["name"], "Ada Lovelace");
    let (users, passwords, names) =
        (stage.items("USER"), stage.items("PASSWORD"), stage.items("UNIQUE"));
    assert_eq!(
        (users.len(), passwords.len(), names.len()),
        (1, 1, 2),
        "nothing of the squatter's account is left"
    );
    assert!(names.iter().all(|name| name.body["user"] == hers["sub"]));
    ada.begin();
    let again = ada.password(ADA, PASSWORD).interaction_code().unwrap();
    assert_eq!(signs_in(&stage, &mut ada, &again)["sub"], hers["sub"], "it is hers from now on");
}

#[test]
fn h1_a_049_an_account_that_is_taken_over_by_a_mailed_code_is_another_subject_without_the_squatters_profile()
 {
    let stage = Stage::with(&by_password_or_mail());
    let squatted = squat(&stage, &mut stage.browser("newsletter-spa"));
    // An administrator took it for Ada's.
    let mut user = stage.items("USER").remove(0);
    user.version += 1;
    user.body["groups"].as_array_mut().unwrap().push(json!("workforce"));
    stage.put(user);
    let mut ada = stage.browser("newsletter-spa");
    ada.begin();
    ada.step("/idp/idx/identify", json!({"identifier": ADA}));
    ada.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let proven = ada.answer_code(&stage.code(ADA));
    assert_eq!(proven.forms()[0], "enroll-authenticator", "{}", proven.text);
    assert!(!proven.text.contains("Mal"), "{}", proven.text);
    let asked =
        ada.step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-password"}}));
    assert_eq!(asked.forms()[0], "enroll-authenticator", "{}", asked.text);
    let mut answer =
        ada.step("/idp/idx/credential/answer", json!({"credentials": {"passcode": PASSWORD}}));
    if answer.interaction_code().is_none() {
        assert_eq!(
            answer.forms(),
            ["enroll-profile"],
            "what the app needs of her is asked of her: {}",
            answer.text
        );
        answer = ada.step(
            "/idp/idx/enroll/update",
            json!({"userProfile": {"firstName": "Ada", "lastName": "Lovelace"}}),
        );
    }
    let hers = signs_in(
        &stage,
        &mut ada,
        &answer.interaction_code().unwrap_or_else(|| panic!("{}", answer.text)),
    );
    assert_ne!(hers["sub"], json!(squatted));
    let users = stage.items("USER");
    assert_eq!(
        (users.len(), &users[0].body["groups"]),
        (1, &json!(["subscribers"])),
        "groups that went to the squatter stay behind"
    );
    assert!(!users[0].body.to_string().contains("Ory"), "{}", users[0].body);
    assert!(stage.items("UNIQUE").iter().all(|name| name.body["user"] == hers["sub"]));
}

#[test]
fn h1_whoever_has_just_shown_the_password_keeps_the_account() {
    let stage = Stage::new();
    let before = squat(&stage, &mut stage.browser("newsletter-spa"));
    let mut same = stage.browser("demo-spa");
    same.begin();
    same.password(ADA, MALLORYS);
    same.step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-email"}}));
    let code = same.answer_code(&stage.code(ADA)).interaction_code().unwrap();
    let after = signs_in(&stage, &mut same, &code);
    assert_eq!(
        (after["sub"].as_str(), after["name"].as_str()),
        (Some(before.as_str()), Some("Mal Ory"))
    );
}

/// The demo, where people are found by a badge of theirs, or else by their username.
fn with_badges() -> policy::organisation::Organisation {
    let mut organisation = demo();
    let badge = json!({"title": "Badge", "type": "string", "unique": true, "permissions": [{"principal": "SELF", "action": "READ_ONLY"}]});
    organisation
        .user_schema
        .definitions
        .custom
        .properties
        .insert("badge".into(), serde_json::from_value(badge).unwrap());
    for policy in &mut organisation.policies.profile_enrollment {
        for rule in &mut policy.rules {
            rule.actions.profile_enrollment.allowed_identifiers =
                vec!["badge".into(), "login".into()];
        }
    }
    organisation
}

fn marker(attribute: &str, text: &str, user: &str) -> engine::ports::Item {
    let key = keys::unique(&Identity::of(attribute, text));
    engine::ports::Item { key, version: 1, expires_at: None, count: 0, body: json!({"user": user}) }
}

#[test]
fn m5_the_password_of_whoever_is_no_longer_there_opens_nobody_elses_account() {
    let stage = with_ada_in(&with_badges());
    // X had Ada's name as a badge. The record of X was deleted; the marker and the password were
    // not.
    let mut password = stage.items("PASSWORD").remove(0);
    let mut bob = stage.browser("newsletter-spa");
    bob.sign_up("bob@example.com", "the password of X");
    let bobs = stage.items("PASSWORD").into_iter().find(|item| item.key != password.key).unwrap();
    (password.key, password.body) = (keys::password("X"), bobs.body);
    stage.put(password);
    stage.put(marker("badge", ADA, "X"));
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let refused = browser.password(ADA, "the password of X");
    assert_eq!((refused.status, refused.interaction_code()), (401, None), "{}", refused.text);
    assert!(browser.password(ADA, PASSWORD).interaction_code().is_some(), "nor is Ada kept out");
}

#[test]
fn m5_r_d1_an_address_whose_owner_was_deleted_can_be_registered_again() {
    for client in ["demo-spa", "newsletter-spa"] {
        let stage = Stage::new();
        for attribute in ["login", "email"] {
            stage.put(marker(attribute, ADA, "somebody who was deleted"));
        }
        let mut ada = stage.browser(client);
        let sent = ada.sign_up(ADA, PASSWORD);
        let done = if sent.interaction_code().is_some() {
            sent
        } else {
            ada.answer_code(&stage.code(ADA))
        };
        assert!(done.interaction_code().is_some(), "{}", done.text);
        let users = stage.items("USER");
        let names = stage.items("UNIQUE");
        assert_eq!((users.len(), names.len()), (1, 2));
        assert!(names.iter().all(|name| name.body["user"] == users[0].body["id"]));
    }
}

#[test]
fn r_o7_l1_a_code_that_went_to_the_old_mailbox_does_not_prove_the_new_one() {
    let stage = Stage::with(&by_password_or_mail());
    squat(&stage, &mut stage.browser("newsletter-spa"));
    let mut old = stage.browser("demo-spa");
    old.begin();
    old.step("/idp/idx/identify", json!({"identifier": ADA}));
    old.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let code = stage.code(ADA);
    let mut user = stage.items("USER").remove(0);
    (user.version, user.body["profile"]["email"]) = (user.version + 1, json!("eva@new.example"));
    stage.put(user);
    let before = stage.items("USER");
    let refused = old.answer_code(&code);
    // Shown what is asked now, and let in nowhere.
    assert!(
        refused.interaction_code().is_none()
            && refused.messages().contains(&"idx.form.changed".to_string()),
        "{}",
        refused.text
    );
    assert_eq!(stage.items("USER"), before);
    assert!(old.answer_code(&code).interaction_code().is_none());
}

#[test]
fn m7_a_046_nobody_takes_the_address_of_another_as_their_username() {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let login = policy::organisation::ProfileAttribute {
        name: "login".into(),
        label: "Username".into(),
        required: false,
    };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(login);
    for prevents in [false, true] {
        organisation.settings.user_enumeration_prevention.authentication = prevents;
        let stage = Stage::with(&organisation);
        let mut mallory = stage.browser("demo-spa");
        mallory.begin();
        mallory.step("/idp/idx/enroll", json!({}));
        let profile = json!({"email": "mallory@evil.example", "login": "ceo@corp.example", "firstName": "M", "lastName": "L"});
        let refused = mallory.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        );
        assert_eq!(refused.status, 400, "{}", refused.text);
        let profile = json!({"email": "mallory@evil.example", "login": "Mallory@evil.example", "firstName": "M", "lastName": "L"});
        let sent = mallory.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        );
        assert_eq!(sent.status, 200, "one's own email in another spelling: {}", sent.text);
    }
}

#[test]
fn i1_taking_an_account_over_frees_only_what_that_account_had() {
    // The number became unique while two had it: the marker is Ada's.
    let stage = with_ada();
    let mut ada = stage.items("USER").remove(0);
    ada.version += 1;
    ada.body["profile"]["customerNumber"] = json!(7);
    let id = ada.body["id"].as_str().unwrap().to_owned();
    stage.put(ada);
    stage.put(marker("customerNumber", "7", &id));
    let mut mallory = stage.browser("newsletter-spa");
    mallory.sign_up("bob@example.com", MALLORYS);
    let mut squatter =
        stage.items("USER").into_iter().find(|user| user.body["id"] != id.as_str()).unwrap();
    squatter.version += 1;
    squatter.body["profile"]["customerNumber"] = json!(7);
    stage.put(squatter);
    let mut bob = stage.browser("demo-spa");
    bob.sign_up("bob@example.com", PASSWORD);
    assert!(bob.answer_code(&stage.code("bob@example.com")).interaction_code().is_some());
    let key = keys::unique(&Identity::of("customerNumber", "7"));
    let left = stage.items("UNIQUE").into_iter().find(|item| item.key == key);
    assert_eq!(
        left.map(|item| item.body["user"].clone()),
        Some(json!(id)),
        "what another person has stays theirs"
    );
}
