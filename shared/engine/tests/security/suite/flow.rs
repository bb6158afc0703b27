//! R-S: handles, order of steps.

use serde_json::json;

use super::stage::{Stage, demo};
use super::{ADA, PASSWORD, with_ada};

/// Every step, with a body of the right shape.
fn steps() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("/idp/idx/identify", json!({"identifier": ADA, "credentials": {"passcode": PASSWORD}})),
        ("/idp/idx/identify/select", json!({})),
        ("/idp/idx/challenge/answer", json!({"credentials": {"passcode": PASSWORD}})),
        ("/idp/idx/enroll", json!({})),
        (
            "/idp/idx/enroll/new",
            json!({"userProfile": {"email": ADA, "firstName": "A", "lastName": "B"}, "credentials": {"passcode": PASSWORD}}),
        ),
        ("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-password"}})),
        ("/idp/idx/credential/answer", json!({"credentials": {"passcode": PASSWORD}})),
        ("/idp/idx/skip", json!({})),
        ("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}})),
        ("/idp/idx/email/answer", json!({"credentials": {"passcode": "123456"}})),
        ("/idp/idx/email/resend", json!({})),
        ("/idp/idx/enroll/update", json!({"userProfile": {}})),
    ]
}

#[test]
fn r_s1_a_061_a_changed_handle_opens_nothing_and_all_look_the_same() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let handle = browser.handle.clone();
    assert!(handle.len() >= 43, "{handle}");
    let mut variants: Vec<String> =
        (1..=42).map(|cut| handle[..handle.len() - cut].to_string()).collect();
    variants.extend((0..handle.len()).map(|place| {
        let replaced = if &handle[place..=place] == "A" { "B" } else { "A" };
        format!("{}{replaced}{}", &handle[..place], &handle[place + 1..])
    }));
    variants.extend([
        format!("{handle}A"),
        format!("{handle}="),
        handle.to_ascii_uppercase(),
        handle.to_ascii_lowercase(),
        String::new(),
    ]);
    let mut answers: Vec<_> = variants
        .iter()
        .filter(|variant| **variant != handle)
        .map(|variant| browser.post("/idp/idx/introspect", json!({"stateHandle": variant})))
        .map(|answer| (answer.status, answer.text))
        .collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, 401);
}

#[test]
fn r_s1_a_063_a_transaction_ends_after_fifteen_idle_minutes_and_after_an_hour() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    stage.advance(14 * 60);
    assert_eq!(
        browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle})).status,
        200
    );
    stage.advance(2 * 60);
    let expired = browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle}));
    assert_eq!(
        (expired.status, expired.messages()),
        (401, vec!["idx.session.expired".to_string()])
    );
    assert_eq!(expired.header("content-type"), Some("application/json"));
    browser.begin();
    for _ in 0..6 {
        stage.advance(11 * 60);
        browser.step("/idp/idx/enroll", json!({}));
        browser.step("/idp/idx/identify/select", json!({}));
    }
    assert_eq!(
        browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle})).status,
        401
    );
}

#[test]
fn r_s4_r_s5_what_is_not_offered_is_refused_without_effect() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    // In each of these states, everything but what is offered is tried.
    let states: [(&str, &[(&str, serde_json::Value)]); 3] = [
        ("first page", &[]),
        ("sign-up form", &[("/idp/idx/enroll", json!({}))]),
        ("cancelled", &[("/idp/idx/cancel", json!({}))]),
    ];
    for (name, way) in states {
        browser.begin();
        let mut offered: Vec<String> = Vec::new();
        for (path, body) in way {
            browser.step(path, body.clone());
        }
        let current = browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle}));
        if let Some(forms) = current.body["remediation"]["value"].as_array() {
            offered.extend(
                forms.iter().map(|form| form["href"].as_str().unwrap().replace(&stage.base, "")),
            );
        }
        // The step that led here is the same request again, and answered again.
        offered.extend(way.iter().map(|(path, _)| (*path).to_string()));
        for (path, body) in
            steps().into_iter().filter(|(path, _)| !offered.iter().any(|href| href == path))
        {
            let before = stage.state();
            let answer = browser.step(path, body);
            assert!(
                (400..500).contains(&answer.status),
                "{name}: {path} answered {} {}",
                answer.status,
                answer.text
            );
            assert_eq!(stage.state(), before, "{name}: {path} changed something");
        }
    }
}

#[test]
fn a_068_an_identifier_cannot_be_changed_after_a_proof() {
    let stage = with_ada();
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let attribute = policy::organisation::ProfileAttribute {
        name: "customerNumber".into(),
        label: "Number".into(),
        required: true,
    };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    stage.apply(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.password(ADA, PASSWORD);
    let switched = browser.password("eve@example.com", "whatever it is");
    assert_eq!(switched.status, 400);
    assert_eq!(switched.forms(), ["enroll-profile"], "still Ada's step");
}

#[test]
fn r_s8_nothing_is_said_about_a_person_before_proof() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let refused = browser.password(ADA, "not the password at all");
    assert_eq!(refused.status, 401);
    for secret in ["Lovelace", "customers", "customerNumber"] {
        assert!(!refused.text.contains(secret), "{}", refused.text);
    }
}

#[test]
fn r_s2_a_071_a_finished_transaction_is_dead_once_its_code_is_redeemed() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let done = browser.password(ADA, PASSWORD);
    // The same request again: the answer may have been lost.
    assert_eq!(browser.password(ADA, PASSWORD).interaction_code(), done.interaction_code());
    assert_eq!(browser.token(&done.interaction_code().unwrap()).status, 200);
    assert_eq!(browser.password(ADA, PASSWORD).status, 401);
    assert_eq!(
        browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle})).status,
        401
    );
}

