//! The journeys of people through the engine, over HTTP requests without a server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use serde_json::json;
use stage::{Stage, demo};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

#[test]
fn signs_up_with_a_code_and_comes_back_with_tokens() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let first = browser.begin();
    assert_eq!(first.forms(), ["identify", "select-enroll-profile"]);
    let form = browser.step("/idp/idx/enroll", json!({}));
    assert_eq!(form.forms(), ["enroll-profile", "select-identify"]);
    let sent = browser.sign_up(ADA, PASSWORD);
    assert_eq!(
        (sent.status, sent.forms()),
        (
            200,
            ["enroll-authenticator", "select-authenticator-enroll", "edit-enroll-profile"]
                .map(String::from)
                .to_vec()
        ),
        "{}",
        sent.text
    );
    assert!(stage.items("USER").is_empty(), "no user before the mailbox is proven");
    let done = browser.answer_code(&stage.code(ADA));
    assert_eq!(done.status, 200, "{}", done.text);
    let tokens = browser.token(&done.interaction_code().unwrap());
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let user = &stage.items("USER")[0].body;
    assert_eq!(user["groups"], json!(["customers"]));
    assert_eq!(user["emailVerified"], json!(true));
    assert_eq!(user["profile"]["login"], json!(ADA));
}

#[test]
fn signs_in_and_is_asked_for_what_became_required() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    browser.answer_code(&stage.code(ADA));

    browser.begin();
    let done = browser.password(ADA, PASSWORD);
    assert!(done.interaction_code().is_some(), "{}", done.text);

    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(
        policy::organisation::ProfileAttribute {
            name: "customerNumber".into(),
            label: "Customer number".into(),
            required: true,
        },
    );
    stage.apply(&organisation);
    browser.begin();
    let asked = browser.password(ADA, PASSWORD);
    assert_eq!(asked.forms(), ["enroll-profile"], "{}", asked.text);
    assert!(asked.interaction_code().is_none());
    let fields = &asked.body["remediation"]["value"][0]["value"][0]["form"]["value"];
    assert_eq!(fields.as_array().unwrap().len(), 1, "{fields}");
    let wrong = browser
        .step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "twelve"}}));
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    let done =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "1234"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    assert_eq!(stage.items("USER")[0].body["profile"]["customerNumber"], json!(1234));

    browser.begin();
    assert!(browser.password(ADA, PASSWORD).interaction_code().is_some());
}

#[test]
fn r_o10_a_link_completes_nothing_until_its_button_is_pressed_where_the_flow_began() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let link = stage.link(ADA);

    let elsewhere = stage.browser("demo-spa").get(&link);
    assert_eq!(elsewhere.status, 200);
    assert!(elsewhere.text.contains(&stage.code(ADA)), "{}", elsewhere.text);
    let page = browser.get(&link);
    assert!(page.text.contains("<button"), "{}", page.text);
    assert!(stage.items("USER").is_empty());

    let (path, token) = link.split_once("?token=").unwrap();
    let body = format!("token={token}");
    let foreign =
        stage.browser("demo-spa").send(path, "application/x-www-form-urlencoded", body.as_bytes());
    assert_eq!(foreign.status, 403);
    assert!(stage.items("USER").is_empty());
    let pressed = browser.send(path, "application/x-www-form-urlencoded", body.as_bytes());
    assert_eq!(pressed.status, 200, "{}", pressed.text);
    assert_eq!(stage.items("USER").len(), 1);
    let polled = browser.step("/idp/idx/email/poll", json!({}));
    let href = polled.body["success"]["href"].as_str().unwrap();
    let code =
        href.split("interaction_code=").nth(1).unwrap().split('&').next().unwrap().to_string();
    assert_eq!(browser.token(&code).status, 200);
}

/// The demo with any factor as the first one: identifier-first.
fn any_factor() -> policy::organisation::Organisation {
    let mut organisation = demo();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor =
            policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    organisation
}

fn signed_up(stage: &Stage) {
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
    stage.advance(3_600);
}

