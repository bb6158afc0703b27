//! The first round trip.

use std::collections::BTreeSet;
use std::sync::Arc;

use idx::body::Handle;
use idx::operation::Operation;
use policy::secret::Secret;
use policy::step::{self, Identity, Input};
use policy::time::Timestamp;
use policy::transaction::Transaction;

use super::familiar::{Known, Places};
use super::{Arrival, Memory};
use crate::budget::{Counter, Room};
use crate::commit::Stored;
use crate::configuration::{Revision, read};
use crate::derive::same;
use crate::handles::well_formed;
use crate::keys;
use crate::markers::Owner;
use crate::ports::{Item, Key};
use crate::{Engine, Failure};

/// Owners that the first round trip asks for: three of every sign-up and five custom unique
/// attributes (policies.md §2.2), with room.
const MOST_NAMED: usize = 20;

/// How the transaction is found.
#[derive(Debug)]
pub(crate) enum Finder {
    /// By a handle that the client has.
    Handle(Handle),
    /// By its id, for somebody who holds the link of its current code.
    Link { id: String, token: Secret },
}

/// What the first read found.
pub(super) struct Loaded {
    pub revision: Arc<Revision>,
    pub stored: Stored,
    pub version: u64,
    /// The account in it was read again: it is not what is stored.
    pub refreshed: bool,
    pub early: Early,
    pub places: Places,
    /// Whether there was room for one more request with this handle (security.md R-R5).
    pub room: Room,
}

/// What the policy will probably ask for.
#[derive(Default)]
pub(super) struct Early {
    /// Owners of the values that the request itself names.
    pub owners: Vec<(Identity, Option<Owner>)>,
    /// Counters that are only looked at.
    pub counters: Vec<(Key, Option<Item>)>,
}

impl Engine {
    /// The first round trip: configuration, transaction, and the owners of the values that the
    /// request itself names.
    pub(super) async fn load(
        &self,
        arrival: &Arrival<'_>,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<Loaded, Failure> {
        let id = arrival.finder.id().ok_or(Failure::SessionExpired)?;
        // A handle that is not ours costs nothing.
        if let Finder::Handle(handle) = &arrival.finder
            && !self.gave(id, handle)
        {
            return Err(Failure::SessionExpired);
        }
        let named = self.named(&arrival.input);
        let typed = if let Input::Identify { identifier, .. } = &arrival.input {
            Some(identifier)
        } else {
            None
        };
        let networks = typed
            .map(|identifier| self.network_keys(arrival.source, identifier))
            .unwrap_or_default();
        let browsers = typed
            .zip(arrival.browser.as_ref())
            .map(|(identifier, browser)| self.browser_keys(browser, identifier))
            .unwrap_or_default();
        let mut wanted = vec![keys::organisation_head(), keys::transaction(id)];
        wanted.extend(networks.iter().chain(&browsers).cloned());
        wanted.extend(named.iter().map(keys::unique));
        let watched = self.watched(arrival, now);
        wanted.extend(watched.clone());
        let (items, room) = self.arrived(arrival, id, wanted, memory, now).await?;
        let mut items = items.into_iter();
        let head = items.next().flatten();
        let item =
            items.next().flatten().filter(|item| item.lives(now)).ok_or(Failure::SessionExpired)?;
        let mut known = |places: usize, foreign: bool| -> Result<Option<Known>, Failure> {
            let found: Vec<Item> = items.by_ref().take(places).flatten().collect();
            let item = found.iter().find(|item| item.lives(now) && !foreign);
            Ok(item.map(read).transpose()?)
        };
        let network = known(networks.len(), memory.foreign.network)?;
        let browser = known(browsers.len(), memory.foreign.browser)?;
        let mut owners = Vec::new();
        for (identity, item) in named.into_iter().zip(items.by_ref()) {
            owners.push((identity, item.map(|item| read::<Owner>(&item)).transpose()?));
        }
        let early = Early { owners, counters: watched.into_iter().zip(items).collect() };

        let mut stored: Stored = read(&item)?;
        // The budget of a known browser is that of the browser that began: another one's cookie is
        // no key to it (security.md R-O6).
        let browser = browser
            .filter(|_| arrival.browser.as_ref() == Some(&stored.transaction.client.browser));
        if stored.transaction.expired(now) || !self.opens(&arrival.finder, &stored.transaction)? {
            return Err(Failure::SessionExpired);
        }
        let revision = self.cache.at(self.store.as_ref(), head.as_ref()).await?;
        let refreshed =
            memory.stale_user && self.refresh_user(&mut stored, &revision.organisation).await?;
        Ok(Loaded {
            revision,
            stored,
            version: item.version,
            refreshed,
            early,
            places: Places { browser, network },
            room,
        })
    }

