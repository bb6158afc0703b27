//! AWS away or in the way, with the SDK clients that are deployed and their retries.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local::{Options, Patience, Running, start};
use serde_json::{Value, json};
use tests::{Answer, Browser, Control, demo, without_budgets};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "a poet of numbers";

/// Without end, for the length of a request.
const FOR_EVER: u32 = 1_000;

async fn server() -> (Running, Control) {
    let running = start(Options {
        test_control: Some(0),
        deadlines: Patience::Deployed,
        ..Options::default()
    })
    .await
    .unwrap();
    let control = Control::new(running.test_control_url.as_ref().unwrap());
    control.apply(without_budgets(&demo(&running.base_url))).await;
    (running, control)
}

/// Told as what it is: busy for the moment, and nothing that is wrong with what was typed.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    let said = answer.messages();
    assert_eq!(
        (answer.status, said.as_slice()),
        (503, &["E0000010".to_owned()][..]),
        "{answer:#?}"
    );
    assert!(answer.retry_after.is_some_and(|seconds| (1..4).contains(&seconds)), "{answer:#?}");
}

/// No one was told that the address has an account: neither the client, nor its owner by
/// mail.
async fn assert_never_taken(control: &Control, email: &str) {
    let mails = control.mails(email).await;
    assert!(
        mails.iter().all(|mail| !mail["subject"].as_str().unwrap().contains("already")),
        "{mails:#?}"
    );
}

/// At the form (its commit has few writes), and at the code: its commit makes the account and
/// has the most.
#[tokio::test(flavor = "multi_thread")]
async fn f_11_another_transaction_in_the_way_of_any_write_is_waited_for_or_said_and_never_an_address_that_is_taken()
 {
    let (running, control) = server().await;
    // More than any transaction of these steps has: the last ones are at its last write.
    for item in 0..8 {
        let email = format!("ada{item}@example.com");
        let conflict = async |times: u32, nth: u32| {
            control.fault(json!({"clear": true})).await;
            control.fault(json!({"at": "ddb.TransactWriteItems", "item": item, "nth": nth, "times": times, "do": "conflict"})).await;
        };
        let mut browser = Browser::new(&running.base_url);
        browser.begin().await;
        browser.step("/idp/idx/enroll", json!({})).await;
        conflict(FOR_EVER, 1).await;
        assert_unavailable(&browser.send_form(&email, PASSWORD).await);
        conflict(1, 1).await;
        let sent = browser.send_form(&email, PASSWORD).await;
        assert_eq!(
            (sent.status, sent.forms()[0], sent.messages()),
            (200, "enroll-authenticator", vec![]),
            "{sent:#?}"
        );

        let code = control.code(&email).await;
        // The first write of this step counts the guess; the second makes the account. Three times
        // is as often as the SDK tries.
        for times in [FOR_EVER, 3] {
            conflict(times, 2).await;
            assert_unavailable(&browser.answer_code(&code).await);
            assert!(control.users(&email).await.is_empty(), "all or nothing");
        }
        conflict(1, 2).await;
        let done = browser.answer_code(&code).await;
        assert!(done.interaction_code().is_some(), "at write {item}: {done:#?}");
        assert_eq!(
            control.suffered().await["conflict"].as_u64().map(|times| times > 0),
            Some(true)
        );
        assert_eq!(control.users(&email).await.len(), 1);
        assert_never_taken(&control, &email).await;
    }
    control.fault(json!({"clear": true})).await;
    assert_eq!(Browser::new(&running.base_url).token("x").await.status, 400, "and it serves on");
}

