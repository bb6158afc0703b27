//! The front: a domain, a proxy, and how much the API lets through (security.md R-A3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::{Template, root};

/// A stack that is made with these parameters.
struct Stack {
    template: Template,
    parameters: BTreeMap<&'static str, &'static str>,
}

impl Stack {
    fn with(parameters: &[(&'static str, &'static str)]) -> Self {
        Self { template: Template::read(), parameters: parameters.iter().copied().collect() }
    }

    fn parameter(&self, name: &str) -> String {
        let default = || self.template.section("Parameters")[name]["Default"].clone();
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.parameters.get(name).map_or_else(|| text(default()), |value| (*value).to_owned())
    }

    /// True if a condition of this name, or written out, holds.
    fn holds(&self, condition: &Value) -> bool {
        let (function, argument) = match condition {
            Value::String(name) => return self.holds(&self.template.section("Conditions")[name]),
            Value::Object(members) => members.iter().next().unwrap(),
            other => panic!("{other} is no condition"),
        };
        let mut each = argument.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.holds(argument),
            "Fn::Not" => !self.holds(&argument[0]),
            "Fn::And" => each.all(|condition| self.holds(condition)),
            "Fn::Or" => each.any(|condition| self.holds(condition)),
            "Fn::Equals" => self.value(&argument[0]) == self.value(&argument[1]),
            other => panic!("{other} is no condition"),
        }
    }

    /// A value as CloudFormation makes it, as far as it is known before anything is made.
    fn value(&self, value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let (function, argument) = members.iter().next().unwrap();
                match function.as_str() {
                    "Ref" if argument == "AWS::Region" => "eu-central-1".into(),
                    "Ref"
                        if self
                            .template
                            .section("Parameters")
                            .contains_key(argument.as_str().unwrap()) =>
                    {
                        self.parameter(argument.as_str().unwrap())
                    }
                    "Ref" => argument.as_str().unwrap().into(),
                    "Fn::If" => self.value(&argument[if self.holds(&argument[0]) { 1 } else { 2 }]),
                    "Fn::Sub" => argument
                        .as_str()
                        .unwrap()
                        .replace("${DomainName}", &self.parameter("DomainName")),
                    "Fn::GetAtt" => format!(
                        "{}.{}",
                        argument[0].as_str().unwrap(),
                        argument[1].as_str().unwrap()
                    ),
                    other => panic!("{other}"),
                }
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn variable(&self, name: &str) -> String {
        self.value(&self.template.0["Globals"]["Function"]["Environment"]["Variables"][name])
    }

    fn closes_the_default_address(&self) -> bool {
        self.value(&self.template.resource("HttpApi")["Properties"]["DisableExecuteApiEndpoint"])
            == "true"
    }
}

#[test]
fn r_a3_where_there_is_a_domain_nothing_leads_past_it() {
    let own = ("DomainName", "id.example.com");
    let base = ("BaseUrl", "https://id.example.com");
    for (parameters, closed, base_url) in [
        (&[][..], false, "HttpApi.ApiEndpoint"),
        (&[own], true, "https://id.example.com"),
        // A domain that is mapped elsewhere.
        (&[base], true, "https://id.example.com"),
        // A proxy in front of the default address, which the secret closes; and one in front of a
        // domain.
        (&[base, ("Proxy", "required")], false, "https://id.example.com"),
        (
            &[base, ("Proxy", "required"), ("DomainName", "origin.example.com")],
            true,
            "https://id.example.com",
        ),
    ] {
        let stack = Stack::with(parameters);
        assert_eq!(
            (stack.closes_the_default_address(), stack.variable("BASE_URL").as_str()),
            (closed, base_url),
            "{parameters:?}"
        );
        assert_eq!(
            stack.holds(&json!("HasDomain")),
            parameters.iter().any(|(name, _)| *name == "DomainName")
        );
    }
}

