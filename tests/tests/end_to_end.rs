//! Journeys, races and faults over real HTTP, with the SDK clients that are deployed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::time::Duration;

use futures_util::future::join_all;
use idx::operation::Function;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use local::{Options, Patience, Running, start};
use serde_json::{Value, json};
use tests::{Answer, Browser, Control, asking_for_shoe_size, demo, without_budgets};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "a poet of numbers";

async fn server() -> (Running, Control) {
    let running = start(Options {
        test_control: Some(0),
        deadlines: Patience::Deployed,
        ..Options::default()
    })
    .await
    .unwrap();
    let control = Control::new(running.test_control_url.as_ref().unwrap());
    (running, control)
}

async fn signed_up(base: &str, control: &Control, email: &str) -> Answer {
    let mut browser = Browser::new(base);
    let sent = browser.sign_up(email, PASSWORD).await;
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{sent:#?}");
    browser.answer_code(&control.code(email).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_up_comes_back_and_is_asked_for_one_thing_more() {
    let (running, control) = server().await;
    let base = &running.base_url;
    let mut browser = Browser::new(base);
    let sent = browser.sign_up(ADA, PASSWORD).await;
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{sent:#?}");
    assert!(control.users(ADA).await.is_empty(), "no user before the mailbox is proven");
    let done = browser.answer_code(&control.code(ADA).await).await;
    let tokens = browser.token(done.done()).await;

    let claims =
        verified(&browser, base, tokens.body["id_token"].as_str().unwrap(), "demo-spa").await;
    let expected = (json!(ADA), json!(true), json!("nonce"));
    assert_eq!(
        (claims["email"].clone(), claims["email_verified"].clone(), claims["nonce"].clone()),
        expected,
        "{claims:#}"
    );
    let userinfo = browser.userinfo(tokens.body["access_token"].as_str().unwrap()).await;
    assert_eq!(
        (&userinfo.body["sub"], &userinfo.body["email"]),
        (&claims["sub"], &json!(ADA)),
        "{userinfo:#?}"
    );
    assert_eq!(browser.token(done.done()).await.status, 400, "a code is good once");

    let again = Browser::new(base).sign_in(ADA, PASSWORD).await;
    assert!(again.interaction_code().is_some(), "{again:#?}");

    // It takes effect at the next step, without a restart.
    control.apply(asking_for_shoe_size(&demo(base))).await;
    let asked = browser.sign_in(ADA, PASSWORD).await;
    assert_eq!(asked.forms(), ["enroll-profile"], "{asked:#?}");
    let fields =
        asked.body["remediation"]["value"][0]["value"][0]["form"]["value"].as_array().unwrap();
    assert_eq!(
        fields.iter().map(|field| field["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["shoeSize"]
    );
    let wrong =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"shoeSize": "57"}})).await;
    assert_eq!((wrong.status, wrong.forms()), (400, vec!["enroll-profile"]), "{wrong:#?}");
    let done =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"shoeSize": "38"}})).await;
    assert_eq!(browser.token(done.done()).await.status, 200);
    let users = control.users(ADA).await;
    assert_eq!((users.len(), &users[0]["profile"]["shoeSize"]), (1, &json!("38")));
    assert!(browser.sign_in(ADA, PASSWORD).await.interaction_code().is_some(), "asked once");
}

/// The claims of a token that a client would believe: by the published keys, RS256 and nothing
/// else.
async fn verified(browser: &Browser, base: &str, token: &str, audience: &str) -> Value {
    let discovery =
        browser.get(&format!("{base}/oauth2/default/.well-known/openid-configuration")).await;
    assert_eq!(discovery["issuer"], format!("{base}/oauth2/default"));
    let keys: JwkSet =
        serde_json::from_value(browser.get(discovery["jwks_uri"].as_str().unwrap()).await).unwrap();
    let key =
        keys.find(&decode_header(token).unwrap().kid.expect("a key id")).expect("a published key");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[discovery["issuer"].as_str().unwrap()]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    let key = DecodingKey::from_jwk(key).unwrap();
    // One byte of the claims changed: not believed.
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let forged = format!("{head}.{}.{signature}", claims.chars().rev().collect::<String>());
    assert!(decode::<Value>(&forged, &key, &validation).is_err());
    decode::<Value>(token, &key, &validation).unwrap().claims
}

