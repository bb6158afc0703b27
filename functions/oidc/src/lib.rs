//! Lambda function `oidc`: interact, token, keys, discovery, userinfo; the only function that can
//! sign.

use std::sync::Arc;

use dynamodb::DynamoStore;
use engine::Engine;
use engine::ports::Signer as _;
use idx::operation::Function;
use kms::KmsSigner;
use runtime::{Environment, Error};

/// This function, in the route table.
pub const FUNCTION: Function = Function::Oidc;

/// The engine with the ports that this function needs, and no others.
///
/// # Errors
/// If a variable or a secret is missing or of no use.
pub async fn engine(environment: &Environment) -> Result<Engine, Error> {
    let store =
        DynamoStore::new(dynamodb::Client::new(&environment.dynamodb()), environment.table_name());
    let signer =
        KmsSigner::new(kms::Client::new(&environment.kms()), environment.signing_key_ids()?);
    signer.keys().await.map_err(|error| Error::invalid("SIGNING_KEY_IDS", error))?;
    Ok(environment.engine(store).await?.with_signer(Arc::new(signer)))
}
