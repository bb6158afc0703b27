//! `vestibule user list`: a scan of the table, page by page.

use std::ops::ControlFlow;

use clap::Args;
use engine::people::Person;
use policy::provision;
use policy::user::User;

use super::args::{Output, Standing};
use super::place::At;
use super::words::{described, explained};
use crate::terminal::{progress, say, shown};

/// The accounts to list.
#[derive(Debug, Args)]
pub struct Filter {
    /// Only those that stand so
    #[arg(long)]
    status: Option<Standing>,
    /// Only those in this group, by id or name
    #[arg(long)]
    group: Option<String>,
    /// Only those with a username, email, first or last name that begins so
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// End after so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists people as they are found, in no order.
pub async fn list(filter: &Filter, output: Output, at: &At) -> Result<bool, String> {
    let organisation = at.organisation().await?;
    let group = match &filter.group {
        Some(name) => {
            let groups = provision::groups(&organisation, std::slice::from_ref(name));
            let explained = |faults| {
                explained(&engine::people::Error::Wrong(faults), Some(&organisation)).join("; ")
            };
            groups.map_err(explained)?.into_iter().next()
        }
        None => None,
    };
    let search = filter.search.as_ref().map(|text| text.to_lowercase());
    let (mut seen, mut found, mut unreadable) = (0, 0, 0);
    let scanned = dynamodb::listing::pages(&at.client, at.table(), "USER", |items, looked_at| {
        seen += looked_at;
        progress("");
        for item in items {
            if filter.limit.is_some_and(|limit| found >= limit) {
                return ControlFlow::Break(());
            }
            let Ok(user) = serde_json::from_value::<User>(item.body) else {
                unreadable += 1;
                continue;
            };
            if fits(&user, filter.status, group.as_deref(), search.as_deref()) {
                found += 1;
                let person = Person { user, version: item.version };
                say(&if output.json {
                    described(&person.user, &organisation).to_string()
                } else {
                    row(&person.user)
                });
            }
        }
        progress(&format!("{seen} items looked at, {found} found"));
        ControlFlow::Continue(())
    })
    .await;
    progress("");
    scanned.map_err(|error| at.explained(&error.to_string()))?;
    if unreadable > 0 {
        return Err(format!(
            "{unreadable} accounts cannot be read: they were written by a newer version, or by hand"
        ));
    }
    if !output.json {
        say(&format!("{found} {}", if found == 1 { "account" } else { "accounts" }));
    }
    Ok(true)
}

fn fits(user: &User, status: Option<Standing>, group: Option<&str>, search: Option<&str>) -> bool {
    let begins = |text: &str| {
        ["login", "email", "firstName", "lastName"]
            .iter()
            .any(|name| user.text(name).is_some_and(|own| own.to_lowercase().starts_with(text)))
    };
    status.is_none_or(|status| status.word() == user.standing())
        && group.is_none_or(|group| user.groups.contains(group))
        && search.is_none_or(begins)
}

fn row(user: &User) -> String {
    let groups: Vec<_> = user.groups.iter().map(|group| shown(group)).collect();
    let verified = if user.email_verified { "verified" } else { "unverified" };
    format!(
        "{:<40} {:<13} {verified:<10} {}",
        shown(user.name()),
        user.standing(),
        groups.join(",")
    )
}
