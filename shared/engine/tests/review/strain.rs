//! What many tries, a failing provider, a wrong clock or too much of everything must not do.

use engine::testing::{Collecting, ThreadLog};
use serde_json::{Value, json};

use super::stage::{MailFault, Stage};
use super::{ADA, PASSWORD, demo_with, enroll};

/// F-26, I9: an outage of the mail provider costs nobody their mails of the hours after it.
#[test]
fn a_mail_that_never_went_out_is_not_counted() {
    let stage = Stage::new();
    stage.fail_mail(Some(MailFault::Unavailable));
    for _ in 0..3 {
        let mut ada = stage.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        (0..4).for_each(|_| drop(ada.step("/idp/idx/email/resend", json!({}))));
    }
    stage.fail_mail(None);
    let mut elsewhere = stage.browser("demo-spa");
    elsewhere.source = "198.51.100.7".into();
    let sent = elsewhere.sign_up(ADA, PASSWORD);
    assert_eq!((sent.status, sent.messages()), (200, vec![]), "{}", sent.text);
    // Whoever asked has asked: that is not given back.
    assert_eq!(stage.mails().len(), 1);
    let asked = stage
        .items("LIMIT")
        .into_iter()
        .filter(|item| item.key.0.contains("mail-source-hour"))
        .map(|item| item.count)
        .max();
    assert_eq!(asked, Some(15));
}

/// names are not tried in bulk on the progressive form either.
#[test]
fn values_of_others_are_not_told_in_bulk_at_sign_in() {
    let mut organisation = demo_with(&[]);
    let stage = Stage::with(&organisation);
    let mut mallory = stage.browser("demo-spa");
    mallory.sign_up("mallory@example.com", PASSWORD);
    mallory.answer_code(&stage.code("mallory@example.com"));
    let form = &mut organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap()
        .rules[0];
    let attribute = policy::organisation::ProfileAttribute {
        name: "customerNumber".into(),
        label: "Number".into(),
        required: true,
    };
    form.actions.profile_enrollment.profile_attributes.push(attribute);
    stage.apply(&organisation);
    for number in 0..3 {
        let mut member = stage.browser("demo-spa");
        let email = format!("member{number}@example.com");
        let profile = json!({"email": email, "firstName": "A", "lastName": "B", "customerNumber": format!("{}", 1_000 + number)});
        enroll(&mut member, json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}));
        assert!(member.answer_code(&stage.code(&email)).interaction_code().is_some());
    }
    mallory.begin();
    mallory.password("mallory@example.com", PASSWORD);
    let mut tried = |number: u32| {
        stage.advance(1);
        mallory
            .step(
                "/idp/idx/enroll/update",
                json!({"userProfile": {"customerNumber": format!("{number}")}}),
            )
            .status
    };
    let told = (0..30).filter(|number| tried(1_000 + number % 3) == 400).count();
    assert_eq!(told, 20);
    assert_eq!(tried(5_555), 429, "nor that a value is free");
    stage.advance(601);
    mallory.begin();
    mallory.password("mallory@example.com", PASSWORD);
    let done =
        mallory.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "5555"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

/// after the limit the form tells nothing, neither of taken nor of free addresses; and
/// nobody makes accounts of others' addresses in bulk.
#[test]
fn a_form_that_told_too_much_tells_nothing() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let told =
        (0..25).filter(|_| stage.browser("demo-spa").sign_up(ADA, PASSWORD).status == 400).count();
    assert_eq!(told, 20);
    assert_eq!(stage.browser("demo-spa").sign_up("free@example.com", PASSWORD).status, 429);
    let stage = Stage::new();
    let made = (0..30).filter(|index| {
        let address = format!("victim{index}@example.com");
        let form = json!({"userProfile": {"email": address, "firstName": "A", "lastName": "B"}, "credentials": {"passcode": PASSWORD}});
        enroll(&mut stage.browser("newsletter-spa"), form).interaction_code().is_some()
    });
    assert_eq!((made.count(), stage.items("USER").len()), (20, 20));
}

