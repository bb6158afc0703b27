//! Pages that are open while something changes: a policy (security.md R-S9), who has an address,
//! the time.

use policy::organisation::{
    Organisation, ProfileAttribute, ProfileEnrollment, Status, UnknownUserAction,
};
use serde_json::{Value, json};

use crate::stage::{Answer, Browser, Stage, demo};

pub const ADA: &str = "ada@example.com";
pub const PASSWORD: &str = "correct horse battery";
const SIGN_UP: &str = "/idp/idx/enroll/new";
pub const UPDATE: &str = "/idp/idx/enroll/update";

fn enrollment(organisation: &mut Organisation) -> &mut ProfileEnrollment {
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    &mut policy.rules[0].actions.profile_enrollment
}

/// The demo, which asks for these too.
pub fn asking(names: &[(&str, bool)]) -> Organisation {
    let mut organisation = demo();
    for (name, required) in names {
        let asked = ProfileAttribute {
            name: (*name).into(),
            label: format!("Your {name}"),
            required: *required,
        };
        enrollment(&mut organisation).profile_attributes.push(asked);
    }
    organisation
}

fn profile(more: &Value) -> Value {
    let mut profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
    for (name, value) in more.as_object().unwrap() {
        profile[name] = value.clone();
    }
    profile
}

fn open_form(stage: &Stage) -> Browser<'_> {
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    assert_eq!(browser.step("/idp/idx/enroll", json!({})).forms()[0], "enroll-profile");
    browser
}

fn press(browser: &mut Browser<'_>, more: &Value) -> Answer {
    browser
        .step(SIGN_UP, json!({"userProfile": profile(more), "credentials": {"passcode": PASSWORD}}))
}

/// The fields of the form that is shown first: name, and what is filled in.
fn fields(answer: &Answer) -> Vec<(String, Value)> {
    let nested = |field: &Value| field["form"]["value"].as_array().cloned().unwrap_or_default();
    let form = answer.body["remediation"]["value"][0]["value"].as_array().unwrap();
    form.iter()
        .flat_map(nested)
        .map(|field| (field["name"].as_str().unwrap().into(), field["value"].clone()))
        .collect()
}

fn names(answer: &Answer) -> Vec<String> {
    fields(answer).into_iter().map(|(name, _)| name).collect()
}

/// Two hundred, since only then the second generation of the widget draws the form; what was typed
/// is in it.
fn assert_redrawn(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.messages()),
        (200, vec!["idx.form.changed".to_string()]),
        "{}",
        answer.text
    );
}

#[test]
fn r_s9_an_attribute_that_has_left_the_sign_up_form_is_dropped() {
    let stage = Stage::with(&asking(&[("shoeSize", true), ("favouriteColour", false)]));
    let mut ada = open_form(&stage);
    stage.apply(&demo());
    let more = json!({"shoeSize": "38", "favouriteColour": "red"});
    // Nobody ever offered this.
    let assigned = press(&mut ada, &json!({"shoeSize": "38", "customerNumber": "7"}));
    assert_eq!(assigned.status, 400, "{}", assigned.text);
    let sent = press(&mut ada, &more);
    assert_eq!(
        (sent.status, sent.forms()[0].as_str()),
        (200, "enroll-authenticator"),
        "{}",
        sent.text
    );
    let again = press(&mut ada, &more);
    assert_eq!((again.status, again.text), (200, sent.text), "the same request, the same answer");
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let stored = &stage.items("USER")[0].body["profile"];
    assert_eq!((&stored["shoeSize"], &stored["favouriteColour"]), (&Value::Null, &Value::Null));
}

#[test]
fn r_s9_what_has_joined_the_sign_up_form_is_shown_with_what_was_typed() {
    let stage = Stage::new();
    let mut ada = open_form(&stage);
    stage.apply(&asking(&[("shoeSize", true)]));
    let told = press(&mut ada, &json!({}));
    assert_redrawn(&told);
    let filled = |name: &str, value: Value| (name.to_string(), value);
    let typed = [
        filled("email", json!(ADA)),
        filled("firstName", json!("Ada")),
        filled("lastName", json!("Lovelace")),
    ];
    assert_eq!(
        fields(&told),
        [&typed[..], &[filled("shoeSize", Value::Null), filled("passcode", Value::Null)]].concat()
    );
    // Its answer may be lost: then the page is still the old one.
    assert_eq!(press(&mut ada, &json!({})).text, told.text);
    let sent = press(&mut ada, &json!({"shoeSize": "38"}));
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    assert_eq!(stage.items("USER")[0].body["profile"]["shoeSize"], json!("38"));
}

