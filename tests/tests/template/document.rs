//! `template.yaml` as CloudFormation sees it: YAML with its tags written out (`!Ref X` is `{"Ref":
//! "X"}`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template.
pub struct Template(pub Value);

impl Template {
    /// Reads it.
    pub fn read() -> Self {
        Self::at("template.yaml")
    }

    /// Reads another one.
    pub fn at(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let documents = Yaml::load_from_str(&text).unwrap();
        assert_eq!(documents.len(), 1);
        Self(written_out(&documents[0]))
    }

    /// A section: `Resources`, `Parameters`, …
    pub fn section(&self, name: &str) -> &Map<String, Value> {
        self.0[name].as_object().unwrap()
    }

    /// A resource by its logical id.
    pub fn resource(&self, id: &str) -> &Value {
        &self.section("Resources")[id]
    }

    /// All resources of a type, by logical id.
    pub fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        self.section("Resources")
            .iter()
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), resource))
            .collect()
    }

    /// The properties of a function's role, by the name of its binary.
    pub fn role_of(&self, function: &str) -> &Map<String, Value> {
        let id =
            self.functions()[function].1["Properties"]["Role"]["Fn::GetAtt"][0].as_str().unwrap();
        self.resource(id)["Properties"].as_object().unwrap()
    }

    /// The functions, by the name of their binary.
    pub fn functions(&self) -> BTreeMap<&str, (&str, &Value)> {
        fn name(function: &Value) -> Option<&str> {
            function["Metadata"]["BuildProperties"]["Binary"].as_str()
        }
        self.of_type("AWS::Serverless::Function")
            .into_iter()
            .map(|(id, function)| (name(function).unwrap(), (id, function)))
            .collect()
    }
}

/// Calls `visit` with each intrinsic function and its argument, at any depth.
pub fn each_intrinsic<'v>(value: &'v Value, visit: &mut impl FnMut(&'v str, &'v Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if members.len() == 1
                    && (name == "Ref" || name == "Condition" || name.starts_with("Fn::"))
                {
                    visit(name, member);
                }
                each_intrinsic(member, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_intrinsic(item, visit)),
        _ => {}
    }
}

/// The names in `${…}` of an `Fn::Sub`.
pub fn placeholders(text: &str) -> Vec<&str> {
    text.split("${").skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
}

fn written_out(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(written_out).collect(),
        Yaml::Mapping(members) => members
            .iter()
            .map(|(key, value)| match written_out(key) {
                Value::String(key) => (key, written_out(value)),
                key => panic!("{key} is no key"),
            })
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tag, value) => {
            let value = written_out(value);
            match (tag.suffix.as_str(), value.as_str()) {
                (name @ ("Ref" | "Condition"), _) => json!({ name: value }),
                ("GetAtt", Some(text)) => {
                    json!({ "Fn::GetAtt": text.split_once('.').map(|(id, attribute)| [id, attribute]).unwrap() })
                }
                (name, _) => json!({ format!("Fn::{name}"): value }),
            }
        }
        other => panic!("no CloudFormation: {other:?}"),
    }
}
