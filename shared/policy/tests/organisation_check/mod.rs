//! Every rule of the check: a small change to an organisation that is right gives one problem, at
//! its place, and says what would be right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod app;
mod enrollment;
mod schema;
mod sign_on;
mod support;

use policy::organisation::check::{check, warnings};
use serde_json::{Value, json};

use support::{
    BASE, CLIENT, CUSTOM, PE, fine, one_problem, organisation, put, right, writable, wrong,
    wrong_at,
};

#[test]
fn what_is_right_has_no_problem() {
    fine(&[]);
    assert_eq!(warnings(&organisation(&[])), []);
}

#[test]
fn settings_and_limits() {
    wrong("/settings", "/companyName", json!(" "), "name");
    wrong(
        "/settings",
        "/mailFrom",
        json!("Vestibule <no-reply@example.com>"),
        "no-reply@example.com",
    );
    let limits = serde_json::to_value(policy::organisation::Limits::default()).unwrap();
    for key in limits.as_object().unwrap().keys() {
        wrong("/settings/limits/", key, json!(0), "from 1 up");
    }
    wrong("/settings/limits", "/attemptsPerPasscode", json!(6), "at most 5");
}

#[test]
fn references() {
    wrong("/apps/0", "/profileEnrollment", json!("pe-ap"), "did you mean \"pe-app\"?");
    wrong(
        "/apps/0",
        "/profileEnrollment",
        json!("one"),
        "there is no PROFILE_ENROLLMENT policy \"one\"",
    );
    wrong("/apps/0", "/accessPolicy", json!("pe-app"), "there is no ACCESS_POLICY policy");
    wrong("/apps/0/groups", "/0", json!("custmers"), "did you mean \"customers\"?");
    wrong_at(
        PE,
        "/targetGroupIds",
        json!(["clients"]),
        &format!("{PE}/targetGroupIds/0"),
        "there is \"customers\", \"staff\"",
    );
    wrong_at(
        PE,
        "/targetGroupIds",
        json!(["everyone"]),
        &format!("{PE}/targetGroupIds/0"),
        "everybody is in",
    );
    wrong("/uiSchemas/0/uiSchema/elements/0", "/label", json!(" "), "called");
    wrong(
        "/policies/OKTA_SIGN_ON/0/conditions/people/groups/include",
        "/0",
        json!("stuff"),
        "did you mean \"staff\"?",
    );
    wrong(
        "/policies/OKTA_SIGN_ON/0/rules/0/conditions/people/groups/exclude",
        "/0",
        json!("x"),
        "there is no group",
    );
    wrong(
        "/uiSchemas/0/uiSchema/elements/0",
        "/scope",
        json!("#/properties/emial"),
        "did you mean \"email\"?",
    );
    wrong(
        "/uiSchemas/0/uiSchema/elements/0",
        "/scope",
        json!("#/properties/zzzzzzzz"),
        "add it to userSchema",
    );
    wrong("/uiSchemas/0/uiSchema/elements/0", "/scope", json!("email"), "#/properties/NAME");
    one_problem(
        &[
            ("/uiSchemas/0", "/id", json!("uj")),
            ("/uiSchemas/0/uiSchema/elements/1", "/scope", json!("#/properties/size")),
        ],
        &format!("{PE}/uiSchemaId"),
        "did you mean \"uj\"?",
    );
}

#[test]
fn nothing_is_there_twice() {
    let twice = |from: &str, expected: &str| {
        let again = right().pointer(from).unwrap().clone();
        let (list, _) = from.rsplit_once('/').unwrap();
        one_problem(&[(list, "/-", again)], expected, "twice");
    };
    twice("/groups/1", "/groups/2/id");
    twice("/uiSchemas/0", "/uiSchemas/1/id");
    twice("/uiSchemas/0/uiSchema/elements/1", "/uiSchemas/0/uiSchema/elements/2/scope");
    twice("/authenticators/0", "/authenticators/2/key");
    twice("/policies/ACCESS_POLICY/1", "/policies/ACCESS_POLICY/2/id");
    twice(
        "/policies/MFA_ENROLL/0/settings/authenticators/1",
        "/policies/MFA_ENROLL/0/settings/authenticators/2/key",
    );
    twice(&format!("{PE}/profileAttributes/3"), &format!("{PE}/profileAttributes/5/name"));
    twice(&format!("{PE}/allowedIdentifiers/1"), &format!("{PE}/allowedIdentifiers/2"));
    twice("/apps/0/groups/0", "/apps/0/groups/1");
    twice(&format!("{CLIENT}/redirect_uris/0"), &format!("{CLIENT}/redirect_uris/1"));
    // Ids are unique across the types of policies: what a policy id means must not depend on who
    // reads it.
    wrong("/policies/PASSWORD/0", "/id", json!("one"), "twice");
}

