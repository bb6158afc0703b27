//! What the policy asked for. The second round trip reads people and counts budgets at once; only
//! then is anything compared.

use policy::Context;
use policy::organisation::AuthenticatorKey;
use policy::secret::Secret;
use policy::step::{self, Facts, Identity, Input, Needs, PasswordWork};
use policy::transaction::{Subject, Transaction};
use policy::user::User;
use serde_json::json;

use super::load::Early;
use super::{Arrival, Memory};
use crate::budget::{Counter, Room};
use crate::commit::{self, About, Commit, StoredPassword};
use crate::configuration::read;
use crate::derive::same;
use crate::keys;
use crate::markers::Owner;
use crate::ports::{Expect, Item, Key, Verdict};
use crate::{Engine, Failure};

/// A right password whose hash should be made again.
pub(super) struct Rehash {
    password: Secret,
    stored: StoredPassword,
    version: u64,
}

impl Engine {
    /// What the policy asked for. The second round trip reads people and counts budgets at once;
    /// only then is anything compared. `None`: an account was there a moment ago and is gone, so
    /// look again at who has its names now.
    pub(super) async fn facts(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        transaction: &Transaction,
        needs: &Needs,
        early: Early,
        memory: &mut Memory,
    ) -> Result<Option<(Facts, Option<(String, Rehash)>)>, Failure> {
        let owners = self.owners(needs, early.owners).await?;
        let verifies = matches!(needs.password, PasswordWork::Verify(_));
        let member = match &transaction.subject {
            Subject::Member { user, .. } if needs.identities.is_empty() => Some(&user.id),
            _ => None,
        };
        // Most likely theirs: the first marker's.
        let probably = owners.iter().flatten().next().or(member);

        // Nobody is looked up the same way as somebody (security.md R-P9), except where the answer
        // tells the difference anyway.
        let nobody = String::from("-");
        let asks_for_a_name = match arrival.input {
            Input::UpdateProfile(_) => false,
            Input::EnrollProfile { .. } => context.prevents_enumeration(),
            _ => true,
        };
        let mut wanted: Vec<Key> = owners
            .iter()
            .filter(|owner| owner.is_some() || asks_for_a_name)
            .map(|owner| keys::user(owner.as_ref().unwrap_or(&nobody)))
            .collect();
        wanted.sort();
        wanted.dedup();
        let looked_at = verifies.then(|| keys::password(probably.unwrap_or(&nobody)));
        wanted.extend(looked_at.clone());
        let watched = self.counters(&needs.watched_budgets, arrival.source, context.now);
        wanted.extend(
            watched
                .iter()
                .flat_map(Counter::places)
                .filter(|place| !early.counters.iter().any(|(known, _)| known == *place))
                .cloned(),
        );
        let (mut items, room) = self.counted(arrival, context, needs, wanted, memory).await?;
        items.extend(early.counters.into_iter().map(|(_, item)| item));
        let room =
            watched.iter().map(|counter| counter.room(&items, context.now)).fold(room, Room::and);
        let over_budget = !room.is_left();
        let find = |key: &Key| items.iter().flatten().find(|item| item.key == *key);
        let mut facts = Facts {
            over_budget,
            over_commit_budget: memory.commit_room.is_some(),
            room: if over_budget { room.from() } else { memory.commit_room.and_then(Room::from) },
            contested: memory.contested,
            ..Facts::default()
        };
        for owner in &owners {
            let item = owner.as_ref().and_then(|id| find(&keys::user(id)));
            facts.owners.push(match item {
                Some(item) => Some((read::<User>(item)?, item.version)),
                None => None,
            });
        }
        // Once: the marker of somebody who was deleted may be left behind for good.
        let vanished = owners
            .iter()
            .zip(&facts.owners)
            .any(|(owner, found)| owner.is_some() && found.is_none());
        if vanished && !memory.looked_again {
            memory.looked_again = true;
            return Ok(None);
        }
        facts.new_user_id = memory.new_user_id.get_or_insert_with(|| self.random_id()).clone();
        if over_budget {
            return Ok(Some((facts, None)));
        }
        if needs.passcode {
            facts.passcode_right = self.passcode_right(arrival, context, transaction, memory)?;
        }
        let mut outdated = None;
        match &needs.password {
            PasswordWork::None => {}
            PasswordWork::Hash(password) => {
                if memory.new_password.is_none() {
                    memory.new_password = Some(self.passwords()?.hash(password).await?);
                }
                facts.new_password.clone_from(&memory.new_password);
            }
            PasswordWork::Verify(password) => {
                let member = match &transaction.subject {
                    Subject::Member { user, .. } if needs.identities.is_empty() => Some(user),
                    _ => None,
                };
                // Whoever is found is asked for their own password, also where a marker of somebody
                // who is no longer there came first.
                let user = facts.owners.iter().flatten().next().map(|(user, _)| user).or(member);
                let place = user.map(|user| keys::password(&user.id));
                if let Some(place) =
                    place.as_ref().filter(|place| Some(*place) != looked_at.as_ref())
                {
                    items.extend(self.read(std::slice::from_ref(place)).await?);
                }
                let item = place
                    .as_ref()
                    .and_then(|place| items.iter().flatten().find(|item| item.key == *place));
                let stored = item.map(read::<StoredPassword>).transpose()?;
                let of_today = |stored: &StoredPassword| {
                    user.is_some_and(|user| user.generation == stored.generation)
                };
                // The account has changed since this transaction read it, or is no longer there.
                memory.stale_user |= member.is_some_and(|member| {
                    stored.as_ref().map_or(member.has_password, |stored| !of_today(stored))
                });
                let Verdict { matches, outdated: old } = self
                    .passwords()?
                    .verify(password, stored.as_ref().map(|stored| &stored.hash))
                    .await?;
                facts.password_right = matches && stored.as_ref().is_some_and(of_today);
                if let (true, true, Some(item), Some(stored), Some(user)) =
                    (facts.password_right, old, item, stored, user)
                {
                    outdated = Some((
                        user.id.clone(),
                        Rehash { password: password.clone(), stored, version: item.version },
                    ));
                }
            }
        }
        Ok(Some((facts, outdated)))
    }