#[test]
fn r_s6_the_cookie_is_bound_to_this_host() {
    let stage = Stage::new();
    let answer = {
        let mut browser = stage.browser("demo-spa");
        browser.interact();
        browser.cookie.unwrap()
    };
    assert!(answer.starts_with("__Host-"), "{answer}");
    let mut other = stage.browser("demo-spa");
    other.cookie = Some(answer);
    other.interact();
    let set = stage.request(
        "OPTIONS",
        "/oauth2/default/v1/interact",
        &[("origin", "http://localhost:8787")],
        b"",
    );
    assert!(set.header("set-cookie").is_none());
}

#[test]
fn r_s9_a_stricter_policy_applies_to_a_transaction_that_is_under_way() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let mut organisation = demo();
    organisation.apps.iter_mut().find(|app| app.id == "demo").unwrap().access_policy = None;
    for rule in organisation
        .policies
        .access
        .iter_mut()
        .filter(|policy| policy.system)
        .flat_map(|policy| &mut policy.rules)
    {
        rule.actions.app_sign_on.access = policy::organisation::Access::Deny;
    }
    stage.apply(&organisation);
    let refused = browser.answer_code(&stage.code(ADA));
    assert_eq!((refused.status, stage.items("USER").len()), (403, 0), "{}", refused.text);
}

#[test]
fn r_s9_a_sign_up_is_judged_by_the_form_of_the_day_it_ends() {
    let asking_for = |names: &[&str]| {
        let mut organisation = demo();
        let policy = organisation
            .policies
            .profile_enrollment
            .iter_mut()
            .find(|policy| policy.id == "demo-enrollment")
            .unwrap();
        let attributes = names.iter().map(|name| {
            let (name, label) = ((*name).to_string(), (*name).to_string());
            policy::organisation::ProfileAttribute { name, label, required: true }
        });
        policy.rules[0].actions.profile_enrollment.profile_attributes = attributes.collect();
        organisation
    };
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let first = stage.code(ADA);

    // It asks for more than was given: just that, before there is an account.
    stage.apply(&asking_for(&["email", "firstName", "lastName", "department", "customerNumber"]));
    let proven = browser.answer_code(&first);
    assert_eq!(
        (proven.status, proven.forms(), stage.items("USER").len()),
        (200, vec!["enroll-profile".to_string()], 0),
        "{}",
        proven.text
    );
    let asked: Vec<_> = proven.body["remediation"]["value"][0]["value"][0]["form"]["value"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(
        asked.iter().map(|field| field["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["department", "customerNumber"],
        "{}",
        proven.text
    );
    let wrong = browser.step(
        "/idp/idx/enroll/update",
        json!({"userProfile": {"department": "Engines", "customerNumber": "many"}}),
    );
    assert_eq!((wrong.status, stage.items("USER").len()), (400, 0), "{}", wrong.text);

    // It asks for less than was given: what it does not ask for any more is not kept, and what it
    // never asked for is refused.
    stage.apply(&asking_for(&["email", "firstName", "lastName", "department"]));
    let extra = browser.step(
        "/idp/idx/enroll/update",
        json!({"userProfile": {"department": "Engines", "shoeSize": "38"}}),
    );
    assert_eq!((extra.status, stage.items("USER").len()), (400, 0), "{}", extra.text);
    let done = browser.step(
        "/idp/idx/enroll/update",
        json!({"userProfile": {"department": "Engines", "customerNumber": "7"}}),
    );
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let mut profile = json!({"email": ADA, "login": ADA, "firstName": "Ada", "lastName": "Lovelace", "department": "Engines"});
    for (name, value) in stage.items("USER")[0].body["profile"].as_object().unwrap() {
        assert_eq!(profile.as_object_mut().unwrap().remove(name).as_ref(), Some(value), "{name}");
    }
    assert_eq!(profile, json!({}));
}

#[test]
fn r_s9_what_a_sign_up_gave_before_it_left_the_policy_is_not_kept() {
    let stage = Stage::new();
    let mut organisation = demo();
    let department = policy::organisation::ProfileAttribute {
        name: "department".into(),
        label: "Department".into(),
        required: true,
    };
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(department);
    stage.apply(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let profile =
        json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace", "department": "Engines"});
    browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
    );
    stage.apply(&demo());
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    assert_eq!(stage.items("USER")[0].body["profile"].get("department"), None);
}

#[test]
fn r_s9_sign_up_that_is_switched_off_meanwhile_makes_nobody() {
    for answered in [false, true] {
        let stage = Stage::new();
        let mut browser = stage.browser("demo-spa");
        let mut other = stage.browser("demo-spa");
        other.begin();
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
        if answered {
            browser.sign_up(ADA, PASSWORD);
        }
        let mut organisation = demo();
        for policy in &mut organisation.policies.profile_enrollment {
            policy.rules[0].actions.profile_enrollment.unknown_user_action =
                Some(policy::organisation::UnknownUserAction::Deny);
        }
        stage.apply(&organisation);
        let closed = vec!["idx.error.registration.unavailable".to_string()];
        let followed = other.step("/idp/idx/enroll", json!({}));
        assert_eq!(
            (followed.status, followed.messages(), followed.forms()),
            (400, closed.clone(), vec!["identify".to_string()])
        );
        let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
        let refused = if answered {
            browser.answer_code(&stage.code(ADA))
        } else {
            browser.step(
                "/idp/idx/enroll/new",
                json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
            )
        };
        // On the first page: no client draws another page for an error.
        assert_eq!(
            (refused.status, refused.messages(), refused.forms()),
            (200, closed, vec!["identify".to_string()]),
            "{}",
            refused.text
        );
        assert_eq!(stage.items("USER"), []);
    }
}
