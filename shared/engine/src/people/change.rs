//! Changing and deleting an account.

use std::collections::BTreeSet;

use policy::organisation::Organisation;
use policy::provision;
use policy::step::{Effect, Identity, PasswordChange};
use policy::time::Timestamp;
use policy::user::{User, UserStatus};

use super::{ATTEMPTS, Error, Person, load};
use crate::commit::{Commit, StoredPassword};
use crate::configuration::read;
use crate::keys;
use crate::markers::{Markers, Owner};
use crate::ports::{Expect, Item, Key, Store, StoreError, Write};

/// Items that one read may name.
const MOST_KEYS: usize = 100;

/// Ends an account's sign-ins: there are no new ones, and what was handed out before (tokens,
/// codes, flows under way, known browsers) is void for good, also once it is activated again.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Contended`], or a failure of the store.
pub async fn deactivate(store: &dyn Store, id: &str, now: Timestamp) -> Result<Person, Error> {
    set_status(store, id, UserStatus::Deprovisioned, now).await
}

/// Lets a deactivated person sign in again, with the password of before.
///
/// # Errors
/// As [`deactivate`].
pub async fn activate(store: &dyn Store, id: &str, now: Timestamp) -> Result<Person, Error> {
    set_status(store, id, UserStatus::Active, now).await
}

async fn set_status(
    store: &dyn Store,
    id: &str,
    status: UserStatus,
    now: Timestamp,
) -> Result<Person, Error> {
    change(store, id, now, |user| {
        if user.status != status {
            user.status = status;
            user.generation = user.generation.saturating_add(1);
        }
        Ok(())
    })
    .await
}

/// How groups are to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Groups {
    /// These and no others.
    Exactly(Vec<String>),
    /// Into the first, out of the second.
    By {
        /// Into these.
        add: Vec<String>,
        /// Out of these.
        remove: Vec<String>,
    },
}

/// Sets the groups of a person, by their ids or names. Policies go by them from the next step of
/// any sign-in on; nothing that was handed out is void. A group that is not in the organisation any
/// more can only be left.
///
/// # Errors
/// [`Error::Wrong`] for groups that are not there, else as [`deactivate`].
pub async fn set_groups(
    store: &dyn Store,
    organisation: &Organisation,
    id: &str,
    groups: &Groups,
    now: Timestamp,
) -> Result<Person, Error> {
    let known = |names: &[String]| provision::groups(organisation, names).map_err(Error::Wrong);
    change(store, id, now, |user| {
        user.groups = match groups {
            Groups::Exactly(names) => known(names)?,
            Groups::By { add, remove } => {
                // Whatever the person is in can be left, whether or not it still exists.
                let (gone, named): (Vec<_>, Vec<_>) =
                    remove.iter().cloned().partition(|name| user.groups.contains(name));
                let removed: BTreeSet<_> = known(&named)?.into_iter().chain(gone).collect();
                user.groups
                    .union(&known(add)?)
                    .filter(|group| !removed.contains(*group))
                    .cloned()
                    .collect()
            }
        };
        Ok(())
    })
    .await
}

/// Changes an account as it is now; where nothing changes, nothing is written.
async fn change(
    store: &dyn Store,
    id: &str,
    now: Timestamp,
    change: impl Fn(&mut User) -> Result<(), Error>,
) -> Result<Person, Error> {
    for _ in 0..ATTEMPTS {
        let mut items = store.read(&[keys::user(id), keys::password(id)]).await?.into_iter();
        let (item, password) =
            (items.next().flatten().ok_or(Error::NotFound)?, items.next().flatten());
        let before: User = read(&item)?;
        let mut user = before.clone();
        change(&mut user)?;
        if user == before {
            return Ok(Person { user, version: item.version });
        }
        user.last_updated = now;
        let password = password_of(password.as_ref(), &before, &user)?;
        let effect = Effect::SaveUser {
            user: user.clone(),
            version: item.version,
            password,
            claims: Vec::new(),
        };
        let mut commit = Commit::default();
        commit.effect(&effect, &Markers::new(), now);
        match store.write(&commit.writes).await {
            Ok(()) => return Ok(Person { user, version: item.version + 1 }),
            Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Contended)
}

/// A password goes with the generation that it was set in: the one that is good stays so in the
/// next generation, and one that is void already stays void.
fn password_of(
    item: Option<&Item>,
    before: &User,
    after: &User,
) -> Result<PasswordChange, StoreError> {
    let stored: Option<StoredPassword> = item.map(read).transpose()?;
    let good = stored.filter(|stored| {
        stored.generation == before.generation && before.generation != after.generation
    });
    Ok(good.map_or(PasswordChange::Keep, |stored| PasswordChange::Set(stored.hash)))
}

/// Deletes an account, whole or not at all: the record, the password, and every mark that says that
/// a value is this person's. The names are free at once. What else names the account (grants, known
/// browsers, flows under way) opens nothing without it, and expires by itself.
///
/// # Errors
/// As [`deactivate`].
pub async fn delete(store: &dyn Store, id: &str, now: Timestamp) -> Result<Person, Error> {
    for _ in 0..ATTEMPTS {
        let person = load(store, id).await?.ok_or(Error::NotFound)?;
        let mut writes = vec![
            Write::Delete { key: keys::user(id), expect: Expect::Version(person.version) },
            Write::Delete { key: keys::password(id), expect: Expect::Anything },
        ];
        // As long as the record is what was read, its marks are this person's; another's are not
        // touched.
        for mark in marks(store, &person.user).await?.into_iter().filter(|mark| mark.lives(now)) {
            writes.push(Write::Delete { key: mark.key, expect: Expect::Version(mark.version) });
        }
        match store.write(&writes).await {
            Ok(()) => return Ok(person),
            Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Contended)
}

/// The marks of everything in this person's profile, whatever is unique today: an attribute may
/// have been so, and may become so again.
async fn marks(store: &dyn Store, user: &User) -> Result<Vec<Item>, StoreError> {
    let own = user.profile.iter().map(|(name, value)| Identity::of_value(name, value));
    let by_email = user.profile.get("email").map(|email| Identity::of_value("login", email));
    let keys: BTreeSet<Key> = own.chain(by_email).map(|identity| keys::unique(&identity)).collect();
    let mut marks = Vec::new();
    for keys in keys.into_iter().collect::<Vec<_>>().chunks(MOST_KEYS) {
        for item in store.read(keys).await?.into_iter().flatten() {
            if read::<Owner>(&item)?.user == user.id {
                marks.push(item);
            }
        }
    }
    Ok(marks)
}
