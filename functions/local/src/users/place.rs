//! The place of the accounts: a table in AWS, or the one of a server on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use dynamodb::DynamoStore;
use engine::configuration;
use policy::organisation::Organisation;
use runtime::Environment;

use crate::configuration::{Table, environment};

/// The file in the data folder with the variables of the server that runs there.
const VARIABLES: &str = "functions.env";

/// The place to look.
// What follows each is for people at a terminal, so names stand there without backticks.
#[allow(clippy::doc_markdown, reason = "help texts, not documentation")]
#[derive(Debug, Args)]
pub struct Place {
    /// Name of the DynamoDB table (without: the one of the server that runs on this machine)
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Another address than AWS's, e.g. the one that a local server prints
    #[arg(long, value_name = "URL", requires = "table")]
    endpoint_url: Option<String>,
    /// Another address than AWS's for SES and Secrets Manager
    #[arg(long, value_name = "URL", requires = "table")]
    services_url: Option<String>,
    /// Region; otherwise AWS_REGION
    #[arg(long, requires = "table")]
    region: Option<String>,
    /// Folder of the server that runs on this machine
    #[arg(long, value_name = "DIR", default_value = ".vestibule", conflicts_with = "table")]
    data: PathBuf,
}

/// A table that is open.
pub struct At {
    pub client: dynamodb::Client,
    pub store: Box<DynamoStore>,
    pub environment: Environment,
    table: Table,
    /// True if it is the table of a server on this machine, and nothing says so but a file.
    ours: bool,
}

impl Place {
    /// Opens it; whether anything is there shows at the first call.
    pub fn open(self) -> Result<At, String> {
        self.open_with(None)
    }

    /// The same, with the name of the secret that holds the pepper.
    pub fn open_with(self, pepper: Option<&String>) -> Result<At, String> {
        let (table, variables, ours) = if let Some(name) = self.table {
            (
                Table { name, endpoint_url: self.endpoint_url, region: self.region },
                BTreeMap::new(),
                false,
            )
        } else {
            let variables = local(&self.data)?;
            let value = |name: &str| variables.get(name).cloned();
            let name = value("TABLE_NAME").unwrap_or_default();
            (
                Table {
                    name,
                    endpoint_url: value("AWS_ENDPOINT_URL_DYNAMODB"),
                    region: value("AWS_REGION"),
                },
                variables,
                true,
            )
        };
        let services = self.services_url;
        let environment = environment(&table, |name| match name {
            "PEPPER_SECRET_ID" if pepper.is_some() => pepper.cloned(),
            "AWS_ENDPOINT_URL_SESV2" | "AWS_ENDPOINT_URL_SECRETS_MANAGER" if services.is_some() => {
                services.clone()
            }
            _ => variables.get(name).cloned(),
        })?;
        let client = dynamodb::Client::new(&environment.dynamodb());
        let store = Box::new(DynamoStore::new(client.clone(), &table.name));
        Ok(At { client, store, environment, table, ours })
    }
}

impl At {
    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table.name
    }

    /// The configuration there.
    pub async fn organisation(&self) -> Result<Organisation, String> {
        let revision = configuration::load(&*self.store)
            .await
            .map_err(|error| self.explained(&error.to_string()))?;
        let revision = revision
            .ok_or("the table has no organisation yet: put one there with `vestibule apply`")?;
        Ok(revision.organisation)
    }

    /// What is said of an error: of the store's, where it is and what to do about it too.
    pub fn told(&self, error: &engine::people::Error, sentence: String) -> String {
        if matches!(error, engine::people::Error::Store(_)) {
            self.explained(&sentence)
        } else {
            sentence
        }
    }

    /// The advice for an error of the store.
    pub fn explained(&self, error: &str) -> String {
        if self.ours && (error.contains("no connection") || error.contains("no answer")) {
            return "the server on this machine does not answer: start it with `cargo run`, or name a --table".to_owned();
        }
        self.table.explained(error)
    }
}

/// The variables that the server on this machine has written down.
fn local(data: &std::path::Path) -> Result<BTreeMap<String, String>, String> {
    let file = data.join(VARIABLES);
    let missing = |_| {
        format!(
            "there is no server in {}: start one with `cargo run`, name its folder with --data, or name a --table",
            data.display()
        )
    };
    let text = std::fs::read_to_string(file).map_err(missing)?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}
