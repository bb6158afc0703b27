//! Sends a write and understands the answer.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem, Update};
use engine::ports::{StoreError, Write};

use crate::failure::{broken, failure, unavailable};
use crate::item::Attributes;
use crate::nonce::Nonce;
use crate::request::{action, needs_no_transaction};
use crate::retry;

/// Carries out the writes as the call `nonce`.
pub(crate) async fn send(
    client: &Client,
    table: &str,
    writes: &[Write],
    nonce: &Nonce,
) -> Result<(), StoreError> {
    if let [write] = writes
        && needs_no_transaction(write)
    {
        return match action(write, table, nonce)? {
            TransactWriteItem { put: Some(put), .. } => send_put(client, put, nonce).await,
            TransactWriteItem { update: Some(update), .. } => {
                send_update(client, update, nonce).await
            }
            TransactWriteItem { delete: Some(delete), .. } => send_delete(client, delete).await,
            _ => Err(broken("a check on its own")),
        };
    }
    let actions =
        writes.iter().map(|write| action(write, table, nonce)).collect::<Result<Vec<_>, _>>()?;
    send_all(client, actions, nonce).await
}

async fn send_put(client: &Client, put: Put, nonce: &Nonce) -> Result<(), StoreError> {
    let request = client
        .put_item()
        .table_name(put.table_name)
        .set_item(Some(put.item))
        .set_condition_expression(put.condition_expression)
        .set_expression_attribute_names(put.expression_attribute_names)
        .set_expression_attribute_values(put.expression_attribute_values)
        .set_return_values_on_condition_check_failure(put.return_values_on_condition_check_failure);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                refused_alone(refusal.item(), nonce)
            }
            _ => Err(failure(&error)),
        },
    }
}

async fn send_update(client: &Client, update: Update, nonce: &Nonce) -> Result<(), StoreError> {
    let request = client
        .update_item()
        .table_name(update.table_name)
        .set_key(Some(update.key))
        .update_expression(update.update_expression)
        .set_condition_expression(update.condition_expression)
        .set_expression_attribute_names(update.expression_attribute_names)
        .set_expression_attribute_values(update.expression_attribute_values)
        .set_return_values_on_condition_check_failure(
            update.return_values_on_condition_check_failure,
        );
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                refused_alone(refusal.item(), nonce)
            }
            _ => Err(failure(&error)),
        },
    }
}

async fn send_delete(client: &Client, delete: Delete) -> Result<(), StoreError> {
    let request = client.delete_item().table_name(delete.table_name).set_key(Some(delete.key));
    request.send().await.map(drop).map_err(|error| failure(&error))
}

async fn send_all(
    client: &Client,
    actions: Vec<TransactWriteItem>,
    nonce: &Nonce,
) -> Result<(), StoreError> {
    let request = client
        .transact_write_items()
        .set_transact_items(Some(actions))
        .client_request_token(nonce.token());
    let Err(error) = request.send().await else { return Ok(()) };
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            refused(cancelled.cancellation_reasons(), nonce)
        }
        _ => Err(failure(&error)),
    }
}

/// A condition that fails on our own earlier write has held before.
fn refused_alone(item: Option<&Attributes>, nonce: &Nonce) -> Result<(), StoreError> {
    if nonce.wrote(item) { Ok(()) } else { Err(StoreError::Refused(vec![0])) }
}

fn refused(reasons: &[CancellationReason], nonce: &Nonce) -> Result<(), StoreError> {
    let failed = || (0..).zip(reasons).filter(|(_, reason)| reason.code() == Some(retry::REFUSED));
    // All or nothing: one item of ours means that all were written.
    if failed().any(|(_, reason)| nonce.wrote(reason.item())) {
        return Ok(());
    }
    let places: Vec<usize> = failed().map(|(place, _)| place).collect();
    if !places.is_empty() {
        return Err(StoreError::Refused(places));
    }
    let code = reasons
        .iter()
        .filter_map(CancellationReason::code)
        .find(|code| *code != "None")
        .unwrap_or("TransactionCanceled");
    let failure = if retry::passes(reasons) { unavailable(code) } else { broken(code) };
    tracing::warn!(%failure, "DynamoDB cancelled a transaction");
    Err(failure)
}