    /// The ids of the owners of what the policy asks about.
    async fn owners(
        &self,
        needs: &Needs,
        early: Vec<(Identity, Option<Owner>)>,
    ) -> Result<Vec<Option<String>>, Failure> {
        let late: Vec<_> = needs
            .identities
            .iter()
            .filter(|identity| !early.iter().any(|(known, _)| known == *identity))
            .collect();
        let items = self
            .read(&late.iter().map(|identity| keys::unique(identity)).collect::<Vec<_>>())
            .await?;
        let mut found = Vec::new();
        for identity in &needs.identities {
            let owner = match late.iter().position(|one| *one == identity) {
                Some(place) => items
                    .get(place)
                    .and_then(Option::as_ref)
                    .map(read::<Owner>)
                    .transpose()?
                    .map(|owner| owner.user),
                None => early
                    .iter()
                    .find(|(known, _)| known == identity)
                    .and_then(|(_, owner)| owner.as_ref())
                    .map(|owner| owner.user.clone()),
            };
            found.push(owner);
        }
        Ok(found)
    }

    /// Reads people, and counts a guess before it is evaluated (security.md R-O4): once, however
    /// often the step is decided.
    async fn counted(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        needs: &Needs,
        wanted: Vec<Key>,
        memory: &mut Memory,
    ) -> Result<(Vec<Option<Item>>, Room), Failure> {
        if let Some((_, room)) = memory.spent {
            return Ok((self.read(&wanted).await?, room));
        }
        let mut alternatives = needs.budgets.iter();
        let first = alternatives.next().map(Vec::as_slice).unwrap_or_default();
        let (items, mut counters, mut over) =
            self.read_and_count(wanted, first, arrival.source, context.now).await?;
        let mut tried = Vec::new();
        for budgets in alternatives {
            if over {
                tried.push(counters);
                (_, counters, over) =
                    self.read_and_count(Vec::new(), budgets, arrival.source, context.now).await?;
            }
        }
        let room = if over {
            // Whichever has room first lets the person in.
            let all: Vec<&[Counter]> = tried.iter().chain([&counters]).map(Vec::as_slice).collect();
            self.when(&all, context.now).await?
        } else {
            Room::Left
        };
        memory.spent = Some((counters, room));
        Ok((items, room))
    }

    /// Gives back what was counted for a guess that was right: what is limited are wrong ones.
    pub(super) fn refund(memory: &Memory, commit: &mut Commit) {
        let Some((counters, _)) = memory.spent.as_ref().filter(|_| !memory.keeps_counts) else {
            return;
        };
        for counter in counters.iter().filter(|counter| counter.is_refunded()) {
            commit.push(About::Refund, counter.refund());
        }
    }

    fn passcode_right(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        transaction: &Transaction,
        memory: &mut Memory,
    ) -> Result<bool, Failure> {
        let (Some(challenge), Input::AnswerEmail(typed)) = (&transaction.challenge, &arrival.input)
        else {
            return Ok(false);
        };
        if memory.compared.is_some_and(|sequence| sequence != challenge.sequence) {
            return Ok(false);
        }
        memory.compared = Some(challenge.sequence);
        let length =
            context.organisation.authenticator(AuthenticatorKey::OktaEmail).passcode_length;
        let keys = &self.mail()?.passcode_key;
        let right = |typed: &Secret| {
            keys.accepts(|key| same(&key.passcode(transaction, challenge, length), typed.expose()))
        };
        Ok(step::passcode_digits(typed, length).is_some_and(|typed| right(&typed)))
    }

    /// Old parameters or an old pepper: hash again, unless the password was changed meanwhile.
    /// Signing in does not depend on it (R-P10).
    pub(super) async fn rehash(&self, user: &str, Rehash { password, stored, version }: Rehash) {
        let Ok(passwords) = self.passwords() else { return };
        let result = match passwords.hash(&password).await {
            Ok(hash) => {
                let body = json!(StoredPassword { hash, ..stored });
                let write = commit::put(
                    keys::password(user),
                    version,
                    None,
                    body,
                    Expect::Version(version),
                );
                self.store.write(&[write]).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "a password could not be hashed again");
        }
    }
}
