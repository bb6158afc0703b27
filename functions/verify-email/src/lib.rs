//! Lambda function `verify-email`: the email authenticator: challenge, answer, resend, poll, link.

use std::sync::Arc;

use dynamodb::DynamoStore;
use engine::Engine;
use idx::operation::Function;
use runtime::{Environment, Error};
use ses::SesMailer;

/// This function, in the route table.
pub const FUNCTION: Function = Function::VerifyEmail;

/// The engine with the ports that this function needs, and no others.
///
/// # Errors
/// If a variable or a secret is missing or of no use.
pub async fn engine(environment: &Environment) -> Result<Engine, Error> {
    let store =
        DynamoStore::new(dynamodb::Client::new(&environment.dynamodb()), environment.table_name());
    let mailer =
        SesMailer::new(ses::Client::new(&environment.ses()), environment.ses_configuration_set());
    Ok(environment
        .engine(store)
        .await?
        .with_mailer(Arc::new(mailer), environment.passcode_key().await?))
}