    /// The values that the request itself names, so that their owners are read in the first round
    /// trip. A guess of what the policy will ask for, from the configuration that this instance
    /// knows; a wrong guess costs a trip, never an answer.
    fn named(&self, input: &Input) -> Vec<Identity> {
        match input {
            Input::Identify { identifier, .. } => {
                let mut attributes: Vec<String> =
                    self.cache.known().map_or_else(Vec::new, |revision| {
                        let policies = &revision.organisation.policies.profile_enrollment;
                        policies
                            .iter()
                            .flat_map(|policy| &policy.rules)
                            .flat_map(|rule| {
                                rule.actions.profile_enrollment.allowed_identifiers.clone()
                            })
                            .collect()
                    });
                attributes.push("login".into());
                attributes.sort();
                attributes.dedup();
                attributes.iter().map(|attribute| Identity::of(attribute, identifier)).collect()
            }
            Input::EnrollProfile { profile, .. } | Input::UpdateProfile(profile) => {
                let known = self.cache.known();
                let unique = |name: &str| {
                    let property = known
                        .as_ref()
                        .and_then(|revision| revision.organisation.user_schema.property(name));
                    matches!(name, "email" | "login")
                        || property.is_some_and(|property| property.is_unique())
                };
                let mut typed: Vec<_> = profile
                    .iter()
                    .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
                    .collect();
                // Whatever the username is, people are also found by their email.
                if let Some((_, email)) = typed.iter().find(|(name, _)| *name == "email") {
                    typed.push(("login", email));
                }
                // A request has few fields, but a hostile one may have many: a read takes a hundred
                // keys.
                let named = typed
                    .into_iter()
                    .filter(|(name, _)| unique(name))
                    .take(MOST_NAMED)
                    .map(|(name, text)| Identity::of(name, text));
                named.collect::<BTreeSet<_>>().into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Where the budgets are counted that the policy may want to look at. As this instance knows
    /// the limits: what is counted where does not depend on them.
    fn watched(&self, arrival: &Arrival<'_>, now: Timestamp) -> Vec<Key> {
        let limits = self
            .cache
            .known()
            .map(|revision| revision.organisation.settings.limits.clone())
            .unwrap_or_default();
        self.counters(&step::watched(&limits, &arrival.input), arrival.source, now)
            .iter()
            .flat_map(Counter::places)
            .cloned()
            .collect()
    }

    /// Reads, and counts the request beside it: ten per handle in five seconds (security.md R-R5).
    /// Whether there was room for it.
    async fn arrived(
        &self,
        arrival: &Arrival<'_>,
        id: &str,
        wanted: Vec<Key>,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(Vec<Option<Item>>, Room), Failure> {
        // A poll is cheaper than its count, and comes all by itself. A link is no handle.
        let counts = !memory.arrived
            && arrival.operation != Operation::Poll
            && matches!(arrival.finder, Finder::Handle(_));
        if !counts {
            return Ok((self.read(&wanted).await?, Room::Left));
        }
        memory.arrived = true;
        // As this instance knows the limit: good enough for a brake.
        let limits = self
            .cache
            .known()
            .map(|revision| revision.organisation.settings.limits.clone())
            .unwrap_or_default();
        let (items, counters, over) = self
            .read_and_count(wanted, &[step::requests(&limits, id)], arrival.source, now)
            .await?;
        let room = if over { self.when(&[&counters], now).await? } else { Room::Left };
        Ok((items, room))
    }

    /// Whether the token of a link is the one of the code that is out.
    fn opens(&self, finder: &Finder, transaction: &Transaction) -> Result<bool, Failure> {
        Ok(match (finder, &transaction.challenge) {
            (Finder::Handle(_), _) => true,
            (Finder::Link { token, .. }, Some(challenge)) => self
                .mail()?
                .passcode_key
                .accepts(|key| same(&key.link(transaction, challenge), token.expose())),
            (Finder::Link { .. }, None) => false,
        })
    }
}

impl Finder {
    /// The transaction's id, if it is well-formed.
    pub(crate) fn id(&self) -> Option<&str> {
        let id = match self {
            Self::Handle(Handle::State(handle) | Handle::Interaction(handle)) => {
                handle.expose().split_once('.')?.0
            }
            Self::Link { id, .. } => id,
        };
        well_formed(id).then_some(id)
    }
}