/// A condition that did not hold means: another was faster. It is read and decided anew; for good,
/// only what then is there is told.
#[tokio::test(flavor = "multi_thread")]
async fn f_10_a_condition_that_did_not_hold_at_any_write_is_decided_anew_and_never_an_error_of_the_program()
 {
    let (running, control) = server().await;
    let refuse = async |item: usize, times: u32| {
        control.fault(json!({"clear": true})).await;
        control.fault(json!({"at": "ddb.TransactWriteItems", "item": item, "nth": 2, "times": times, "do": "refuse"})).await;
    };
    for item in 0..8 {
        let email = format!("ada{item}@example.com");
        let mut browser = Browser::new(&running.base_url);
        browser.sign_up(&email, PASSWORD).await;
        let code = control.code(&email).await;
        refuse(item, FOR_EVER).await;
        let refused = browser.answer_code(&code).await;
        // "Too many" if it is a budget that is said to be used up, whichever one; else that many
        // are at it.
        if refused.status == 429 {
            let [said] = &refused.messages()[..] else { panic!("at write {item}: {refused:#?}") };
            assert!(
                ["tooManyRequests", "idx.error.code.too.many"].contains(&said.as_str()),
                "at write {item}: {refused:#?}"
            );
        } else {
            assert_unavailable(&refused);
        }
        assert!(control.users(&email).await.is_empty(), "all or nothing");
        refuse(item, 1).await;
        let mut done = browser.answer_code(&code).await;
        // The first try of this code is spent: what is refused now is the budget of the second one,
        // and that is told.
        if done.status == 429 {
            done = browser.answer_code(&code).await;
        }
        assert!(done.interaction_code().is_some(), "at write {item}: {done:#?}");
        assert_eq!(control.users(&email).await.len(), 1);
        assert_never_taken(&control, &email).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_13_a_transaction_that_is_still_under_way_is_waited_for() {
    let (running, control) = server().await;
    let mut browser = Browser::new(&running.base_url);
    browser.sign_up(ADA, PASSWORD).await;
    let code = control.code(ADA).await;
    control.fault(json!({"at": "ddb.TransactWriteItems", "nth": 2, "times": FOR_EVER, "do": "in_progress"})).await;
    assert_unavailable(&browser.answer_code(&code).await);
    control.fault(json!({"clear": true})).await;
    // Carried out, the answer lost, and then still under way for a while.
    for order in [json!({"nth": 2, "do": "err500_after"}), json!({"nth": 3, "do": "in_progress"})] {
        let mut order = order;
        order["at"] = json!("ddb.TransactWriteItems");
        control.fault(order).await;
    }
    assert!(browser.answer_code(&code).await.interaction_code().is_some());
    assert_eq!(control.users(ADA).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_25_mail_that_was_taken_without_an_answer_arrives_twice_at_most_and_with_the_same_code() {
    // Whether the second attempt gets an answer, or is taken without one too.
    join_all([1, 2].map(|times| async move {
        let (running, control) = server().await;
        let mut browser = Browser::new(&running.base_url);
        control.fault(json!({"at": "ses.SendEmail", "times": times, "do": "timeout_after"})).await;
        let began = Instant::now();
        let sent = browser.sign_up(ADA, PASSWORD).await;
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        let said: &[&str] = if times == 1 { &[] } else { &["idx.error.mail.not.sent"] };
        assert_eq!(
            (sent.status, sent.forms()[0], sent.messages()),
            (200, "enroll-authenticator", strings(said)),
            "{sent:#?}"
        );
        let (mails, code) = same_code(&control).await;
        assert_eq!(mails, 2);
        // A client that sends the form once more, for want of an answer, gets no third one.
        let again = browser.send_form(ADA, PASSWORD).await;
        assert_eq!((again.status, again.messages()), (200, strings(said)), "{again:#?}");
        assert_eq!(same_code(&control).await, (2, code.clone()));
        let done = browser.answer_code(&code).await;
        assert!(done.interaction_code().is_some(), "the code that arrived works: {done:#?}");
        assert_eq!(control.users(ADA).await.len(), 1);
    }))
    .await;
}

/// How many mails with a code there are, and the one code that all have.
async fn same_code(control: &Control) -> (usize, String) {
    let mails = control.mails(ADA).await;
    let codes: Vec<_> = mails.iter().filter_map(|mail| mail["code"].as_str()).collect();
    assert!(codes.iter().all(|code| *code == codes[0]), "{mails:#?}");
    assert!(mails.iter().all(|mail| mail["link"] == mails[0]["link"]), "{mails:#?}");
    (codes.len(), codes[0].to_owned())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Tokens are signed before their code is spent.
#[tokio::test(flavor = "multi_thread")]
async fn f_35_while_kms_is_away_no_token_is_made_and_the_code_stays_good_for_its_minute() {
    let (running, control) = server().await;
    let mut browser = Browser::new(&running.base_url);
    browser.sign_up(ADA, PASSWORD).await;
    let mut code = browser.answer_code(&control.code(ADA).await).await.done().to_owned();
    // At the access token and at the id token, which is signed after it.
    for (nth, order) in
        [(1, "throttle"), (2, "throttle"), (1, "err500"), (2, "err500"), (1, "reject")]
    {
        control.fault(json!({"at": "kms.Sign", "nth": nth, "times": FOR_EVER, "do": order})).await;
        for _ in 0..2 {
            let refused = browser.token(&code).await;
            assert_eq!(
                (refused.status, &refused.body["error"]),
                (503, &json!("temporarily_unavailable")),
                "{refused:#?}"
            );
            assert!(
                refused.retry_after.is_some_and(|seconds| (1..4).contains(&seconds)),
                "{refused:#?}"
            );
            assert_eq!(
                refused.body.as_object().unwrap().len(),
                2,
                "an error, its description, and no token: {refused:#?}"
            );
        }
        control.fault(json!({"clear": true})).await;
        // Within the minute, with room for what a busy machine takes.
        control.advance(40).await;
        let tokens = browser.token(&code).await;
        assert_eq!(tokens.status, 200, "{order} at signature {nth}: {tokens:#?}");
        assert_signed(&tokens);
        assert_eq!(
            browser.userinfo(tokens.body["access_token"].as_str().unwrap()).await.body["email"],
            ADA
        );
        code = browser.sign_in(ADA, PASSWORD).await.done().to_owned();
    }
    // Once is not even noticed.
    control.fault(json!({"at": "kms.Sign", "do": "throttle"})).await;
    let tokens = browser.token(&code).await;
    assert_eq!(tokens.status, 200, "{tokens:#?}");
    assert_eq!(browser.token(&code).await.body["error"], "invalid_grant", "and then it is spent");

    // An outage gives a code no longer life.
    code = browser.sign_in(ADA, PASSWORD).await.done().to_owned();
    control.fault(json!({"at": "kms.*", "times": FOR_EVER, "do": "throttle"})).await;
    assert_eq!(browser.token(&code).await.status, 503);
    // Those that were made before verify by the cached keys, and the keys are published.
    let keys = browser.get(&format!("{}/oauth2/default/v1/keys", running.base_url)).await;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1), "{keys}");
    control.advance(61).await;
    let late = browser.token(&code).await;
    control.fault(json!({"clear": true})).await;
    assert_eq!((late.status, &late.body["error"]), (400, &json!("invalid_grant")), "{late:#?}");
    assert_eq!(browser.token(&code).await.body["error"], "invalid_grant");
}

/// No token is without a signature.
fn assert_signed(tokens: &Answer) {
    for name in ["access_token", "id_token"] {
        let token = tokens.body[name].as_str().unwrap();
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
        assert!(
            token.rsplit('.').next().is_some_and(|signature| signature.len() == 342),
            "{token}"
        );
    }
    assert!(
        tokens
            .body
            .as_object()
            .is_some_and(|body| body.values().all(|value| *value != Value::Null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f_35_a_signature_that_does_not_come_in_time_is_said_in_time() {
    let (running, control) = server().await;
    let mut browser = Browser::new(&running.base_url);
    browser.sign_up(ADA, PASSWORD).await;
    let code = browser.answer_code(&control.code(ADA).await).await.done().to_owned();
    control.fault(json!({"at": "kms.Sign", "times": FOR_EVER, "do": "timeout_before"})).await;
    let began = Instant::now();
    assert_eq!(browser.token(&code).await.status, 503);
    assert!(
        (Duration::from_secs(2)..Duration::from_secs(5)).contains(&began.elapsed()),
        "{:?}",
        began.elapsed()
    );
    control.fault(json!({"clear": true})).await;
    // One that comes too late is made once more; the clock of the functions is the real one here.
    control.fault(json!({"at": "kms.Sign", "do": "timeout_after"})).await;
    assert_eq!(browser.token(&code).await.status, 200);
}
