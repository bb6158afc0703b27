//! The alarms speak: each metric filter of the template is held against lines that the code really
//! logs (security.md R-O6, F-16, F-23).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use engine::Engine;
use engine::testing::{Collecting, ThreadLog};
use idx::operation::Function;
use local::{Options, Running};
use runtime::Environment;
use serde_json::{Value, json};
use tests::{Browser, Control};
use tokio::runtime::Runtime;

use super::document::Template;

/// The server's own lines are written by its threads, and not collected here.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A pattern as `CloudWatch` Logs reads it, as far as the template uses the syntax: `{ $.a = "b" &&
/// $.c != "d" || … }`, where `&&` binds tighter. What a line lacks is neither equal nor unequal.
fn matches(pattern: &str, line: &Value) -> bool {
    let inner = pattern
        .trim()
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .unwrap_or_else(|| panic!("{pattern} is not of JSON"));
    let compares = |comparison: &str| {
        let equals = !comparison.contains("!=");
        let (field, text) = comparison
            .split_once(if equals { "=" } else { "!=" })
            .unwrap_or_else(|| panic!("{comparison} compares nothing"));
        let field =
            field.trim().strip_prefix("$.").unwrap_or_else(|| panic!("{field} is no field"));
        let text = text
            .trim()
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or_else(|| panic!("{text} is no text"));
        assert!(!text.contains(['"', '*', '%', '\\']), "{text} is more than a text");
        line[field].as_str().is_some_and(|found| (found == text) == equals)
    };
    inner.split("||").any(|either| either.split("&&").all(compares))
}

