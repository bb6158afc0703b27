//! The [`Store`] port on one DynamoDB table. `README.md` has the table's layout and who reads and
//! writes what.
//!
//! # Telling our own write from another caller's
//! Each call of [`write`](Store::write) draws a nonce. It is the transaction's `ClientRequestToken`
//! and is stored in every item the call puts, so all attempts of one call are one write: DynamoDB
//! replays a transaction it knows (security.md R-D2, F-07), and a condition that fails on an item
//! with our own nonce failed because an earlier attempt had taken effect (R-D3, F-06, F-08). A call
//! that ends without an answer leaves its nonce to the next call that writes exactly the same, and
//! only to one: two callers never both believe that they won. That is why the nonce is drawn and
//! not a hash of the writes: equal writes of two callers would pass for one.

mod access_patterns;
mod failure;
mod item;
pub mod listing;
mod nonce;
mod request;
mod retry;
mod send;
mod table;

use async_trait::async_trait;
pub use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use engine::ports::{Item, Key, Store, StoreError, Write};

pub use access_patterns::{ACCESS_PATTERNS, AccessPattern, KINDS, Kind};
pub use table::create_table;

use failure::{broken, failure, unavailable};
use nonce::Unanswered;

/// The one table, behind the contract of [`Store`].
pub struct DynamoStore {
    client: Client,
    table: String,
    unanswered: Unanswered,
}

impl DynamoStore {
    /// A store on `table`. Of the client's settings only those for retries are replaced: up to 3
    /// attempts, also when transactions collide, with pauses that are short and random (security.md
    /// R-D4, F-11). Its timeouts, endpoint, credentials and connections stay.
    #[must_use]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the store owns its client: do not use it beside the store's settings"
    )]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client: retry::with_conflicts(&client),
            table: table.into(),
            unanswered: Unanswered::default(),
        }
    }

    async fn read_one(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::key(key)))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| failure(&error))?;
        answer.item.map(item::from_attributes).transpose()
    }

    async fn read_many(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let mut distinct: Vec<&Key> = keys.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let distinct = distinct.into_iter().map(item::key).collect();
        let mut wanted = KeysAndAttributes::builder()
            .set_keys(Some(distinct))
            .consistent_read(true)
            .build()
            .map_err(|_| broken("keys"))?;
        let mut found: Vec<Item> = Vec::with_capacity(keys.len());
        for attempt in 1..=retry::ATTEMPTS {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, wanted)
                .send()
                .await
                .map_err(|error| failure(&error))?;
            for attributes in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                found.push(item::from_attributes(attributes)?);
            }
            // DynamoDB leaves out what it was too busy for, or what made the answer larger than 16
            // MB.
            let Some(unprocessed) =
                answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table))
            else {
                return Ok(keys
                    .iter()
                    .map(|key| found.iter().find(|item| item.key == *key).cloned())
                    .collect());
            };
            wanted = unprocessed;
            if attempt < retry::ATTEMPTS {
                retry::pause(attempt).await;
            }
        }
        Err(unavailable("UnprocessedKeys"))
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        match keys {
            [] => Ok(Vec::new()),
            [key] => Ok(vec![self.read_one(key).await?]),
            _ => self.read_many(keys).await,
        }
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let call = self.unanswered.take(writes)?;
        let answer = send::send(&self.client, &self.table, writes, &call.nonce).await;
        if let Err(StoreError::Unavailable(_)) = answer {
            self.unanswered.keep(call, writes);
        }
        answer
    }
}
