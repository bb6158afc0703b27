//! R-S: a handle is good for its holder, its app and its deployment; steps that are over, out of
//! order or many at once change nothing twice.

use serde_json::json;

use super::stage::{Browser, MANY, Stage, demo};
use super::{ADA, PASSWORD, at_once, until_decided, with_ada};

fn asking_for_a_number() -> policy::organisation::Organisation {
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
    organisation
}

fn twin<'s>(stage: &'s Stage, of: &Browser<'_>) -> Browser<'s> {
    let mut twin = stage.browser(&of.client_id);
    twin.handle.clone_from(&of.handle);
    twin
}

#[test]
fn r_s1_a_060_handles_are_long_different_and_not_in_the_table() {
    let stage = Stage::new();
    let handles: Vec<String> = (0..10)
        .map(|_| {
            let mut browser = stage.browser("demo-spa");
            browser.begin();
            browser.handle
        })
        .collect();
    let secrets: std::collections::BTreeSet<_> =
        handles.iter().map(|handle| handle.split_once('.').unwrap().1).collect();
    assert!(
        secrets.len() == 10 && secrets.iter().all(|secret| secret.len() >= 43),
        "256 bits each: {secrets:?}"
    );
    let dump = format!("{:?}", stage.dump());
    assert!(secrets.iter().all(|secret| !dump.contains(secret)));
}

#[test]
fn a_062_whoever_takes_a_handle_gets_no_tokens() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.password(ADA, PASSWORD);
    // The thief repeats the request or asks where the flow is; what they redeem needs the verifier,
    // and their try spends the code.
    let mut thief = twin(&stage, &browser);
    thief.verifier = "t".repeat(43);
    let answers = [
        thief.password(ADA, PASSWORD),
        thief.step("/idp/idx/email/poll", json!({})),
        thief.post("/idp/idx/introspect", json!({"stateHandle": thief.handle})),
    ];
    for code in answers.iter().filter_map(super::stage::Answer::interaction_code) {
        assert_eq!(thief.token(&code).status, 400);
    }
}

#[test]
fn a_064_a_handle_stays_with_its_app() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.client_id = "newsletter-spa".into();
    // No step takes a client: the app is the transaction's, and the code is only for it.
    assert_eq!(
        browser
            .step("/idp/idx/identify", json!({"identifier": ADA, "client_id": "newsletter-spa"}))
            .status,
        400
    );
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    assert_eq!(browser.token(&code).status, 400);
}

#[test]
fn a_065_a_handle_of_another_deployment_opens_nothing() {
    let (here, there) = (Stage::new(), Stage::new());
    let mut browser = here.browser("demo-spa");
    browser.begin();
    let before = there.state();
    let refused = twin(&there, &browser).step("/idp/idx/enroll", json!({}));
    assert_eq!(
        (refused.status, refused.messages(), there.state()),
        (401, vec!["idx.session.expired".to_string()], before)
    );
}

#[test]
fn r_s8_a_066_nothing_is_asked_for_or_taken_before_the_proof() {
    let stage = with_ada();
    stage.apply(&asking_for_a_number());
    let before = stage.items("USER");
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let early =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "7"}}));
    let wrong = browser.password(ADA, "not the password");
    let still =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "7"}}));
    assert_eq!((early.status, wrong.status, still.status), (400, 401, 400));
    for answer in [early, wrong, still] {
        assert!(
            !answer.text.contains("customerNumber")
                && !answer.forms().contains(&"enroll-profile".to_string()),
            "{}",
            answer.text
        );
    }
    assert_eq!(stage.items("USER"), before);
    assert_eq!(browser.password(ADA, PASSWORD).forms(), ["enroll-profile"], "and then it is");
}