/// The same where the password is set on a page of its own, which is what makes the account then.
#[test]
fn no_page_makes_unproven_accounts_without_limit() {
    let stage = Stage::with(&demo_with(&[(
        "enrollAuthenticatorTypes: [password]",
        "enrollAuthenticatorTypes: []",
    )]));
    let mut visitors: Vec<_> = (0..25)
        .map(|index| {
            let mut visitor = stage.browser("newsletter-spa");
            let form = json!({"userProfile": {"email": format!("victim{index}@example.com"), "firstName": "A", "lastName": "B"}});
            let sent = enroll(&mut visitor, form);
            assert!(sent.forms().contains(&"enroll-authenticator".to_string()), "{}", sent.text);
            visitor
        })
        .collect();
    let mut statuses = visitors.iter_mut().map(|visitor| {
        let answer = visitor
            .step("/idp/idx/credential/answer", json!({"credentials": {"passcode": PASSWORD}}));
        (answer.status, answer.interaction_code().is_some(), answer.messages())
    });
    assert!(statuses.by_ref().take(20).all(|(status, made, _)| status == 200 && made));
    for told in statuses {
        assert_eq!(told, (429, false, vec!["tooManyRequests".to_string()]));
    }
    assert_eq!(stage.items("USER").len(), 20);
}

/// R-R8: what others guess all together does not keep anybody out of a browser that is known.
#[test]
fn a_known_browser_gets_in_however_much_is_guessed_elsewhere() {
    let mut organisation = demo_with(&[]);
    organisation.settings.limits.guesses_in_all_per_hour = 16;
    organisation.settings.limits.guesses_per_source_per_hour = 5;
    let stage = Stage::with(&organisation);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let statuses = (0..200).map(|index| {
        let mut botnet = stage.browser("demo-spa");
        botnet.source = format!("203.0.113.{}", index % 250);
        botnet.begin();
        botnet.password(&format!("user{index}@example.com"), "whatever it is").status
    });
    assert!(
        statuses.filter(|status| *status == 429).count() >= 120,
        "five first tries for each of the sixteen"
    );
    let mut stranger = stage.browser("demo-spa");
    stranger.source = "198.51.100.7".into();
    let refused = (0..40).any(|_| {
        stranger.begin();
        stranger.password(ADA, PASSWORD).status == 429
    });
    assert!(refused, "all places are taken");
    ada.begin();
    assert!(ada.password(ADA, PASSWORD).interaction_code().is_some());
}

