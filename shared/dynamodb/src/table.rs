//! Makes the table where no template does: the local server and tests.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use engine::ports::StoreError;

use crate::failure::{broken, failure, unavailable};
use crate::item::{EXPIRES_AT, PK};

/// Makes the table as the deployment template does: paid per request, one key, expired items
/// deleted some day. If it exists, it stays.
///
/// # Errors
/// [`StoreError::Unavailable`] if it is not ready within 30 seconds, or as for any call.
pub async fn create_table(client: &Client, table: &str) -> Result<(), StoreError> {
    let key = KeySchemaElement::builder().attribute_name(PK).key_type(KeyType::Hash).build();
    let text = AttributeDefinition::builder()
        .attribute_name(PK)
        .attribute_type(ScalarAttributeType::S)
        .build();
    let create = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.map_err(|_| broken("a key schema"))?)
        .attribute_definitions(text.map_err(|_| broken("an attribute definition"))?);
    match create.send().await {
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        Err(error) => return Err(failure(&error)),
    }
    let wait = client.wait_until_table_exists().table_name(table).wait(Duration::from_secs(30));
    wait.await.map_err(|_| unavailable("the new table is not ready"))?;

    let described = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await
        .map_err(|error| failure(&error))?;
    let status =
        described.time_to_live_description.and_then(|description| description.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let expiry =
        TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build();
    let update = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(expiry.map_err(|_| broken("a time to live"))?);
    update.send().await.map(drop).map_err(|error| failure(&error))
}
