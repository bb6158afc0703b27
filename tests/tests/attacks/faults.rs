//! Faults: the data they give away, and the state they must not undo.

use serde_json::json;

use super::stage::Stage;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

#[test]
fn r_o4_a_025_a_count_stays_whatever_becomes_of_the_request() {
    let stage = Stage::new();
    let mut counted = Vec::new();
    for nth in 1..=4 {
        let address = format!("ada{nth}@example.com");
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(&address, PASSWORD);
        let code = stage.code(&address);
        let attempts = |stage: &Stage| -> u64 {
            let counters =
                stage.dump().into_iter().filter(|item| item.key.0.starts_with("LIMIT#passcode#"));
            counters.map(|item| item.count).sum()
        };
        let before = attempts(&stage);
        stage.fault(
            json!({"at": "ddb.TransactWriteItems", "nth": nth, "times": 100, "do": "err500"}),
        );
        let answer = browser.answer_code(&code);
        stage.fault(json!({"clear": true}));
        if answer.status >= 500 {
            counted.push(attempts(&stage) - before);
        }
        assert!(
            browser.answer_code(&code).interaction_code().is_some(),
            "and the same request again tells the truth"
        );
    }
    assert!(counted.contains(&1), "a failure after the count: {counted:?}");
}

#[test]
fn a_116_an_error_tells_nothing_of_what_is_behind() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let form = json!({"userProfile": {"email": ADA, "firstName": "A", "lastName": "B"}, "credentials": {"passcode": "another password"}});
    let requests = [
        ("/idp/idx/introspect", json!({})),
        ("/idp/idx/identify", json!({"identifier": ADA, "credentials": {"passcode": PASSWORD}})),
        ("/idp/idx/enroll/new", form),
        ("/idp/idx/email/answer", json!({"credentials": {"passcode": "000000"}})),
        ("/idp/idx/enroll/update", json!({"userProfile": {}})),
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for fault in ["reject", "err500"] {
        stage.fault(json!({"at": "ddb.*", "times": 1_000, "do": fault}));
        for (path, body) in &requests {
            let answer = browser.step(path, body.clone());
            assert!((500..=503).contains(&answer.status), "{path}: {}", answer.text);
            assert!(
                answer.header("x-okta-request-id").is_some_and(|id| id.len() > 3),
                "which request it was in the logs: {:?}",
                answer.headers
            );
            bodies.insert(answer.text);
        }
        let token = browser.token("an interaction code");
        assert!((500..=503).contains(&token.status), "{}", token.text);
        bodies.insert(token.text);
        stage.fault(json!({"clear": true}));
    }
    for body in &bodies {
        for foreign in [
            "vestibule",
            "dynamo",
            "arn:",
            "AccessDenied",
            "InternalServerError",
            "ordered by",
            "src/",
            ".rs",
            "TX#",
            "panicked",
            "127.0.0.1",
        ] {
            assert!(!body.to_lowercase().contains(&foreign.to_lowercase()), "{foreign} in {body}");
        }
    }
    assert!(bodies.len() <= 4, "fixed: {bodies:#?}");
}