/// F-34, I7: a clock that is set back gives no budget anew.
#[test]
fn budgets_remember_what_was_counted_before_the_clock_was_set_back() {
    for moment in [0, 900, 1_800, 2_700] {
        let mut stage = Stage::new();
        stage.advance(24 * 3_600 + moment);
        let mut source = 0;
        let mut evaluated = |stage: &mut Stage| {
            (0..12)
                .filter(|_| {
                    source += 1;
                    let mut mallory = stage.browser("demo-spa");
                    mallory.source = format!("198.51.100.{source}");
                    mallory.begin();
                    mallory.password(ADA, "not the password").status == 200
                })
                .count()
        };
        assert_eq!(evaluated(&mut stage), 12, "ten, and two first tries of their network");
        stage.clock.0.fetch_sub(3_600 * 1_000, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(evaluated(&mut stage), 0, "{moment}");
    }
}

/// R-V7: a profile stays small, however many forms add to it.
#[test]
fn a_profile_is_at_most_32_kib() {
    let text = "{ title: T, type: string, maxLength: 20000, permissions: [{ principal: SELF, action: READ_WRITE }] }";
    let schema = format!("        bioA: {text}\n        bioB: {text}\n        customerNumber:\n");
    let form = "{ name: lastName, label: Last name, required: true }\n                # Take";
    let asks = |fields: &str| {
        format!(
            "{{ name: lastName, label: Last name, required: true }}\n{fields}                # Take"
        )
    };
    let (one, both) = (
        asks("                - { name: bioA, label: A }\n"),
        asks(
            "                - { name: bioA, label: A }\n                - { name: bioB, label: B, required: true }\n",
        ),
    );
    let stage = Stage::with(&demo_with(&[("        customerNumber:\n", &schema), (form, &one)]));
    let mut ada = stage.browser("demo-spa");
    let long = "x".repeat(20_000);
    enroll(
        &mut ada,
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace", "bioA": long}, "credentials": {"passcode": PASSWORD}}),
    );
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    stage.apply(&demo_with(&[("        customerNumber:\n", &schema), (form, &both)]));
    ada.begin();
    ada.password(ADA, PASSWORD);
    let refused = ada.step("/idp/idx/enroll/update", json!({"userProfile": {"bioB": long}}));
    assert_eq!(refused.status, 400, "{}", refused.text);
    let done = ada.step("/idp/idx/enroll/update", json!({"userProfile": {"bioB": "short"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
}

/// R-T7: a page of one app neither begins at another one nor redeems its codes.
#[test]
fn the_page_of_one_app_does_nothing_at_another() {
    let mut organisation = demo_with(&[]);
    let newsletter = organisation
        .apps
        .iter_mut()
        .find(|app| app.credentials.oauth_client.client_id == "newsletter-spa")
        .unwrap();
    newsletter.allowed_origins.push("https://other.example".into());
    let stage = Stage::with(&organisation);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let code = ada.answer_code(&stage.code(ADA)).interaction_code().unwrap();
    let form = |client: &str| {
        format!(
            "client_id={client}&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge_method=S256&code_challenge={}",
            "a".repeat(43)
        )
    };
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://other.example"),
    ];
    let refused =
        stage.request("POST", "/oauth2/default/v1/interact", &headers, form("demo-spa").as_bytes());
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (403, None),
        "{}",
        refused.text
    );
    let token = format!(
        "grant_type=interaction_code&client_id=demo-spa&interaction_code={code}&code_verifier={}",
        "b".repeat(43)
    );
    assert_eq!(
        stage.request("POST", "/oauth2/default/v1/token", &headers, token.as_bytes()).status,
        403
    );
    assert_eq!(ada.token(&code).status, 200, "and it was not spent");
}

/// F-37: what a newer version keeps, an older one during a deployment refuses or leaves, wherever
/// it is.
#[test]
fn what_an_older_version_does_not_know_is_refused_or_kept() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let mut item = stage.items("TX").pop().unwrap();
    item.body["transaction"]["subject"]["risk"] = json!("high");
    let before: Value = item.body.clone();
    stage.put(item.clone());
    stage.advance(31);
    assert_eq!(ada.step("/idp/idx/email/resend", json!({})).status, 503);
    let after = stage.items("TX").into_iter().find(|one| one.key == item.key).unwrap();
    assert_eq!(after.body, before);
}

/// Only a browser that shows its cookie can be known again: for others nothing is kept.
#[test]
fn a_client_without_cookies_leaves_no_known_browser_behind() {
    let stage = Stage::new();
    let mut app = stage.browser("demo-spa");
    app.sign_up(ADA, PASSWORD);
    app.cookie = None;
    assert!(app.answer_code(&stage.code(ADA)).interaction_code().is_some());
    assert_eq!(stage.items("BROWSER").len(), 0);
}

/// policies.md §4: two tabs complete the same form; the second one is in as well.
#[test]
fn two_tabs_at_the_same_form_both_get_in() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    let asked = (
        "# - { name: shoeSize, label: Shoe size, required: true }",
        "- { name: shoeSize, label: Shoe size, required: true }",
    );
    stage.apply(&demo_with(&[asked]));
    let mut tabs = [stage.browser("demo-spa"), stage.browser("demo-spa")];
    for tab in &mut tabs {
        tab.begin();
        assert_eq!(tab.password(ADA, PASSWORD).forms(), ["enroll-profile"]);
    }
    for tab in &mut tabs {
        let done = tab.step("/idp/idx/enroll/update", json!({"userProfile": {"shoeSize": "42"}}));
        assert!(done.interaction_code().is_some(), "{}", done.text);
    }
}

/// idx.md §5.8: the interaction code is for whoever it was given to; another tab that polls is told
/// that the flow went on.
#[test]
fn a_poll_does_not_get_the_code_of_another_tab() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.begin();
    assert_eq!(
        ada.step("/idp/idx/email/poll", json!({})).status,
        400,
        "nobody waits for a mail yet"
    );
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    let polled = ada.step("/idp/idx/email/poll", json!({}));
    assert_eq!(
        (polled.status, polled.messages()),
        (200, vec!["idx.transferred.to.new.tab".to_string()]),
        "{}",
        polled.text
    );
}

