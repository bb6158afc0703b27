//! Lambda function `register`: self-service registration, and setting a password.

use std::sync::Arc;

use dynamodb::DynamoStore;
use engine::Engine;
use idx::operation::Function;
use password::{Argon2Passwords, Cost, Pepper};
use runtime::{Environment, Error};
use ses::SesMailer;

/// This function, in the route table.
pub const FUNCTION: Function = Function::Register;

/// The engine with the ports that this function needs, and no others.
///
/// # Errors
/// If a variable or a secret is missing or of no use.
pub async fn engine(environment: &Environment) -> Result<Engine, Error> {
    let store =
        DynamoStore::new(dynamodb::Client::new(&environment.dynamodb()), environment.table_name());
    let peppers = Pepper::parse(&environment.peppers().await?)
        .map_err(|error| Error::invalid("PEPPER_SECRET_ID", error))?;
    let passwords = Argon2Passwords::new(peppers, Cost::default())
        .map_err(|error| Error::invalid("PEPPER_SECRET_ID", error))?;
    let mailer =
        SesMailer::new(ses::Client::new(&environment.ses()), environment.ses_configuration_set());
    Ok(environment
        .engine(store)
        .await?
        .with_passwords(Arc::new(passwords))
        .with_mailer(Arc::new(mailer), environment.passcode_key().await?))
}
