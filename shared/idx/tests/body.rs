//! What the clients were recorded to send is read (idx.md §5, §6, §11, §12.15); anything else is
//! refused, and nothing secret is shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use idx::body::{Handle, MAX_BODY, Malformed, Parsed, parse};
use idx::operation::{Operation, ROUTES};
use policy::organisation::AuthenticatorKey;
use policy::secret::Secret;
use policy::step::Input;
use policy::user::Profile;
use serde_json::{Value, json};

const HANDLE: &str = "02stateHandleOfATransaction";

fn reads(operation: Operation, body: &str) -> Input {
    let Parsed { handle, input } = parse(operation, body.as_bytes())
        .unwrap_or_else(|_| panic!("{operation:?} refuses {body}"));
    assert_eq!(handle, Handle::State(Secret::new(HANDLE)), "{body}");
    input
}

fn refuses(operation: Operation, body: &str) {
    assert_eq!(parse(operation, body.as_bytes()), Err(Malformed), "{operation:?} takes {body}");
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn profile(value: Value) -> Profile {
    serde_json::from_value(value).unwrap()
}

/// One body per operation, as the sign-in widget sends it.
fn recorded() -> Vec<(Operation, Value)> {
    let with = |mut body: Value| {
        body["stateHandle"] = json!(HANDLE);
        body
    };
    vec![
        (Operation::Introspect, with(json!({}))),
        (
            Operation::Identify,
            with(
                json!({"identifier": "ada@example.com", "credentials": {"passcode": "s3cret-passw0rd"}}),
            ),
        ),
        (Operation::SelectIdentify, with(json!({}))),
        (Operation::AnswerPassword, with(json!({"credentials": {"passcode": "s3cret-passw0rd"}}))),
        (Operation::Cancel, with(json!({}))),
        (Operation::SelectEnrollProfile, with(json!({}))),
        (
            Operation::EnrollProfile,
            with(
                json!({"userProfile": {"firstName": "Ada", "email": "ada@example.com"}, "credentials": {"passcode": "s3cret-passw0rd"}}),
            ),
        ),
        (
            Operation::SelectAuthenticatorEnroll,
            with(json!({"authenticator": {"id": "aut-password"}})),
        ),
        (Operation::EnrollPassword, with(json!({"credentials": {"passcode": "s3cret-passw0rd"}}))),
        (Operation::Skip, with(json!({}))),
        (Operation::SelectAuthenticator, with(json!({"authenticator": {"id": "aut-email"}}))),
        (Operation::AnswerEmail, with(json!({"credentials": {"passcode": "123456"}}))),
        (Operation::Resend, with(json!({}))),
        (Operation::Poll, with(json!({}))),
        (Operation::UpdateProfile, with(json!({"userProfile": {"shoeSize": "38"}}))),
    ]
}

#[test]
fn every_operation_with_an_idx_body_reads_what_the_widget_sends() {
    let bodies = recorded();
    for (operation, body) in &bodies {
        reads(*operation, &body.to_string());
    }
    // A new step needs its body above.
    let of_forms =
        [Operation::ConfirmLink, Operation::Interact, Operation::Token, Operation::UserinfoByPost];
    for route in
        ROUTES.iter().filter(|route| route.method == "POST" && !of_forms.contains(&route.operation))
    {
        assert!(
            bodies.iter().any(|(operation, _)| *operation == route.operation),
            "no recorded body for {:?}",
            route.operation
        );
    }
}

#[test]
fn introspect_is_asked_with_the_handle_of_interact_or_of_a_step() {
    let interaction = parse(Operation::Introspect, br#"{"interactionHandle":"abc"}"#).unwrap();
    assert_eq!(
        interaction,
        Parsed { handle: Handle::Interaction(secret("abc")), input: Input::Introspect }
    );
    for body in [r#"{"stateHandle":"abc"}"#, r#"{"stateToken":"abc"}"#] {
        assert_eq!(
            parse(Operation::Introspect, body.as_bytes()).unwrap().handle,
            Handle::State(secret("abc")),
            "{body}"
        );
    }
    for body in [
        r#"{"interactionHandle":"abc","stateHandle":"abc"}"#,
        r#"{"interactionHandle":"abc","stateToken":"abc"}"#,
        "{}",
    ] {
        refuses(Operation::Introspect, body);
    }
}

#[test]
fn identify_of_both_generations() {
    let name_only = Input::Identify { identifier: "ada@example.com".into(), password: None };
    let with_password =
        Input::Identify { identifier: "ada@example.com".into(), password: Some(secret("pw")) };
    let bodies = [
        (r#"{"identifier":"ada@example.com","stateHandle":"HANDLE"}"#, &name_only),
        // Ticked.
        (
            r#"{"identifier":"ada@example.com","rememberMe":true,"stateHandle":"HANDLE"}"#,
            &name_only,
        ),
        (
            r#"{"identifier":"ada@example.com","credentials":{"passcode":"pw"},"stateHandle":"HANDLE"}"#,
            &with_password,
        ),
        (
            r#"{"stateHandle":"HANDLE","identifier":"ada@example.com","rememberMe":false,"credentials":{"passcode":"pw"}}"#,
            &with_password,
        ),
        (
            r#"{"identifier":"ada@example.com","keepMeSignedIn":true,"credentials":{"passcode":"pw"},"stateHandle":"HANDLE"}"#,
            &with_password,
        ),
    ];
    for (body, expected) in bodies {
        assert_eq!(
            reads(Operation::Identify, &body.replace("HANDLE", HANDLE)),
            *expected,
            "{body}"
        );
    }
}

#[test]
fn profile_forms_of_both_generations() {
    let values = json!({"email": "ada@example.com", "firstName": "Ada", "newsletterOptIn": true, "paperInvoices": "false", "customerNumber": "12"});
    let body =
        json!({"userProfile": values, "credentials": {"passcode": "pw"}, "stateHandle": HANDLE})
            .to_string();
    let expected =
        Input::EnrollProfile { profile: profile(values.clone()), password: Some(secret("pw")) };
    assert_eq!(reads(Operation::EnrollProfile, &body), expected);
    let body = json!({"userProfile": values, "stateHandle": HANDLE}).to_string();
    assert_eq!(reads(Operation::UpdateProfile, &body), Input::UpdateProfile(profile(values)));
    // Nothing filled in: the second generation leaves the object empty, or away.
    for body in [json!({"userProfile": {}, "stateHandle": HANDLE}), json!({"stateHandle": HANDLE})]
    {
        assert_eq!(
            reads(Operation::UpdateProfile, &body.to_string()),
            Input::UpdateProfile(Profile::new())
        );
        assert_eq!(
            reads(Operation::EnrollProfile, &body.to_string()),
            Input::EnrollProfile { profile: Profile::new(), password: None }
        );
    }
}

#[test]
fn a_choice_with_and_without_its_method() {
    for (id, method, key) in [
        ("aut-email", "email", AuthenticatorKey::OktaEmail),
        ("aut-password", "password", AuthenticatorKey::OktaPassword),
    ] {
        for choice in [json!({"id": id}), json!({"id": id, "methodType": method})] {
            let body = json!({"authenticator": choice, "stateHandle": HANDLE}).to_string();
            assert_eq!(
                reads(Operation::SelectAuthenticator, &body),
                Input::SelectAuthenticator(key)
            );
            assert_eq!(
                reads(Operation::SelectAuthenticatorEnroll, &body),
                Input::SelectAuthenticatorEnroll(key)
            );
        }
    }
    for choice in [
        json!({"id": "aut-phone"}),
        json!({"id": "aut-email", "methodType": "sms"}),
        json!({}),
        json!("aut-email"),
        json!({"id": 1}),
    ] {
        refuses(
            Operation::SelectAuthenticator,
            &json!({"authenticator": choice, "stateHandle": HANDLE}).to_string(),
        );
    }
}

#[test]
fn what_clients_are_known_to_add_is_passed_over_if_it_is_a_truth_value() {
    for (operation, body) in
        recorded().into_iter().filter(|(operation, _)| *operation != Operation::Introspect)
    {
        for extra in ["resend", "rememberMe", "keepMeSignedIn"] {
            for value in [json!(true), json!(false)] {
                let mut with = body.clone();
                with[extra] = value;
                assert_eq!(
                    reads(operation, &with.to_string()),
                    reads(operation, &body.to_string())
                );
            }
            for value in [json!("true"), json!(1), json!(null), json!({}), json!([true])] {
                let mut with = body.clone();
                with[extra] = value;
                refuses(operation, &with.to_string());
            }
        }
    }
}

#[test]
fn r_v1_only_an_object_is_a_body_and_only_text_is_text() {
    for (operation, body) in recorded() {
        let text = body.to_string();
        for wrong in [
            format!("[{text}]"),
            format!("\"{HANDLE}\""),
            "null".into(),
            "1".into(),
            String::new(),
            text.replace('}', ""),
            format!("{text}{text}"),
        ] {
            refuses(operation, &wrong);
        }
        refuses(
            operation,
            &json!(body.as_object().unwrap().values().collect::<Vec<_>>()).to_string(),
        );
        for (name, value) in body.as_object().unwrap() {
            let mut listed = body.clone();
            listed[name] = json!([value]);
            refuses(operation, &listed.to_string());
            // serde would take a sequence for a struct: an object's values without their names.
            if let Some(fields) = value.as_object() {
                listed[name] = json!(fields.values().collect::<Vec<_>>());
                refuses(operation, &listed.to_string());
            }
            let mut null = body.clone();
            null[name] = json!(null);
            // `credentials: null` is an absent one; nothing that must be there may be null.
            if !(name == "credentials"
                && [Operation::Identify, Operation::EnrollProfile].contains(&operation))
            {
                refuses(operation, &null.to_string());
            }
        }
    }
    for passcode in [json!(["pw"]), json!({"$gt": ""}), json!(123_456), json!(true), json!(null)] {
        for operation in
            [Operation::AnswerEmail, Operation::AnswerPassword, Operation::EnrollPassword]
        {
            refuses(
                operation,
                &json!({"credentials": {"passcode": passcode}, "stateHandle": HANDLE}).to_string(),
            );
        }
    }
}

#[test]
fn r_v3_a_field_of_no_operation_is_refused_at_every_level() {
    for (operation, body) in recorded() {
        for extra in ["admin", "__proto__", "StateHandle", "groups", "status", "credential"] {
            let mut with = body.clone();
            with[extra] = json!("x");
            refuses(operation, &with.to_string());
            for level in ["credentials", "authenticator"]
                .into_iter()
                .filter(|level| body.get(level).is_some())
            {
                let mut with = body.clone();
                with[level][extra] = json!("x");
                refuses(operation, &with.to_string());
            }
        }
        if operation != Operation::UpdateProfile && operation != Operation::EnrollProfile {
            let mut with = body.clone();
            with["userProfile"] = json!({"email": "eve@example.com"});
            refuses(operation, &with.to_string());
        }
    }
}

#[test]
fn r_v2_a_repeated_key_is_refused_at_every_depth() {
    for (operation, body) in recorded() {
        let text = body.to_string();
        reads(operation, &text);
        // After each opening brace, the first key once more: the same and another value.
        for (at, _) in text.match_indices('{') {
            let inner = text.get(at + 1..).unwrap();
            let key = inner.get(..inner.find(':').unwrap()).unwrap();
            for value in ["\"x\"", "{}", "null"] {
                let mut twice = text.clone();
                twice.insert_str(at + 1, &format!("{key}:{value},"));
                refuses(operation, &twice);
            }
        }
    }
    // Also where the value is one that is not looked into, and where an escape hides that it is the
    // same key.
    refuses(
        Operation::UpdateProfile,
        &format!(r#"{{"userProfile":{{"a":[{{"b":1,"b":2}}]}},"stateHandle":"{HANDLE}"}}"#),
    );
    refuses(
        Operation::UpdateProfile,
        &format!(r#"{{"userProfile":{{"a":1,"\u0061":2}},"stateHandle":"{HANDLE}"}}"#),
    );
}

#[test]
fn r_v1_a_body_has_a_largest_size_and_a_largest_depth() {
    let of_size = |size: usize| {
        let empty = format!(
            r#"{{"credentials":{{"passcode":""}},"identifier":"a","stateHandle":"{HANDLE}"}}"#
        );
        empty.replacen(r#":"""#, &format!(r#":"{}""#, "a".repeat(size - empty.len())), 1)
    };
    reads(Operation::Identify, &of_size(MAX_BODY));
    refuses(Operation::Identify, &of_size(MAX_BODY + 1));
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    refuses(
        Operation::UpdateProfile,
        &format!(r#"{{"userProfile":{{"a":{deep}}},"stateHandle":"{HANDLE}"}}"#),
    );
}

#[test]
fn operations_without_an_idx_body_take_none() {
    let taken: Vec<_> = recorded().into_iter().map(|(operation, _)| operation).collect();
    for route in ROUTES.iter().filter(|route| !taken.contains(&route.operation)) {
        refuses(route.operation, &json!({"stateHandle": HANDLE}).to_string());
    }
}

#[test]
fn r_l1_no_secret_of_a_body_is_in_its_debug_text() {
    for (operation, body) in recorded() {
        let parsed = parse(operation, body.to_string().as_bytes());
        let debug = format!("{parsed:?}");
        for secret in [HANDLE, "s3cret-passw0rd", "123456"] {
            assert!(!debug.contains(secret), "{operation:?} shows {secret}: {debug}");
        }
    }
    let wrong = format!(
        r#"{{"identifier":1,"credentials":{{"passcode":"s3cret-passw0rd"}},"stateHandle":"{HANDLE}"}}"#
    );
    let error = parse(Operation::Identify, wrong.as_bytes()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("s3cret"), "{error:?}");
}

#[test]
fn l5_a_name_has_a_length_and_no_white_space_around_it() {
    let parsed = |identifier: &str| {
        parse(
            Operation::Identify,
            json!({"identifier": identifier, "stateHandle": HANDLE}).to_string().as_bytes(),
        )
    };
    for (typed, identifier) in [
        (" ada@example.com\t", "ada@example.com"),
        ("\u{feff}\u{418}\u{432}\u{430}\u{43d}\u{200b}", "\u{418}\u{432}\u{430}\u{43d}"),
    ] {
        let input = Input::Identify { identifier: identifier.into(), password: None };
        assert_eq!(parsed(typed).unwrap().input, input, "{typed:?}");
    }
    for letter in ["a", "\u{1f642}"] {
        assert!(parsed(&letter.repeat(256)).is_ok());
        assert_eq!(parsed(&letter.repeat(257)), Err(Malformed));
        assert_eq!(parsed(&letter.repeat(7_000)), Err(Malformed));
    }
}
