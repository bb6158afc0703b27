//! What the policy asked for. The second round trip reads people and counts budgets at once; only then is anything compared.

use policy::Context;
use policy::organisation::AuthenticatorKey;
use policy::password_rules;
use policy::secret::Secret;
use policy::step::{self, Facts, Identity, Input, Needs, PasswordWork};
use policy::transaction::{Subject, Transaction};
use policy::user::User;
use serde_json::json;

use super::load::Early;
use super::{Arrival, Memory};
use crate::budget::{Counter, Room};
use crate::commit::{self, About, Commit, Owner, StoredPassword};
use crate::configuration::read;
use crate::derive::same;
use crate::keys;
use crate::ports::{Expect, Item, Key, Verdict};
use crate::{Engine, Failure};

/// A right password whose hash should be made again.
pub(super) struct Rehash {
    password: Secret,
    stored: StoredPassword,
    version: u64,
}

impl Engine {
    /// What the policy asked for. The second round trip reads people and counts budgets at once; only then is anything compared.
    pub(super) async fn facts(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        transaction: &Transaction,
        needs: &Needs,
        early: Early,
        memory: &mut Memory,
    ) -> Result<(Facts, Option<(String, Rehash)>), Failure> {
        let owners = self.owners(needs, early.owners).await?;
        // Whoever names somebody is asked for that one's password.
        let member = match &transaction.subject {
            Subject::Member { user, .. } if needs.identities.is_empty() => Some(user.id.clone()),
            _ => None,
        };
        let verifies = matches!(needs.password, PasswordWork::Verify(_));
        let whose_is_known = member.is_some();
        let whose = if verifies { owners.iter().flatten().next().cloned().or(member) } else { None };

        // Nobody is looked up the same way as somebody (security.md R-P9), except where the answer tells the difference anyway.
        let nobody = String::from("-");
        let asks_for_a_name = match arrival.input {
            Input::UpdateProfile(_) => false,
            Input::EnrollProfile { .. } => context.prevents_enumeration(),
            _ => true,
        };
        let mut wanted: Vec<Key> =
            owners.iter().filter(|owner| owner.is_some() || asks_for_a_name).map(|owner| keys::user(owner.as_ref().unwrap_or(&nobody))).collect();
        wanted.sort();
        wanted.dedup();
        if verifies {
            wanted.push(keys::password(whose.as_ref().unwrap_or(&nobody)));
        }
        let watched = self.counters(&needs.watched_budgets, arrival.source, context.now);
        wanted.extend(watched.iter().flat_map(Counter::places).filter(|place| !early.counters.iter().any(|(known, _)| known == *place)).cloned());
        let (mut items, room) = self.counted(arrival, context, needs, wanted, memory).await?;
        items.extend(early.counters.into_iter().map(|(_, item)| item));
        let room = watched.iter().map(|counter| counter.room(&items, context.now)).fold(room, Room::and);
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
        facts.new_user_id = memory.new_user_id.get_or_insert_with(|| self.random_id()).clone();
        if over_budget {
            return Ok((facts, None));
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
                let password = password_rules::normalise(password).map_err(|_| Failure::Malformed)?;
                let item = whose.as_ref().and_then(|id| find(&keys::password(id)));
                let stored = item.map(read::<StoredPassword>).transpose()?;
                let user = facts.owners.iter().flatten().next().map(|(user, _)| user).or(match &transaction.subject {
                    Subject::Member { user, .. } => Some(user),
                    _ => None,
                });
                let of_today = |stored: &StoredPassword| user.is_some_and(|user| user.generation == stored.generation);
                // The account has changed hands since this transaction read it; the password is that of whoever has it now.
                memory.stale_user |= whose_is_known && stored.as_ref().is_some_and(|stored| !of_today(stored));
                let Verdict { matches, outdated: old } = self.passwords()?.verify(&password, stored.as_ref().map(|stored| &stored.hash)).await?;
                facts.password_right = matches && stored.as_ref().is_some_and(of_today);
                if let (true, true, Some(item), Some(stored), Some(id)) = (facts.password_right, old, item, stored, whose) {
                    outdated = Some((id, Rehash { password, stored, version: item.version }));
                }
            }
        }
        Ok((facts, outdated))
    }

    /// The ids of the owners of what the policy asks about.
    async fn owners(&self, needs: &Needs, early: Vec<(Identity, Option<Owner>)>) -> Result<Vec<Option<String>>, Failure> {
        let late: Vec<_> = needs.identities.iter().filter(|identity| !early.iter().any(|(known, _)| known == *identity)).collect();
        let items = self.read(&late.iter().map(|identity| keys::unique(identity)).collect::<Vec<_>>()).await?;
        let mut found = Vec::new();
        for identity in &needs.identities {
            let owner = match late.iter().position(|one| *one == identity) {
                Some(place) => items.get(place).and_then(Option::as_ref).map(read::<Owner>).transpose()?.map(|owner| owner.user),
                None => early.iter().find(|(known, _)| known == identity).and_then(|(_, owner)| owner.as_ref()).map(|owner| owner.user.clone()),
            };
            found.push(owner);
        }
        Ok(found)
    }

    /// Reads people, and counts a guess before it is evaluated (security.md R-O4): once, however often the step is decided.
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
        let first = if needs.kept_budgets.is_empty() { &needs.budgets } else { &needs.kept_budgets };
        let (items, mut counters, mut room) = self.read_and_count(wanted, first, arrival.source, context.now).await?;
        if !room.is_left() && !needs.kept_budgets.is_empty() {
            (_, counters, room) = self.read_and_count(Vec::new(), &needs.budgets, arrival.source, context.now).await?;
        }
        memory.spent = Some((counters, room));
        Ok((items, room))
    }

    /// Gives back what was counted for a guess that was right: what is limited are wrong ones.
    pub(super) fn refund(memory: &Memory, commit: &mut Commit) {
        let Some((counters, _)) = memory.spent.as_ref().filter(|_| !memory.keeps_counts) else { return };
        for counter in counters.iter().filter(|counter| counter.is_refunded()) {
            commit.push(About::Refund, counter.refund());
        }
    }

    fn passcode_right(&self, arrival: &Arrival<'_>, context: &Context<'_>, transaction: &Transaction, memory: &mut Memory) -> Result<bool, Failure> {
        let (Some(challenge), Input::AnswerEmail(typed)) = (&transaction.challenge, &arrival.input) else { return Ok(false) };
        if memory.compared.is_some_and(|sequence| sequence != challenge.sequence) {
            return Ok(false);
        }
        memory.compared = Some(challenge.sequence);
        let length = context.organisation.authenticator(AuthenticatorKey::OktaEmail).passcode_length;
        let expected = self.mail()?.passcode_key.passcode(transaction, challenge, length);
        Ok(step::passcode_digits(typed, length).is_some_and(|typed| same(&expected, typed.expose())))
    }

    /// Old parameters or an old pepper: hash again, unless the password was changed meanwhile. Signing in does not depend on it (R-P10).
    pub(super) async fn rehash(&self, user: &str, Rehash { password, stored, version }: Rehash) {
        let Ok(passwords) = self.passwords() else { return };
        let result = match passwords.hash(&password).await {
            Ok(hash) => {
                let body = json!(StoredPassword { hash, ..stored });
                let write = commit::put(keys::password(user), version, None, body, Expect::Version(version));
                self.store.write(&[write]).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "a password could not be hashed again");
        }
    }
}
