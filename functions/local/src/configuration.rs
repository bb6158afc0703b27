//! What is configured: puts organisation files into the table, reads back what is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dynamodb::DynamoStore;
use engine::ports::{Clock, Store, StoreError};
use engine::{configuration, uniqueness};
use policy::organisation::{Organisation, Property};
use policy::time::Timestamp;
use policy::user::User;
use runtime::{Environment, SystemClock};

use crate::StartError;
use crate::emulators::REGION;
use crate::terminal::{complain, say};

/// The organisation that a new table begins with.
const DEMO: &str = include_str!("../organisation.yaml");

/// The port that it is written for.
const DEMO_PORT: &str = ":8787";

/// What its addresses begin with, before the port.
const HERE: &str = "http://localhost";

/// How often a watched file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The configuration in a table.
#[derive(Clone)]
pub struct Configuration {
    client: dynamodb::Client,
    table: String,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// A table to apply a file to.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Another address than AWS's.
    pub endpoint_url: Option<String>,
    /// Region; `AWS_REGION` of the environment if none.
    pub region: Option<String>,
}

impl Table {
    /// What to do about it.
    pub fn explained(&self, error: &str) -> String {
        if error.contains("ResourceNotFoundException") {
            return format!(
                "there is no table {} in this account and region: deploy first, or check --table, --region and the credentials",
                self.name
            );
        }
        error.to_owned()
    }
}

impl Configuration {
    /// The configuration in `table`.
    pub fn new(client: dynamodb::Client, table: &str, clock: Arc<dyn Clock>) -> Self {
        Self { client: client.clone(), table: table.into(), store: Arc::new(DynamoStore::new(client, table)), clock }
    }

    /// At the start: applies the named file, or the demo if the table has nothing. Says what it did.
    pub async fn begin(&self, file: Option<&Path>, base_url: &str) -> Result<String, StartError> {
        let failed = StartError::Organisation;
        if let Some(file) = file {
            let organisation = read(file).map_err(failed)?;
            self.put(&organisation).await.map_err(failed)?;
            if let Some(warning) = leads_elsewhere(&organisation, base_url) {
                complain(&format!("{}: {warning}", file.display()));
            }
            return Ok(format!("from {}, applied again whenever it changes", file.display()));
        }
        let port = base_url.strip_prefix(HERE).unwrap_or(DEMO_PORT);
        match self.stored().await.map_err(failed)? {
            None => {
                self.apply_text("organisation.yaml", &DEMO.replace(DEMO_PORT, port)).await.map_err(failed)?;
                Ok("the demo (--organisation FILE for your own)".into())
            }
            Some(stored) => match moved(&stored, port) {
                Some(here) => {
                    self.put(&here).await.map_err(failed)?;
                    Ok("as it was, for the new port".into())
                }
                None => Ok("as it was".into()),
            },
        }
    }

    /// Applies `file` whenever it changes. A file that is wrong changes nothing. Never returns.
    pub async fn watch(self, file: PathBuf) {
        let mut seen = modified(&file);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = modified(&file);
            // An editor may take the file away for a moment before it puts the new one.
            if now == seen || now.is_none() {
                continue;
            }
            seen = now;
            let applied = match read(&file) {
                Ok(organisation) => self.put(&organisation).await,
                Err(wrong) => Err(wrong),
            };
            match applied {
                Ok(()) => say(&format!("{} has changed and was applied", file.display())),
                Err(wrong) => complain(&format!("{wrong}\n{} has changed and was NOT applied: what was there before stays", file.display())),
            }
        }
    }

    /// Now, to those who decide by it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The configuration in a table of an AWS account, or at another address.
    pub fn of(table: &Table) -> Result<Self, String> {
        Ok(Self::new(connect(table)?, &table.name, Arc::new(SystemClock)))
    }

    /// What is configured.
    pub async fn current(&self) -> Result<Organisation, String> {
        self.stored().await?.ok_or_else(|| "the table has no organisation yet".into())
    }

    /// Applies the text of an organisation file.
    pub async fn apply_text(&self, name: &str, text: &str) -> Result<Organisation, String> {
        let organisation = organisation::parse(name, text).map_err(|problems| problems.to_string())?;
        self.put(&organisation).await?;
        Ok(organisation)
    }

    /// Puts an organisation that was checked. Where attributes are unique, nobody may share a value already, and what people have is claimed for them.
    pub async fn put(&self, organisation: &Organisation) -> Result<(), String> {
        let failed = |error: StoreError| error.to_string();
        let unique = organisation.user_schema.definitions.custom.properties.values().any(Property::is_unique);
        if unique && let Some((attribute, users)) = uniqueness::clashes(organisation, &self.users().await?).into_iter().next() {
            return Err(format!("{}. Change it for all but one of them, or take `unique` away", shared(&attribute, &users)));
        }
        configuration::apply(&*self.store, organisation, self.clock.now()).await.map_err(failed)?;
        if unique {
            // Whoever came between the look and the change has claimed nothing either.
            let users = self.users().await?;
            uniqueness::claim(&*self.store, organisation, &users, self.clock.now()).await.map_err(failed)?;
            if let Some((attribute, users)) = uniqueness::clashes(organisation, &users).into_iter().next() {
                return Err(format!("it is applied, but meanwhile {}; the first of them is found by it", shared(&attribute, &users)));
            }
        }
        Ok(())
    }

    /// Everybody with an account.
    pub async fn users(&self) -> Result<Vec<User>, String> {
        let items = dynamodb::listing::list(&self.client, &self.table, "USER").await.map_err(|error| error.to_string())?;
        let unreadable = |_| "an account in the table cannot be read".to_owned();
        items.into_iter().map(|item| serde_json::from_value(item.body).map_err(unreadable)).collect()
    }

    /// What is configured, if anything.
    pub async fn stored(&self) -> Result<Option<Organisation>, String> {
        let loaded = configuration::load(&*self.store).await.map_err(|error| error.to_string())?;
        Ok(loaded.map(|revision| revision.organisation))
    }
}