#[test]
fn identifier_first_with_a_choice_of_one_factor() {
    let stage = Stage::with(&any_factor());
    signed_up(&stage);
    let mut browser = stage.browser("demo-spa");
    let first = browser.begin();
    assert_eq!(first.forms()[0], "identify");
    assert_eq!(
        first.body["remediation"]["value"][0]["value"].as_array().unwrap().len(),
        2,
        "no password on the first page"
    );
    let choice = browser.step("/idp/idx/identify", json!({"identifier": ADA}));
    assert_eq!(choice.forms(), ["select-authenticator-authenticate"], "{}", choice.text);
    let sent = browser.step(
        "/idp/idx/challenge",
        json!({"authenticator": {"id": "aut-email", "methodType": "email"}}),
    );
    assert_eq!(
        sent.forms(),
        ["challenge-authenticator", "select-authenticator-authenticate"],
        "{}",
        sent.text
    );
    // The other way is open at any time.
    let other =
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
    assert_eq!(other.forms()[0], "challenge-authenticator");
    let wrong = browser.step(
        "/idp/idx/challenge/answer",
        json!({"credentials": {"passcode": "not the password"}}),
    );
    assert_eq!((wrong.status, wrong.messages()), (401, vec!["incorrectPassword".to_string()]));
    let back = browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    assert_eq!(back.forms()[0], "challenge-authenticator");
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

#[test]
fn two_factors_ask_for_the_password_and_then_for_the_code() {
    let mut organisation = demo();
    organisation.apps.iter_mut().find(|app| app.id == "demo").unwrap().access_policy = None;
    let stage = Stage::with(&organisation);
    signed_up(&stage);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let second = browser.password(ADA, PASSWORD);
    assert_eq!(second.forms(), ["select-authenticator-authenticate"], "{}", second.text);
    assert_eq!(stage.mails().len(), 1, "a mail is sent when the person asks for it");
    let sent = browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    assert_eq!(sent.forms(), ["challenge-authenticator"]);
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

#[test]
fn the_password_is_set_after_the_code_where_the_form_does_not_ask_for_it() {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    browser.step("/idp/idx/enroll/new", json!({"userProfile": profile}));
    let next = browser.answer_code(&stage.code(ADA));
    assert_eq!(
        next.forms(),
        ["enroll-authenticator", "select-authenticator-enroll"],
        "{}",
        next.text
    );
    assert!(stage.items("USER").is_empty());
    let weak =
        browser.step("/idp/idx/credential/answer", json!({"credentials": {"passcode": "short"}}));
    assert_eq!(
        (weak.status, weak.messages()),
        (400, vec!["password.passwordRequirementsNotMet".to_string()])
    );
    let done =
        browser.step("/idp/idx/credential/answer", json!({"credentials": {"passcode": PASSWORD}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

#[test]
fn an_optional_password_can_be_skipped() {
    let mut organisation = any_factor();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    for policy in &mut organisation.policies.profile_enrollment {
        policy.rules[0].actions.profile_enrollment.activation_requirements.email_verification =
            true;
        policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    }
    let settings = organisation.policies.authenticator_enrollment[0].settings.as_mut().unwrap();
    for one in &mut settings.authenticators {
        one.enroll.own = match one.key.as_str() {
            "okta_password" => policy::organisation::SelfEnroll::Optional,
            _ => policy::organisation::SelfEnroll::Required,
        };
    }
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    browser.step("/idp/idx/enroll/new", json!({"userProfile": profile}));
    let optional = browser.answer_code(&stage.code(ADA));
    assert_eq!(optional.forms(), ["select-authenticator-enroll", "skip"], "{}", optional.text);
    let done = browser.step("/idp/idx/skip", json!({}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    assert_eq!(stage.items("USER")[0].body["hasPassword"], json!(false));
    // Comes back without a password: the only way in is the mailbox; the password is offered again.
    stage.advance(3_600);
    browser.begin();
    browser.step("/idp/idx/identify", json!({"identifier": ADA}));
    browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let offered = browser.answer_code(&stage.code(ADA));
    assert_eq!(offered.forms(), ["select-authenticator-enroll", "skip"], "{}", offered.text);
    browser.step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-password"}}));
    let done =
        browser.step("/idp/idx/credential/answer", json!({"credentials": {"passcode": PASSWORD}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    assert_eq!(stage.items("PASSWORD").len(), 1);
}

#[test]
fn an_optional_sign_up_is_in_at_once_and_its_link_confirms_the_address() {
    let stage = Stage::new();
    let mut browser = stage.browser("newsletter-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    let done = browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
    );
    let tokens = browser.token(&done.interaction_code().unwrap());
    let id_token: serde_json::Value =
        serde_json::from_str(tokens.body["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(id_token["claims"]["email_verified"], json!(false));
    let link = stage.link(ADA);
    let (path, token) = link.split_once("?token=").unwrap();
    assert!(
        !stage.browser("newsletter-spa").get(&link).text.contains("<button"),
        "not in another browser"
    );
    assert!(browser.get(&link).text.contains("<button"));
    let pressed = browser.send(
        path,
        "application/x-www-form-urlencoded",
        format!("token={token}").as_bytes(),
    );
    assert_eq!(pressed.status, 200);
    assert_eq!(stage.items("USER")[0].body["emailVerified"], json!(true));
    browser.begin();
    assert!(browser.password(ADA, PASSWORD).interaction_code().is_some(), "the password stays");
}

#[test]
fn where_sign_up_is_off_an_unknown_name_gets_a_password_prompt_that_fails() {
    let stage = Stage::with(&any_factor());
    let mut browser = stage.browser("workforce-spa");
    let first = browser.begin();
    assert_eq!(first.forms(), ["identify"], "no link");
    assert_eq!(browser.step("/idp/idx/enroll", json!({})).status, 400);
    let prompt = browser.step("/idp/idx/identify", json!({"identifier": "nobody@example.com"}));
    assert_eq!(prompt.status, 200);
    browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
    let refused = browser
        .step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": "whatever it is"}}));
    assert_eq!((refused.status, refused.messages()), (401, vec!["errors.E0000004".to_string()]));
}

#[test]
fn who_is_not_assigned_to_the_app_is_refused_before_any_form() {
    let mut organisation = demo();
    organisation.apps.iter_mut().find(|app| app.id == "workforce").unwrap().groups =
        vec!["subscribers".into()];
    let stage = Stage::with(&organisation);
    signed_up(&stage);
    let mut browser = stage.browser("workforce-spa");
    browser.begin();
    let refused = browser.password(ADA, PASSWORD);
    assert_eq!(
        (refused.status, refused.messages()),
        (400, vec!["idx.error.user.not.assigned.to.app".to_string()]),
        "{}",
        refused.text
    );
}

#[test]
fn after_cancel_the_handle_is_dead_and_one_can_begin_anew() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    assert_eq!(browser.step("/idp/idx/cancel", json!({})).status, 200);
    assert_eq!(browser.step("/idp/idx/cancel", json!({})).status, 200, "the same request again");
    assert_eq!(browser.answer_code(&code).messages(), ["idx.session.expired"]);
    assert_eq!(
        browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle})).status,
        401
    );
    assert!(stage.items("USER").is_empty());
    assert_eq!(browser.begin().status, 200);
}

#[test]
fn a_tab_that_polls_finds_the_step_that_another_tab_went_on_to() {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    );
    let link = stage.link(ADA);
    let (path, token) = link.split_once("?token=").unwrap();
    assert_eq!(
        browser
            .send(path, "application/x-www-form-urlencoded", format!("token={token}").as_bytes())
            .status,
        200
    );
    let polled = browser.step("/idp/idx/email/poll", json!({}));
    assert_eq!(
        (polled.status, polled.forms()),
        (200, vec!["enroll-authenticator".to_string(), "select-authenticator-enroll".to_string()]),
        "{}",
        polled.text
    );
    assert_eq!(polled.body["currentAuthenticator"]["value"]["key"], json!("okta_password"));
}

/// C17: a mistyped address is noticed on the page that asks for the code.
#[test]
fn c17_a_mistyped_address_is_corrected_without_typing_the_form_again() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let form = |email: &str| json!({"userProfile": {"email": email, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": PASSWORD}});
    browser.step("/idp/idx/enroll/new", form("ada@exmaple.com"));
    let first = stage.code("ada@exmaple.com");

    let shown = browser.step("/idp/idx/enroll", json!({}));
    assert_eq!(
        (shown.status, shown.forms()),
        (200, vec!["enroll-profile".into(), "select-identify".into()]),
        "{}",
        shown.text
    );
    let values = |form: &stage::Answer| -> Vec<String> {
        let fields = form.body["remediation"]["value"][0]["value"][0]["form"]["value"]
            .as_array()
            .unwrap()
            .clone();
        fields.iter().map(|field| field["value"].as_str().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(values(&shown), ["ada@exmaple.com", "Ada", "Lovelace"], "{}", shown.text);
    assert!(!shown.text.contains(PASSWORD), "a password is typed again");
    let reloaded = browser.step("/idp/idx/introspect", json!({}));
    assert_eq!(values(&reloaded), values(&shown), "{}", reloaded.text);
    let late = browser.answer_code(&first);
    assert_eq!(
        (late.status, late.forms()[0].as_str()),
        (400, "enroll-profile"),
        "the code of the wrong mailbox: {}",
        late.text
    );

    let sent = browser.step("/idp/idx/enroll/new", form(ADA));
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
    let wrong = browser.answer_code(&first);
    assert_eq!(wrong.status, 401, "{}", wrong.text);
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    assert_eq!(stage.items("USER")[0].body["profile"]["email"], json!(ADA));
}

/// A proven mailbox is nobody else's: from there the way is forward.
#[test]
fn c17_once_the_mailbox_is_proven_there_is_no_way_back_to_the_form() {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    let stage = Stage::new();
    stage.apply(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    );
    let password = browser.answer_code(&stage.code(ADA));
    assert!(!password.forms().contains(&"edit-enroll-profile".into()), "{}", password.text);
    let refused = browser.step("/idp/idx/enroll", json!({}));
    assert_eq!((refused.status, refused.forms()), (400, password.forms()), "{}", refused.text);
}
