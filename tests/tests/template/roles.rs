//! The permissions of each function's role (security.md R-A1).

use std::collections::{BTreeMap, BTreeSet};

use idx::operation::Function;
use serde_json::{Map, Value, json};

use super::document::Template;

/// The permissions of each role: action, resource and what keys begin with, one line each.
const GOLDEN: &str = include_str!("actions.txt");

/// What each function does to which kind of item, recorded by tests of the engine.
const ACCESS: &str = include_str!("../../../shared/engine/tests/access.md");

/// The action of each column of [`ACCESS`]. A read of one key is a `GetItem`.
const ACTIONS: [(&str, &[&str]); 5] = [
    ("read", &["dynamodb:BatchGetItem", "dynamodb:GetItem"]),
    ("put", &["dynamodb:PutItem"]),
    ("count", &["dynamodb:UpdateItem"]),
    ("check", &["dynamodb:ConditionCheckItem"]),
    ("delete", &["dynamodb:DeleteItem"]),
];

#[test]
fn r_a1_each_function_may_do_exactly_what_it_uses() {
    let template = Template::read();
    let mut granted = Vec::new();
    let mut roles = BTreeSet::new();
    for (name, (id, function)) in template.functions() {
        let role = function["Properties"]["Role"]["Fn::GetAtt"][0].as_str().unwrap();
        assert!(roles.insert(role), "{role} serves two functions");
        assert!(
            function["Properties"].get("Policies").is_none(),
            "{id} has policies beside its role"
        );
        let properties = template.resource(role)["Properties"].as_object().unwrap();
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["AssumeRolePolicyDocument", "Policies"]);
        let lines: BTreeSet<String> =
            statements(properties).into_iter().flat_map(allowed).collect();
        granted.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
    }
    // Below one sender, one configuration set and one table no name is open but these two.
    let open = |line: &&String| line.replace(" on identity/*", "").replace("#*", "").contains('*');
    assert!(!granted.iter().any(|line| open(&line)), "a wildcard: {granted:#?}");
    assert_eq!(
        granted,
        GOLDEN.lines().collect::<Vec<_>>(),
        "the roles differ from tests/tests/template/actions.txt:\n{}\n",
        granted.join("\n")
    );
}

