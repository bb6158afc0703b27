//! All states that a transaction can come to, and every input tried in each of them.

use std::collections::{BTreeMap, VecDeque};
use std::mem::discriminant;

use policy::Context;
use policy::form::{self, Form, Input as Entry};
use policy::organisation::{AuthenticatorKey, PropertyType};
use policy::remediation::{Remediation, Standing, remediations};
use policy::secret::Secret;
use policy::step::{Decision, Facts, Input, Needs, PasswordWork, StepError, lookup, step};
use policy::time::{Span, Timestamp};
use policy::transaction::{Familiar, Outcome, Subject, Transaction};
use policy::user::{PasswordHash, Profile};
use serde_json::{Value, json};

use super::people::{NOON, client};
use super::world::World;

/// One input in one state, and what came of it.
pub struct Tried<'a> {
    pub world: &'a World,
    pub context: Context<'a>,
    pub before: &'a Transaction,
    pub input: &'a Input,
    pub needs: &'a Needs,
    pub facts: &'a Facts,
    pub result: Result<Decision, StepError>,
}

impl Tried<'_> {
    /// What to read when a law fails.
    pub fn story(&self) -> String {
        format!(
            "{}\nbefore {:#?}\ninput {:?}\nfacts {:?}\nresult {:#?}",
            self.world.name, self.before, self.input, self.facts, self.result
        )
    }
}

/// The states of a world and which leads to which, by an input other than giving up.
#[derive(Default)]
pub struct Graph {
    pub states: Vec<(Transaction, Timestamp)>,
    pub edges: Vec<(usize, usize)>,
}

