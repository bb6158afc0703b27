//! Everything that a function reads from its environment, in one place.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_secretsmanager::config::{BehaviorVersion, SharedHttpClient};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use engine::Engine;
use engine::keyring::Keyring;
use engine::ports::{Clock, Random, Store};
use policy::secret::Secret;
use url::{Host, Url};

use crate::front::{Front, Proxy};
use crate::system::{SystemClock, SystemRandom};

/// Characters that a secret must have at least.
const MIN_SECRET_LENGTH: usize = 32;

/// The configuration of a function: variables, read once, and what they lead to. Nothing has a
/// default that is weaker than being absent (security.md R-A4).
pub struct Environment {
    table_name: String,
    base_url: Url,
    interaction_secret_id: String,
    passcode_secret_id: Option<String>,
    pepper_secret_id: Option<String>,
    signing_key_ids: Vec<String>,
    ses_configuration_set: Option<String>,
    origin_secret_id: Option<String>,
    client_address_header: Option<String>,
    region: Region,
    credentials: Credentials,
    /// By the SDK's name of the service, as in `AWS_ENDPOINT_URL_DYNAMODB`.
    endpoints: BTreeMap<&'static str, String>,
    http: SharedHttpClient,
    /// By their ids.
    secrets: Mutex<BTreeMap<String, Secret>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    deadlines: Deadlines,
}

/// The time a call of AWS may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until there is a connection.
    pub connect: Duration,
    /// Of one attempt.
    pub attempt: Duration,
    /// Of all attempts together.
    pub operation: Duration,
}

impl Default for Deadlines {
    /// Those of the functions that are deployed (security.md R-D4).
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self { connect: second, attempt: second, operation: 3 * second }
    }
}

/// The reason why a function cannot start. Names what is wrong, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A variable is absent or empty.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable, or the secret or key that it names, is of no use.
    #[error("{variable}: {why}")]
    Invalid {
        /// The variable.
        variable: &'static str,
        /// The fault of its value.
        why: String,
    },
}

impl Error {
    /// What `variable` leads to is of no use, because `why`.
    pub fn invalid(variable: &'static str, why: impl Display) -> Self {
        Self::Invalid { variable, why: why.to_string() }
    }
}

