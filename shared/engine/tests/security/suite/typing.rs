//! Text as people type and paste it: cases from public reports (C01 to C06, C18) and what is near
//! them.

use policy::organisation::{
    Action, Organisation, Permission, ProfileAttribute, Property, PropertyType,
};
use serde_json::{Value, json};

use super::stage::{Answer, Browser, Stage, demo};
use super::{ADA, PASSWORD, another, with_ada};

/// The demo where usernames may be anything and are on the form, with a code that nobody else may
/// have.
fn with_usernames() -> Organisation {
    let mut organisation = demo();
    let own = Some(vec![Permission { principal: "SELF".into(), action: Action::ReadWrite }]);
    let login = Property { pattern: Some(".+".into()), ..Property::default() };
    organisation.user_schema.definitions.base.properties.insert("login".into(), login);
    let code = Property {
        kind: Some(PropertyType::String),
        unique: Some(true),
        permissions: own,
        ..Property::default()
    };
    organisation.user_schema.definitions.custom.properties.insert("code".into(), code);
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let asked = ["login", "code"].map(|name| ProfileAttribute {
        name: name.into(),
        label: name.into(),
        required: name == "login",
    });
    policy.rules[0].actions.profile_enrollment.profile_attributes.extend(asked);
    organisation
}

/// The sign-up form, with these values besides.
#[allow(clippy::needless_pass_by_value, reason = "callers make it on the spot")]
fn form(browser: &mut Browser<'_>, email: &str, more: Value) -> Answer {
    let mut profile = json!({"email": email, "firstName": "Ada", "lastName": "Lovelace"});
    profile.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    browser.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
    )
}

/// How a code is pasted.
type Paste = Box<dyn Fn(&str) -> String>;

#[test]
fn c01_c02_a_code_is_its_digits_and_what_is_no_code_spoils_nothing() {
    let full_width = |code: &str| {
        code.chars()
            .map(|c| char::from_u32(u32::from(c) - u32::from('0') + 0xff10).unwrap())
            .collect::<String>()
    };
    let arabic = |code: &str| {
        code.chars()
            .map(|c| char::from_u32(u32::from(c) - u32::from('0') + 0x660).unwrap())
            .collect::<String>()
    };
    let pasted: [Paste; 6] = [
        Box::new(|code| format!("{code}\t\n\u{a0}")),
        Box::new(|code| format!("{}\u{202f}{}", &code[..3], &code[3..])),
        Box::new(|code| format!("\u{feff}\u{200b}{code}")),
        Box::new(full_width),
        Box::new(arabic),
        Box::new(|code| format!("Your code: {code}.")),
    ];
    for (index, paste) in pasted.iter().enumerate() {
        let stage = Stage::new();
        let mut browser = stage.browser("demo-spa");
        let email = format!("ada{index}@example.com");
        browser.sign_up(&email, PASSWORD);
        let code = stage.code(&email);
        for malformed in [
            &code[..5],
            "",
            "12345a",
            "\u{a0}",
            "\u{2460}\u{2461}\u{2462}",
            &format!("{code}{code}"),
            "one two",
            "1e5",
        ] {
            let refused = browser.answer_code(malformed);
            assert_eq!(
                (refused.status, refused.messages()),
                (400, vec!["idx.error.code.newest".to_string()]),
                "{malformed:?}"
            );
            stage.advance(1);
        }
        let done = browser.answer_code(&paste(&code));
        assert!(done.interaction_code().is_some(), "{:?}: {}", paste(&code), done.text);
    }
}

#[test]
fn c03_stray_white_space_is_neither_stored_nor_in_the_way() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let sent = form(
        &mut browser,
        "\u{feff}ada@example.com\n",
        json!({"firstName": "Ada ", "lastName": "\u{a0}Lovelace\t"}),
    );
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let profile = &stage.items("USER")[0].body["profile"];
    assert_eq!(
        (&profile["firstName"], &profile["lastName"], &profile["email"]),
        (&json!("Ada"), &json!("Lovelace"), &json!(ADA))
    );
    for typed in [
        "ada@example.com\t",
        "ada@example.com\u{a0}",
        "ada@example.com\n",
        "\u{200b}ada@example.com",
        "\u{feff}Ada@Example.com",
        " \u{2060}ada@example.com\u{200f}",
    ] {
        let first = browser.begin();
        assert!(first.forms().contains(&"identify".to_string()));
        let done = browser.password(typed, PASSWORD);
        assert!(done.interaction_code().is_some(), "{typed:?}: {}", done.text);
    }
}