/// Tries everything everywhere.
pub fn walk(world: &World, mut visit: impl FnMut(&Tried<'_>)) -> Graph {
    let mut graph = Graph::default();
    let mut known = BTreeMap::new();
    let mut queue = VecDeque::new();
    let mut reach = |graph: &mut Graph,
                     queue: &mut VecDeque<usize>,
                     transaction: Transaction,
                     now: Timestamp|
     -> usize {
        *known.entry(timeless(&transaction)).or_insert_with(|| {
            graph.states.push((transaction, now));
            queue.push_back(graph.states.len() - 1);
            graph.states.len() - 1
        })
    };
    let mut begun = Transaction::begin("transaction".into(), client(), NOON);
    begun.show(&world.context(NOON));
    reach(&mut graph, &mut queue, begun, NOON);
    while let Some(from) = queue.pop_front() {
        let (before, since) = graph.states[from].clone();
        // What is not offered is refused by its kind: one of each kind is enough.
        let mut not_offered = Vec::new();
        for input in inputs(world, &before, since) {
            if not_offered.contains(&discriminant(&input)) {
                continue;
            }
            // At once; when a new code may be asked for; when the code is worthless.
            for (wait, goes_on) in [(31, true), (0, false), (301, false)] {
                if !goes_on && !depends_on_time(&input) {
                    continue;
                }
                let now = since + Span::seconds(wait);
                let results = tried(world, &before, &input, now, &mut visit);
                if results.contains(&Err(StepError::NotOffered))
                    && !matches!(input, Input::ConfirmLink { .. })
                {
                    not_offered.push(discriminant(&input));
                    break;
                }
                for decision in results.into_iter().flatten().filter(|_| goes_on) {
                    for mut after in carried_out(decision) {
                        if matches!(input, Input::ConfirmLink { .. }) {
                            // The page that waits for it asks where it is.
                            after.show(&world.context(now));
                        }
                        let to = reach(&mut graph, &mut queue, after, now);
                        let edits =
                            matches!(before.subject, Subject::Applicant { registration: Some(_) })
                                && input == Input::SelectEnrollProfile;
                        if !edits && !matches!(input, Input::Cancel | Input::SelectIdentify) {
                            graph.edges.push((from, to));
                        }
                    }
                }
            }
        }
        assert!(graph.states.len() < 3_000, "{}: the walk has no end", world.name);
    }
    graph
}

/// Tries one input with all facts that could be.
pub fn tried(
    world: &World,
    before: &Transaction,
    input: &Input,
    now: Timestamp,
    visit: &mut impl FnMut(&Tried<'_>),
) -> Vec<Result<Decision, StepError>> {
    let context = world.context(now);
    let mut results = Vec::new();
    for (browser, network) in [(false, false), (true, false), (false, true)] {
        let familiar = Familiar { browser, network };
        if !familiar.is_nowhere() && !matches!(input, Input::Identify { .. }) {
            continue;
        }
        for contested in [false, true] {
            let needs = lookup(&context, before, input, familiar, contested);
            for facts in possible(world, before, &needs, familiar, contested) {
                let tried = Tried {
                    world,
                    context,
                    before,
                    input,
                    needs: &needs,
                    facts: &facts,
                    result: step(&context, before.clone(), input, &facts),
                };
                visit(&tried);
                results.push(tried.result);
            }
            // Who owns what is asked a second time only where a user is about to be made.
            if !matches!(before.subject, Subject::Applicant { .. }) {
                break;
            }
        }
    }
    results
}

/// All facts that an engine can find for these needs.
fn possible(
    world: &World,
    before: &Transaction,
    needs: &Needs,
    familiar: Familiar,
    contested: bool,
) -> Vec<Facts> {
    let found: Vec<_> = needs.identities.iter().map(|identity| world.owner(identity)).collect();
    let mut owners = vec![found.clone()];
    if contested && !found.is_empty() {
        // Somebody was faster.
        owners.push(found.iter().map(|_| Some((world.person("ada").clone(), 7))).collect());
    }
    let member = match &before.subject {
        Subject::Member { user, .. } => Some(user.clone()),
        _ => None,
    };
    let mut all = Vec::new();
    for owners in owners {
        let whose = owners.iter().flatten().next().map(|(user, _)| user.clone()).or(member.clone());
        let plain = Facts {
            familiar,
            contested,
            owners,
            new_user_id: "new-user".into(),
            ..Facts::default()
        };
        let hashed = match needs.password {
            PasswordWork::Hash(_) => Some(PasswordHash { phc: "$hash".into(), pepper: "1".into() }),
            _ => None,
        };
        all.push(Facts { over_budget: true, ..plain.clone() });
        for over_commit_budget in [false, true] {
            all.push(Facts { over_commit_budget, new_password: hashed.clone(), ..plain.clone() });
            if matches!(needs.password, PasswordWork::Verify(_))
                && whose.as_ref().is_none_or(|user| user.has_password)
            {
                // Also for nobody: no engine says so, and still nothing may come of it.
                all.push(Facts { over_commit_budget, password_right: true, ..plain.clone() });
            }
            if needs.passcode {
                all.push(Facts { over_commit_budget, passcode_right: true, ..plain.clone() });
            }
        }
    }
    all
}

/// What the engine makes of a decision: the mail was sent, or not yet; the code was handed out, or
/// not yet.
fn carried_out(decision: Decision) -> Vec<Transaction> {
    let after = decision.transaction;
    let with = |change: fn(&mut Transaction)| {
        let mut other = after.clone();
        change(&mut other);
        other
    };
    let sent = with(|transaction| {
        transaction.challenge.iter_mut().for_each(|challenge| challenge.sent = true)
    });
    let issued = with(|transaction| {
        if let Some(Outcome::Done { issued, .. }) = &mut transaction.outcome {
            *issued = true;
        }
    });
    if after.challenge.is_some() { vec![after, sent] } else { vec![after, issued] }
}

fn depends_on_time(input: &Input) -> bool {
    matches!(
        input,
        Input::Introspect
            | Input::AnswerEmail(_)
            | Input::Resend
            | Input::Poll
            | Input::ConfirmLink { .. }
            | Input::SelectAuthenticator(_)
    )
}

/// Every input, right and wrong: for what is offered here, and for what is not.
pub fn inputs(world: &World, transaction: &Transaction, now: Timestamp) -> Vec<Input> {
    let context = world.context(now);
    let secret = Secret::new;
    let mut inputs = vec![
        Input::Introspect,
        Input::SelectIdentify,
        Input::SelectEnrollProfile,
        Input::AnswerPassword(secret("a long enough password")),
        Input::EnrollPassword(secret("a long enough password")),
        Input::EnrollPassword(secret("short")),
        Input::Skip,
        Input::AnswerEmail(secret("123456")),
        Input::AnswerEmail(secret("123 45")),
        Input::Resend,
        Input::Poll,
        Input::Cancel,
    ];
    for identifier in [
        "ada@example.com",
        "Bob@Example.com",
        "cleo@example.com",
        "dan@example.com",
        "eve@example.com",
        "nobody@example.com",
        "no address",
    ] {
        for password in [None, Some(secret("a long enough password"))] {
            inputs.push(Input::Identify { identifier: identifier.into(), password });
        }
    }
    for key in AuthenticatorKey::ALL {
        inputs.push(Input::SelectAuthenticator(key));
        inputs.push(Input::SelectAuthenticatorEnroll(key));
    }
    let sequence = transaction.challenge.as_ref().map_or(1, |challenge| challenge.sequence);
    inputs.extend([sequence, sequence + 1].map(|sequence| Input::ConfirmLink { sequence }));

    let sign_up = form::registration(&context);
    for profile in profiles(&sign_up, "new@example.com").into_iter().chain([
        filled(&sign_up, "ada@example.com"),
        filled(&sign_up, "BOB@example.com"),
        filled(&sign_up, "eve@example.com"),
        Profile::new(),
    ]) {
        for password in [None, Some("a long enough password"), Some("short")] {
            inputs.push(Input::EnrollProfile {
                profile: profile.clone(),
                password: password.map(Secret::new),
            });
        }
    }
    let asked = match remediations(&context, transaction) {
        Standing::Offered(offered) => offered.into_iter().find_map(|one| match one {
            Remediation::UpdateProfile { form } => Some(form),
            _ => None,
        }),
        _ => None,
    };
    let asked = asked.unwrap_or(sign_up);
    inputs.extend(profiles(&asked, "new@example.com").into_iter().map(Input::UpdateProfile));
    inputs
}

/// The form filled in, the form with a field too many, the form with a value too few.
fn profiles(form: &Form, email: &str) -> Vec<Profile> {
    let right = filled(form, email);
    let mut stranger = right.clone();
    stranger.insert("memberSince".into(), json!("2026-01-01T00:00:00Z"));
    let mut lacking = right.clone();
    if let Some(field) = form.fields.iter().rev().find(|field| field.required) {
        lacking.remove(&field.name);
    }
    vec![right, stranger, lacking]
}

/// Something right for each field.
pub fn filled(form: &Form, email: &str) -> Profile {
    let value = |field: &form::Field| match &field.input {
        Entry::Select(options) | Entry::Radio(options) => json!(options[0].0),
        Entry::Country => json!("DE"),
        Entry::Timezone => json!("Europe/Berlin"),
        Entry::Checkbox => json!(true),
        Entry::Text { .. } if field.name == "email" || field.name == "login" => json!(email),
        Entry::Text { .. }
            if field
                .property
                .as_ref()
                .is_some_and(|property| property.kind() == PropertyType::Integer) =>
        {
            json!("1234")
        }
        Entry::Text { .. } => json!("Some text"),
    };
    form.fields.iter().map(|field| (field.name.clone(), value(field))).collect()
}

/// A state without its times: two that differ only in when they were reached are one.
fn timeless(transaction: &Transaction) -> String {
    fn strip(value: &mut Value) {
        if let Value::Object(map) = value {
            for moment in ["started", "touched", "made", "expires", "at", "lastUpdated", "created"]
            {
                map.remove(moment);
            }
            if let Some(Value::Object(proofs)) = map.get_mut("proofs") {
                proofs.values_mut().for_each(|at| *at = Value::Null);
            }
            map.values_mut().for_each(strip);
        }
    }
    let mut value = serde_json::to_value(transaction).unwrap();
    strip(&mut value);
    value.to_string()
}