#[test]
fn r_s9_whoever_has_the_new_form_is_told_at_its_field() {
    let stage = Stage::new();
    let mut ada = open_form(&stage);
    stage.apply(&asking(&[("shoeSize", true)]));
    assert_redrawn(&press(&mut ada, &json!({})));
    let told = press(&mut ada, &json!({"shoeSize": ""}));
    assert_eq!(
        (told.status, told.messages()),
        (400, vec!["model.validation.field.blank".to_string()]),
        "{}",
        told.text
    );
    assert!(fields(&told).iter().all(|(_, value)| value.is_null()), "clients have what was typed");
}

#[test]
fn r_s9_choices_that_have_narrowed_are_shown() {
    let stage = Stage::with(&asking(&[("favouriteColour", true)]));
    let mut ada = open_form(&stage);
    let mut narrowed = asking(&[("favouriteColour", true)]);
    let colour =
        narrowed.user_schema.definitions.custom.properties.get_mut("favouriteColour").unwrap();
    colour.enumeration = Some(vec![json!("blue")]);
    colour.one_of.as_mut().unwrap().drain(..2);
    stage.apply(&narrowed);
    let told = press(&mut ada, &json!({"favouriteColour": "red"}));
    assert_redrawn(&told);
    assert!(
        fields(&told).contains(&("favouriteColour".into(), Value::Null)),
        "what is wrong is not filled in again"
    );
    assert!(!told.text.contains("\"red\""), "{}", told.text);
    let sent = press(&mut ada, &json!({"favouriteColour": "blue"}));
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
}

#[test]
fn r_s9_sign_up_closes_while_its_form_is_open_and_the_first_page_says_so() {
    let stage = Stage::new();
    let mut ada = open_form(&stage);
    let mut closed = demo();
    enrollment(&mut closed).unknown_user_action = Some(UnknownUserAction::Deny);
    stage.apply(&closed);
    let told = press(&mut ada, &json!({}));
    assert_eq!(
        (told.status, told.messages()),
        (200, vec!["idx.error.registration.unavailable".to_string()]),
        "{}",
        told.text
    );
    assert_eq!(told.forms(), ["identify"]);
    assert_eq!(press(&mut ada, &json!({})).text, told.text, "the same request, the same answer");
    // The way back that the form has too.
    stage.apply(&demo());
    let mut ada = open_form(&stage);
    stage.apply(&closed);
    let back = ada.step("/idp/idx/identify/select", json!({}));
    assert_eq!((back.status, back.forms()), (200, vec!["identify".to_string()]), "{}", back.text);
}

#[test]
fn r_s9_another_policy_for_the_app_is_another_form() {
    let stage = Stage::with(&asking(&[("shoeSize", true)]));
    let mut ada = open_form(&stage);
    let mut swapped = asking(&[("favouriteColour", true)]);
    let mut other = swapped
        .policies
        .profile_enrollment
        .iter()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap()
        .clone();
    other.id = "other-enrollment".into();
    swapped.policies.profile_enrollment.push(other);
    swapped.apps[0].profile_enrollment = Some("other-enrollment".into());
    stage.apply(&swapped);
    let told = press(&mut ada, &json!({"shoeSize": "38"}));
    assert_redrawn(&told);
    assert!(
        names(&told).contains(&"favouriteColour".to_string())
            && !names(&told).contains(&"shoeSize".to_string())
    );
    let sent = press(&mut ada, &json!({"favouriteColour": "blue"}));
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
}

#[test]
fn r_s9_an_app_that_is_switched_off_ends_the_flow() {
    let stage = Stage::new();
    let mut ada = open_form(&stage);
    let mut without = demo();
    without.apps[0].status = Status::Inactive;
    stage.apply(&without);
    let told = press(&mut ada, &json!({}));
    assert_eq!(
        (told.status, told.messages()),
        (401, vec!["idx.session.expired".to_string()]),
        "{}",
        told.text
    );
}

