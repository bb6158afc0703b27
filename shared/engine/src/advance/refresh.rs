//! The account of a transaction, read again: it may have changed since.

use policy::organisation::Organisation;
use policy::step::Identity;
use policy::transaction::{Familiar, Subject, Transaction};
use policy::user::User;

use crate::commit::Stored;
use crate::configuration::read;
use crate::markers::Owner;
use crate::ports::Item;
use crate::{Engine, Failure, keys};

impl Engine {
    /// Reads the account of a transaction again, if it has one. Whether it was read.
    pub(super) async fn refresh_user(
        &self,
        stored: &mut Stored,
        organisation: &Organisation,
    ) -> Result<bool, Failure> {
        let Stored { transaction, last_request } = stored;
        let found = match &transaction.subject {
            Subject::Member { user, .. } => {
                self.store.read(&[keys::user(&user.id)]).await?.into_iter().next().flatten()
            }
            _ => return Ok(false),
        };
        let item = match found {
            Some(item) => Some(item),
            // It made room for another one (security.md I3): what was typed is the name of that one
            // now.
            None => self.named_now(transaction, organisation).await?,
        };
        let current: Option<User> = item.as_ref().map(read).transpose()?;
        // Whoever was deactivated or deleted meanwhile gets no session (security.md A-073).
        let (Some(item), Some(current)) = (item, current.filter(User::is_active)) else {
            return Err(Failure::SessionExpired);
        };
        let Subject::Member { user, version, .. } = &mut transaction.subject else {
            return Ok(false);
        };
        // What was proven of the account before proves nothing of this one (I3).
        let changed_hands = current.id != user.id || current.generation != user.generation;
        // Where it is the same account, what was mailed for an earlier generation is void as well.
        let mailed_before = current.id == user.id && current.generation != user.generation;
        (*user, *version) = (current, item.version);
        if changed_hands {
            transaction.proofs.clear();
            transaction.familiar = Familiar::default();
            // Nor is what was answered for it answered again.
            *last_request = None;
        }
        let challenge = transaction.challenge.take();
        transaction.challenge =
            challenge.filter(|challenge| !mailed_before && transaction.is_mailbox_of(challenge));
        Ok(true)
    }

    /// The record of the user that the name in this transaction means now.
    async fn named_now(
        &self,
        transaction: &Transaction,
        organisation: &Organisation,
    ) -> Result<Option<Item>, Failure> {
        let app = organisation.app(&transaction.client.app).ok_or(Failure::SessionExpired)?;
        let identifiers = organisation
            .enrollment_policy(app)
            .and_then(|policy| policy.enrollment())
            .map(|policy| &policy.allowed_identifiers);
        let typed = transaction.identifier().unwrap_or_default();
        let markers: Vec<_> = identifiers
            .into_iter()
            .flatten()
            .map(|name| keys::unique(&Identity::of(name, typed)))
            .collect();
        let mut people = Vec::new();
        for marker in self.read(&markers).await?.iter().flatten() {
            people.push(keys::user(&read::<Owner>(marker)?.user));
        }
        people.dedup();
        Ok(self.read(&people).await?.into_iter().flatten().next())
    }
}
