//! The organisation in the store: an immutable body per revision, and a head that points at the
//! current one.
//!
//! The head is read together with every transaction, so a change takes effect at the next step of
//! any transaction, without redeploying; the body is read again only if the revision is new.

use std::sync::{Arc, PoisonError, RwLock};

use policy::organisation::Organisation;
use policy::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::derive::sha256;
use crate::keys;
use crate::ports::{Expect, Item, Store, StoreError, Write};

/// Bytes of a body's piece: an item may have 400 KB, and text grows when it is escaped.
const PIECE: usize = 150_000;

/// A revision with its organisation.
#[derive(Debug)]
pub struct Revision {
    /// Hash of the content.
    pub id: String,
    /// The content.
    pub organisation: Organisation,
}

/// What is known of the current revision.
#[derive(Debug, Default)]
pub(crate) struct Cache(RwLock<Option<Arc<Revision>>>);

#[derive(Serialize, Deserialize)]
struct Head {
    revision: String,
    pieces: usize,
    applied: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Piece {
    text: String,
}

impl Cache {
    /// The revision that this instance has read last.
    pub(crate) fn known(&self) -> Option<Arc<Revision>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The revision that `head` points at, read if it is new.
    pub(crate) async fn at(
        &self,
        store: &dyn Store,
        head: Option<&Item>,
    ) -> Result<Arc<Revision>, StoreError> {
        let head = head.ok_or_else(|| {
            StoreError::Broken(
                "there is no organisation in the table; apply one with `vestibule apply`".into(),
            )
        })?;
        let head: Head = read(head)?;
        if let Some(known) = self.known().filter(|known| known.id == head.revision) {
            return Ok(known);
        }
        let revision = Arc::new(body(store, head).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&revision));
        Ok(revision)
    }
}

/// Makes `organisation` the current one; the caller has checked it. Returns the revision.
///
/// # Errors
/// [`StoreError`] if the store did not take it; the old one is current then.
pub async fn apply(
    store: &dyn Store,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<String, StoreError> {
    let text = serde_json::to_string(organisation)
        .map_err(|error| StoreError::Broken(error.to_string()))?;
    let revision = sha256(&text);
    let pieces = split(&text);
    for (index, piece) in pieces.iter().enumerate() {
        let body = json!(Piece { text: (*piece).to_string() });
        let item = Item {
            key: keys::organisation_body(&revision, index),
            version: 1,
            expires_at: None,
            count: 0,
            body,
        };
        store.write(&[Write::Put { item, expect: Expect::Anything }]).await?;
    }
    let head = Head { revision: revision.clone(), pieces: pieces.len(), applied: now };
    let item = Item {
        key: keys::organisation_head(),
        version: 1,
        expires_at: None,
        count: 0,
        body: json!(head),
    };
    store.write(&[Write::Put { item, expect: Expect::Anything }]).await?;
    Ok(revision)
}

/// The current organisation; `None` if the table has none.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub async fn load(store: &dyn Store) -> Result<Option<Revision>, StoreError> {
    let head = store.read(&[keys::organisation_head()]).await?.into_iter().next().flatten();
    match head {
        Some(head) => body(store, read(&head)?).await.map(Some),
        None => Ok(None),
    }
}

async fn body(store: &dyn Store, head: Head) -> Result<Revision, StoreError> {
    let keys: Vec<_> =
        (0..head.pieces).map(|piece| keys::organisation_body(&head.revision, piece)).collect();
    let mut text = String::new();
    for item in store.read(&keys).await? {
        let item = item
            .ok_or_else(|| StoreError::Broken("a piece of the organisation is missing".into()))?;
        text.push_str(&read::<Piece>(&item)?.text);
    }
    // An older handler may meet a newer file: it refuses what it does not know rather than ignoring
    // it (security.md I12).
    let organisation = serde_json::from_str(&text)
        .map_err(|_| StoreError::Broken("the organisation in the table cannot be read".into()))?;
    Ok(Revision { id: head.revision, organisation })
}

/// The body of an item as the type that it is.
pub(crate) fn read<T: serde::de::DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    let kind = item.key.0.split('#').next().unwrap_or_default();
    serde_json::from_value(item.body.clone())
        .map_err(|_| StoreError::Broken(format!("an item of kind {kind} cannot be read")))
}

fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > PIECE {
        let mut at = PIECE;
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}