/// idx.md §7.2: what is left blank is said at its field.
#[test]
fn a_blank_name_or_password_is_said_at_its_field() {
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.begin();
    for body in [
        json!({"identifier": ""}),
        json!({"identifier": "  ", "credentials": {"passcode": "x"}}),
        json!({"identifier": ADA}),
    ] {
        let refused = ada.step("/idp/idx/identify", body.clone());
        assert!(
            refused.status == 400
                && refused.messages().iter().all(|key| key == "model.validation.field.blank"),
            "{body}: {}",
            refused.text
        );
        assert!(!refused.messages().is_empty());
        assert_eq!(refused.forms()[0], "identify");
    }
    let refused = enroll(
        &mut ada,
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    );
    assert_eq!((refused.status, refused.forms()[0].as_str()), (400, "enroll-profile"));
    assert!(refused.text.contains("model.validation.field.blank"), "{}", refused.text);
}

/// What is written to the log while `work` is done.
fn logged(work: impl FnOnce()) -> String {
    let format = || tracing_subscriber::fmt().json().flatten_event(true);
    let log = Collecting::begun(|| format().with_writer(|| ThreadLog).finish());
    work();
    log.ended()
}

/// M2, R-O6: the alarms of the template look for these very words. Half of what there is, long
/// before the end, and then the end.
#[test]
fn m2_operators_are_told_before_a_limit_of_everybody_is_used_up_and_when_it_is() {
    let mut organisation = demo_with(&[]);
    organisation.settings.limits.guesses_in_all_per_hour = 16 * 8;
    organisation.settings.limits.mails_in_all_per_day = 16 * 10;
    organisation.settings.limits.mails_per_source_per_hour = 1_000;
    let stage = Stage::with(&organisation);
    let guesses = |from: usize, to: usize| {
        for index in from..to {
            let mut botnet = stage.browser("demo-spa");
            botnet.source = format!("203.{}.{}.7", index / 200, index % 200);
            botnet.begin();
            botnet.password(&format!("user{index}@example.com"), "whatever it is");
        }
    };
    let lines = |log: &str, words: &str, limit: &str| {
        let words = [
            format!("\"message\":\"{words}\""),
            format!("\"limit\":\"{limit}\""),
            "\"level\":\"WARN\"".into(),
        ];
        log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    };
    let (nearly, used_up) =
        ("a rate limit of everybody is nearly used up", "a rate limit of everybody is used up");
    let quiet = logged(|| guesses(0, 8));
    assert_eq!(
        (lines(&quiet, nearly, "guess-all"), lines(&quiet, used_up, "guess-all")),
        (0, 0),
        "{quiet}"
    );
    let busy = logged(|| guesses(8, 90));
    assert!(lines(&busy, nearly, "guess-all") > 0, "{busy}");
    let full = logged(|| guesses(90, 300));
    assert!(lines(&full, used_up, "guess-all") > 0, "{full}");

    let mails = logged(|| {
        for index in 0..130 {
            let mut newcomer = stage.browser("demo-spa");
            newcomer.sign_up(&format!("newcomer{index}@example.com"), PASSWORD);
            stage.advance(1);
        }
    });
    assert!(
        lines(&mails, nearly, "mail-all-day") > 0 && lines(&mails, used_up, "mail-all-day") > 0,
        "{mails}"
    );
    let first = |words: &str| mails.lines().position(|line| lines(line, words, "mail-all-day") > 0);
    assert!(first(nearly) < first(used_up), "told in time: {mails}");
}
