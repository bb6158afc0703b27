//! Lambda function `progressive-enrollment`: the profile update at sign-in.

use dynamodb::DynamoStore;
use engine::Engine;
use idx::operation::Function;
use runtime::{Environment, Error};

/// This function, in the route table.
pub const FUNCTION: Function = Function::ProgressiveEnrollment;

/// The engine with the ports that this function needs, and no others.
///
/// # Errors
/// If a variable or a secret is missing or of no use.
pub async fn engine(environment: &Environment) -> Result<Engine, Error> {
    let store =
        DynamoStore::new(dynamodb::Client::new(&environment.dynamodb()), environment.table_name());
    environment.engine(store).await
}
