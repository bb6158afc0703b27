//! R-E: what an address is, and what only looks like one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::stage::{Answer, Browser, Stage, demo};
use super::{ADA, PASSWORD, with_ada};

fn sends_form(browser: &mut Browser<'_>, profile: &Value) -> Answer {
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
    )
}

fn refused(addresses: &[Value]) {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    for email in addresses {
        let answer =
            sends_form(&mut browser, &json!({"email": email, "firstName": "A", "lastName": "B"}));
        assert_eq!(answer.status, 400, "{email}: {}", answer.text);
        // Where names are looked up they are no better: nobody is found, and nothing breaks.
        if let Some(text) = email.as_str() {
            browser.begin();
            assert!(
                [200, 400].contains(&browser.password(text, "whatever it is").status),
                "{email}"
            );
        }
    }
    assert!(stage.letters().is_empty() && stage.items("USER").is_empty());
}

#[test]
fn r_e1_r_e2_r_e6_every_address_of_the_vectors_at_the_sign_up_form() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../../policy/tests/vectors/emails.json")).unwrap();
    let mut organisation = demo();
    organisation.settings.limits.mails_per_source_per_hour = 1_000;
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    for vector in &vectors {
        let (input, accept) =
            (vector["input"].as_str().unwrap(), vector["accept"].as_bool().unwrap());
        stage.advance(3_600);
        let before = stage.letters().len();
        let answer =
            sends_form(&mut browser, &json!({"email": input, "firstName": "A", "lastName": "B"}));
        // A name of 64 letters is good as an address and too long for a password rule to like;
        // whatever it is, it is told.
        assert_eq!(
            answer.status,
            if accept { 200 } else { 400 },
            "{input:?} ({}): {}",
            vector["note"],
            answer.text
        );
        let letters = stage.letters();
        assert_eq!(letters.len() - before, usize::from(accept), "{input:?}");
        if accept {
            let to = &letters.last().unwrap().to;
            assert!(
                to.is_ascii()
                    && to.to_ascii_lowercase() == vector["identity_key"].as_str().unwrap(),
                "{input:?} is mailed at {to}"
            );
        }
    }
}

#[test]
fn a_032_eight_spellings_of_one_address_are_one_person() {
    let stage = with_ada();
    for spelling in [
        "ADA@example.com",
        "Ada@Example.com",
        "aDa@example.COM",
        "adA@EXAMPLE.com",
        "ADA@EXAMPLE.COM",
        " ada@example.com ",
        "AdA@eXample.com",
    ] {
        let taken = sends_form(
            &mut stage.browser("demo-spa"),
            &json!({"email": spelling, "firstName": "A", "lastName": "B"}),
        );
        assert_eq!(
            (taken.status, taken.messages()),
            (400, vec!["registration.error.notUniqueWithinOrg".to_string()]),
            "{spelling}: {}",
            taken.text
        );
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        assert!(browser.password(spelling, PASSWORD).interaction_code().is_some(), "{spelling}");
    }
    assert_eq!(stage.items("USER").len(), 1);
}

#[test]
fn r_e3_a_034_dots_are_people_of_their_own_with_one_budget() {
    let stage = Stage::new();
    let addresses = ["u.ser@gmail.com", "user@googlemail.com", "us.er+shop@gmail.com"];
    for address in addresses {
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(address, PASSWORD);
        assert!(browser.answer_code(&stage.code(address)).interaction_code().is_some());
    }
    assert_eq!(stage.items("USER").len(), 3);
    let mails = (0..6)
        .filter(|index| {
            stage.browser("demo-spa").sign_up(&format!("user+{index}@gmail.com"), PASSWORD).status
                == 200
        })
        .count();
    assert_eq!(mails, 2, "five an hour for whoever reads them");
}

#[test]
fn r_e4_a_035_letters_that_fold_to_others_are_refused() {
    let stage = Stage::new();
    for name in ["mike", "kate", "sam"] {
        let address = format!("{name}@example.com");
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(&address, PASSWORD);
        browser.answer_code(&stage.code(&address));
    }
    for impostor in ["m\u{131}ke@example.com", "\u{212A}ate@example.com", "\u{17F}am@example.com"] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        assert!(browser.password(impostor, PASSWORD).interaction_code().is_none(), "{impostor}");
    }
    refused(&[json!("m\u{131}ke@x.com"), json!("\u{212A}ate@x.com"), json!("\u{17F}am@x.com")]);
}