#[test]
fn ids() {
    wrong_at(
        "/groups",
        "/-",
        json!({ "id": "everyone", "profile": { "name": "All" } }),
        "/groups/2/id",
        "built in",
    );
    wrong_at(
        "/groups",
        "/-",
        json!({ "id": " ", "profile": { "name": "All" } }),
        "/groups/2/id",
        "empty",
    );
    let mut second = right().pointer("/apps/0").unwrap().clone();
    put(&mut second, "/credentials/oauthClient/client_id", json!("other"));
    wrong_at("/apps", "/-", second.clone(), "/apps/1/id", "twice");
    put(&mut second, "/credentials/oauthClient/client_id", json!("app"));
    put(&mut second, "/id", json!("other"));
    wrong_at("/apps", "/-", second, "/apps/1/credentials/oauthClient/client_id", "twice");
    wrong("/apps/0/credentials/oauthClient", "/client_id", json!("my app"), "letters");
}

#[test]
fn authenticators() {
    let email = "/authenticators/0";
    for (minutes, says) in [
        (0, "1 to 30"),
        (31, "1 to 30"),
        (11, "acceptLongPasscodeLifetime"),
        (30, "acceptLongPasscodeLifetime"),
    ] {
        let settings = json!({ "tokenLifetimeInMinutes": minutes });
        wrong_at(
            email,
            "/settings",
            settings,
            "/authenticators/0/settings/tokenLifetimeInMinutes",
            says,
        );
    }
    for settings in [
        json!({ "tokenLifetimeInMinutes": 10 }),
        json!({ "tokenLifetimeInMinutes": 30, "acceptLongPasscodeLifetime": true }),
        json!({ "passcodeLength": 12, "allowedFor": "recovery" }),
    ] {
        fine(&[(email, "/settings", settings)]);
    }
    for length in [5, 13] {
        wrong_at(
            email,
            "/settings",
            json!({ "passcodeLength": length }),
            "/authenticators/0/settings/passcodeLength",
            "6 to 12",
        );
    }
    wrong(email, "/status", json!("INACTIVE"), "NOT_ALLOWED");
    wrong_at(
        "/authenticators/1",
        "/settings",
        json!({ "allowedFor": "none" }),
        "/authenticators/1/settings/allowedFor",
        "any",
    );
}

#[test]
fn warnings_about_what_is_probably_not_meant() {
    let warned = |changes: &[(&str, &str, Value)]| {
        assert_eq!(check(&organisation(changes)), [], "a warning is no problem");
        warnings(&organisation(changes))
            .into_iter()
            .map(|problem| format!("/{}", problem.path.join("/")))
            .collect::<Vec<_>>()
    };
    // policies.md §3.1: who signs up must be able to use the app.
    assert_eq!(warned(&[("/apps/0", "/groups", json!(["staff"]))]), ["/apps/0/groups"]);
    assert_eq!(warned(&[("/apps/0", "/groups", json!(["customers"]))]), [""; 0]);
    assert_eq!(warned(&[("/apps/0", "/groups", json!([]))]), ["/apps/0/groups"]);
    assert_eq!(
        warned(&[(PE, "/profileAttributes/3/name", json!("sizes"))]),
        [format!("{PE}/profileAttributes/3/name")]
    );
    let prevention = json!({ "authentication": true });
    let optional = (PE, "/activationRequirements", json!({ "emailVerification": false }));
    assert_eq!(warned(std::slice::from_ref(&optional)), [""; 0]);
    assert_eq!(warned(&[("/settings", "/userEnumerationPrevention", prevention.clone())]), [""; 0]);
    assert_eq!(
        warned(&[optional, ("/settings", "/userEnumerationPrevention", prevention)]),
        [format!("{PE}/activationRequirements/emailVerification")]
    );
    // Two factors are asked for where there can only be one.
    let no_mail = ("/authenticators/0", "/settings", json!({ "allowedFor": "recovery" }));
    assert_eq!(warned(std::slice::from_ref(&no_mail)), [""; 0]);
    assert_eq!(
        warned(&[no_mail.clone(), ("/apps/0", "/accessPolicy", json!("any-two"))]),
        ["/apps/0/accessPolicy"]
    );
    let deny = ("/policies/ACCESS_POLICY/0/rules/0/actions/appSignOn", "/access", json!("DENY"));
    assert_eq!(warned(&[no_mail, deny, ("/apps/0", "/accessPolicy", json!("any-two"))]), [""; 0]);
    let passwordless = json!({ "id": "mfa-customers", "name": "Customers", "conditions": { "people": { "groups": { "include": ["customers"] } } },
        "settings": { "authenticators": [{ "key": "okta_email", "enroll": { "self": "REQUIRED" } }] } });
    assert_eq!(warned(&[("/policies/MFA_ENROLL", "/-", passwordless)]), ["/apps/0/accessPolicy"]);
}

/// A place, and the changes by which a text gets there.
type Change = (String, Vec<(&'static str, &'static str, Value)>);

