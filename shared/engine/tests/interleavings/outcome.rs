//! What came of it, as far as anybody can tell.

use std::collections::{BTreeMap, BTreeSet};

use engine::ports::{Mail, MailContent};
use serde_json::{Value, json};

use crate::interleavings::scheduler::letter;
use crate::interleavings::world::World;
use crate::stage::Answer;

/// Answers, items, mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    answers: Vec<Told>,
    items: BTreeMap<String, Value>,
    /// By the name of the budget.
    counts: BTreeMap<String, u64>,
    mails: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    status: u16,
    text: String,
}

impl Outcome {
    pub fn of(world: &World, answers: &[Answer]) -> Self {
        let (mut items, mut counts) = (BTreeMap::new(), BTreeMap::new());
        for item in world.stage.store.inner().dump() {
            if let Some(counter) = item.key.0.strip_prefix("LIMIT#") {
                // Of a name, all together: a guess that arrives while its code is replaced counts
                // for the one it was compared with.
                *counts.entry(counter.split('#').next().unwrap().to_owned()).or_default() +=
                    item.count;
                continue;
            }
            // How often a transaction was written tells nobody anything; a password's version says
            // which hash is the old one (R-P10).
            let version = if item.key.0.starts_with("TX#") { 0 } else { item.version };
            items.insert(
                item.key.0,
                json!({"version": version, "expires": item.expires_at, "body": item.body}),
            );
        }
        let mut mails: Vec<String> = world.stage.mails().iter().map(mail).collect();
        mails.sort();
        Self {
            answers: answers
                .iter()
                .map(|answer| Told { status: answer.status, text: answer.text.clone() })
                .collect(),
            items,
            counts,
            mails,
        }
    }

    /// True if this request was told to try again.
    pub fn gave_up(&self, request: usize) -> bool {
        self.answers[request].status == 503
    }

    /// True if this request was told that a budget is used up.
    pub fn was_refused(&self, request: usize) -> bool {
        self.answers[request].status == 429
    }

    /// In what it differs from a `serial` one in which only these acted; nothing: it could be that
    /// one.
    pub fn differences(&self, serial: &Self, who: &[usize]) -> String {
        let mut lines = Vec::new();
        for index in who {
            let told = |answer: &Told| json!({"status": answer.status, "body": serde_json::from_str(&answer.text).unwrap_or(json!(answer.text))});
            differ(
                &format!("{}", letter(*index)),
                &told(&self.answers[*index]),
                &told(&serial.answers[*index]),
                &mut lines,
            );
        }
        differ("store", &json!(self.items), &json!(serial.items), &mut lines);
        // No count is ever lost. A request that was overtaken while it was evaluated leaves its
        // own: doubt costs a guess, it gives none (I12).
        let most = self.answers.len() as u64;
        for key in self.counts.keys().chain(serial.counts.keys()) {
            let count =
                |counts: &BTreeMap<String, u64>| counts.get(key).copied().unwrap_or_default();
            let (ours, theirs) = (count(&self.counts), count(&serial.counts));
            if ours < theirs || ours > theirs + most {
                lines.push(format!("  counts of {key}: {ours}, not {theirs}"));
            }
        }
        differ("mails", &json!(self.mails), &json!(serial.mails), &mut lines);
        lines.join("\n")
    }
}

/// Names every place in which two values differ.
fn differ(place: &str, ours: &Value, theirs: &Value, lines: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                differ(&format!("{place}.{name}"), &ours[name], &theirs[name], lines);
            }
        }
        (ours, theirs) if ours != theirs => {
            let short = |value: &Value| value.to_string().chars().take(200).collect::<String>();
            lines.push(format!("  {place}: {}, not {}", short(ours), short(theirs)));
        }
        _ => {}
    }
}

impl Answer {
    /// Of somebody who asked nothing.
    pub fn nothing() -> Self {
        Self { status: 0, body: Value::Null, text: String::new(), headers: Vec::new() }
    }
}

pub fn mail(mail: &Mail) -> String {
    let content = match &mail.content {
        MailContent::RegistrationActivation { passcode, .. } => {
            format!("sign-up {}", passcode.expose())
        }
        MailContent::EmailChallenge { passcode, .. } => format!("sign-in {}", passcode.expose()),
        MailContent::RegistrationEmailVerification { .. } => "welcome".into(),
        MailContent::AlreadyRegistered { .. } => "already registered".into(),
        MailContent::UserActivation { .. } => "account made".into(),
    };
    format!("{}: {content}", mail.to)
}