#[test]
fn r_a3_r_r7_a_proxy_is_believed_only_where_its_secret_is_demanded() {
    let header = ("ClientAddressHeader", "X-Client-Address");
    let variables = |stack: &Stack| {
        [stack.variable("ORIGIN_SECRET_ID"), stack.variable("CLIENT_ADDRESS_HEADER")]
    };
    assert_eq!(variables(&Stack::with(&[])), ["", ""]);
    assert_eq!(variables(&Stack::with(&[header])), ["", ""], "without a proxy no header counts");
    assert_eq!(
        variables(&Stack::with(&[header, ("Proxy", "required")])),
        ["OriginSecret", "X-Client-Address"]
    );
    let template = Template::read();
    assert_eq!(template.resource("OriginSecret")["Condition"], "HasProxy");
}

#[test]
fn r_a3_every_route_is_throttled_and_the_dear_ones_more() {
    let stack = Stack::with(&[]);
    let stage = &stack.template.resource("Stage")["Properties"];
    let rate = |settings: &Value| {
        let [rate, burst] = ["ThrottlingRateLimit", "ThrottlingBurstLimit"]
            .map(|name| stack.value(&settings[name]).parse::<u32>().unwrap());
        assert!(burst >= rate, "{settings}");
        rate
    };
    let others = rate(&stage["DefaultRouteSettings"]);
    let keys: BTreeMap<&str, &str> = stack
        .template
        .of_type("AWS::ApiGatewayV2::Route")
        .into_iter()
        .map(|(id, route)| (route["Properties"]["RouteKey"].as_str().unwrap(), id))
        .collect();
    let routes = stack.template.resource("Stage")["DependsOn"].as_array().unwrap();
    let settings = stage["RouteSettings"].as_object().unwrap();
    for (key, settings) in settings {
        assert!(routes.contains(&json!(keys[key.as_str()])), "the stage does not wait for {key}");
        // A client that waits for a mail asks every four seconds.
        if key.ends_with("/poll") {
            assert!(rate(settings) >= 1000, "{key}");
        } else {
            assert!(rate(settings) < others, "{key} is not dear");
        }
    }
    assert!(settings.keys().any(|key| key.ends_with("/poll")));
}

/// An account begins with 10 concurrent executions, of which AWS reserves all for the account.
#[test]
fn l3_a_new_account_can_hold_it() {
    for (parameters, reserved) in [(&[][..], false), (&[("HashingConcurrency", "20")], true)] {
        let stack = Stack::with(parameters);
        for (name, (_, function)) in stack.template.functions() {
            let concurrency = &function["Properties"]["ReservedConcurrentExecutions"];
            if !concurrency.is_null() {
                assert_eq!(
                    stack.value(concurrency),
                    if reserved { "20" } else { "AWS::NoValue" },
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn the_example_of_a_proxy_shows_the_secret_and_names_the_client_as_the_functions_read_it() {
    let example = Template::at("functions/cloudfront.yaml");
    let distribution = &example.resource("Distribution")["Properties"]["DistributionConfig"];
    let shown = &distribution["Origins"][0]["OriginCustomHeaders"][0];
    let front = std::fs::read_to_string(root().join("shared/runtime/src/front.rs")).unwrap();
    let header = shown["HeaderName"].as_str().unwrap().to_lowercase();
    assert!(
        front.contains(&format!("HeaderName = HeaderName::from_static(\"{header}\")")),
        "{header}"
    );
    // The secret itself is in no template: CloudFormation reads it, by the name under which the
    // stack made it.
    let reference = shown["HeaderValue"]["Fn::Sub"].as_str().unwrap();
    assert!(
        reference.starts_with("{{resolve:secretsmanager:${OriginSecretArn}:SecretString:current:"),
        "{reference}"
    );
    let made = &Template::read().resource("OriginSecret")["Properties"]["GenerateSecretString"]["GenerateStringKey"].clone();
    assert_eq!(made, "current");
    // Without a firewall the proxy would let everything through.
    assert_eq!(distribution["WebACLId"]["Fn::GetAtt"], json!(["Firewall", "Arn"]));
    let code = example.resource("NameTheClient")["Properties"]["FunctionCode"].as_str().unwrap();
    assert!(code.contains("headers['x-client-address'] = { value: event.viewer.ip }"), "{code}");
    let guide = std::fs::read_to_string(root().join("functions/README.md")).unwrap();
    assert!(
        guide.contains("ClientAddressHeader=X-Client-Address"),
        "functions/README.md names another header"
    );
}
