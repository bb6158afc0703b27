//! Markers: each says which user has a unique value (security.md I1).
//!
//! A marker that nobody has is written if it is absent, which needs no look. One that changes hands
//! is looked at first, and written only as it was found: what another person has is never taken
//! along.

use std::collections::{BTreeMap, BTreeSet};

use policy::step::{Decision, Effect, Identity};
use serde::{Deserialize, Serialize};

use crate::configuration::read;
use crate::ports::{Store, StoreError};
use crate::{Engine, keys};

/// Says which user has a unique value.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub user: String,
}

/// A marker as it was found.
#[derive(Clone, Debug)]
pub(crate) struct Marker {
    pub owner: String,
    pub version: u64,
    /// There is no such user: the record was deleted, and the marker left behind.
    pub dangles: bool,
}

/// Markers by what they mark.
pub(crate) type Markers = BTreeMap<Identity, Marker>;

impl Engine {
    /// The markers that the effects of a decision change hands of. `contested`: a claim was refused
    /// before, so all that are claimed are looked at too; one without a user is free.
    pub(crate) async fn markers(
        &self,
        decision: &Decision,
        contested: bool,
    ) -> Result<Markers, StoreError> {
        let wanted: BTreeSet<&Identity> =
            decision.effects.iter().flat_map(|effect| changing_hands(effect, contested)).collect();
        find(self.store.as_ref(), &wanted).await
    }
}

/// The markers of these values, as they are now.
pub(crate) async fn find(
    store: &dyn Store,
    wanted: &BTreeSet<&Identity>,
) -> Result<Markers, StoreError> {
    let mut markers = Markers::new();
    if wanted.is_empty() {
        return Ok(markers);
    }
    let places: Vec<_> = wanted.iter().map(|identity| keys::unique(identity)).collect();
    for (identity, item) in wanted.iter().zip(store.read(&places).await?) {
        if let Some(item) = item {
            let marker =
                Marker { owner: read::<Owner>(&item)?.user, version: item.version, dangles: false };
            markers.insert((*identity).clone(), marker);
        }
    }
    let owners: Vec<_> = markers
        .values()
        .map(|marker| marker.owner.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if owners.is_empty() {
        return Ok(markers);
    }
    let users =
        store.read(&owners.iter().map(|owner| keys::user(owner)).collect::<Vec<_>>()).await?;
    let gone: BTreeSet<_> = owners
        .into_iter()
        .zip(users)
        .filter_map(|(owner, user)| user.is_none().then_some(owner))
        .collect();
    for marker in markers.values_mut() {
        marker.dangles = gone.contains(&marker.owner);
    }
    Ok(markers)
}

fn changing_hands(effect: &Effect, contested: bool) -> Vec<&Identity> {
    match effect {
        Effect::ReplaceUser { claims, releases, .. } => claims.iter().chain(releases).collect(),
        Effect::CedeName { identity, .. } => vec![identity],
        Effect::CreateUser { claims, .. } | Effect::SaveUser { claims, .. } if contested => {
            claims.iter().collect()
        }
        Effect::CreateUser { .. } | Effect::SaveUser { .. } | Effect::CheckUser { .. } => {
            Vec::new()
        }
    }
}