#[tokio::test(flavor = "multi_thread")]
async fn f_42_a_body_as_base64_and_as_text_get_the_same_answer() {
    let (running, control) = server().await;
    // API Gateway passes JSON on as text and ion+json as base64; so does the local gateway.
    let mut journeys = Vec::new();
    for media_type in ["application/json", "application/ion+json"] {
        let mut browser = Browser::new(&running.base_url).sending(media_type);
        let mut answers = vec![browser.begin().await];
        answers.push(browser.step("/idp/idx/enroll", json!({})).await);
        answers.push(browser.send_form("not an address", "short").await);
        answers.push(browser.send_form(ADA, PASSWORD).await);
        answers.push(browser.answer_code("000000").await);
        answers.push(browser.step("/idp/idx/cancel", json!({})).await);
        journeys.push(
            answers
                .into_iter()
                .map(|answer| (answer.status, comparable(&answer.body)))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(journeys[0], journeys[1]);
    assert!(control.users(ADA).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f_42_the_deployed_function_takes_both_kinds_of_event() {
    let (running, _control) = server().await;
    let engine = identify::engine(&environment(&running)).await.unwrap();
    let mut browser = Browser::new(&running.base_url);
    let expected = browser.begin().await.body;
    let body = json!({"interactionHandle": browser.interaction}).to_string();
    for (body, base64) in [(body.clone(), false), (base64(&body), true)] {
        let mut event: Value =
            serde_json::from_str(include_str!("../events/identify-introspect.json")).unwrap();
        event["body"] = json!(body);
        event["isBase64Encoded"] = json!(base64);
        let response =
            runtime::handle(&engine, Function::Identify, serde_json::from_value(event).unwrap())
                .await;
        assert_eq!(response.status(), 200);
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(comparable(&answer), comparable(&expected), "isBase64Encoded: {base64}");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// The environment that the template gives the function `identify`, on the endpoints of a running
/// server.
fn environment(running: &Running) -> runtime::Environment {
    let (dynamodb, services, base) =
        (running.dynamodb_url.clone(), running.services_url.clone(), running.base_url.clone());
    let value = move |name: &str| {
        Some(match name {
            "TABLE_NAME" => "vestibule".into(),
            "BASE_URL" => base.clone(),
            "INTERACTION_SECRET_ID" => "vestibule-interaction".into(),
            "PEPPER_SECRET_ID" => "vestibule-pepper".into(),
            "AWS_REGION" => "eu-central-1".into(),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "local".into(),
            "AWS_ENDPOINT_URL_DYNAMODB" => dynamodb.clone(),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => services.clone(),
            _ => return None,
        })
    };
    runtime::Environment::from_vars(value).unwrap()
}

/// An envelope without what is different in each transaction.
fn comparable(envelope: &Value) -> String {
    let handle = envelope["stateHandle"].as_str().unwrap_or("none").to_owned();
    let expires = envelope["expiresAt"].as_str().unwrap_or("never").to_owned();
    envelope.to_string().replace(&handle, "HANDLE").replace(&expires, "EXPIRES")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_031_a_hundred_registrations_of_one_address_at_once_make_one_user() {
    let (running, control) = server().await;
    control.apply(without_budgets(&demo(&running.base_url))).await;
    let mut browsers: Vec<_> = (0..100).map(|_| Browser::new(&running.base_url)).collect();
    for browser in &mut browsers {
        browser.begin().await;
        browser.step("/idp/idx/enroll", json!({})).await;
    }
    // A hundred at once is more than the server admits: it says so, and clients come again.
    let sent = join_all(
        browsers.iter().map(|browser| until_admitted(|| browser.send_form(ADA, PASSWORD))),
    )
    .await;
    assert!(sent.iter().all(|answer| answer.forms()[0] == "enroll-authenticator"), "{sent:#?}");
    // Where the first try was cut off between commit and mail, the repeated request says so.
    for (browser, _) in
        browsers.iter().zip(&sent).filter(|(_, answer)| !answer.messages().is_empty())
    {
        let again = browser.step("/idp/idx/email/resend", json!({})).await;
        assert_eq!((again.status, again.messages()), (200, vec![]), "{again:#?}");
    }
    let mails = control.mails(ADA).await;
    assert!(control.users(ADA).await.is_empty());

    let answers = join_all(browsers.iter().map(|browser| {
        // The id in a link is the one in the handle of the transaction that it belongs to.
        let id = browser.handle.split('.').next().unwrap();
        let mail = mails
            .iter()
            .rfind(|mail| mail["link"].as_str().unwrap().contains(&format!("/{id}?")))
            .unwrap();
        until_admitted(|| browser.answer_code(mail["code"].as_str().unwrap()))
    }))
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| [200, 400].contains(status)), "{statuses:?}");
    assert_eq!(
        answers.iter().filter(|answer| answer.interaction_code().is_some()).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        (
            control.users(ADA).await.len(),
            control.items("USER").await.len(),
            control.items("PASSWORD").await.len()
        ),
        (1, 1, 1)
    );
    // The losers' answers count as guesses at this address for an hour.
    control.advance(3_600).await;
    let signed_in = Browser::new(&running.base_url).sign_in(ADA, PASSWORD).await;
    assert!(signed_in.interaction_code().is_some(), "{signed_in:#?}");
}

async fn until_admitted<F: Future<Output = Answer>>(request: impl Fn() -> F) -> Answer {
    for _ in 0..100 {
        let answer = request().await;
        if ![429, 503].contains(&answer.status) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never admitted")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_011_fifty_guesses_at_once_are_five() {
    let (running, control) = server().await;
    // All fifty shall reach the code's own budget.
    control
        .apply(demo(&running.base_url).replacen(
            "\nsettings:\n",
            "\nsettings:\n  limits: { requestsPerTransaction: 1000 }\n",
            1,
        ))
        .await;
    let mut browser = Browser::new(&running.base_url);
    browser.sign_up(ADA, PASSWORD).await;
    let code = control.code(ADA).await;
    let guesses: Vec<_> = (1..=50)
        .map(|ahead| format!("{:06}", (code.parse::<u32>().unwrap() + ahead) % 1_000_000))
        .collect();
    let statuses: Vec<_> = join_all(guesses.iter().map(|guess| browser.answer_code(guess)))
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    let evaluated = statuses.iter().filter(|status| **status == 401).count();
    assert!(evaluated <= 5, "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429, 503].contains(status)), "{statuses:?}");
    // On a machine that is busy, some of the five had no answer in time, or were never counted: one
    // after the other, the rest.
    let mut more = 0;
    while browser.answer_code(&guesses[0]).await.status == 401 {
        more += 1;
        assert!(evaluated + more <= 5, "{statuses:?} and {more}");
    }
    let counters: Vec<_> = control
        .items("LIMIT")
        .await
        .into_iter()
        .filter(|item| item["key"].as_str().unwrap().starts_with("LIMIT#passcode#"))
        .collect();
    assert_eq!(
        counters.iter().map(|item| item["count"].as_u64().unwrap()).collect::<Vec<_>>(),
        [5]
    );
    let right = browser.answer_code(&code).await;
    assert_eq!(
        (right.status, right.messages()),
        (429, vec!["idx.error.code.too.many".to_string()]),
        "{right:#?}"
    );
    assert!(control.users(ADA).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f_01_a_throttle_is_not_noticed() {
    let (running, control) = server().await;
    for (index, call) in
        ["ddb.TransactWriteItems", "ddb.TransactGetItems", "ddb.*"].iter().enumerate()
    {
        let email = format!("ada{index}@example.com");
        let mut browser = Browser::new(&running.base_url);
        browser.sign_up(&email, PASSWORD).await;
        let code = control.code(&email).await;
        control.fault(json!({"at": call, "nth": 1, "do": "throttle"})).await;
        let done = browser.answer_code(&code).await;
        control.fault(json!({"clear": true})).await;
        assert_eq!(browser.token(done.done()).await.status, 200, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_07_an_account_that_was_made_without_an_answer_is_made_once() {
    let (running, control) = server().await;
    // Which of the step's writes it is: the count of the attempt, or the account.
    for nth in [1, 2] {
        let email = format!("ada{nth}@example.com");
        let mut browser = Browser::new(&running.base_url);
        browser.sign_up(&email, PASSWORD).await;
        let code = control.code(&email).await;
        control
            .fault(json!({"at": "ddb.TransactWriteItems", "nth": nth, "do": "timeout_after"}))
            .await;
        let mut answer = browser.answer_code(&code).await;
        if answer.interaction_code().is_none() {
            assert_eq!(answer.status, 503, "{answer:#?}");
            answer = browser.answer_code(&code).await;
        }
        control.fault(json!({"clear": true})).await;
        // The same request once more tells the truth: done, with the code that can be redeemed.
        let repeated = browser.answer_code(&code).await;
        assert_eq!(repeated.done(), answer.done());
        assert_eq!(browser.token(repeated.done()).await.status, 200);
        assert_eq!(control.users(&email).await.len(), 1);
        assert!(browser.sign_in(&email, PASSWORD).await.interaction_code().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_23_a_mail_that_was_not_sent_is_said_and_can_be_asked_for_again() {
    let (running, control) = server().await;
    let mut browser = Browser::new(&running.base_url);
    control.fault(json!({"at": "ses.SendEmail", "times": 100, "do": "err500"})).await;
    let unsent = browser.sign_up(ADA, PASSWORD).await;
    assert_eq!((unsent.status, unsent.forms()[0]), (200, "enroll-authenticator"), "{unsent:#?}");
    assert_eq!(unsent.messages(), ["idx.error.mail.not.sent"]);
    let repeated = browser.send_form(ADA, PASSWORD).await;
    assert_eq!(
        (repeated.status, repeated.messages()),
        (200, vec!["idx.error.mail.not.sent".to_string()]),
        "the same request, the same truth"
    );
    let again = browser.step("/idp/idx/email/resend", json!({})).await;
    assert_eq!(
        (again.status, again.messages()),
        (503, vec!["idx.error.mail.not.sent".to_string()]),
        "{again:#?}"
    );
    assert!(control.mails(ADA).await.is_empty());
    control.fault(json!({"clear": true})).await;
    let sent = browser.step("/idp/idx/email/resend", json!({})).await;
    assert_eq!((sent.status, sent.messages()), (200, vec![]), "{sent:#?}");
    assert_eq!(control.mails(ADA).await.len(), 1);
    assert!(browser.answer_code(&control.code(ADA).await).await.interaction_code().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_over_when_its_time_is_and_accounts_are_not() {
    let (running, control) = server().await;
    assert!(signed_up(&running.base_url, &control, ADA).await.interaction_code().is_some());
    let mut browser = Browser::new(&running.base_url);
    browser.begin().await;
    control.advance(16 * 60).await;
    let late = browser
        .step(
            "/idp/idx/identify",
            json!({"identifier": ADA, "credentials": {"passcode": PASSWORD}}),
        )
        .await;
    assert_eq!(
        (late.status, late.messages()),
        (401, vec!["idx.session.expired".to_string()]),
        "{late:#?}"
    );
    assert!(browser.sign_in(ADA, PASSWORD).await.interaction_code().is_some());
}