#[test]
fn the_patterns_are_read_as_cloudwatch_reads_them() {
    let line = json!({ "level": "WARN", "message": "it = so", "n": 1 });
    for (pattern, expected) in [
        (r#"{ $.level = "WARN" }"#, true),
        (r#"{ $.level = "ERROR" }"#, false),
        (r#"{ $.level != "ERROR" && $.message = "it = so" }"#, true),
        (r#"{ $.level = "ERROR" || $.message = "it = so" }"#, true),
        (r#"{ $.level = "ERROR" || $.level = "WARN" && $.message = "no" }"#, false),
        (r#"{ $.absent != "x" }"#, false),
        (r#"{ $.n = "1" }"#, false),
    ] {
        assert_eq!(matches(pattern, &line), expected, "{pattern}");
    }
}

/// Each filter of the log of `function`: its metric, and its pattern.
fn filters(template: &Template, function: &str) -> BTreeMap<String, String> {
    let log = &template.functions()[function].1["Properties"]["LoggingConfig"]["LogGroup"];
    let of_log = template
        .of_type("AWS::Logs::MetricFilter")
        .into_values()
        .filter(|filter| filter["Properties"]["LogGroupName"] == *log);
    let filters = of_log.map(|filter| {
        let [metric] = filter["Properties"]["MetricTransformations"].as_array().unwrap().as_slice()
        else {
            panic!("{filter}")
        };
        (
            metric["MetricName"].as_str().unwrap().to_owned(),
            filter["Properties"]["FilterPattern"].as_str().unwrap().to_owned(),
        )
    });
    filters.collect()
}

/// The metrics of `function` that these lines count in.
fn counted(template: &Template, function: Function, lines: &[Value]) -> BTreeSet<String> {
    let filters = filters(template, function.name());
    filters
        .into_iter()
        .filter(|(_, pattern)| lines.iter().any(|line| matches(pattern, line)))
        .map(|(metric, _)| metric)
        .collect()
}

/// The lines that are logged on this thread while `work` runs, as Lambda keeps it.
fn logged<T>(work: impl Future<Output = T>) -> (T, Vec<Value>) {
    let log = Collecting::begun(|| runtime::log_lines().with_writer(|| ThreadLog).finish());
    let result = RUNTIME.block_on(work);
    let lines = log.ended();
    (result, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// A request as API Gateway hands it on.
fn event(path: &str, headers: &Value, body: &str) -> runtime::Event {
    let event = json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": { "http": { "method": "POST", "path": path, "sourceIp": "192.0.2.7", "userAgent": "test" }, "requestId": "r-1" },
        "body": body,
        "isBase64Encoded": false,
    });
    serde_json::from_value(event).unwrap()
}

struct World {
    template: Template,
    running: Running,
    environment: Environment,
}

impl World {
    fn new() -> Self {
        let running = RUNTIME
            .block_on(local::start(Options { test_control: Some(0), ..Options::default() }))
            .unwrap();
        let environment =
            Environment::from_vars(|name| running.variables.get(name).cloned()).unwrap();
        Self { template: Template::read(), running, environment }
    }

    fn fault(&self, at: &str, what: &str) {
        self.running.faults.clear();
        self.running.faults.order(
            serde_json::from_value(json!({ "at": at, "times": 1_000_000, "do": what })).unwrap(),
        );
    }

    async fn engine(&self, function: Function) -> Result<Engine, runtime::Error> {
        match function {
            Function::Identify => identify::engine(&self.environment).await,
            Function::Register => register::engine(&self.environment).await,
            Function::VerifyEmail => verify_email::engine(&self.environment).await,
            Function::ProgressiveEnrollment => {
                progressive_enrollment::engine(&self.environment).await
            }
            Function::Oidc => oidc::engine(&self.environment).await,
        }
    }

    /// The metrics that count something while `function` answers a request.
    fn counts(
        &self,
        function: Function,
        path: &str,
        headers: &Value,
        body: &str,
    ) -> (u16, BTreeSet<String>) {
        let engine = RUNTIME.block_on(self.engine(function)).unwrap();
        let (response, lines) =
            logged(runtime::handle(&engine, function, event(path, headers, body)));
        assert!(
            lines.iter().any(|line| line["message"] == "request"),
            "the lines are collected: {lines:?}"
        );
        (response.status().as_u16(), counted(&self.template, function, &lines))
    }
}

/// Where each function may be asked something by a page of an unknown origin: it looks whether
/// an app lists it.
const ASKED: [(Function, &str, &str); 5] = [
    (Function::Identify, "/idp/idx/introspect", "application/json"),
    (Function::Register, "/idp/idx/enroll/new", "application/json"),
    (Function::VerifyEmail, "/idp/idx/email/answer", "application/json"),
    (Function::ProgressiveEnrollment, "/idp/idx/enroll/update", "application/json"),
    (Function::Oidc, "/oauth2/default/v1/interact", "application/x-www-form-urlencoded"),
];

#[test]
fn f_16_a_request_that_cannot_be_served_is_counted_for_every_function_and_a_refused_one_is_not() {
    let world = World::new();
    for (function, path, kind) in ASKED {
        let headers = json!({ "content-type": kind, "origin": "https://unknown.example" });
        assert_eq!(world.counts(function, path, &headers, "{}"), (403, BTreeSet::new()), "{path}");
        let engine = RUNTIME.block_on(world.engine(function)).unwrap();
        world.fault("ddb.*", "reject");
        let (response, lines) =
            logged(runtime::handle(&engine, function, event(path, &headers, "{}")));
        world.running.faults.clear();
        assert_eq!(response.status(), 503, "{path}");
        assert_eq!(
            counted(&world.template, function, &lines),
            BTreeSet::from(["Errors".to_owned()]),
            "{path}: {lines:?}"
        );
    }
}

#[test]
fn f_23_a_mail_that_ses_does_not_take_is_counted_and_one_that_it_rejects_is_not() {
    let world = World::new();
    for (fault, counted) in [("err500", true), ("throttle", true), ("reject", false)] {
        let mut browser = Browser::new(&world.running.base_url);
        RUNTIME.block_on(async {
            browser.begin().await;
            browser.step("/idp/idx/enroll", json!({})).await;
        });
        let profile = json!({ "email": format!("{fault}@example.com"), "firstName": "Ada", "lastName": "Lovelace" });
        let body = json!({ "stateHandle": browser.handle, "userProfile": profile, "credentials": { "passcode": "correct horse battery" } });
        world.fault("ses.SendEmail", fault);
        let headers = json!({ "content-type": "application/json" });
        let (status, metrics) =
            world.counts(Function::Register, "/idp/idx/enroll/new", &headers, &body.to_string());
        world.running.faults.clear();
        assert_eq!(status, 200);
        assert_eq!(metrics.contains("MailsNotSent"), counted, "{fault}: {metrics:?}");
    }
    // The other function that mails logs the same: it is one piece of code.
    let pattern = |function| filters(&world.template, function)["MailsNotSent"].clone();
    assert_eq!(pattern("register"), pattern("verify-email"));
}

#[test]
fn r_o6_m2_a_limit_that_everyone_shares_is_counted() {
    let world = World::new();
    let organisation = tests::demo(&world.running.base_url).replacen(
        "\nsettings:\n",
        "\nsettings:\n  limits: { guessesInAllPerHour: 1 }\n",
        1,
    );
    RUNTIME.block_on(
        Control::new(world.running.test_control_url.as_ref().unwrap()).apply(organisation),
    );
    let headers = json!({ "content-type": "application/json" });
    let mut counted = BTreeSet::new();
    for _ in 0..6 {
        let mut browser = Browser::new(&world.running.base_url);
        RUNTIME.block_on(browser.begin());
        let body = json!({ "stateHandle": browser.handle, "identifier": "unknown@example.com", "credentials": { "passcode": "not the password" } });
        counted.extend(
            world.counts(Function::Identify, "/idp/idx/identify", &headers, &body.to_string()).1,
        );
    }
    assert_eq!(counted, BTreeSet::from(["LimitsOfEverybody".to_owned()]));
    // Whichever step counts, the same code tells.
    let pattern = |function| filters(&world.template, function)["LimitsOfEverybody"].clone();
    for function in ["register", "verify-email", "progressive-enrollment"] {
        assert_eq!(pattern(function), pattern("identify"), "{function}");
    }
}

#[test]
fn f_35_kms_that_does_not_answer_is_counted() {
    let world = World::new();
    world.fault("kms.*", "reject");
    let (engine, lines) = logged(world.engine(Function::Oidc));
    world.running.faults.clear();
    assert!(engine.is_err());
    assert_eq!(
        counted(&world.template, Function::Oidc, &lines),
        BTreeSet::from(["SigningFailures".to_owned()]),
        "{lines:?}"
    );
}

#[test]
fn m4_every_metric_has_an_alarm_and_every_alarm_tells_and_names_what_there_is() {
    let template = Template::read();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let own = json!({ "Ref": "AWS::StackName" });
    let of_logs = |field: &str| -> BTreeSet<String> {
        let ours = alarms
            .values()
            .map(|alarm| &alarm["Properties"])
            .filter(|alarm| alarm["Namespace"] == own);
        ours.map(|alarm| alarm[field].as_str().unwrap().to_owned()).collect()
    };
    let mut metrics = BTreeSet::new();
    for function in Function::ALL.map(Function::name) {
        let filters = filters(&template, function);
        assert!(filters.contains_key("Errors"), "{function}");
        metrics.extend(filters.into_keys());
    }
    assert_eq!(of_logs("MetricName"), metrics);
    let mut functions = BTreeSet::new();
    for (id, alarm) in &alarms {
        let alarm = &alarm["Properties"];
        assert_eq!(alarm["AlarmActions"]["Fn::If"][0], "AlarmsTell", "{id}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{id}");
        let names = |metric: &Value| {
            metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"]
                .as_str()
                .map(str::to_owned)
        };
        functions.extend(alarm["Metrics"].as_array().into_iter().flatten().filter_map(names));
    }
    let expected = template
        .functions()
        .into_values()
        .map(|(id, _)| id.to_owned())
        .chain(["Table".to_owned()])
        .collect();
    assert_eq!(functions, expected, "an alarm for each function and for the table");
}
