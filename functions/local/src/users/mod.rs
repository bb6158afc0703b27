//! `vestibule user`: the commands for people. What they do is [`engine::people`]; here are
//! arguments and words.

mod args;
mod list;
mod make;
mod place;
mod words;

use std::process::ExitCode;

use engine::people::{self, Error, Groups, Person};
use engine::ports::Clock as _;
use policy::organisation::Organisation;
use runtime::SystemClock;

use crate::terminal::{agrees, complain, say};
pub use args::Command;
use args::{MailArgs, Output, Who};
use place::At;
use words::{explained, line, whole};

/// Does what the arguments say: 0 if all of it was done, 1 if not. (2 is for arguments that are
/// wrong.)
pub async fn run(command: Command) -> ExitCode {
    match done(command).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// True if all of it was done.
async fn done(command: Command) -> Result<bool, String> {
    match command {
        Command::Create { account, mail, output, place } => {
            let at = place.open_with(account.pepper_secret_id.as_ref())?;
            make::create(account, &mail, output, &at).await
        }
        Command::List { filter, output, place } => {
            list::list(&filter, output, &place.open()?).await
        }
        Command::Show { who, output, place } => {
            let at = place.open()?;
            let organisation = at.organisation().await?;
            each(&at, &who, async |person| Ok(whole(&person, &organisation, output))).await
        }
        Command::Activate { who, mail, output, place } => {
            activate(&who, &mail, output, &place.open()?).await
        }
        Command::Deactivate { who, output, place } => {
            let at = place.open()?;
            let deactivated = async |person: Person| {
                let person =
                    people::deactivate(&*at.store, &person.user.id, SystemClock.now()).await?;
                Ok(line(&person, output, "deactivated; what was handed out before is void"))
            };
            each(&at, &who, deactivated).await
        }
        Command::Groups { who, exactly, add, remove, output, place } => {
            let named =
                |names: Vec<String>| names.into_iter().filter(|name| !name.is_empty()).collect();
            let groups = match exactly {
                Some(exactly) => Groups::Exactly(named(exactly)),
                None => Groups::By { add: named(add), remove: named(remove) },
            };
            let at = place.open()?;
            let organisation = at.organisation().await?;
            let set = async |person: Person| {
                let person = people::set_groups(
                    &*at.store,
                    &organisation,
                    &person.user.id,
                    &groups,
                    SystemClock.now(),
                )
                .await?;
                let groups: Vec<_> = person.user.groups.iter().cloned().collect();
                let said = if groups.is_empty() {
                    "in no group".to_owned()
                } else {
                    format!("in {}", groups.join(", "))
                };
                Ok(line(&person, output, &said))
            };
            each_with(&at, &who, Some(&organisation), set).await
        }
        Command::Delete { who, yes, output, place } => {
            delete(&who, yes, output, &place.open()?).await
        }
    }
}

async fn activate(who: &Who, mail: &MailArgs, output: Output, at: &At) -> Result<bool, String> {
    let mut mailed = true;
    let organisation = if mail.no_mail { None } else { Some(at.organisation().await?) };
    let activated = async |person: Person| {
        let person = people::activate(&*at.store, &person.user.id, SystemClock.now()).await?;
        let waits = person.user.standing() == "PROVISIONED";
        let said = match organisation.as_ref().filter(|_| waits) {
            Some(organisation) => match make::mail_to(&person.user, mail, organisation, at).await {
                Ok(app) => format!("active; a mail says how to begin at {app}"),
                Err(why) => {
                    mailed = false;
                    format!("active, but no mail was sent: {why}")
                }
            },
            None => "active".to_owned(),
        };
        Ok(line(&person, output, &said))
    };
    let done = each(at, who, activated).await?;
    Ok(done && mailed)
}

async fn delete(who: &Who, yes: bool, output: Output, at: &At) -> Result<bool, String> {
    let mut kept = false;
    let deleted = async |person: Person| {
        let question = format!(
            "Delete {} ({}) for good?",
            crate::terminal::shown(person.user.name()),
            person.user.id
        );
        match yes.then_some(true).or_else(|| agrees(&question)) {
            Some(true) => {
                let person = people::delete(&*at.store, &person.user.id, SystemClock.now()).await?;
                Ok(line(&person, output, "deleted; the names are free"))
            }
            answer => {
                kept = true;
                let why = if answer.is_none() {
                    "kept: say --yes, since there is no terminal to ask at"
                } else {
                    "kept"
                };
                Ok(line(&person, output, why))
            }
        }
    };
    let done = each(at, who, deleted).await?;
    Ok(done && !kept)
}

/// Does something to each of these people, one after the other, and says what became of it. One who
/// is not there does not keep the others from it. Whether it was done to all.
async fn each(
    at: &At,
    who: &Who,
    act: impl AsyncFnMut(Person) -> Result<String, Error>,
) -> Result<bool, String> {
    each_with(at, who, None, act).await
}

async fn each_with(
    at: &At,
    who: &Who,
    organisation: Option<&Organisation>,
    mut act: impl AsyncFnMut(Person) -> Result<String, Error>,
) -> Result<bool, String> {
    let mut all = true;
    for login in &who.logins {
        let result = match people::find(&*at.store, login).await {
            Ok(person) => act(person).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(said) => say(&said),
            Err(error) => {
                all = false;
                for sentence in explained(&error, organisation) {
                    complain(&format!(
                        "{}: {}",
                        crate::terminal::shown(login),
                        at.told(&error, sentence)
                    ));
                }
            }
        }
    }
    Ok(all)
}