/// Somebody who is asked for these when they sign in.
pub fn at_the_progressive_form<'s>(stage: &'s Stage, asked: &Organisation) -> Browser<'s> {
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    stage.apply(asked);
    ada.begin();
    assert_eq!(ada.password(ADA, PASSWORD).forms(), ["enroll-profile"]);
    ada
}

#[test]
fn r_s9_the_progressive_form_of_one_who_has_it_open_follows_its_policy() {
    let both = asking(&[("shoeSize", true), ("favouriteColour", true)]);
    // One leaves: it is dropped.
    let stage = Stage::new();
    let mut ada = at_the_progressive_form(&stage, &both);
    stage.apply(&asking(&[("favouriteColour", true)]));
    let done =
        ada.step(UPDATE, json!({"userProfile": {"shoeSize": "38", "favouriteColour": "red"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let stored = &stage.items("USER")[0].body["profile"];
    assert_eq!((&stored["shoeSize"], &stored["favouriteColour"]), (&Value::Null, &json!("red")));

    // All leave: nothing is asked for any more.
    let stage = Stage::new();
    let mut ada = at_the_progressive_form(&stage, &both);
    stage.apply(&demo());
    let done =
        ada.step(UPDATE, json!({"userProfile": {"shoeSize": "38", "favouriteColour": "red"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);

    // One joins: it is shown, beside what was typed.
    let stage = Stage::new();
    let mut ada = at_the_progressive_form(&stage, &asking(&[("shoeSize", true)]));
    stage.apply(&both);
    let told = ada.step(UPDATE, json!({"userProfile": {"shoeSize": "38"}}));
    assert_redrawn(&told);
    assert_eq!(
        fields(&told),
        [("shoeSize".to_string(), json!("38")), ("favouriteColour".to_string(), Value::Null)]
    );
    let done =
        ada.step(UPDATE, json!({"userProfile": {"shoeSize": "38", "favouriteColour": "red"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

#[test]
fn r_s9_a_first_page_that_asks_for_more_is_shown_with_a_message() {
    let mut identifier_first = demo();
    for rule in
        identifier_first.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor =
            policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    let stage = Stage::with(&identifier_first);
    let mut ada = stage.browser("demo-spa");
    ada.begin();
    stage.apply(&demo());
    let told = ada.step("/idp/idx/identify", json!({"identifier": ADA}));
    assert_redrawn(&told);
    assert_eq!(names(&told), ["passcode"]);
    // The other way round the password is not looked at.
    ada.begin();
    stage.apply(&identifier_first);
    let before = stage.items("LIMIT").iter().filter(|item| item.key.0.contains("guess")).count();
    let told = ada.password("nobody@example.com", PASSWORD);
    assert_eq!(
        (told.status, told.messages()),
        (200, vec!["idx.unknown.user".to_string()]),
        "{}",
        told.text
    );
    assert_eq!(
        stage.items("LIMIT").iter().filter(|item| item.key.0.contains("guess")).count(),
        before
    );
}

/// A page that shows nothing else costs no write, and one that does costs one.
#[test]
fn what_was_shown_is_written_only_where_it_has_changed() {
    let stage = Stage::new();
    let mut ada = open_form(&stage);
    let version = |stage: &Stage| stage.items("TX")[0].version;
    let before = version(&stage);
    ada.step("/idp/idx/introspect", json!({}));
    assert_eq!(version(&stage), before);
    stage.apply(&asking(&[("shoeSize", true)]));
    ada.step("/idp/idx/introspect", json!({}));
    assert_eq!(version(&stage), before + 1);
    assert_eq!(press(&mut ada, &json!({})).status, 400, "whoever has reloaded has the new form");
}

#[test]
fn r_o5_send_again_is_another_press_but_at_once() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    stage.advance(31);
    let resend = |ada: &mut Browser<'_>| ada.step("/idp/idx/email/resend", json!({})).status;
    // A double click, or an answer that was lost.
    assert_eq!([resend(&mut ada), resend(&mut ada)], [200, 200]);
    assert_eq!(stage.letters().len(), 2);
    for _ in 0..3 {
        stage.advance(5);
        assert_eq!(
            resend(&mut ada),
            429,
            "a later press asks for another mail, and it is too early for one"
        );
    }
    assert_eq!(stage.letters().len(), 2);
    stage.advance(15);
    assert_eq!((resend(&mut ada), stage.letters().len()), (200, 3));
}

#[test]
fn r_s1_a_page_that_waits_keeps_its_transaction_alive_and_is_told_when_it_ends() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let writes = |stage: &Stage| stage.items("TX")[0].version;
    let began = writes(&stage);
    for minute in 1..=59 {
        stage.advance(60);
        let waits = ada.step("/idp/idx/email/poll", json!({}));
        assert_eq!(
            (waits.status, waits.forms()[0].as_str()),
            (200, "enroll-authenticator"),
            "minute {minute}: {}",
            waits.text
        );
    }
    assert_eq!(writes(&stage) - began, 7, "once in half of the idle time");
    stage.advance(60);
    let ended = ada.step("/idp/idx/email/poll", json!({}));
    assert_eq!(
        (ended.status, ended.messages()),
        (401, vec!["idx.session.expired".to_string()]),
        "{}",
        ended.text
    );
}

#[test]
fn a_031_whoever_proves_an_address_that_has_an_account_by_now_is_led_to_it() {
    let stage = Stage::new();
    let (mut faster, mut slower) = (stage.browser("demo-spa"), stage.browser("demo-spa"));
    faster.sign_up(ADA, PASSWORD);
    let code = stage.code(ADA);
    slower.sign_up(ADA, "another password of hers");
    assert!(faster.answer_code(&code).interaction_code().is_some());
    let code = stage.code(ADA);
    let told = slower.answer_code(&code);
    assert_eq!(
        (told.status, told.messages()),
        (200, vec!["idx.account.exists".to_string()]),
        "{}",
        told.text
    );
    assert_eq!(told.forms(), ["identify", "select-enroll-profile"]);
    assert_eq!(slower.answer_code(&code).text, told.text, "the same request, the same answer");
    assert!(slower.password(ADA, PASSWORD).interaction_code().is_some());
}

/// A tab that waits learns by its poll that sign-up has closed. Once it is open again, "Sign up" is
/// a new request, though the words are those of before.
#[test]
fn the_way_to_sign_up_is_open_again_after_a_poll_has_led_back() {
    let stage = Stage::new();
    let mut browser = open_form(&stage);
    let mut closed = demo();
    enrollment(&mut closed).unknown_user_action = Some(UnknownUserAction::Deny);
    stage.apply(&closed);
    let polled = browser.step("/idp/idx/email/poll", json!({}));
    assert_eq!(
        (polled.status, polled.forms()),
        (200, vec!["identify".to_string()]),
        "{}",
        polled.text
    );
    stage.apply(&demo());
    let again = browser.step("/idp/idx/enroll", json!({}));
    assert_eq!(
        (again.status, again.forms()[0].as_str()),
        (200, "enroll-profile"),
        "{}",
        again.text
    );
    press(&mut browser, &json!({}));
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

/// Two tabs of one flow: name and password are sent from one while the other has the form to sign
/// up, which closes. On the page that is shown then, the same words are another press.
#[test]
fn what_was_sent_from_an_outdated_page_can_be_sent_again_from_the_one_that_is_shown() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let mut browser = open_form(&stage);
    let mut closed = demo();
    enrollment(&mut closed).unknown_user_action = Some(UnknownUserAction::Deny);
    stage.apply(&closed);
    let redrawn = browser.password(ADA, PASSWORD);
    assert_eq!(
        (redrawn.status, redrawn.forms()),
        (200, vec!["identify".to_string()]),
        "{}",
        redrawn.text
    );
    let done = browser.password(ADA, PASSWORD);
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

/// "There is no account" is decided anew each time, also where the page had to be drawn anew with
/// it: in the meantime the person signed up in another tab.
#[test]
fn an_answer_that_came_to_nothing_is_not_repeated() {
    let stage = Stage::new();
    let mut closed = demo();
    enrollment(&mut closed).unknown_user_action = Some(UnknownUserAction::Deny);
    stage.apply(&closed);
    let mut waiting = stage.browser("demo-spa");
    waiting.begin();
    stage.apply(&demo());
    assert_eq!(waiting.password(ADA, PASSWORD).forms()[0], "identify");
    let mut other = stage.browser("demo-spa");
    other.sign_up(ADA, PASSWORD);
    assert!(other.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let done = waiting.password(ADA, PASSWORD);
    assert!(done.interaction_code().is_some(), "{}", done.text);
}
