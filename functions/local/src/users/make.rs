//! `vestibule user create`, and the mail that says how to begin.

use std::io::{self, Read as _};

use engine::people::{self, invitation};
use engine::ports::{Clock as _, Mailer as _};
use password::{Argon2Passwords, Cost, Pepper};
use policy::organisation::{App, Organisation};
use policy::provision::{self, Wanted};
use policy::secret::Secret;
use policy::user::User;
use runtime::{SystemClock, SystemRandom};
use serde_json::Value;
use ses::SesMailer;

use super::args::{Account, MailArgs, Output};
use super::place::At;
use super::words::{explained, line};
use crate::terminal::{complain, say, shown};

/// Octets that are read of a password: more than any may have.
const MOST_OCTETS: u64 = 8 * 1024;

/// Makes an account; whether it was made and, where one was wanted, the mail sent.
pub async fn create(
    account: Account,
    mail: &MailArgs,
    output: Output,
    at: &At,
) -> Result<bool, String> {
    let organisation = at.organisation().await?;
    let now = SystemClock.now();
    let login = shown(&account.login);
    let with_password = account.password_stdin;
    let wanted = wanted(account);
    let passwords = if with_password { Some((typed()?, passwords(at).await?)) } else { None };
    let mails = !with_password && !mail.no_mail;
    if mails && let Ok(user) = provision::account(&organisation, &wanted, String::new(), now) {
        // Before the account is there: a person who cannot get in by the mailbox needs a password.
        chosen(&user, mail, &organisation)?;
    }
    let password = passwords
        .as_ref()
        .map(|(typed, passwords)| (typed, passwords as &dyn engine::ports::Passwords));
    let made =
        people::create(&*at.store, &SystemRandom, &organisation, &wanted, password, now).await;
    let person = match made {
        Ok(person) => person,
        Err(error) => {
            for sentence in explained(&error, Some(&organisation)) {
                complain(&format!("{login}: {}", at.told(&error, sentence)));
            }
            return Ok(false);
        }
    };
    if !mails {
        say(&line(&person, output, "made"));
        return Ok(true);
    }
    match mail_to(&person.user, mail, &organisation, at).await {
        Ok(app) => {
            say(&line(&person, output, &format!("made; a mail says how to begin at {app}")));
            Ok(true)
        }
        Err(why) => {
            say(&line(&person, output, "made, but no mail was sent"));
            complain(&format!(
                "{login}: no mail was sent: {why}; `vestibule user activate` sends it again"
            ));
            Ok(false)
        }
    }
}

/// Mails a person how to begin; the label of the app that the mail leads to.
pub async fn mail_to(
    user: &User,
    mail: &MailArgs,
    organisation: &Organisation,
    at: &At,
) -> Result<String, String> {
    let app = chosen(user, mail, organisation)?;
    let letter = invitation(organisation, app, user, mail.link.as_deref(), SystemClock.now())
        .ok_or("the account has no email address")?;
    let mailer = SesMailer::new(
        ses::Client::new(&at.environment.ses()),
        at.environment.ses_configuration_set(),
    );
    mailer.send(&letter).await.map_err(|error| error.to_string())?;
    Ok(app.label.clone())
}

/// The app that the mail leads to.
fn chosen<'o>(
    user: &User,
    mail: &MailArgs,
    organisation: &'o Organisation,
) -> Result<&'o App, String> {
    let lets_in =
        |app: &&App| provision::beginning(organisation, app, user, SystemClock.now()).is_some();
    let password = "give a password with --password-stdin, or mail nothing with --no-mail";
    match &mail.app {
        Some(id) => {
            let app = organisation.apps.iter().find(|app| app.id == *id);
            let app = app.ok_or_else(|| {
                format!(
                    "there is no app {id}; there are {}",
                    list(organisation.apps.iter().map(|app| &app.id))
                )
            })?;
            Some(app).filter(lets_in).ok_or_else(|| {
                format!("{} lets in no person who has only a mailbox: {password}", app.label)
            })
        }
        None => {
            organisation.apps.iter().find(lets_in).ok_or_else(|| {
                format!("no app lets in a person who has only a mailbox: {password}")
            })
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.cloned().collect::<Vec<_>>().join(", ")
}

fn wanted(account: Account) -> Wanted {
    let mut profile: policy::user::Profile =
        account.values.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    profile.insert("login".into(), Value::String(account.login));
    Wanted { profile, groups: account.groups, email_verified: account.email_verified }
}

/// The password as it comes: of it only the end of the line is no part.
fn typed() -> Result<Secret, String> {
    let mut text = String::new();
    io::stdin()
        .take(MOST_OCTETS)
        .read_to_string(&mut text)
        .map_err(|error| format!("no password could be read: {error}"))?;
    let end = text
        .strip_suffix('\n')
        .map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line))
        .len();
    text.truncate(end);
    Ok(Secret::new(text))
}

/// Hashes as the functions do, with the pepper that they have.
async fn passwords(at: &At) -> Result<Argon2Passwords, String> {
    let needed = |error: &dyn std::fmt::Display| {
        format!(
            "a password is hashed with the deployment's pepper, and {error}: name its secret with --pepper-secret-id, which your credentials must be \
             able to read, or leave --password-stdin out, and the person sets a password"
        )
    };
    let text = at.environment.peppers().await.map_err(|error| needed(&error))?;
    let peppers = Pepper::parse(&text).map_err(|error| needed(&error))?;
    Argon2Passwords::new(peppers, Cost::default()).map_err(|error| needed(&error))
}
