//! The texts about people, and about errors.

use engine::people::{Error, Person};
use idx::envelope::rfc3339;
use policy::attribute::Violation;
use policy::message::{Message, Notice};
use policy::organisation::Organisation;
use policy::provision::Fault;
use policy::user::User;
use serde_json::{Map, Value, json};

use super::args::Output;
use crate::terminal::shown;

/// One line about what became of an account.
pub fn line(person: &Person, output: Output, said: &str) -> String {
    let user = &person.user;
    if output.json {
        return json!({ "id": user.id, "login": user.text("login"), "status": user.standing(), "said": said }).to_string();
    }
    format!("{} ({}): {said}", shown(user.name()), user.id)
}

/// All that may be shown of an account: never what opens the account, nor what the schema calls
/// sensitive.
pub fn whole(person: &Person, organisation: &Organisation, output: Output) -> String {
    let user = &person.user;
    if output.json {
        return described(user, organisation).to_string();
    }
    let yes = |truth: bool| if truth { "yes" } else { "no" };
    let groups: Vec<_> = user.groups.iter().map(|group| shown(group)).collect();
    let mut lines = vec![
        shown(user.name()),
        format!("  id              {}", user.id),
        format!("  status          {}", user.standing()),
        format!("  email verified  {}", yes(user.email_verified)),
        format!("  password        {}", yes(user.has_password)),
        format!(
            "  groups          {}",
            if groups.is_empty() { "none".into() } else { groups.join(", ") }
        ),
        format!(
            "  created         {}{}",
            rfc3339(user.created),
            if user.provisioned { ", by an administrator" } else { "" }
        ),
        format!("  last updated    {}", rfc3339(user.last_updated)),
    ];
    for (name, value) in &user.profile {
        let value = if sensitive(organisation, name) {
            "(sensitive, not shown)".into()
        } else {
            plain(value)
        };
        lines.push(format!("  {name:<14}  {}", shown(&value)));
    }
    lines.join("\n")
}

/// The same for programs.
pub fn described(user: &User, organisation: &Organisation) -> Value {
    let profile: Map<_, _> = user
        .profile
        .iter()
        .filter(|(name, _)| !sensitive(organisation, name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "id": user.id,
        "login": user.text("login"),
        "status": user.standing(),
        "created": rfc3339(user.created),
        "lastUpdated": rfc3339(user.last_updated),
        "emailVerified": user.email_verified,
        "hasPassword": user.has_password,
        "provisioned": user.provisioned,
        "groups": user.groups,
        "profile": profile,
    })
}

fn sensitive(organisation: &Organisation, name: &str) -> bool {
    organisation.user_schema.property(name).is_some_and(|property| property.sensitive == Some(true))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// The errors, a sentence each, and the advice.
pub fn explained(error: &Error, organisation: Option<&Organisation>) -> Vec<String> {
    match error {
        Error::Wrong(faults) => faults.iter().map(|fault| wrong(fault, organisation)).collect(),
        Error::Password(problems) => {
            problems.iter().map(|problem| format!("the password: {}", problem.sentence())).collect()
        }
        Error::Taken(owners) => {
            let told = |(attribute, owner): &(String, String)| {
                format!("{} has this {attribute} already", shown(owner))
            };
            let mut told: Vec<_> = owners.iter().map(told).collect();
            told.dedup();
            if told.is_empty() {
                vec!["one of the values was just taken; try again".into()]
            } else {
                told
            }
        }
        Error::NotFound => {
            vec!["there is no account of this username, email address or id; `vestibule user list --search TEXT` finds accounts".into()]
        }
        Error::Ambiguous(by_name, by_id) => {
            vec![format!(
                "this is the username of {} and the id of {}: name them by their email addresses",
                shown(by_name),
                shown(by_id)
            )]
        }
        other => vec![other.to_string()],
    }
}

fn wrong(fault: &Fault, organisation: Option<&Organisation>) -> String {
    match fault {
        Fault::Undeclared(name) => {
            let names: Vec<_> = organisation
                .iter()
                .flat_map(|organisation| organisation.user_schema.properties())
                .map(|(name, _)| name)
                .collect();
            format!("the schema has no attribute {}; it has {}", shown(name), names.join(", "))
        }
        Fault::List(name) => format!("{name} is a list, which cannot be given here: not built yet"),
        Fault::ReadOnly(name) => {
            format!("{name} is READ_ONLY by its `mutability`: it cannot be written here")
        }
        Fault::Value(Notice {
            message: Message::Attribute { name, violation: Violation::Blank, .. },
            ..
        }) => {
            format!("{name} is missing: say --set {name}=…")
        }
        Fault::Value(notice @ Notice { message: Message::Attribute { name, .. }, .. }) => {
            format!("{name}: {}", idx::message::text(std::slice::from_ref(notice)))
        }
        Fault::Value(notice) => idx::message::text(std::slice::from_ref(notice)),
        Fault::TooLarge => "the profile is too large: give fewer or shorter values".into(),
        Fault::NoGroup(name) => {
            let groups: Vec<_> = organisation
                .iter()
                .flat_map(|organisation| &organisation.groups)
                .map(|group| group.id.clone())
                .collect();
            format!(
                "there is no group {}; there are {}",
                shown(name),
                if groups.is_empty() { "none".into() } else { groups.join(", ") }
            )
        }
        Fault::Groups(name) => format!("several groups are called {}: name its id", shown(name)),
        Fault::Everyone => {
            "everybody is in the group everyone: it is neither given nor taken".into()
        }
    }
}
