//! The configuration: puts organisation files into the table, reads back what is there.

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

use crate::emulators::REGION;
use crate::terminal::{complain, say};
use crate::{StartError, address, plan};

/// The organisation that a new table begins with.
const DEMO: &str = include_str!("../organisation.yaml");

/// The time between two looks at a watched file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The configuration in a table.
#[derive(Clone)]
pub struct Configuration {
    client: dynamodb::Client,
    table: String,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// The address of the server that has this configuration; the one of a deployment
    /// has none of its own.
    base_url: String,
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
    /// The advice for the operator.
    pub fn explained(&self, error: &str) -> String {
        let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
        let address = self.address();
        if says(&["ResourceNotFoundException"]) {
            return format!(
                "there is no table {} at {address}: deploy first, or check --table, --region and the credentials",
                self.name
            );
        }
        if says(&["no connection", "no answer in time"]) {
            let hint = match self.endpoint_url {
                Some(_) => {
                    "check --endpoint-url; a running `cargo run` prints it after \"DynamoDB\""
                }
                None => {
                    "check --region and the network; for the table of a running `cargo run`, say --endpoint-url"
                }
            };
            return format!("cannot reach DynamoDB at {address}: {hint} ({error})");
        }
        if says(&[
            "UnrecognizedClient",
            "InvalidSignature",
            "ExpiredToken",
            "AccessDenied",
            "InvalidClientTokenId",
            "IncompleteSignature",
        ]) {
            return format!(
                "DynamoDB at {address} does not let you in: check the credentials in the environment ({error})"
            );
        }
        format!("DynamoDB at {address}: {error}")
    }

    /// The places to look for it.
    fn address(&self) -> String {
        let endpoint = self.endpoint_url.clone().or_else(|| variable("AWS_ENDPOINT_URL_DYNAMODB"));
        let region = || self.region.clone().or_else(|| variable("AWS_REGION")).unwrap_or_default();
        endpoint.unwrap_or_else(|| format!("https://dynamodb.{}.amazonaws.com", region()))
    }
}

impl Configuration {
    /// The configuration in `table`.
    pub fn new(client: dynamodb::Client, table: &str, clock: Arc<dyn Clock>) -> Self {
        let store = Arc::new(DynamoStore::new(client.clone(), table));
        Self { client, table: table.into(), store, clock, base_url: String::new() }
    }

    /// The same, of the server at this address.
    #[must_use]
    pub fn at(self, base_url: &str) -> Self {
        Self { base_url: base_url.into(), ..self }
    }