/// A function that may read what it never reads is one fault away from reading it.
#[test]
fn r_a1_each_function_reaches_the_kinds_of_items_that_it_is_known_to_use() {
    let mut rows = ACCESS
        .lines()
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let mut used = BTreeMap::<&str, BTreeSet<(&str, String)>>::new();
    for row in rows.skip(1) {
        for (column, actions) in ACTIONS {
            let cell = row[head.iter().position(|name| *name == column).unwrap()];
            let kinds = cell
                .split_whitespace()
                .flat_map(|kind| actions.iter().map(move |action| (*action, format!("{kind}#*"))));
            used.entry(row[0]).or_default().extend(kinds);
        }
    }
    let template = Template::read();
    for function in Function::ALL.map(Function::name) {
        let role = template.role_of(function);
        let mut allowed = BTreeSet::new();
        for statement in statements(role).into_iter().filter(|statement| names_the_table(statement))
        {
            let keys =
                texts(&statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
            allowed.extend(
                texts(&statement["Action"])
                    .into_iter()
                    .flat_map(|action| keys.iter().map(move |key| (action, (*key).to_owned()))),
            );
        }
        assert_eq!(
            allowed, used[function],
            "{function}: the role and shared/engine/tests/access.md"
        );
    }
    let reads_passwords = |name: &&str| {
        used[name].iter().any(|(action, key)| action.ends_with("GetItem") && key == "PASSWORD#*")
    };
    assert_eq!(
        Function::ALL.map(Function::name).into_iter().filter(reads_passwords).collect::<Vec<_>>(),
        ["identify"]
    );
}

#[test]
fn r_a1_mail_leaves_only_under_the_one_address_and_items_only_by_their_kind() {
    let template = Template::read();
    for role in template.of_type("AWS::IAM::Role").into_values() {
        for statement in statements(role["Properties"].as_object().unwrap()) {
            let sends = texts(&statement["Action"]).iter().any(|action| action.starts_with("ses:"));
            let sender = json!({ "StringEquals": { "ses:FromAddress": { "Ref": "MailFrom" } } });
            match statement.get("Condition") {
                Some(condition) if sends => assert_eq!(condition, &sender),
                Some(condition) => {
                    assert!(names_the_table(statement), "{statement}");
                    assert_eq!(
                        condition.as_object().unwrap().keys().collect::<Vec<_>>(),
                        ["ForAllValues:StringLike"]
                    );
                }
                None => assert!(!sends && !names_the_table(statement), "{statement}"),
            }
        }
    }
}

#[test]
fn r_a1_a_function_is_told_of_exactly_the_secrets_and_keys_it_may_use() {
    let template = Template::read();
    let everywhere =
        template.0["Globals"]["Function"]["Environment"]["Variables"].as_object().unwrap();
    for (name, (_, function)) in template.functions() {
        let own = function["Properties"]["Environment"]["Variables"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let told: BTreeSet<&str> =
            everywhere.keys().chain(own.keys()).map(String::as_str).collect();
        let may = |what: &str| {
            GOLDEN.lines().any(|line| line.starts_with(&format!("{name}: ")) && line.contains(what))
        };
        for (variable, what) in [
            ("TABLE_NAME", "dynamodb:"),
            ("PEPPER_SECRET_ID", " PepperSecret"),
            ("PASSCODE_SECRET_ID", " PasscodeSecret"),
            ("INTERACTION_SECRET_ID", " InteractionSecret"),
            ("ORIGIN_SECRET_ID", " OriginSecret"),
            ("SIGNING_KEY_IDS", "kms:Sign"),
            ("SES_CONFIGURATION_SET", "ses:SendEmail"),
        ] {
            assert_eq!(told.contains(variable), may(what), "{name}: {variable}");
        }
    }
}

fn names_the_table(statement: &Value) -> bool {
    resources(&statement["Resource"]) == ["Table"]
}

fn statements(role: &Map<String, Value>) -> Vec<&Value> {
    role["Policies"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .collect()
}

/// `ACTION on RESOURCE` for each pair of a statement, with what keys begin with.
fn allowed(statement: &Value) -> Vec<String> {
    assert_eq!(statement["Effect"], "Allow");
    for extra in ["NotAction", "NotResource", "Principal"] {
        assert!(statement.get(extra).is_none(), "{extra}");
    }
    let resources = resources(&statement["Resource"]);
    let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    let keys = if keys.is_null() { String::new() } else { format!(": {}", texts(keys).join(" ")) };
    let pair = |action: &str, resource: &String| format!("{action} on {resource}{keys}");
    texts(&statement["Action"])
        .into_iter()
        .flat_map(|action| {
            resources.iter().map(|resource| pair(action, resource)).collect::<Vec<_>>()
        })
        .collect()
}

/// A resource in words: the logical id where there is one.
fn resources(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(resources).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Object(members) => match members.iter().next().unwrap() {
            (name, argument) if name == "Ref" && argument == "AWS::NoValue" => Vec::new(),
            (name, argument) if name == "Ref" => vec![argument.as_str().unwrap().into()],
            (name, argument) if name == "Fn::GetAtt" => vec![argument[0].as_str().unwrap().into()],
            (name, argument) if name == "Fn::Sub" => {
                vec![argument.as_str().unwrap().rsplit(':').next().unwrap().into()]
            }
            (name, argument) if name == "Fn::Split" => resources(&argument[1]),
            (name, argument) if name == "Fn::If" => {
                [&argument[1], &argument[2]].into_iter().flat_map(resources).collect()
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other}"),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map_or_else(
        || vec![value.as_str().unwrap()],
        |items| items.iter().map(|item| item.as_str().unwrap()).collect(),
    )
}