/// That these people share a value of an attribute that is to be unique.
pub fn shared(attribute: &str, names: &[String]) -> String {
    format!("{attribute} cannot be unique: {} people have the same value ({})", names.len(), names.join(", "))
}

/// Reads and checks a file.
pub fn read(file: &Path) -> Result<Organisation, String> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {name}: {error}; name an organisation file that you may read"))?;
    organisation::parse(&name, &text).map_err(|problems| problems.to_string())
}

/// `vestibule apply`.
pub async fn apply(file: &Path, table: &Table) -> Result<String, String> {
    let organisation = read(file)?;
    let put = Configuration::of(table)?.put(&organisation).await;
    put.map_err(|error| table.explained(&error))?;
    Ok(format!("{} is in the table {}; it takes effect at the next step of any sign-in", file.display(), table.name))
}

/// A client for a table, with the environment's credentials; a server on this machine needs none.
fn connect(table: &Table) -> Result<dynamodb::Client, String> {
    Ok(dynamodb::Client::new(&environment(table, |_| None)?.dynamodb()))
}

/// What a function at this table would be given: `more` before the process's own variables.
pub fn environment(table: &Table, more: impl Fn(&str) -> Option<String>) -> Result<Environment, String> {
    let local = table.endpoint_url.as_deref().is_some_and(|url| url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:"));
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let environment = Environment::from_vars(|name| match name {
        "TABLE_NAME" => Some(table.name.clone()),
        "AWS_ENDPOINT_URL_DYNAMODB" => table.endpoint_url.clone().or_else(|| variable(name)),
        "AWS_REGION" => table.region.clone().or_else(|| variable(name)).or_else(|| local.then(|| REGION.into())),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" if local => Some("local".into()),
        // What every function has and this command does not use.
        "BASE_URL" => Some("http://localhost".into()),
        "INTERACTION_SECRET_ID" => Some("unused".into()),
        _ => more(name).or_else(|| variable(name)),
    });
    environment.map_err(|error| format!("{error}: set it (credentials and region come from the environment), or name --region"))
}

/// The same organisation at another port (`:8787`, or nothing for the usual one), if it is the demo's and was made for another one; the same folder may
/// be served at any port.
fn moved(stored: &Organisation, port: &str) -> Option<Organisation> {
    let uris = stored.app_by_client_id("demo-spa").map(|app| &app.settings.oauth_client.redirect_uris)?;
    let before = uris.iter().find_map(|uri| uri.strip_prefix(HERE)?.strip_suffix("/demo/callback"))?;
    if before == port {
        return None;
    }
    let mut text = serde_json::to_string(stored).ok()?;
    for host in ["localhost", "127.0.0.1"] {
        for end in ["/", "\""] {
            text = text.replace(&format!("http://{host}{before}{end}"), &format!("http://{host}{port}{end}"));
        }
    }
    serde_json::from_str(&text).ok()
}

/// A file that was written for another port: nobody would get back to the pages here.
fn leads_elsewhere(organisation: &Organisation, base_url: &str) -> Option<String> {
    let port = base_url.strip_prefix(HERE)?;
    let here = ["localhost", "127.0.0.1"].map(|host| format!("http://{host}{port}/"));
    let mut uris = organisation.apps.iter().flat_map(|app| &app.settings.oauth_client.redirect_uris).peekable();
    let first = (*uris.peek()?).clone();
    let none = !uris.any(|uri| here.iter().any(|here| uri.starts_with(here)));
    none.then(|| {
        format!(
            "no app has a redirect_uri at {base_url}, so the pages of this server cannot sign anybody in; there is {first}: write {base_url} there"
        )
    })
}

fn modified(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_moves_to_any_port_and_back() {
        let demo = organisation::parse("organisation.yaml", DEMO).unwrap();
        assert_eq!(moved(&demo, DEMO_PORT), None);
        let usual = moved(&demo, "").unwrap();
        assert_eq!(leads_elsewhere(&usual, "http://localhost"), None);
        assert_eq!(policy::organisation::check::check(&usual), [], "the usual port is not written");
        assert_eq!(moved(&usual, ""), None);
        assert_eq!(moved(&usual, DEMO_PORT).unwrap(), demo);
    }

    #[test]
    fn a_file_for_another_port_is_noticed() {
        let demo = organisation::parse("organisation.yaml", DEMO).unwrap();
        assert_eq!(leads_elsewhere(&demo, "http://localhost:8787"), None);
        let warning = leads_elsewhere(&demo, "http://localhost:8890").unwrap();
        assert!(leads_elsewhere(&demo, "http://localhost").is_some());
        assert!(warning.contains("http://localhost:8787/demo/callback") && warning.contains("write http://localhost:8890 there"), "{warning}");
    }
}
