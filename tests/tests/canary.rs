//! R-L1: nothing secret or personal in what the process writes, whatever happens: distinctive
//! values go in, the output is searched for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::process;

use std::cell::RefCell;
use std::collections::BTreeSet;

use process::Server;
use serde_json::{Value, json};
use tests::{Answer, Browser, Control, asking_for_shoe_size, demo};

const EMAIL: &str = "canary-mailbox@canary-host.example";
const PASSWORD: &str = "yellow-bird-7Qx1";
const WRONG: &str = "yellow-wrong-9Zr4";
const NAME: &str = "canary-surname-5Lk2";
const VERIFIER: &str = "canary-verifier-3Bn8-canary-verifier-3Bn8-canary";
const NONCE: &str = "canary-nonce-6Hd0";

#[tokio::test(flavor = "multi_thread")]
async fn r_l1_a_117_nothing_secret_is_written_whatever_happens() {
    let server = Server::start(&["--in-memory", "--log", "--test-control", "0"]);
    let control = Control::new(server.control.as_ref().unwrap());
    let mut browser = Browser::new(&server.base);
    (browser.verifier, browser.nonce) = (VERIFIER.into(), NONCE.into());
    let mut canaries: Vec<String> =
        [EMAIL, PASSWORD, WRONG, NAME, VERIFIER, NONCE].map(String::from).into();
    let mut see = |answer: &Answer| canaries.extend(secrets(answer));
    // All answers.
    let answers = RefCell::new(Vec::new());
    let kept = |answer: Answer| {
        answers.borrow_mut().push(answer.clone());
        answer
    };

    see(&kept(browser.begin().await));
    kept(browser.step("/idp/idx/enroll", json!({})).await);
    let profile = json!({"email": EMAIL, "firstName": "Ada", "lastName": NAME});
    let form = json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}});
    // Faults at every service, so that errors are logged too.
    for at in ["ddb.*", "ses.SendEmail"] {
        control.fault(json!({"at": at, "times": 50, "do": "reject"})).await;
        let failed = kept(browser.step("/idp/idx/enroll/new", form.clone()).await);
        control.fault(json!({"clear": true})).await;
        // A mail that is rejected for good looks like one that was sent.
        assert_eq!(failed.status >= 500, at.starts_with("ddb"), "{failed:#?}");
    }
    control.fault(json!({"at": "ses.SendEmail", "times": 50, "do": "err500"})).await;
    kept(browser.step("/idp/idx/email/resend", json!({})).await);
    control.fault(json!({"clear": true})).await;
    control.advance(31).await;
    assert_eq!(kept(browser.step("/idp/idx/email/resend", json!({})).await).status, 200);
    kept(browser.answer_code("000000").await);
    let mail = control.mails(EMAIL).await.last().unwrap().clone();
    let (code, link) = (mail["code"].as_str().unwrap(), mail["link"].as_str().unwrap());
    browser.get(link).await;
    control.fault(json!({"at": "ddb.TransactWriteItems", "times": 50, "do": "err500"})).await;
    assert!(kept(browser.answer_code(code).await).status >= 500);
    control.fault(json!({"clear": true})).await;
    let done = kept(browser.answer_code(code).await);
    see(&done);
    kept(browser.token("canary-interaction-code-1Vw5").await);
    let tokens = kept(browser.token(done.done()).await);
    see(&tokens);
    assert_eq!(
        kept(browser.userinfo(tokens.body["access_token"].as_str().unwrap()).await).status,
        200
    );
    assert!(kept(browser.userinfo("canary-access-token-2Kt6").await).status >= 400);

    kept(browser.sign_in(EMAIL, WRONG).await);
    control.apply(asking_for_shoe_size(&demo(&server.base))).await;
    see(&kept(browser.sign_in(EMAIL, PASSWORD).await));
    kept(
        browser
            .step(
                "/idp/idx/enroll/update",
                json!({"userProfile": {"shoeSize": "canary-size-8Pm3"}}),
            )
            .await,
    );
    kept(
        browser
            .step("/idp/idx/enroll/update", json!({"userProfile": {"canary-field-4Cy7": 1}}))
            .await,
    );
    see(&kept(
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"shoeSize": "38"}})).await,
    ));

    let token = link.split_once("token=").unwrap().1.to_owned();
    canaries.extend([token.clone(), browser.handle.clone(), browser.interaction.clone()]);
    canaries.extend(["canary-".into(), "yellow-".into(), EMAIL.split('@').next().unwrap().into()]);
    // What a person knows and what only the mailbox shows is in no answer, whatever became of the
    // request; what an app gets is in those alone that hand it out, and in none that is an error of
    // ours.
    for answer in &*answers.borrow() {
        let text = format!("{} {:?}", answer.body, answer.cookies);
        for never in
            [PASSWORD, WRONG, VERIFIER, &token, "canary-interaction-code", "canary-access-token"]
        {
            assert!(!text.contains(never), "{never} was answered: {answer:#?}");
        }
        assert!(
            text.split(|char: char| !char.is_ascii_digit()).all(|word| word != code),
            "the code was answered: {answer:#?}"
        );
        let of_ours = answer.status >= 500 && answer.messages() != ["idx.error.mail.not.sent"];
        assert!(
            !of_ours || canaries.iter().all(|canary| !text.contains(canary.as_str())),
            "{answer:#?}"
        );
    }
    let statuses: BTreeSet<_> = answers.borrow().iter().map(|answer| answer.status).collect();
    assert!(
        answers.borrow().len() > 15
            && [200, 400, 401, 503].iter().all(|status| statuses.contains(status)),
        "{statuses:?}"
    );

    let output = server.stopped();
    assert!(
        output.lines().filter(|line| line.contains("\"message\":\"request\"")).count() > 15,
        "{output}"
    );
    assert!(
        output.contains("a mail was not sent") && output.contains("ERROR"),
        "the faults were logged: {output}"
    );
    assert!(canaries.len() > 15, "{canaries:?}");
    for canary in &canaries {
        assert!(!output.contains(canary.as_str()), "{canary} was written:\n{output}");
    }
    // Six digits may be part of some number; as a word of its own the code is nowhere.
    let words = output.split(|char: char| !char.is_ascii_digit());
    assert!(words.into_iter().all(|word| word != code), "the code was written:\n{output}");
}

/// Handles, codes, tokens and cookies of an answer.
fn secrets(answer: &Answer) -> Vec<String> {
    let of_tokens =
        ["access_token", "id_token", "stateHandle"].map(|key| answer.body[key].as_str());
    let cookies = answer.cookies.iter().map(|cookie| cookie.split_once('=').unwrap().1);
    let found = of_tokens
        .into_iter()
        .flatten()
        .chain(answer.interaction_code())
        .chain(cookies)
        .map(str::to_owned);
    // Of a handle or a token, its secret part: an id before the dot may be logged.
    found
        .map(|secret| secret.rsplit('.').next().map(String::from).unwrap_or(secret))
        .filter(|secret| !secret.is_empty())
        .collect()
}

#[test]
fn a_canary_is_found_where_it_is() {
    let answer = Answer {
        status: 200,
        body: json!({"stateHandle": "id.secret", "access_token": "a.b.c"}),
        cookies: vec!["n=v".into()],
        retry_after: None,
    };
    assert_eq!(secrets(&answer), ["c", "secret", "v"]);
    assert!(
        secrets(&Answer { status: 200, body: Value::Null, cookies: vec![], retry_after: None })
            .is_empty()
    );
}
