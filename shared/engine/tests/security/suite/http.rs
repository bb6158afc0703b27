//! R-R7, R-S6, R-V: what a request may say about itself.

use serde_json::{Value, json};

use super::stage::Stage;
use super::{ADA, PASSWORD};

#[test]
fn r_r7_a_090_a_source_is_where_a_request_comes_from_whatever_it_says() {
    let stage = Stage::new();
    let sent = (0..24)
        .filter(|index| {
            let mut browser = stage.browser("demo-spa");
            browser.begin();
            browser.step("/idp/idx/enroll", json!({}));
            let body = json!({
                "stateHandle": browser.handle,
                "userProfile": {"email": format!("user{index}@example.com"), "firstName": "A", "lastName": "B"},
                "credentials": {"passcode": PASSWORD},
            });
            let claimed = format!("203.0.113.{index}");
            let headers = [
                ("content-type", "application/json"),
                ("x-forwarded-for", claimed.as_str()),
                ("x-real-ip", &claimed),
                ("cf-connecting-ip", &claimed),
                ("true-client-ip", &claimed),
            ];
            stage.request("POST", "/idp/idx/enroll/new", &headers, body.to_string().as_bytes()).status == 200
        })
        .count();
    assert_eq!(sent, 20);
}

#[test]
fn r_r5_thirty_requests_for_one_handle_are_ten() {
    let mut organisation = super::stage::demo();
    organisation.settings.limits.requests_per_transaction = 10;
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    // However long they take on a slow machine: a window that ends in between admits ten more.
    let answers = super::at_once(30, |_| {
        stage
            .browser("demo-spa")
            .post("/idp/idx/introspect", json!({"stateHandle": browser.handle}))
    });
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(
        refused.len() >= 10,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert!(refused.iter().all(|answer| answer.header("retry-after").is_some()));
    stage.advance(10);
    assert_eq!(
        browser.post("/idp/idx/introspect", json!({"stateHandle": browser.handle})).status,
        200,
        "limits pass"
    );
}

#[test]
fn r_s6_the_cookie_has_every_attribute_that_protects_it() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let form = format!(
        "client_id=demo-spa&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={}&code_challenge_method=S256&state=s",
        "c".repeat(43)
    );
    let answer = browser.send(
        "/oauth2/default/v1/interact",
        "application/x-www-form-urlencoded",
        form.as_bytes(),
    );
    let cookie = answer.header("set-cookie").unwrap();
    let mut parts = cookie.split(';').map(|part| part.trim().to_ascii_lowercase());
    let (name, value) = parts
        .next()
        .and_then(|pair| {
            pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .unwrap();
    assert!(name.starts_with("__host-") && value.len() >= 43 && cookie.len() < 4_096, "{cookie}");
    let attributes: Vec<_> = parts.collect();
    for attribute in ["secure", "httponly", "samesite=lax", "path=/"] {
        assert!(attributes.iter().any(|one| one == attribute), "{attribute}: {cookie}");
    }
    assert!(!attributes.iter().any(|one| one.starts_with("domain")), "{cookie}");
}

#[test]
fn r_v3_a_076_names_with_a_meaning_elsewhere_mean_nothing_here() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let long = "n".repeat(300);
    for name in [
        "#n",
        ":v",
        "a.b",
        "a[0]",
        "size",
        "__proto__",
        "constructor",
        "profile",
        "status",
        "groups",
        "emailVerified",
        "",
        " ",
        "email ",
        long.as_str(),
    ] {
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
        let mut profile = json!({"email": ADA, "firstName": "A", "lastName": "B"});
        profile[name] = json!("x");
        let answer = browser.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        );
        assert_eq!(answer.status, 400, "{name:?}: {}", answer.text);
    }
    assert!(stage.letters().is_empty());
}

#[test]
fn r_v4_a_077_values_are_of_their_type_or_refused() {
    let mut organisation = super::stage::demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    for name in ["customerNumber", "shoeSize", "newsletterOptIn"] {
        let attribute = policy::organisation::ProfileAttribute {
            name: name.into(),
            label: name.into(),
            required: false,
        };
        policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    }
    let stage = Stage::with(&organisation);
    let wrong: [(&str, &[&str]); 4] = [
        (
            "customerNumber",
            &[
                "9007199254740993",
                "1e400",
                "1.5",
                "-1",
                "0",
                "\"0x10\"",
                "\"1e3\"",
                "\"7 7\"",
                "\"\u{ff17}\"",
                "true",
                "[7]",
                "{}",
                "\"+7\"",
            ],
        ),
        ("shoeSize", &["38", "\"57\"", "\"3 8\"", "[\"38\"]", "true"]),
        ("newsletterOptIn", &["1", "\"yes\"", "\"TRUE\"", "[true]"]),
        (
            "firstName",
            &[
                "7",
                "true",
                "[\"A\"]",
                "{\"a\":1}",
                "\"A\\r\\nBcc: v@y.com\"",
                "\"A\\u2028B\"",
                "\"\\u202eadA\"",
                "\"A\\u0000\"",
            ],
        ),
    ];
    let mut browser = stage.browser("demo-spa");
    for (name, values) in wrong {
        for value in values {
            browser.begin();
            browser.step("/idp/idx/enroll", json!({}));
            let rest = if name == "firstName" { "" } else { r#""firstName":"A","# };
            let body = format!(
                r#"{{"stateHandle":"{}","userProfile":{{"email":"{ADA}",{rest}"lastName":"B","{name}":{value}}},"credentials":{{"passcode":"{PASSWORD}"}}}}"#,
                browser.handle
            );
            let answer = browser.send("/idp/idx/enroll/new", "application/json", body.as_bytes());
            assert_eq!(answer.status, 400, "{name} = {value}: {}", answer.text);
        }
    }
    assert!(stage.letters().is_empty() && stage.items("USER").is_empty());
}

#[test]
fn r_t1_a_093_a_code_needs_its_verifier() {
    let stage = super::with_ada();
    let mut browser = stage.browser("demo-spa");
    for verifier in ["", "short", &"v".repeat(129), &"V".repeat(43)] {
        browser.begin();
        let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
        let right = std::mem::replace(&mut browser.verifier, verifier.to_owned());
        let refused = browser.token(&code);
        assert_eq!(
            (refused.status, &refused.body["error"]),
            (400, &Value::from("invalid_grant")),
            "{verifier:?}"
        );
        browser.verifier = right;
    }
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    let body = format!("grant_type=interaction_code&client_id=demo-spa&interaction_code={code}");
    assert_eq!(
        browser
            .send("/oauth2/default/v1/token", "application/x-www-form-urlencoded", body.as_bytes())
            .status,
        400,
        "none at all"
    );
}
