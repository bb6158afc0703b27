//! Whom an organisation would ask for what, and whom it would stop. The *People* page shows it of
//! what is in force, `vestibule plan` of a file beside what is in force.

use std::path::Path;

use engine::uniqueness;
use policy::dry_run::{self, Misfit};
use policy::organisation::{App, AuthenticatorKey, Organisation};
use policy::requirement::{Refusal, Requirement};
use policy::time::Timestamp;
use policy::user::User;

use crate::configuration::{Configuration, Table, read, shared};

/// The outcome of a person's next sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// They are asked for this, in words, once they have proven who they are. Nothing: they get in
    /// as they are.
    Asked(Vec<String>),
    /// They do not get in, and why.
    Stopped(&'static str),
}

impl Prospect {
    /// Of `user` at `app`, were they to sign in at `now`.
    pub fn of(organisation: &Organisation, app: &App, user: &User, now: Timestamp) -> Self {
        match dry_run::asked(organisation, app, user, now) {
            Ok(asked) => Self::Asked(asked.iter().flat_map(words).collect()),
            Err(Refusal::NotAssigned) => Self::Stopped("no group of theirs is assigned to the app"),
            Err(_) => Self::Stopped(
                "a sign-on policy denies it, or asks for what they cannot have, or the account is not active",
            ),
        }
    }

    fn asks(&self) -> bool {
        matches!(self, Self::Asked(asked) if !asked.is_empty())
    }

    fn stops(&self) -> bool {
        matches!(self, Self::Stopped(_))
    }

    /// As the end of a line of the plan, after what it was `before`.
    fn text(&self, before: &Self) -> String {
        match self {
            Self::Stopped(why) => format!("does not get in: {why}"),
            Self::Asked(asked) if !asked.is_empty() => format!("is asked for {}", asked.join(", ")),
            Self::Asked(_) if before.stops() => "gets in again".into(),
            Self::Asked(_) => "is not asked any more".into(),
        }
    }
}

fn words(requirement: &Requirement) -> Vec<String> {
    match requirement {
        Requirement::CompleteProfile(form) => {
            form.fields.iter().map(|field| field.label.clone()).collect()
        }
        Requirement::Enroll(AuthenticatorKey::OktaEmail) => vec!["a proof of the mailbox".into()],
        Requirement::Enroll(AuthenticatorKey::OktaPassword) => vec!["a password".into()],
        _ => Vec::new(),
    }
}

/// `vestibule plan`: of each app, who would be asked for what and who would be stopped, and what of
/// that is not so today.
pub async fn plan(file: &Path, table: &Table) -> Result<String, String> {
    let planned = read(file)?;
    let configuration = Configuration::of(table)?;
    let explained = |error: String| table.explained(&error);
    let (users, today) = (
        configuration.users().await.map_err(explained)?,
        configuration.stored().await.map_err(explained)?,
    );
    Ok(told(&planned, today.as_ref(), &users, configuration.now(), &table.name))
}

fn told(
    planned: &Organisation,
    today: Option<&Organisation>,
    users: &[User],
    now: Timestamp,
    table: &str,
) -> String {
    let accounts = if users.len() == 1 { "account" } else { "accounts" };
    let mut said = vec![format!(
        "{} {accounts} in the table {table}. A * marks what is not so today.",
        users.len()
    )];
    for (attribute, owners) in uniqueness::clashes(planned, users) {
        said.push(format!("\n{}", shared(&attribute, &owners)));
    }
    let misfits = misfits(planned, today, users);
    said.extend((!misfits.is_empty()).then(String::new).into_iter().chain(misfits));
    for app in &planned.apps {
        let before = |user: &User| match today.and_then(|today| Some((today, today.app(&app.id)?)))
        {
            Some((today, app)) => Prospect::of(today, app, user, now),
            // No one was asked for anything where there was no app.
            None => Prospect::Asked(Vec::new()),
        };
        let all: Vec<_> = users
            .iter()
            .map(|user| (user, before(user), Prospect::of(planned, app, user, now)))
            .collect();
        let number = |counts: fn(&Prospect) -> bool| {
            let there = all.iter().filter(|(_, _, after)| counts(after)).count();
            let new =
                all.iter().filter(|(_, before, after)| counts(after) && !counts(before)).count();
            format!("{there} ({new} of them not today)")
        };
        said.push(format!(
            "\n{}: asked for something {}, stopped {}",
            app.label,
            number(Prospect::asks),
            number(Prospect::stops)
        ));
        for (user, before, after) in
            all.iter().filter(|(_, before, after)| before != after || after.asks())
        {
            let mark = if before == after { ' ' } else { '*' };
            said.push(format!("{mark} {}  {}", user.name(), after.text(before)));
        }
    }
    for app in
        today.iter().flat_map(|today| &today.apps).filter(|app| planned.app(&app.id).is_none())
    {
        said.push(format!(
            "\n{}: not in the file, so nobody would sign in to it any more",
            app.label
        ));
    }
    said.join("\n")
}

