//! R-V, and the vectors: bodies and attributes.

use serde_json::{Value, json};

use super::stage::Stage;
use super::{ADA, PASSWORD};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn r_v1_r_v2_r_v3_r_v8_every_body_vector_at_every_step() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../vectors/bodies.json")).unwrap();
    let stage = Stage::new();
    let before = stage.state();
    for vector in &vectors {
        let (name, body, kind) = (
            vector["name"].as_str().unwrap(),
            hex(vector["body_hex"].as_str().unwrap()),
            vector["content_type"].as_str().unwrap(),
        );
        let expected: Vec<u64> = vector["expect"]
            .as_array()
            .unwrap()
            .iter()
            .map(|status| status.as_u64().unwrap())
            .collect();
        for route in idx::operation::ROUTES.iter().filter(|route| route.path.starts_with("/idp/")) {
            let headers = if kind.is_empty() { vec![] } else { vec![("content-type", kind)] };
            let answer = stage.request("POST", route.path, &headers, &body);
            // A body that is right for one step and whose handle is nobody's.
            let handle_is_wrong = answer.status == 401 && name.starts_with("otp-");
            assert!(
                expected.contains(&u64::from(answer.status)) || handle_is_wrong,
                "{name} at {}: {} {}",
                route.path,
                answer.status,
                answer.text
            );
        }
    }
    assert_eq!(stage.state(), before);
}

#[test]
fn r_v1_a_body_over_32_kib_is_413() {
    let stage = Stage::new();
    let body = json!({"stateHandle": "x".repeat(40_000)}).to_string();
    assert_eq!(
        stage
            .request(
                "POST",
                "/idp/idx/identify",
                &[("content-type", "application/json")],
                body.as_bytes()
            )
            .status,
        413
    );
}

#[test]
fn r_v3_r_v4_r_v6_a_082_every_attribute_vector_at_the_sign_up_form() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../vectors/attributes.json")).unwrap();
    let stage = Stage::new();
    for vector in &vectors {
        let (path, value, note) =
            (vector["path"].as_str().unwrap(), &vector["value"], vector["note"].as_str().unwrap());
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
        let mut body = json!({
            "userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"},
            "credentials": {"passcode": PASSWORD},
        });
        match path.strip_prefix("profile.") {
            Some(name) => body["userProfile"][name] = value.clone(),
            None => body[path] = value.clone(),
        }
        let answer = browser.step("/idp/idx/enroll/new", body);
        // Text that would be dangerous somewhere else is a name like any other here; an address on
        // the form is what the form is for.
        let harmless =
            ["HTML mail", "template", "formula", "email changes only through its own flow"]
                .contains(&note);
        let refused = if value.to_string().len() > idx::body::MAX_BODY { 413 } else { 400 };
        assert_eq!(
            answer.status,
            if harmless { 200 } else { refused },
            "{path} = {} ({note}): {}",
            &value.to_string()[..value.to_string().len().min(60)],
            answer.text
        );
        assert!(stage.items("USER").is_empty());
        if let Some(text) = value.as_str().filter(|text| harmless && !text.contains('@')) {
            let transaction = stage
                .items("TX")
                .into_iter()
                .find(|item| browser.handle.starts_with(item.key.0.trim_start_matches("TX#")))
                .unwrap();
            assert_eq!(
                transaction.body["transaction"]["subject"]["registration"]["profile"]["firstName"],
                json!(text),
                "stored as typed"
            );
        }
    }
}

#[test]
fn r_v5_r_l1_parser_errors_do_not_echo() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    for body in [
        json!({"identifier": ADA, "credentials": {"passcode": 12_345_678_901_u64}}),
        json!({"identifier": ["canary-value"]}),
        json!({"canary-key": 1}),
    ] {
        let answer = browser.step("/idp/idx/identify", body);
        assert_eq!(answer.status, 400);
        assert!(
            !answer.text.contains("canary") && !answer.text.contains("12345678901"),
            "{}",
            answer.text
        );
    }
}

#[test]
fn r_v8_a_088_other_methods_are_405_and_other_paths_404() {
    let stage = Stage::new();
    for route in idx::operation::ROUTES {
        let path = route.path.replace("{id}", "x");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE"] {
            let known = idx::operation::ROUTES
                .iter()
                .any(|route| route.matches(&path).is_some() && route.takes(method));
            let answer = stage.request(
                method,
                &path,
                &[("content-type", "application/json"), ("x-http-method-override", "POST")],
                b"{}",
            );
            assert_eq!(answer.status == 405, !known, "{method} {path}: {}", answer.status);
        }
    }
    // The local bundle has a page at the root.
    for path in [
        "/idp/idx/identify/",
        "/idp//idx/identify",
        "/IDP/idx/identify",
        "/idp/idx/%69dentify",
        "/idp/idx/identify;x",
        "/",
        "",
    ] {
        let status =
            stage.request("POST", path, &[("content-type", "application/json")], b"{}").status;
        assert!(status == 404 || (path.len() <= 1 && status == 405), "{path}: {status}");
    }
}

#[test]
fn unknown_names_are_echoed_only_if_they_are_harmless() {
    let stage = Stage::new();
    for (name, echoed) in [
        ("ada@example.com", true),
        ("<img src=x onerror=alert(1)>", false),
        ("a&b", false),
        ("a\"b", false),
    ] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let answer = browser.password(name, "whatever it is");
        assert_eq!(answer.messages(), ["idx.unknown.user"], "{}", answer.text);
        assert_eq!(
            answer.body["messages"]["value"][0]["message"].as_str().unwrap().contains(name),
            echoed
        );
    }
}

#[test]
fn r_p8_a_113_long_names_do_not_change_what_a_password_is() {
    let stage = Stage::new();
    let long = format!("{}@{}.example.com", "x".repeat(30), "d".repeat(50));
    let mut browser = stage.browser("demo-spa");
    let sent = browser.sign_up(&long, PASSWORD);
    assert_eq!(sent.status, 200, "{}", sent.text);
    browser.answer_code(&stage.code(&long));
    for (password, right) in
        [("correct horse batterx", false), ("correct horse", false), (PASSWORD, true)]
    {
        browser.begin();
        assert_eq!(browser.password(&long, password).interaction_code().is_some(), right);
    }
}
