//! The functions that are deployed, connected to the addresses of this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use engine::ports::Clock;
use idx::operation::Function;
use password::{Argon2Passwords, Cost, Pepper};
use runtime::{Deadlines, Environment, Error};

use crate::StartError;
use crate::emulators::{REGION, secrets};
use crate::passwords::BoundedPasswords;

/// The table's name.
pub const TABLE: &str = "vestibule";

/// The addresses of things.
pub struct Places<'a> {
    /// The public address.
    pub base_url: &'a str,
    /// The embedded DynamoDB, or the proxy in front of it.
    pub dynamodb_url: &'a str,
    /// SES, KMS and Secrets Manager.
    pub services_url: &'a str,
    /// The ARN of the key that signs.
    pub signing_key: &'a str,
}

/// The address on which `cargo lambda watch` serves the functions.
const WATCH_URL: &str = "http://localhost:9000";

/// The environment that the template would give the functions. The process's own is neither read
/// nor changed: real credentials stay out of this.
pub fn environment(places: &Places<'_>, clock: Arc<dyn Clock>) -> Result<Environment, StartError> {
    // The functions take https or this machine only; this server's address, the operator has
    // said.
    let variables = BTreeMap::from(variables(&Places { base_url: WATCH_URL, ..*places }));
    let environment =
        Environment::from_vars(|name| variables.get(name).map(|value| (*value).to_owned()))
            .map_err(|error| failed(&error))?;
    Ok(environment
        .with_base_url(places.base_url)
        .map_err(|error| failed(&error))?
        .with_clock(clock))
}

/// How long a developer's machine may take, whatever else it does: what is slow is not away.
pub const FAR: Deadlines = Deadlines {
    connect: Duration::from_secs(20),
    attempt: Duration::from_secs(20),
    operation: Duration::from_mins(1),
};

/// As far, of a whole answer.
pub const FAR_ANSWER: Duration = Duration::from_mins(2);

/// The limits of a client address on a machine where all clients share one address.
pub const LEAST_PER_SOURCE: u32 = 100_000;

/// The same environment as a file for `cargo lambda watch --env-file`: the functions in processes
/// of their own, on an address of their own, with the stores and the mailbox of this one.
pub fn environment_file(places: &Places<'_>) -> String {
    let lines = variables(&Places { base_url: WATCH_URL, ..*places });
    lines
        .into_iter()
        .chain([("AWS_EC2_METADATA_DISABLED", "true")])
        .map(|(name, value)| [name, "=", value, "\n"].concat())
        .collect()
}

/// The variables that the template would give the functions.
pub fn variables<'p>(places: &Places<'p>) -> [(&'static str, &'p str); 13] {
    [
        ("TABLE_NAME", TABLE),
        ("BASE_URL", places.base_url),
        ("INTERACTION_SECRET_ID", secrets::INTERACTION),
        ("PASSCODE_SECRET_ID", secrets::PASSCODE),
        ("PEPPER_SECRET_ID", secrets::PEPPER),
        ("SIGNING_KEY_IDS", places.signing_key),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", places.dynamodb_url),
        ("AWS_ENDPOINT_URL_SESV2", places.services_url),
        ("AWS_ENDPOINT_URL_KMS", places.services_url),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", places.services_url),
    ]
}

/// The engines of all functions, ready to serve.
pub async fn engines(
    environment: &Environment,
    least_per_source: u32,
) -> Result<BTreeMap<Function, Engine>, StartError> {
    let passwords = Arc::new(passwords(environment).await.map_err(|error| failed(&error))?);
    let mut engines = BTreeMap::new();
    for function in Function::ALL {
        let engine = match function {
            Function::Identify => identify::engine(environment)
                .await
                .map(|engine| engine.with_passwords(passwords.clone())),
            Function::Register => register::engine(environment)
                .await
                .map(|engine| engine.with_passwords(passwords.clone())),
            Function::VerifyEmail => verify_email::engine(environment).await,
            Function::ProgressiveEnrollment => progressive_enrollment::engine(environment).await,
            Function::Oidc => oidc::engine(environment).await,
        };
        let engine = engine.map_err(|error| {
            StartError::Function(format!(
                "the function {} does not start: {error}",
                function.name()
            ))
        })?;
        let engine = engine.with_least_per_source(least_per_source);
        engine.warm().await;
        engines.insert(function, engine);
    }
    Ok(engines)
}

/// What the functions make for themselves, bounded and shared: here they live in one process.
async fn passwords(environment: &Environment) -> Result<BoundedPasswords, Error> {
    let peppers = Pepper::parse(&environment.peppers().await?)
        .map_err(|error| Error::invalid("PEPPER_SECRET_ID", error))?;
    let passwords = Argon2Passwords::new(peppers, Cost::default())
        .map_err(|error| Error::invalid("PEPPER_SECRET_ID", error))?;
    Ok(BoundedPasswords::new(passwords))
}

fn failed(error: &Error) -> StartError {
    StartError::Function(format!("the functions do not start: {error}"))
}
