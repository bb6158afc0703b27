//! Budgets hold in any span of their width, wherever the edge of a window is (security.md I7, I8,
//! R-R5), and end when they should.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use engine::testing::{block_on, join_all};
use serde_json::json;
use stage::{Stage, demo};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const HOUR: u64 = 3_600;

/// Moments spread over a window of `width` seconds: one of them is close to its edge.
fn moments(width: u64) -> impl Iterator<Item = u64> {
    (0..4).map(move |part| part * width / 4 + width / 9)
}

fn with_limit_of_requests() -> Stage {
    let mut organisation = demo();
    organisation.settings.limits.requests_per_transaction = 10;
    Stage::with(&organisation)
}

#[test]
fn r_r5_ten_requests_per_handle_in_any_five_seconds() {
    for tenth in (0..50).step_by(7) {
        let stage = with_limit_of_requests();
        stage.clock.0.fetch_add(tenth * 100, std::sync::atomic::Ordering::SeqCst);
        let mut browser = stage.browser("demo-spa");
        // The first request of a handle; the interaction handle was another one.
        browser.begin();
        let mut burst = |requests: usize| {
            let answers: Vec<_> =
                (0..requests).map(|_| browser.step("/idp/idx/introspect", json!({}))).collect();
            for refused in answers.iter().filter(|answer| answer.status == 429) {
                let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=5).contains(&wait), "{wait}");
                assert_eq!(refused.messages(), ["tooManyRequests"]);
                assert_eq!(
                    refused.forms(),
                    ["identify", "select-enroll-profile"],
                    "the form stays"
                );
            }
            answers.iter().filter(|answer| answer.status == 200).count()
        };
        let first = burst(15);
        assert!((9..=10).contains(&first), "{first} after {tenth} tenths");
        stage.advance(3);
        assert_eq!(burst(15), 0, "three seconds later, {tenth} tenths");
        stage.advance(3);
        assert_eq!(burst(15), 10, "six seconds later, {tenth} tenths");
    }
}

#[test]
fn r_r5_thirty_requests_at_once_are_ten() {
    let stage = with_limit_of_requests();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    stage.advance(6);
    let body = json!({"stateHandle": browser.handle}).to_string();
    let request = engine::http::Request {
        method: "POST".parse().unwrap(),
        path: "/idp/idx/introspect".into(),
        query: policy::secret::Secret::new(""),
        headers: [(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]
            .into_iter()
            .collect(),
        body: body.clone().into_bytes(),
        source: stage.source.clone(),
        request_id: "test".into(),
    };
    let answers = block_on(join_all(
        (0..30).map(|_| stage.engine.serve(idx::operation::Function::Identify, &request)),
    ));
    assert_eq!(answers.iter().filter(|answer| answer.status() == 200).count(), 10);
}

#[test]
fn i7_few_guesses_per_address_in_any_hour() {
    for moment in moments(HOUR) {
        let mut stage = Stage::new();
        let mut ada = stage.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        ada.answer_code(&stage.code(ADA));
        stage.advance(moment);
        let mut source = 0;
        let mut evaluated = |stage: &mut Stage, guesses: usize| {
            let mut evaluated = 0;
            for _ in 0..guesses {
                source += 1;
                stage.source = format!("198.51.100.{source}");
                let mut mallory = stage.browser("demo-spa");
                mallory.begin();
                evaluated += usize::from(mallory.password(ADA, "not the password").status == 401);
            }
            evaluated
        };
        assert_eq!(evaluated(&mut stage, 4), 4);
        stage.advance(HOUR / 2);
        assert_eq!(
            evaluated(&mut stage, 12),
            8,
            "ten in an hour, and two first tries of their network, {moment}"
        );
        stage.advance(HOUR / 4);
        assert_eq!(evaluated(&mut stage, 5), 0, "{moment}");
        stage.advance(HOUR + 1);
        assert_eq!(evaluated(&mut stage, 13), 12, "an hour after the last try, {moment}");
    }
}

#[test]
fn i8_five_mails_per_address_in_any_hour_and_ten_in_any_day() {
    for moment in moments(HOUR).chain(moments(24 * HOUR)) {
        let mut stage = Stage::new();
        stage.advance(moment);
        let mut source = 0;
        let mut mailed = |stage: &mut Stage, tries: usize| {
            let before = stage.mails().len();
            for _ in 0..tries {
                source += 1;
                stage.source = format!("198.51.100.{source}");
                stage.browser("demo-spa").sign_up(ADA, PASSWORD);
            }
            stage.mails().len() - before
        };
        assert_eq!(mailed(&mut stage, 7), 5);
        stage.advance(HOUR / 2);
        assert_eq!(mailed(&mut stage, 3), 0, "half an hour later, {moment}");
        stage.advance(HOUR / 2 + 1);
        assert_eq!(mailed(&mut stage, 7), 5, "an hour later, {moment}");
        for _ in 0..22 {
            stage.advance(HOUR);
            assert_eq!(mailed(&mut stage, 1), 0, "within a day, {moment}");
        }
        stage.advance(2 * HOUR);
        assert_eq!(mailed(&mut stage, 2), 2, "a day later, {moment}");
    }
}