    /// At the start: applies the named file, or the demo if the table has nothing. Says what it
    /// did.
    pub async fn begin(&self, file: Option<&Path>) -> Result<String, StartError> {
        let failed = StartError::Organisation;
        if let Some(file) = file {
            for told in self.apply_file(file).await.map_err(failed)? {
                complain(&told);
            }
            return Ok(format!("from {}, applied again whenever it changes", file.display()));
        }
        match self.stored().await.map_err(failed)? {
            None => {
                let demo = organisation::parse("organisation.yaml", DEMO)
                    .map_err(|problems| failed(problems.to_string()))?;
                self.put(&moved(&demo, &self.base_url).unwrap_or(demo)).await.map_err(failed)?;
                Ok("the demo (--organisation FILE for your own)".into())
            }
            Some(stored) => match moved(&stored, &self.base_url) {
                Some(here) => {
                    self.put(&here).await.map_err(failed)?;
                    Ok("as it was, for the new address".into())
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
            match self.apply_file(&file).await {
                Ok(told) => {
                    say(&format!("{} has changed and was applied", file.display()));
                    for line in &told {
                        complain(line);
                    }
                }
                Err(wrong) => complain(&format!(
                    "{wrong}\n{} has changed and was NOT applied: what was there before stays",
                    file.display()
                )),
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

    /// The configuration.
    pub async fn current(&self) -> Result<Organisation, String> {
        self.stored().await?.ok_or_else(|| "the table has no organisation yet".into())
    }

    /// Applies the text of an organisation file.
    pub async fn apply_text(&self, name: &str, text: &str) -> Result<Organisation, String> {
        let organisation = self.parse(name, text)?;
        self.put(&organisation).await?;
        Ok(organisation)
    }

    /// Applies an organisation file; what there is to say about it.
    async fn apply_file(&self, file: &Path) -> Result<Vec<String>, String> {
        let organisation = self.parse(&file.display().to_string(), &text_of(file)?)?;
        let today = self.stored().await?;
        self.put(&organisation).await?;
        let astray = leads_elsewhere(&organisation, &self.base_url)
            .map(|warning| format!("{}: {warning}", file.display()));
        Ok(astray
            .into_iter()
            .chain(plan::misfits(&organisation, today.as_ref(), &self.users().await?))
            .collect())
    }

    /// Reads and checks the text of an organisation file. This server's own address is right in it,
    /// whatever it is.
    fn parse(&self, name: &str, text: &str) -> Result<Organisation, String> {
        let organisation = organisation::parse(name, &address::stand_in(text, &self.base_url))
            .map_err(|problems| problems.to_string())?;
        Ok(address::stood_for(&organisation, &self.base_url).unwrap_or(organisation))
    }

    /// The faults of an organisation that is used here.
    pub fn problems(&self, organisation: &Organisation) -> Vec<String> {
        let standing_in = address::standing_in(organisation, &self.base_url);
        let problems =
            policy::organisation::check::check(standing_in.as_ref().unwrap_or(organisation));
        problems.into_iter().map(|problem| problem.message).collect()
    }

    /// Puts an organisation that was checked. Where attributes are unique, no two users may share a
    /// value already, and what people have is claimed for them.
    pub async fn put(&self, organisation: &Organisation) -> Result<(), String> {
        let failed = |error: StoreError| error.to_string();
        let unique = organisation
            .user_schema
            .definitions
            .custom
            .properties
            .values()
            .any(Property::is_unique);
        if unique
            && let Some((attribute, users)) =
                uniqueness::clashes(organisation, &self.users().await?).into_iter().next()
        {
            return Err(format!(
                "{}. Change it for all but one of them, or take `unique` away",
                shared(&attribute, &users)
            ));
        }
        configuration::apply(&*self.store, organisation, self.clock.now()).await.map_err(failed)?;
        if unique {
            // An account made between the look and the change has claimed nothing either.
            let users = self.users().await?;
            uniqueness::claim(&*self.store, organisation, &users, self.clock.now())
                .await
                .map_err(failed)?;
            if let Some((attribute, users)) =
                uniqueness::clashes(organisation, &users).into_iter().next()
            {
                return Err(format!(
                    "it is applied, but meanwhile {}; the first of them is found by it",
                    shared(&attribute, &users)
                ));
            }
        }
        Ok(())
    }

    /// All users with an account.
    pub async fn users(&self) -> Result<Vec<User>, String> {
        let items = dynamodb::listing::list(&self.client, &self.table, "USER")
            .await
            .map_err(|error| error.to_string())?;
        let unreadable = |_| "an account in the table cannot be read".to_owned();
        items
            .into_iter()
            .map(|item| serde_json::from_value(item.body).map_err(unreadable))
            .collect()
    }

    /// The configuration, if anything.
    pub async fn stored(&self) -> Result<Option<Organisation>, String> {
        let loaded = configuration::load(&*self.store).await.map_err(|error| error.to_string())?;
        Ok(loaded.map(|revision| revision.organisation))
    }
}

/// That these people share a value of an attribute that is to be unique.
pub fn shared(attribute: &str, names: &[String]) -> String {
    format!(
        "{attribute} cannot be unique: {} people have the same value ({})",
        names.len(),
        names.join(", ")
    )
}

/// Reads and checks a file.
pub fn read(file: &Path) -> Result<Organisation, String> {
    organisation::parse(&file.display().to_string(), &text_of(file)?)
        .map_err(|problems| problems.to_string())
}

fn text_of(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| {
        format!(
            "cannot read {}: {error}; name an organisation file that you may read",
            file.display()
        )
    })
}

/// `vestibule apply`.
pub async fn apply(file: &Path, table: &Table) -> Result<String, String> {
    let organisation = read(file)?;
    let (configuration, explained) =
        (Configuration::of(table)?, |error: String| table.explained(&error));
    let today = configuration.stored().await.map_err(explained)?;
    configuration.put(&organisation).await.map_err(explained)?;
    let users = configuration.users().await.map_err(explained)?;
    let done = format!(
        "{} is in the table {}; it takes effect at the next step of any sign-in",
        file.display(),
        table.name
    );
    Ok(std::iter::once(done)
        .chain(plan::misfits(&organisation, today.as_ref(), &users))
        .collect::<Vec<_>>()
        .join("\n"))
}

/// A variable of the environment; an empty one is none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A client for a table, with the environment's credentials; a server on this machine needs none.
fn connect(table: &Table) -> Result<dynamodb::Client, String> {
    Ok(dynamodb::Client::new(&environment(table, |_| None)?.dynamodb()))
}

/// What a function at this table would be given: `more` before the process's own variables.
pub fn environment(
    table: &Table,
    more: impl Fn(&str) -> Option<String>,
) -> Result<Environment, String> {
    let local = table.endpoint_url.as_deref().is_some_and(|url| {
        url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:")
    });
    let environment = Environment::from_vars(|name| match name {
        "TABLE_NAME" => Some(table.name.clone()),
        "AWS_ENDPOINT_URL_DYNAMODB" => table.endpoint_url.clone().or_else(|| variable(name)),
        "AWS_REGION" => {
            table.region.clone().or_else(|| variable(name)).or_else(|| local.then(|| REGION.into()))
        }
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" if local => Some("local".into()),
        // What every function has and this command does not use.
        "BASE_URL" => Some("http://localhost".into()),
        "INTERACTION_SECRET_ID" => Some("unused".into()),
        _ => more(name).or_else(|| variable(name)),
    });
    environment.map_err(|error| {
        format!(
            "{error}: set it (credentials and region come from the environment), or name --region"
        )
    })
}

/// The same organisation for this server, if it is the demo's and was made for one at another
/// address; the same folder may be served at any.
fn moved(stored: &Organisation, base_url: &str) -> Option<Organisation> {
    let uris =
        stored.app_by_client_id("demo-spa").map(|app| &app.settings.oauth_client.redirect_uris)?;
    let before = uris.iter().find_map(|uri| {
        uri.strip_suffix("/demo/callback").filter(|before| before.starts_with("http://"))
    })?;
    if before == base_url {
        return None;
    }
    // This machine's other name goes along.
    let numeric = |url: &str| format!("http://127.0.0.1{}", address::port(url));
    let renamed = address::renamed(stored, before, base_url)?;
    address::renamed(&renamed, &numeric(before), &numeric(base_url))
}

/// A file that was written for another address: no sign-in would return to the pages here.
fn leads_elsewhere(organisation: &Organisation, base_url: &str) -> Option<String> {
    let here = [base_url.to_owned(), format!("http://127.0.0.1{}", address::port(base_url))]
        .map(|here| here + "/");
    let mut uris = organisation
        .apps
        .iter()
        .flat_map(|app| &app.settings.oauth_client.redirect_uris)
        .peekable();
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

    const USUAL: &str = "http://localhost:8787";

    #[test]
    fn the_demo_moves_to_any_address_and_back() {
        let demo = organisation::parse("organisation.yaml", DEMO).unwrap();
        assert_eq!(moved(&demo, USUAL), None);
        for elsewhere in [
            "http://localhost",
            "http://localhost:65000",
            "http://192.168.1.5:8787",
            "http://[fd00::5]:9000",
            "http://mybox.local",
        ] {
            let there = moved(&demo, elsewhere).unwrap();
            assert_eq!(leads_elsewhere(&there, elsewhere), None);
            let text = serde_json::to_string(&there).unwrap();
            assert!(
                text.contains(&format!("\"{elsewhere}/demo/callback\""))
                    && !text.contains("localhost:8787"),
                "{text}"
            );
            let checked = address::standing_in(&there, elsewhere);
            assert_eq!(
                policy::organisation::check::check(checked.as_ref().unwrap_or(&there)),
                [],
                "{elsewhere}"
            );
            assert_eq!(moved(&there, elsewhere), None);
            assert_eq!(moved(&there, USUAL).unwrap(), demo);
        }
    }

    #[test]
    fn a_file_for_another_port_is_noticed() {
        let demo = organisation::parse("organisation.yaml", DEMO).unwrap();
        assert_eq!(leads_elsewhere(&demo, USUAL), None);
        let warning = leads_elsewhere(&demo, "http://localhost:8890").unwrap();
        assert!(leads_elsewhere(&demo, "http://localhost").is_some());
        assert!(
            warning.contains("http://localhost:8787/demo/callback")
                && warning.contains("write http://localhost:8890 there"),
            "{warning}"
        );
    }

    #[test]
    fn what_cannot_be_reached_is_named_with_its_address() {
        let table = Table {
            name: "people".into(),
            endpoint_url: Some("http://127.0.0.1:1".into()),
            region: None,
        };
        for said in [
            "the store is unavailable: no connection",
            "the store is unavailable: no answer in time",
        ] {
            let told = table.explained(said);
            assert!(
                told.starts_with(
                    "cannot reach DynamoDB at http://127.0.0.1:1: check --endpoint-url"
                ),
                "{told}"
            );
        }
        let aws = Table { endpoint_url: None, region: Some("eu-west-1".into()), ..table };
        let told = aws.explained("the store is unavailable: no connection");
        assert!(
            told.starts_with(
                "cannot reach DynamoDB at https://dynamodb.eu-west-1.amazonaws.com: check --region"
            ),
            "{told}"
        );
        let told = aws.explained("the store is broken: UnrecognizedClientException");
        assert!(
            told.contains("amazonaws.com does not let you in: check the credentials"),
            "{told}"
        );
        assert!(
            aws.explained("the store is broken: ResourceNotFoundException")
                .starts_with("there is no table people at https://dynamodb.")
        );
    }
}