#[test]
fn c04_a_name_that_nobody_can_see_is_blank() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    for nothing in [
        "\u{200b}",
        "\u{2060}",
        "\u{ad}",
        "\u{feff}",
        "\u{3164}",
        "\u{2800}",
        "\u{fe0f}",
        "\u{e0041}",
        " \u{200b}\u{a0}\u{3164}\u{2003}",
    ] {
        for name in ["firstName", "lastName", "email"] {
            let refused = form(&mut browser, ADA, json!({name: nothing}));
            assert_eq!(
                (refused.status, refused.messages()),
                (400, vec!["model.validation.field.blank".to_string()]),
                "{nothing:?} as {name}"
            );
        }
    }
    assert!(stage.letters().is_empty() && stage.items("USER").is_empty());
}

#[test]
fn c05_white_space_gets_nobody_past_a_uniqueness_rule() {
    let stage = Stage::with(&with_usernames());
    let mut browser = stage.browser("demo-spa");
    assert_eq!(form(&mut browser, ADA, json!({"login": "ada", "code": "AB-1"})).status, 200);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
    for code in [
        "AB-1",
        "AB-1 ",
        " AB-1",
        "AB-1\u{200b}",
        "A\u{2060}B-1",
        "AB-1\u{3164}",
        "\u{feff}AB-1\u{fe0f}",
        "ab-1",
        "AB-1\u{2800}",
    ] {
        let refused = form(&mut browser, "eve@example.com", json!({"login": "eve", "code": code}));
        assert_eq!(
            (refused.status, refused.messages()),
            (400, vec!["registration.error.notUniqueWithinOrg".to_string()]),
            "{code:?}"
        );
    }
    assert_eq!(
        form(&mut browser, "eve@example.com", json!({"login": "eve", "code": "AB-2"})).status,
        200
    );
}

#[test]
fn c06_usernames_that_differ_in_case_or_in_what_cannot_be_seen_are_one() {
    for (login, others) in [
        (
            "\u{418}\u{432}\u{430}\u{43d}7",
            [
                "\u{438}\u{432}\u{430}\u{43d}7",
                "\u{418}\u{412}\u{410}\u{41d}7",
                "\u{418}\u{432}\u{430}\u{43d}\u{200b}7",
            ],
        ),
        ("\u{e9}mile1", ["\u{c9}mile1", "E\u{301}MILE1", " \u{e9}mile1\u{3164}"]),
        ("Stra\u{df}e9", ["STRASSE9", "strasse9", "Stra\u{1e9e}e9"]),
        ("\u{bf}ADA.L?", ["\u{bf}ada.l?", "\u{bf}ADA.l?", "\u{bf}Ada\u{ad}.L?"]),
    ] {
        let stage = Stage::with(&with_usernames());
        let mut browser = stage.browser("demo-spa");
        assert_eq!(form(&mut browser, ADA, json!({"login": login})).status, 200);
        assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
        for other in others {
            browser.begin();
            let done = browser.password(other, PASSWORD);
            assert!(done.interaction_code().is_some(), "{other:?} is {login:?}: {}", done.text);
            let refused = form(&mut browser, "eve@example.com", json!({"login": other}));
            assert_eq!(
                (refused.status, refused.messages()),
                (400, vec!["registration.error.notUniqueWithinOrg".to_string()]),
                "{other:?}"
            );
        }
    }
}

/// Guesses at one name have one budget, however it is written.
#[test]
fn r_o6_spellings_of_a_name_are_no_way_around_its_budget() {
    let stage = Stage::with(&with_usernames());
    let mut owner = stage.browser("demo-spa");
    form(&mut owner, ADA, json!({"login": "\u{418}\u{432}\u{430}\u{43d}7"}));
    owner.answer_code(&stage.code(ADA));
    stage.advance(2 * 24 * 3_600);
    let spellings = [
        "\u{418}\u{432}\u{430}\u{43d}7",
        "\u{438}\u{432}\u{430}\u{43d}7",
        "\u{418}\u{412}\u{410}\u{41d}7",
        "\u{200b}\u{418}\u{432}\u{430}\u{43d}7",
        "\u{418}\u{ad}\u{432}\u{430}\u{43d}7 ",
    ];
    let statuses: Vec<_> = (0..14)
        .map(|index| {
            let mut stranger = stage.browser("demo-spa");
            stranger.begin();
            stranger.password(spellings[index % spellings.len()], "not the password").status
        })
        .collect();
    // Ten, and two first tries of the network.
    assert_eq!(statuses, [[401; 12].as_slice(), &[429; 2]].concat());
}

