//! Making an account.

use policy::organisation::Organisation;
use policy::provision::{self, Wanted};
use policy::secret::Secret;
use policy::step::{Effect, Identity, claims};
use policy::time::Timestamp;

use super::{Error, Person, load};
use crate::commit::{Commit, Owner};
use crate::configuration::read;
use crate::keys;
use crate::ports::{Passwords, Random, Store, StoreError};
use crate::random_id;

/// Makes an account, whole or not at all: profile, password, groups, and the marks of what nobody
/// else may have. With a password that the administrator gives; without, its owner proves the
/// mailbox and sets one where the policies want one ([`invitation`](super::invitation)).
///
/// # Errors
/// [`Error::Wrong`], [`Error::Password`], [`Error::Taken`], or a failure of the ports.
pub async fn create(
    store: &dyn Store,
    random: &dyn Random,
    organisation: &Organisation,
    wanted: &Wanted,
    password: Option<(&Secret, &dyn Passwords)>,
    now: Timestamp,
) -> Result<Person, Error> {
    let mut user = provision::account(organisation, wanted, random_id(random), now).map_err(Error::Wrong)?;
    let password = match password {
        Some((typed, passwords)) => {
            let allowed = provision::password(organisation, &user, typed).map_err(Error::Password)?;
            Some(passwords.hash(&allowed).await?)
        }
        None => None,
    };
    user.has_password = password.is_some();
    let claims = claims(organisation, &user.profile);
    let mut commit = Commit::default();
    commit.effect(&Effect::CreateUser { user: user.clone(), password, claims: claims.clone() }, now);
    match store.write(&commit.writes).await {
        Ok(()) => Ok(Person { user, version: 1 }),
        Err(StoreError::Refused(_)) => Err(Error::Taken(owners(store, &claims).await?)),
        Err(error) => Err(error.into()),
    }
}

/// Who has these values: the attribute, and the name of the person.
async fn owners(store: &dyn Store, claims: &[Identity]) -> Result<Vec<(String, String)>, Error> {
    let mut owners = Vec::new();
    let keys: Vec<_> = claims.iter().map(keys::unique).collect();
    for (identity, item) in claims.iter().zip(store.read(&keys).await?) {
        let Some(item) = item else { continue };
        let id = read::<Owner>(&item)?.user;
        let name = load(store, &id).await?.map_or(id, |person| person.user.name().into());
        owners.push((identity.attribute.clone(), name));
    }
    Ok(owners)
}