/// Of each attribute, how many stored values it would not take, as lines. Never the values.
pub fn misfits(
    planned: &Organisation,
    today: Option<&Organisation>,
    users: &[User],
) -> Vec<String> {
    let found = dry_run::misfits(planned, today, users);
    let heading = "Values that people have and that the file would not take; they stay, and people sign in as before:";
    let lines = found.iter().map(|misfits| {
        let (mark, number) = (if misfits.new > 0 { '*' } else { ' ' }, misfits.values);
        let (values, are) = if number == 1 { ("value", "is") } else { ("values", "are") };
        let why = match misfits.why {
            Misfit::Type => "not of its type",
            Misfit::Options => "none of its options",
            Misfit::Range => "out of its range",
            Misfit::Length => "too short or too long",
            Misfit::Format => "not of its format",
            Misfit::NoAttribute => "of no attribute in the file",
        };
        format!(
            "{mark} {}: {number} {values} {are} {why} ({} of them not today)",
            misfits.attribute, misfits.new
        )
    });
    found.first().map(|_| heading.to_owned()).into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test says what it expects by failing"
    )]

    use policy::organisation::ProfileAttribute;
    use serde_json::json;

    use super::*;

    fn user(login: &str, profile: &serde_json::Value) -> User {
        let mut user: User = serde_json::from_value(json!({
            "id": login, "status": "ACTIVE", "created": 0, "lastUpdated": 0, "emailVerified": true, "hasPassword": true,
            "groups": ["everyone"], "profile": {"login": login, "email": login, "firstName": "A", "lastName": "B"},
        }))
        .unwrap();
        user.profile.extend(profile.as_object().unwrap().clone());
        user
    }

    fn asking(organisation: &Organisation, name: &str) -> Organisation {
        let mut organisation = organisation.clone();
        let form = &mut organisation
            .policies
            .profile_enrollment
            .iter_mut()
            .find(|policy| policy.id == "demo-enrollment")
            .unwrap()
            .rules[0];
        let field =
            ProfileAttribute { name: name.into(), label: format!("Your {name}"), required: true };
        form.actions.profile_enrollment.profile_attributes.push(field);
        organisation
    }

    #[test]
    fn a_plan_says_who_is_asked_who_is_stopped_and_what_of_it_is_new() {
        let demo =
            organisation::parse("organisation.yaml", include_str!("../organisation.yaml")).unwrap();
        let users = [
            user(
                "ada@example.com",
                &json!({"department": "Engines", "mobilePhone": "+44 20 7946 0000"}),
            ),
            user("bob@example.com", &json!({"department": "Bridges"})),
        ];
        let now = Timestamp(1_800_000_000);
        let says = |planned: &Organisation, today: Option<&Organisation>| {
            told(planned, today, &users, now, "vestibule")
        };

        let label = &demo.apps[0].label;
        let unchanged = says(&demo, Some(&demo));
        assert!(unchanged.contains(&format!("{label}: asked for something 0 (0 of them not today), stopped 0 (0 of them not today)")), "{unchanged}");
        assert!(!unchanged.contains("example.com"), "{unchanged}");

        let asking_for_more = asking(&demo, "mobilePhone");
        let asked = says(&asking_for_more, Some(&demo));
        assert!(
            asked.contains(&format!(
                "{label}: asked for something 1 (1 of them not today), stopped 0"
            )),
            "{asked}"
        );
        assert!(
            asked.contains("\n* bob@example.com  is asked for Your mobilePhone")
                && !asked.contains("ada@"),
            "{asked}"
        );
        assert!(
            says(&asking_for_more, Some(&asking_for_more))
                .contains("\n  bob@example.com  is asked for Your mobilePhone")
        );
        assert!(
            says(&demo, Some(&asking_for_more))
                .contains("\n* bob@example.com  is not asked any more")
        );
        assert!(
            says(&asking_for_more, None).contains("\n* bob@example.com  is asked"),
            "a table without an organisation"
        );

        let mut closed = demo.clone();
        closed.apps[0].groups = vec!["subscribers".into()];
        let stopped = says(&closed, Some(&demo));
        assert!(stopped.contains("stopped 2 (2 of them not today)"), "{stopped}");
        assert!(
            stopped.contains(
                "\n* ada@example.com  does not get in: no group of theirs is assigned to the app"
            ),
            "{stopped}"
        );
        assert!(says(&demo, Some(&closed)).contains("\n* ada@example.com  gets in again"));

        let mut fewer = demo.clone();
        let gone = fewer.apps.remove(0);
        assert!(says(&fewer, Some(&demo)).contains(&format!("\n{}: not in the file", gone.label)));
    }

    /// C14: people have values, and the schema changes under them.
    #[test]
    fn a_plan_says_how_many_values_no_longer_fit_and_never_which() {
        let demo =
            organisation::parse("organisation.yaml", include_str!("../organisation.yaml")).unwrap();
        let custom = |text: serde_json::Value| {
            let mut changed = demo.clone();
            let properties = &mut changed.user_schema.definitions.custom.properties;
            for (name, property) in text.as_object().unwrap() {
                properties.insert(name.clone(), serde_json::from_value(property.clone()).unwrap());
            }
            changed
        };
        let today = custom(json!({
            "loyalty": { "type": "string" }, "nickname": { "type": "string" }, "age": { "type": "integer" }, "site": { "type": "string" },
            "tags": { "type": "array", "items": { "type": "string" } }, "gone": { "type": "string" },
        }));
        let planned = custom(json!({
            "loyalty": { "type": "integer" }, "nickname": { "type": "string", "maxLength": 5 }, "age": { "type": "integer", "minimum": 18 },
            "site": { "type": "string", "format": "uri" }, "tags": { "type": "array", "items": { "type": "integer" } },
            "favouriteColour": { "type": "string", "enum": ["green", "blue"] },
        }));
        let users = [
            user(
                "ada@example.com",
                &json!({"loyalty": "tub5be", "nickname": "Countess", "age": 17, "site": "not a uri", "tags": ["a"], "gone": "x"}),
            ),
            user(
                "bob@example.com",
                &json!({"loyalty": "42", "nickname": "Bob", "age": 40, "favouriteColour": "red", "site": "https://b.example"}),
            ),
            user(
                "eve@example.com",
                &json!({"favouriteColour": "red", "mobilePhone": "", "nickname": null}),
            ),
        ];
        assert_eq!(misfits(&today, Some(&today), &users), Vec::<String>::new());
        let all = [
            "Values that people have and that the file would not take; they stay, and people sign in as before:",
            "* age: 1 value is out of its range (1 of them not today)",
            "* favouriteColour: 2 values are none of its options (2 of them not today)",
            "* gone: 1 value is of no attribute in the file (1 of them not today)",
            "* loyalty: 2 values are not of its type (2 of them not today)",
            "* nickname: 1 value is too short or too long (1 of them not today)",
            "* site: 1 value is not of its format (1 of them not today)",
            "* tags: 1 value is not of its type (1 of them not today)",
        ];
        assert_eq!(misfits(&planned, Some(&today), &users), all);
        let once_applied = misfits(&planned, Some(&planned), &users);
        assert_eq!(once_applied[1], "  age: 1 value is out of its range (0 of them not today)");
        let plan = told(&planned, Some(&today), &users, Timestamp(1_800_000_000), "vestibule");
        assert!(plan.contains(&all.join("\n")), "{plan}");
        for value in ["tub5be", "Countess", "17", "not a uri"] {
            assert!(!plan.contains(value), "{plan}");
        }
    }
}