impl Environment {
    /// Reads the process's variables.
    ///
    /// # Errors
    /// As [`Environment::from_vars`].
    pub fn from_process() -> Result<Self, Error> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere; an empty one counts as absent.
    ///
    /// # Errors
    /// If one that every function needs is missing or malformed. Those that only some need are
    /// missed when they are asked for.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let optional = |name: &str| vars(name).filter(|value| !value.is_empty());
        let required = |name: &'static str| optional(name).ok_or(Error::Missing(name));
        let endpoint = |service: &'static str| {
            Some((service, optional(&format!("AWS_ENDPOINT_URL_{service}"))?))
        };
        let token = optional("AWS_SESSION_TOKEN");
        Ok(Self {
            table_name: required("TABLE_NAME")?,
            base_url: base_url(&required("BASE_URL")?)
                .map_err(|why| Error::invalid("BASE_URL", why))?,
            interaction_secret_id: required("INTERACTION_SECRET_ID")?,
            passcode_secret_id: optional("PASSCODE_SECRET_ID"),
            pepper_secret_id: optional("PEPPER_SECRET_ID"),
            signing_key_ids: optional("SIGNING_KEY_IDS")
                .iter()
                .flat_map(|ids| ids.split(','))
                .map(|id| id.trim().to_owned())
                .collect(),
            ses_configuration_set: optional("SES_CONFIGURATION_SET"),
            origin_secret_id: optional("ORIGIN_SECRET_ID"),
            client_address_header: optional("CLIENT_ADDRESS_HEADER"),
            region: Region::new(required("AWS_REGION")?),
            credentials: Credentials::new(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                token,
                None,
                "environment",
            ),
            endpoints: ["DYNAMODB", "SESV2", "KMS", "SECRETS_MANAGER"]
                .into_iter()
                .filter_map(endpoint)
                .collect(),
            http: aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https(),
            secrets: Mutex::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            deadlines: Deadlines::default(),
        })
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same with another random source.
    #[must_use]
    pub fn with_random(self, random: Arc<dyn Random>) -> Self {
        Self { random, ..self }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// The same at another address, plain http at any host among them: for a server that is not
    /// deployed.
    ///
    /// # Errors
    /// If it is not an address.
    pub fn with_base_url(self, base_url: &str) -> Result<Self, Error> {
        let base_url = Url::parse(base_url).map_err(|_| Error::invalid("BASE_URL", "not a URL"))?;
        Ok(Self { base_url, ..self })
    }

    /// The same with another way to reach AWS.
    #[must_use]
    pub fn with_http_client(self, http: SharedHttpClient) -> Self {
        Self { http, ..self }
    }

    /// An engine with nothing but a store; the caller adds the other ports that its function needs.
    ///
    /// # Errors
    /// If the interaction secret cannot be read.
    pub async fn engine(&self, store: impl Store + 'static) -> Result<Engine, Error> {
        let keys = self.keyring("INTERACTION_SECRET_ID", Some(&self.interaction_secret_id)).await?;
        Ok(Engine::new(
            self.base_url(),
            Arc::new(store),
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
            keys,
        ))
    }

    /// The front of the functions: the path of the base URL, and the proxy that
    /// `ORIGIN_SECRET_ID` demands.
    ///
    /// # Errors
    /// If that secret cannot be read or is too short, or `CLIENT_ADDRESS_HEADER` is no header or
    /// there is no proxy to believe.
    pub async fn front(&self) -> Result<Front, Error> {
        let named = self.client_address_header.as_ref();
        let invalid = |why: &str| Error::invalid("CLIENT_ADDRESS_HEADER", why);
        let client_address = named
            .map(|name| name.parse().map_err(|_| invalid("not the name of a header")))
            .transpose()?;
        if self.origin_secret_id.is_none() {
            return if named.is_none() {
                Ok(Front::new(self.base_path(), None))
            } else {
                Err(invalid("counts only with ORIGIN_SECRET_ID"))
            };
        }
        let secrets = self.keyring("ORIGIN_SECRET_ID", self.origin_secret_id.as_ref()).await?;
        Ok(Front::new(self.base_path(), Some(Proxy { secrets, client_address })))
    }

    /// `TABLE_NAME`: the one DynamoDB table.
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// `BASE_URL`: where people reach the API, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.base_url.as_str().trim_end_matches('/')
    }

    /// The path of the base URL, without a slash at the end: usually empty.
    pub fn base_path(&self) -> &str {
        self.base_url.path().trim_end_matches('/')
    }

    /// `SES_CONFIGURATION_SET`: where SES reports bounces and complaints to.
    pub fn ses_configuration_set(&self) -> Option<String> {
        self.ses_configuration_set.clone()
    }

    /// `SIGNING_KEY_IDS`: KMS keys, separated by commas, the signing one first.
    ///
    /// # Errors
    /// If there is none, or an id is empty.
    pub fn signing_key_ids(&self) -> Result<Vec<String>, Error> {
        match self.signing_key_ids.as_slice() {
            [] => Err(Error::Missing("SIGNING_KEY_IDS")),
            ids if ids.iter().any(String::is_empty) => {
                Err(Error::invalid("SIGNING_KEY_IDS", "one of the ids is empty"))
            }
            ids => Ok(ids.to_vec()),
        }
    }

    /// The secret of `PASSCODE_SECRET_ID`: the key of emailed codes and links.
    ///
    /// # Errors
    /// If it cannot be read or is too short.
    pub async fn passcode_key(&self) -> Result<Keyring, Error> {
        self.keyring("PASSCODE_SECRET_ID", self.passcode_secret_id.as_ref()).await
    }

    /// The secret of `PEPPER_SECRET_ID`, as text: one pepper or several.
    ///
    /// # Errors
    /// If it cannot be read or is too short.
    pub async fn peppers(&self) -> Result<Secret, Error> {
        self.secret("PEPPER_SECRET_ID", self.pepper_secret_id.as_ref()).await
    }

    /// The settings to reach DynamoDB.
    pub fn dynamodb(&self) -> SdkConfig {
        self.sdk("DYNAMODB", 3)
    }

    /// The settings to reach SES. Two tries: a third mail with the same code does not help.
    pub fn ses(&self) -> SdkConfig {
        self.sdk("SESV2", 2)
    }

    /// The settings to reach KMS.
    pub fn kms(&self) -> SdkConfig {
        self.sdk("KMS", 3)
    }

    /// Settings of an SDK client. The SDK has no timeouts of its own but the one for connecting,
    /// and waits up to a second before it repeats a throttled call (security.md R-D4).
    fn sdk(&self, service: &str, attempts: u32) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.deadlines.connect)
            .operation_attempt_timeout(self.deadlines.attempt)
            .operation_timeout(self.deadlines.operation);
        let retries = RetryConfig::standard()
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_millis(500));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .http_client(self.http.clone())
            .timeout_config(timeouts.build())
            .retry_config(retries.with_max_attempts(attempts));
        config.set_endpoint_url(self.endpoints.get(service).cloned());
        config.build()
    }

    /// The key in the secret that `variable` names, with its neighbour while it is being changed.
    async fn keyring(&self, variable: &'static str, id: Option<&String>) -> Result<Keyring, Error> {
        Keyring::parse(&self.secret(variable, id).await?)
            .map_err(|error| Error::invalid(variable, error))
    }

    /// The text of the secret that `variable` names; asks Secrets Manager once.
    async fn secret(&self, variable: &'static str, id: Option<&String>) -> Result<Secret, Error> {
        let id = id.ok_or(Error::Missing(variable))?;
        if let Some(secret) = self.secrets.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Ok(secret.clone());
        }
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk("SECRETS_MANAGER", 3));
        let answer = client
            .get_secret_value()
            .secret_id(id)
            .send()
            .await
            .map_err(|error| Error::invalid(variable, failure(&error)))?;
        let secret = Secret::new(
            answer
                .secret_string
                .ok_or_else(|| Error::invalid(variable, "the secret is not text"))?,
        );
        if secret.expose().chars().count() < MIN_SECRET_LENGTH {
            return Err(Error::invalid(
                variable,
                format_args!("the secret is shorter than {MIN_SECRET_LENGTH} characters"),
            ));
        }
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), secret.clone());
        Ok(secret)
    }
}

/// A base URL: https, or http on this machine; a path at most. Everything else would be taken for a
/// part of links that go out by mail.
fn base_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        _ => return Err("neither https nor on this machine"),
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err("more than scheme, host, port and path");
    }
    Ok(url)
}

/// Secrets Manager's error code, without its message.
fn failure<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    let code = match error {
        SdkError::ServiceError(error) => error.err().code().unwrap_or("error without a code"),
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ConstructionFailure(_) => "request could not be built",
        _ => "unreadable answer",
    };
    format!("the secret cannot be read: {code}")
}

#[cfg(test)]
mod tests;
