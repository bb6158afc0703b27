//! `template.yaml` and the cargo-lambda routes say the same as the route table, and the template
//! grants what each function uses and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod alarms;
mod document;
mod proxy;
mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use document::{Template, each_intrinsic, placeholders, root};
use idx::operation::{Function, NOWHERE, ROUTES};
use serde_json::{Value, json};

/// Path and function of every row of the route table.
fn table() -> BTreeMap<&'static str, &'static str> {
    ROUTES.iter().map(|route| (route.path, route.function.name())).collect()
}

#[test]
fn no_path_is_served_by_two_functions() {
    for route in ROUTES {
        assert_eq!(table()[route.path], route.function.name(), "{}", route.path);
    }
}

#[test]
fn the_routes_of_the_template_are_the_route_table() {
    let template = Template::read();
    let by_id: BTreeMap<_, _> =
        template.functions().into_iter().map(|(name, (id, _))| (id, name)).collect();
    let mut routes: BTreeMap<String, &str> = template
        .of_type("AWS::ApiGatewayV2::Route")
        .into_values()
        .map(|route| {
            let key = route["Properties"]["RouteKey"].as_str().unwrap();
            let path = if key == "$default" { key } else { key.strip_prefix("ANY ").unwrap() };
            let integration =
                placeholders(route["Properties"]["Target"]["Fn::Sub"].as_str().unwrap())[0];
            let function =
                template.resource(integration)["Properties"]["IntegrationUri"]["Fn::GetAtt"][0]
                    .as_str()
                    .unwrap();
            (path.into(), by_id[function])
        })
        .collect();
    assert_eq!(
        template.of_type("AWS::ApiGatewayV2::Route").len(),
        routes.len(),
        "two routes for one path"
    );
    assert_eq!(routes.remove("$default"), Some(NOWHERE.name()), "where no other route leads");
    assert_eq!(routes, table().into_iter().map(|(path, name)| (path.into(), name)).collect());
}

#[test]
fn the_routes_of_cargo_lambda_are_the_route_table() {
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let stated = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"].as_table().unwrap();
    let routes: BTreeMap<&str, &str> =
        stated.iter().map(|(path, name)| (path.as_str(), name.as_str().unwrap())).collect();
    assert_eq!(routes, table());
}

#[test]
fn every_function_is_there_built_from_its_folder_and_invoked_by_the_api_only() {
    let template = Template::read();
    let functions = template.functions();
    assert_eq!(
        functions.keys().copied().collect::<BTreeSet<_>>(),
        Function::ALL.map(Function::name).into()
    );
    for (name, (id, function)) in functions {
        let properties = &function["Properties"];
        assert_eq!(properties["CodeUri"], format!("functions/{name}"));
        assert!(
            root().join("functions").join(name).join("src/main.rs").is_file(),
            "{name} has no binary"
        );
        let logs = properties["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap();
        assert_eq!(
            template.resource(logs)["Properties"]["RetentionInDays"]["Ref"],
            "LogRetentionDays"
        );
        let permissions: Vec<_> = template
            .of_type("AWS::Lambda::Permission")
            .into_values()
            .filter(|p| p["Properties"]["FunctionName"]["Ref"] == id)
            .collect();
        assert_eq!(permissions.len(), 1, "{name}");
        assert_eq!(permissions[0]["Properties"]["Principal"], "apigateway.amazonaws.com");
        assert!(
            permissions[0]["Properties"]["SourceArn"]["Fn::Sub"]
                .as_str()
                .unwrap()
                .ends_with("${HttpApi}/*")
        );
    }
}

#[test]
fn every_reference_resolves() {
    let template = Template::read();
    let resources = template.section("Resources");
    let known = |name: &str| {
        resources.contains_key(name)
            || template.section("Parameters").contains_key(name)
            || name.starts_with("AWS::")
    };
    let attributes = |name: &str| resources.contains_key(name);
    let mut seen = 0;
    each_intrinsic(&template.0, &mut |function, argument| {
        seen += 1;
        match function {
            "Ref" => assert!(known(argument.as_str().unwrap()), "Ref {argument}"),
            "Fn::GetAtt" => assert!(attributes(argument[0].as_str().unwrap()), "GetAtt {argument}"),
            "Fn::Sub" => {
                for name in placeholders(argument.as_str().unwrap()) {
                    let resolves =
                        name.split_once('.').map_or_else(|| known(name), |(id, _)| attributes(id));
                    assert!(resolves, "Sub {name}");
                }
            }
            "Fn::If" | "Condition" => {
                let name = argument.get(0).unwrap_or(argument).as_str().unwrap();
                assert!(template.section("Conditions").contains_key(name), "condition {name}");
            }
            _ => {}
        }
    });
    assert!(seen > 100, "only {seen} references: the walk misses some");
    for resource in resources.values() {
        for name in resource["DependsOn"].as_array().into_iter().flatten() {
            assert!(resources.contains_key(name.as_str().unwrap()), "DependsOn {name}");
        }
    }
}

#[test]
fn r_a2_the_table_is_encrypted_recoverable_protected_and_outlives_the_stack() {
    let template = Template::read();
    let tables = template.of_type("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 1);
    let table = tables["Table"];
    assert_eq!(
        (&table["DeletionPolicy"], &table["UpdateReplacePolicy"]),
        (&json!("Retain"), &json!("Retain"))
    );
    assert_eq!(
        table["Properties"],
        json!({
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "TimeToLiveSpecification": { "AttributeName": "expiresAt", "Enabled": true },
            "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
            "SSESpecification": { "SSEEnabled": true, "SSEType": "KMS" },
            "DeletionProtectionEnabled": true,
        })
    );
}

#[test]
fn r_t5_the_signing_key_is_made_by_kms_and_stays_there() {
    let template = Template::read();
    let key = template.resource("SigningKey");
    assert_eq!((&key["Type"], &key["DeletionPolicy"]), (&json!("AWS::KMS::Key"), &json!("Retain")));
    assert_eq!(
        (&key["Properties"]["KeySpec"], &key["Properties"]["KeyUsage"]),
        (&json!("RSA_2048"), &json!("SIGN_VERIFY"))
    );
    // No secret is written in the template: Secrets Manager makes each, and the functions are told
    // names.
    for secret in template.of_type("AWS::SecretsManager::Secret").into_values() {
        assert_eq!(secret["Properties"]["GenerateSecretString"]["PasswordLength"], 64);
        assert!(secret["Properties"].get("SecretString").is_none());
    }
    let variables = |function: &Value| {
        function["Environment"]["Variables"].as_object().cloned().unwrap_or_default()
    };
    let own =
        template.functions().into_values().map(|(_, function)| variables(&function["Properties"]));
    for (name, value) in own.chain([variables(&template.0["Globals"]["Function"])]).flatten() {
        assert!(value.is_object(), "{name} is written out: {value}");
    }
}

#[test]
fn r_l1_the_access_log_holds_no_address_and_no_token() {
    let template = Template::read();
    let format =
        template.resource("Stage")["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(format).is_ok(), "{format}");
    let variables: Vec<&str> =
        format.split("$context.").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let harmless = [
        "requestId",
        "requestTimeEpoch",
        "routeKey",
        "status",
        "responseLength",
        "responseLatency",
        "integrationErrorMessage",
    ];
    assert_eq!(variables, harmless);
}