/// C25, and every other text that reaches a mail's subject or a page.
#[test]
fn texts_that_people_read_are_one_line_that_can_be_read() {
    let option = |title: &str| {
        writable(
            json!({ "title": "Kind", "type": "string", "enum": ["a"], "oneOf": [{ "const": "a", "title": title }] }),
        )
    };
    let group =
        |text: &str| json!({ "id": "more", "profile": { "name": "More", "description": text } });
    let places = |text: &str| -> Vec<Change> {
        vec![
            ("/settings/companyName".into(), vec![("/settings", "/companyName", json!(text))]),
            ("/apps/0/label".into(), vec![("/apps/0", "/label", json!(text))]),
            (
                format!("{PE}/profileAttributes/3/label"),
                vec![(PE, "/profileAttributes/3/label", json!(text))],
            ),
            ("/groups/1/profile/name".into(), vec![("/groups/1/profile", "/name", json!(text))]),
            (
                "/uiSchemas/0/uiSchema/label".into(),
                vec![("/uiSchemas/0/uiSchema", "/label", json!(text))],
            ),
            (
                "/uiSchemas/0/uiSchema/buttonLabel".into(),
                vec![("/uiSchemas/0/uiSchema", "/buttonLabel", json!(text))],
            ),
            (
                "/uiSchemas/0/uiSchema/elements/1/label".into(),
                vec![("/uiSchemas/0/uiSchema/elements/1", "/label", json!(text))],
            ),
            (format!("{CUSTOM}/size/title"), vec![(CUSTOM, "/size/title", json!(text))]),
            (format!("{BASE}/department/title"), vec![(BASE, "/department/title", json!(text))]),
            (format!("{CUSTOM}/kind/oneOf/0/title"), vec![(CUSTOM, "/kind", option(text))]),
            ("/groups/2/profile/description".into(), vec![("/groups", "/-", group(text))]),
        ]
    };
    for (text, says) in [
        ("Line\nBcc: x@example.com", "has a line break; write it on one line"),
        ("Line\r", "line break"),
        ("a\u{2028}b", "line break"),
        ("a\u{85}b", "line break"),
        ("a\tb", "a control character (U+0009)"),
        ("a\u{7}b", "a control character (U+0007)"),
        ("\u{202e}evil", "changes the direction of the text around it (U+202E)"),
        ("a\u{2066}b", "(U+2066)"),
        ("\u{200b}", "has nothing that can be seen"),
        ("\u{3164} \u{2800}", "has nothing that can be seen"),
        (&"x".repeat(1_025), "has 1025 characters; at most"),
    ] {
        for (place, changes) in places(text) {
            one_problem(&changes, &place, says);
        }
    }
    for (text, longest) in [("\u{1f642}", 100), ("\u{e9}", 255), ("x", 1_024)] {
        for (place, changes) in places(&text.repeat(longest)) {
            let most = if place == "/settings/companyName" || place == "/apps/0/label" {
                100
            } else {
                255
            };
            let most = if place.ends_with("description") { 1_024 } else { most };
            let problems = check(&organisation(&changes)).len();
            assert_eq!(problems, usize::from(longest > most), "{place} of {longest}");
        }
    }
    // What names and other scripts need.
    for (_, changes) in
        places("\u{646}\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645} \u{2764}\u{fe0f}")
    {
        fine(&changes);
    }
}

#[test]
fn l7_an_identifier_that_people_write_themselves_stands_behind_the_username() {
    let order = |names: Value| [(PE, "/allowedIdentifiers", names)];
    let warned = |changes: &[(&str, &str, Value)]| {
        assert_eq!(check(&organisation(changes)), [], "a warning is no problem");
        warnings(&organisation(changes))
    };
    assert_eq!(warned(&order(json!(["login", "badge"]))), []);
    let found = warned(&order(json!(["badge", "login"])));
    assert_eq!(
        found.iter().map(|one| format!("/{}", one.path.join("/"))).collect::<Vec<_>>(),
        [format!("{PE}/allowedIdentifiers/0")]
    );
    assert!(
        found
            .iter()
            .all(|one| one.message.contains("put \"login\" first, or make \"badge\" READ_ONLY")),
        "{found:#?}"
    );
    let [order] = order(json!(["badge", "login"]));
    let read_only = (CUSTOM, "/badge/permissions/0/action", json!("READ_ONLY"));
    assert_eq!(warned(&[order, read_only]), []);
}

#[test]
fn l5_an_identifier_is_not_longer_than_what_people_can_sign_in_with() {
    fine(&[(CUSTOM, "/badge/maxLength", json!(256))]);
    one_problem(
        &[(CUSTOM, "/badge/maxLength", json!(257))],
        &format!("{PE}/allowedIdentifiers/1"),
        "lower its maxLength",
    );
    wrong_at(
        &format!("{CUSTOM}/badge"),
        "/minLength",
        json!(257),
        &format!("{CUSTOM}/badge/minLength"),
        "is above 256",
    );
}

#[test]
fn allowed_values_have_no_white_space_around_them() {
    for member in ["red ", "\u{a0}red", "red\u{200b}"] {
        let colour = writable(json!({ "type": "string", "enum": [member] }));
        one_problem(
            &[(CUSTOM, "/colour", colour)],
            &format!("{CUSTOM}/colour/enum/0"),
            "has white space around it",
        );
    }
}
