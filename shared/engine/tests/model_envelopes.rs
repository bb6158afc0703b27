//! Every state that a transaction can come to is shown as an envelope that holds together (idx.md
//! §4, §5).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]
#![allow(dead_code, reason = "the walk is the laws', which use all of it")]

#[path = "../../policy/tests/laws/people.rs"]
mod people;
#[path = "../../policy/tests/laws/walk.rs"]
mod walk;
#[path = "../../policy/tests/laws/world.rs"]
mod world;

use idx::envelope::{self, View};
use idx::operation::ROUTES;
use policy::remediation::{Remediation, Standing, remediations};
use serde_json::Value;

const BASE: &str = "http://localhost:8787";

#[test]
fn every_state_has_an_envelope_that_holds_together() {
    let (mut states, mut pointers) = (0, 0);
    for world in world::worlds(4) {
        for (transaction, now) in walk::walk(&world, |_| {}).states {
            let context = world.context(now);
            let standing = remediations(&context, &transaction);
            let view = View {
                context: &context,
                transaction: &transaction,
                standing: &standing,
                notices: &[],
                typed: &policy::user::Profile::new(),
                state_handle: "handle",
                base_url: BASE,
                expires_at: envelope::rfc3339(transaction.expires()),
            };
            let envelope = envelope::step(&view);
            let case = || format!("{} {standing:?}\n{envelope:#}", world.name);
            let forms = envelope["remediation"]["value"].as_array().cloned().unwrap_or_default();
            let offered = match &standing {
                Standing::Offered(offered) => {
                    offered.iter().filter(|one| **one != Remediation::Cancel).count()
                }
                _ => 0,
            };
            assert_eq!(forms.len(), offered, "{}", case());
            // Whoever is refused can go back, too.
            let ended = matches!(standing, Standing::Finished { .. } | Standing::Cancelled);
            assert_eq!(envelope.get("cancel").is_some(), !ended, "{}", case());
            assert!(
                offered > 0 || envelope.get("messages").is_some(),
                "neither a form nor a word: {}",
                case()
            );
            every(&envelope, &mut |key, value| match key {
                "relatesTo" => {
                    let paths = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    for path in paths {
                        pointers += 1;
                        let found = resolve(&envelope, path.as_str().unwrap());
                        assert!(
                            found.is_some_and(Value::is_object),
                            "{path} leads nowhere: {}",
                            case()
                        );
                    }
                }
                "href" => {
                    let path = value.as_str().unwrap().strip_prefix(BASE).unwrap();
                    assert!(
                        ROUTES
                            .iter()
                            .any(|route| route.method == "POST" && route.matches(path).is_some()),
                        "{path} is no route"
                    );
                }
                _ => {}
            });
            states += 1;
        }
    }
    assert!(states > 50 && pointers > 50, "{states} states, {pointers} pointers");
}

/// `$.a.value[0]` in an envelope.
fn resolve<'e>(envelope: &'e Value, path: &str) -> Option<&'e Value> {
    path.strip_prefix("$.")?.split('.').try_fold(envelope, |value, part| {
        let (name, index) = part
            .strip_suffix(']')
            .and_then(|part| part.split_once('['))
            .map_or((part, None), |(name, index)| (name, Some(index)));
        let value = value.get(name)?;
        index.map_or(Some(value), |index| value.get(index.parse::<usize>().ok()?))
    })
}

fn every(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                visit(key, value);
                every(value, visit);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| every(value, visit)),
        _ => {}
    }
}