#[test]
fn a_067_a_finished_step_is_not_done_again() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let form = json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": PASSWORD}});
    let repeated = browser.step("/idp/idx/enroll/new", form.clone());
    assert_eq!(
        (repeated.status, repeated.forms()[0].as_str(), stage.letters().len()),
        (200, "enroll-authenticator", 1)
    );
    let code = stage.code(ADA);
    assert!(browser.answer_code(&code).interaction_code().is_some());
    let (users, grants) = (stage.items("USER"), stage.items("CODE"));
    for (path, body) in [
        ("/idp/idx/enroll", json!({})),
        ("/idp/idx/enroll/new", form),
        ("/idp/idx/email/answer", json!({"credentials": {"passcode": code}})),
        ("/idp/idx/email/resend", json!({})),
        ("/idp/idx/identify", json!({"identifier": ADA, "credentials": {"passcode": PASSWORD}})),
    ] {
        let again = browser.step(path, body);
        assert!(
            again.status == 401 || again.interaction_code().is_some(),
            "{path}: {}",
            again.text
        );
    }
    assert_eq!(
        (stage.items("USER"), stage.items("CODE"), stage.letters().len()),
        (users, grants, 1)
    );
}

#[test]
fn r_s4_a_069_what_was_cancelled_or_has_ended_takes_no_step() {
    let stage = with_ada();
    for ended in [false, true] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        if ended {
            let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
            browser.token(&code);
        } else {
            assert_eq!(browser.step("/idp/idx/cancel", json!({})).status, 200);
            stage.advance(61);
        }
        let before = stage.state();
        for route in idx::operation::ROUTES.iter().filter(|route| route.path.starts_with("/idp/")) {
            let refused = browser.step(route.path, json!({}));
            // A tab that waits is told that it is over.
            let told = ended && refused.messages() == ["idx.transferred.to.new.tab"];
            assert!(
                told || [400, 401].contains(&refused.status),
                "{}: {}",
                route.path,
                refused.text
            );
        }
        assert_eq!(browser.password(ADA, PASSWORD).status, 401);
        assert_eq!(stage.state(), before);
    }
}

#[test]
fn r_s3_a_070_of_many_next_steps_at_once_the_outcome_is_that_of_some_order() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let answers = at_once(MANY.min(20), |index| {
        let mut twin = twin(&stage, &browser);
        until_decided(|| match index % 4 {
            0 => twin.password(ADA, PASSWORD),
            1 => twin.password(ADA, "not the password"),
            2 => twin.step("/idp/idx/enroll", json!({})),
            _ => twin.step("/idp/idx/cancel", json!({})),
        })
    });
    assert!(
        answers.iter().all(|answer| [200, 400, 401, 429].contains(&answer.status)),
        "{answers:?}"
    );
    let codes: std::collections::BTreeSet<_> =
        answers.iter().filter_map(super::stage::Answer::interaction_code).collect();
    assert!(codes.len() <= 1, "one transaction, one code");
    // Whoever won, the flow is where it says it is.
    let now = browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle}));
    let signed_in = !codes.is_empty();
    assert!(
        now.status == 401 || !signed_in,
        "a transaction that gave its code is over: {}",
        now.text
    );
    for code in codes {
        assert!([200, 400].contains(&browser.token(&code).status));
    }
    assert_eq!(stage.items("USER").len(), 1);
}

#[test]
fn r_s9_a_072_an_attribute_that_left_the_policy_is_not_written_and_a_new_one_is_asked_for() {
    let stage = with_ada();
    stage.apply(&asking_for_a_number());
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    assert_eq!(browser.password(ADA, PASSWORD).forms(), ["enroll-profile"]);
    let mut organisation = asking_for_a_number();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let attributes = &mut policy.rules[0].actions.profile_enrollment.profile_attributes;
    attributes.retain(|attribute| attribute.name != "customerNumber");
    attributes.push(policy::organisation::ProfileAttribute {
        name: "department".into(),
        label: "Department".into(),
        required: true,
    });
    stage.apply(&organisation);
    let late =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "7"}}));
    assert_eq!(
        (late.status, late.messages()),
        (200, vec!["idx.form.changed".to_string()]),
        "{}",
        late.text
    );
    let done =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"department": "Engines"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let profile = &stage.items("USER")[0].body["profile"];
    assert_eq!((&profile["department"], profile.get("customerNumber")), (&json!("Engines"), None));
}
