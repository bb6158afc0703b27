//! The published description of the API: an OpenAPI 3.1 document, made of the route table, of the
//! types that read bodies, and of the schema that every envelope is tested against. What only the
//! engine knows, its failures and the headers of every answer, it hands in.
//!
//! Nothing is described that is not in the table, and a new row does not compile without its body
//! ([`crate::body`]) and its answers here. That each answer is as declared is checked wherever a
//! test gets one.

mod answers;
mod schemas;

use std::collections::BTreeMap;

use schemars::JsonSchema as _;
use serde_json::{Map, Value, json};

use crate::body;
use crate::operation::{Operation, Protocol, ROUTES, Route};

pub use answers::Answer;

use answers::declared;

/// `openapi` of the document.
const VERSION: &str = "3.1.1";

/// The document. `base_url`: where the API is; `headers`: of every answer, with their values;
/// `failures`: the answers of the engine to what goes wrong.
pub fn document(
    base_url: &str,
    headers: &[(String, String)],
    failures: impl Fn(&Route) -> Vec<Answer>,
) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let of_path = paths.entry(route.path).or_default();
        if route.path.contains("{id}") {
            of_path.insert("parameters".into(), json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]));
        }
        let description = described(route, headers, failures(route));
        if route.takes("HEAD") {
            of_path.insert("head".into(), without_bodies(route.operation, description.clone()));
        }
        of_path.insert(route.method.to_lowercase(), description);
    }
    json!({
        "openapi": VERSION,
        "info": {
            "title": "Vestibule",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Sign-up, sign-in and progressive enrollment over Okta's IDX protocol",
            "description": "A client begins with Interact and Introspect; each answer says in `remediation` what is offered next, with the `href` and \
                the fields of each form. A handle that opens nothing is answered 401, a step that is not offered 400 with what is. In front of \
                the functions, API Gateway refuses too many requests to a path with a 429 of its own.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "links": links(),
            "securitySchemes": {"accessToken": {"type": "http", "scheme": "bearer", "description": "`access_token` of Token."}},
        },
        "tags": crate::operation::Function::ALL.map(|function| json!({"name": function.name(), "description": format!("Served by functions/{}.", function.name())})),
    })
}

/// The same for `HEAD`: every header, and no body.
fn without_bodies(operation: Operation, mut description: Value) -> Value {
    if let Value::Object(fields) = &mut description {
        fields.insert("operationId".into(), format!("Head{}", id(operation)).into());
    }
    let responses = description.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
    {
        response.retain(|name, _| name != "content" && name != "links");
    }
    description
}

fn described(route: &Route, headers: &[(String, String)], failures: Vec<Answer>) -> Value {
    let operation = route.operation;
    let mut description = json!({
        "operationId": id(operation),
        "summary": summary(operation),
        "tags": [route.function.name()],
        "responses": answers::responses(declared(operation).into_iter().chain(failures).collect(), operation, headers),
    });
    let mut add = |name: &str, value: Value| {
        if let Value::Object(fields) = &mut description {
            fields.insert(name.into(), value);
        }
    };
    if let Some((media_types, schema)) = request_body(operation) {
        let content: Map<String, Value> = media_types
            .iter()
            .map(|media_type| ((*media_type).into(), json!({"schema": schema})))
            .collect();
        add(
            "requestBody",
            json!({"required": operation != Operation::UserinfoByPost, "content": content}),
        );
    }
    match operation {
        Operation::OpenLink => add(
            "parameters",
            json!([{"name": "token", "in": "query", "required": true, "schema": {"type": "string"}}]),
        ),
        Operation::Userinfo | Operation::UserinfoByPost => {
            add("security", json!([{"accessToken": []}]))
        }
        _ => {}
    }
    description
}

/// The media types of a request and the schema of its body.
fn request_body(operation: Operation) -> Option<(&'static [&'static str], Value)> {
    if let Some(schema) = body::schema(operation) {
        return Some((&body::MEDIA_TYPES, schema));
    }
    let form = match operation {
        Operation::Interact => schemas::interact_form(),
        Operation::Token => schemas::token_form(),
        Operation::ConfirmLink => schemas::confirm_form(),
        Operation::UserinfoByPost => schemas::userinfo_form(),
        _ => return None,
    };
    Some((&body::FORM_MEDIA_TYPES, form))
}

/// From the answer that opens a transaction to each step in it.
fn links() -> Value {
    let steps =
        ROUTES.iter().filter(|route| route.operation.protocol() == Protocol::Idx).map(|route| {
            let operation = route.operation;
            let handle = match operation {
                Operation::Introspect => {
                    json!({"interactionHandle": "$response.body#/interaction_handle"})
                }
                _ => json!({"stateHandle": "$response.body#/stateHandle"}),
            };
            (id(operation), json!({"operationId": id(operation), "requestBody": handle}))
        });
    steps.collect::<Map<_, _>>().into()
}

fn links_of(operation: Operation) -> Option<Value> {
    let to = |wanted: fn(Operation) -> bool| {
        let steps = ROUTES
            .iter()
            .map(|route| route.operation)
            .filter(|to| to.protocol() == Protocol::Idx && wanted(*to));
        let links: Map<String, Value> = steps
            .map(|step| (id(step), json!({"$ref": format!("#/components/links/{}", id(step))})))
            .collect();
        Some(Value::Object(links))
    };
    match operation {
        Operation::Interact => to(|step| step == Operation::Introspect),
        Operation::Introspect => to(|step| step != Operation::Introspect),
        _ => None,
    }
}

/// Its name in the route table.
fn id(operation: Operation) -> String {
    format!("{operation:?}")
}

/// What the route table says of it.
fn summary(operation: Operation) -> Option<Value> {
    let mut generator = schemars::SchemaGenerator::default();
    let all = Operation::json_schema(&mut generator);
    let mut variants = all.get("oneOf")?.as_array()?.iter();
    variants
        .find(|variant| variant.get("const").is_some_and(|name| *name == id(operation)))?
        .get("description")
        .cloned()
}