#[test]
fn a_037_a_homograph_is_somebody_else_and_is_shown_as_what_it_is() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    let sent = browser.sign_up("ada@ex\u{430}mple.com", PASSWORD);
    assert_eq!(sent.status, 200, "{}", sent.text);
    let address = "ada@xn--exmple-4nf.com";
    assert!(browser.answer_code(&stage.code(address)).interaction_code().is_some());
    let emails: BTreeSet<_> = stage
        .items("USER")
        .iter()
        .map(|item| item.body["profile"]["email"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(emails, BTreeSet::from([ADA.to_owned(), address.to_owned()]));
}

#[test]
fn r_e2_a_038_what_unicode_would_quietly_drop_or_fold_is_refused() {
    refused(&[
        json!("a@exa\u{ad}mple.com"),
        json!("a@exa\u{200b}mple.com"),
        json!("a@b\u{2100}.com"),
        json!("a@x\u{3002}com"),
        json!("a\u{ff20}x.com"),
    ]);
}

#[test]
fn a_040_encoded_words_are_no_addresses() {
    refused(&[
        json!("=?utf-8?q?a=40evil.com?=@victim.com"),
        json!("=?x?q?=41=42?=evil@victim.com"),
    ]);
}

#[test]
fn a_041_routes_and_literals_are_no_addresses() {
    refused(&[
        json!("a%victim.com@evil.com"),
        json!("evil!a@x.com"),
        json!("a@[127.0.0.1]"),
        json!("a@x.com."),
        json!("a@127.0.0.1"),
    ]);
}

#[test]
fn r_e5_a_043_two_recipients_are_no_address() {
    let lists = [
        "a@evil.com,b@victim.com",
        "a@evil.com;b@victim.com",
        "a@evil.com b@victim.com",
        "Ada <a@evil.com>",
        "<a@evil.com>",
        "\"a@evil.com\"@v.com",
    ];
    refused(&lists.map(|list| json!(list)));
}

#[test]
fn r_e5_a_044_an_address_is_one_text() {
    refused(&[
        json!(["victim@example.com", "attacker@example.com"]),
        json!({"0": "victim@example.com"}),
        json!(null),
        json!(true),
        json!(7),
    ]);
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let repeated = format!(
        r#"{{"stateHandle":"{}","userProfile":{{"email":"victim@example.com","email":"attacker@example.com","firstName":"A","lastName":"B"}},"credentials":{{"passcode":"{PASSWORD}"}}}}"#,
        browser.handle
    );
    assert_eq!(
        browser.send("/idp/idx/enroll/new", "application/json", repeated.as_bytes()).status,
        400
    );
    assert!(stage.letters().is_empty());
}

#[test]
fn a_046_an_address_in_another_attribute_is_only_text() {
    let stage = Stage::new();
    let mut attacker = stage.browser("demo-spa");
    for name in ["login", "secondEmail", "mobilePhone"] {
        let answer = sends_form(
            &mut attacker,
            &json!({"email": "eve@example.com", "firstName": "E", "lastName": "E", name: ADA}),
        );
        assert_eq!(answer.status, 400, "{name} is not on the form");
    }
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let second = policy::organisation::ProfileAttribute {
        name: "secondEmail".into(),
        label: "Another".into(),
        required: false,
    };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(second);
    stage.apply(&organisation);
    let sent = sends_form(
        &mut attacker,
        &json!({"email": "eve@example.com", "firstName": "E", "lastName": "E", "secondEmail": ADA}),
    );
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert!(attacker.answer_code(&stage.code("eve@example.com")).interaction_code().is_some());
    assert!(stage.letters().iter().all(|letter| letter.to == "eve@example.com"));
    attacker.begin();
    assert_eq!(
        attacker.password(ADA, PASSWORD).messages(),
        ["idx.unknown.user"],
        "nobody is found by it"
    );
    let mut victim = stage.browser("demo-spa");
    victim.sign_up(ADA, "the owner's own password");
    assert!(
        victim.answer_code(&stage.code(ADA)).interaction_code().is_some(),
        "and it is nobody's claim"
    );
    attacker.begin();
    assert_eq!(attacker.password(ADA, PASSWORD).status, 401);
}

#[test]
fn r_d6_a_052_who_was_deactivated_does_not_come_back_by_signing_up() {
    let stage = with_ada();
    let mut item = stage.items("USER").remove(0);
    item.body["status"] = json!("DEPROVISIONED");
    item.version += 1;
    stage.put(item);
    let before = stage.items("USER");
    let again = stage.browser("demo-spa").sign_up(ADA, "another password");
    assert_eq!(
        (again.status, again.messages()),
        (400, vec!["registration.error.notUniqueWithinOrg".to_string()]),
        "{}",
        again.text
    );
    for password in [PASSWORD, "another password"] {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        assert!(browser.password(ADA, password).interaction_code().is_none());
    }
    assert_eq!(stage.items("USER"), before);
}

#[test]
fn a_115_ids_tell_nothing_of_how_many_there_are() {
    let stage = Stage::new();
    let subjects: Vec<String> = (0..3)
        .map(|index| {
            let address = format!("user{index}@example.com");
            let mut browser = stage.browser("demo-spa");
            browser.sign_up(&address, PASSWORD);
            let done = browser.answer_code(&stage.code(&address));
            for total in ["total", "count", "numberOfUsers"] {
                assert!(done.body.get(total).is_none(), "{}", done.text);
            }
            let tokens = browser.token(&done.interaction_code().unwrap());
            let authorization = format!("Bearer {}", tokens.body["access_token"].as_str().unwrap());
            let info = stage.request(
                "GET",
                "/oauth2/default/v1/userinfo",
                &[("authorization", &authorization)],
                b"",
            );
            info.body["sub"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(subjects.iter().all(|id| id.len() == 22), "128 bits: {subjects:?}");
    let begins: BTreeSet<_> = subjects.iter().map(|id| &id[..6]).collect();
    assert_eq!(begins.len(), 3, "no counter, no clock: {subjects:?}");
}