#[test]
fn c18_an_old_code_says_that_the_newest_mail_counts_and_a_dead_one_that_another_is_the_way_out() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let first = stage.code(ADA);
    assert_eq!(
        browser.answer_code(&another(&first)).messages(),
        ["api.authn.error.PASSCODE_INVALID"]
    );
    stage.advance(31);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    let old = browser.answer_code(&first);
    assert_eq!(
        (old.status, old.messages()),
        (401, vec!["idx.error.code.newest".to_string()]),
        "replaced"
    );
    stage.advance(301);
    let expired = browser.answer_code(&stage.code(ADA));
    assert_eq!(
        (expired.status, expired.messages()),
        (401, vec!["idx.error.code.newest".to_string()]),
        "expired"
    );
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    let wrong = another(&stage.code(ADA));
    for _ in 0..5 {
        assert_eq!(browser.answer_code(&wrong).status, 401);
        stage.advance(6);
    }
    let dead = browser.answer_code(&stage.code(ADA));
    assert_eq!((dead.status, dead.messages()), (429, vec!["idx.error.code.too.many".to_string()]));
    stage.advance(31);
    assert_eq!(browser.step("/idp/idx/email/resend", json!({})).status, 200);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some(), "the newest works");
}

#[test]
fn r_p2_at_sign_in_a_password_that_nobody_can_have_is_a_wrong_one_on_its_form() {
    let stage = with_ada();
    for (impossible, source) in [
        ("x".repeat(257), "192.0.2.41"),
        ("abcd\0efgh".into(), "192.0.2.42"),
        ("x".repeat(30_000), "192.0.2.43"),
    ] {
        stage.advance(2 * 3_600);
        let wrong = |name: &str| {
            let mut browser = stage.browser("demo-spa");
            browser.source = source.into();
            browser.begin();
            browser.password(name, &impossible)
        };
        // Ten, and two first tries of the network.
        for _ in 0..12 {
            let refused = wrong(ADA);
            assert_eq!(
                (refused.status, refused.messages()),
                (401, vec!["errors.E0000004".to_string()]),
                "{}",
                refused.text
            );
            assert_eq!(refused.forms()[0], "identify", "on its form");
        }
        assert_eq!(wrong(ADA).status, 429, "counted like any other");
        assert_eq!(
            wrong("nobody@example.com").messages(),
            ["idx.unknown.user"],
            "as with any password"
        );
    }
}

#[test]
fn passwords_of_nothing_are_refused_with_a_reason() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let rules = "idx.error.password";
    for (password, key) in [
        ("        ", "model.validation.field.blank"),
        (
            "\u{200b}\u{2060}\u{ad}\u{feff}\u{3164}\u{2800}\u{a0}\u{3000}",
            "model.validation.field.blank",
        ),
        ("aaaaaaaaaaaa", rules),
        ("abababababab", rules),
        ("a a a a a a ", rules),
        (" password1 ", "password.common"),
        ("iloveyou\t", "password.common"),
    ] {
        stage.advance(1);
        let refused = browser.sign_up(ADA, password);
        assert_eq!(
            (refused.status, refused.messages()),
            (400, vec![key.to_string()]),
            "{password:?}: {}",
            refused.text
        );
    }
    assert!(stage.letters().is_empty());
    // White space around a good one is a part of it.
    assert_eq!(browser.sign_up(ADA, " correct horse battery ").status, 200);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
    for (password, right) in
        [(PASSWORD, false), (" correct horse battery", false), (" correct horse battery ", true)]
    {
        browser.begin();
        assert_eq!(
            browser.password(ADA, password).interaction_code().is_some(),
            right,
            "{password:?}"
        );
    }
}

#[test]
fn l5_a_name_of_any_length_is_refused_and_not_stored() {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor =
            policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let before = stage.state();
    for long in ["x".repeat(257), "x".repeat(30_000), "\u{1f642}".repeat(300)] {
        assert_eq!(browser.step("/idp/idx/identify", json!({"identifier": long})).status, 400);
    }
    assert_eq!(stage.state(), before);
    assert_eq!(
        browser.step("/idp/idx/identify", json!({"identifier": "x".repeat(256)})).status,
        200
    );
}

#[test]
fn one_mistake_is_told_once_and_a_field_that_is_not_there_by_its_name() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    assert_eq!(
        form(&mut browser, "me", json!({})).messages(),
        ["registration.error.invalidLoginEmail"]
    );
    let unknown = form(&mut browser, ADA, json!({"nickName": "Countess"}));
    assert_eq!(
        (unknown.status, unknown.messages()),
        (400, vec!["idx.error.attribute.unknown".to_string()])
    );
    assert!(
        unknown.text.contains("nickName") && !unknown.text.contains("Countess"),
        "{}",
        unknown.text
    );
    assert_eq!(unknown.forms()[0], "enroll-profile");
    assert!(!form(&mut browser, ADA, json!({"<script>": "x"})).text.contains("<script>"));
}
