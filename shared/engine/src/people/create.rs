//! Making an account.

use policy::organisation::Organisation;
use policy::provision::{self, Wanted};
use policy::secret::Secret;
use policy::step::{Effect, claims};
use policy::time::Timestamp;

use super::{ATTEMPTS, Error, Person, load};
use crate::commit::Commit;
use crate::markers::{self, Markers};
use crate::ports::{Passwords, Random, Store, StoreError};
use crate::random_id;

/// Makes an account, whole or not at all: profile, password, groups, and the marks of its
/// unique values. With a password that the administrator gives; without, its owner proves the
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
    let mut user =
        provision::account(organisation, wanted, random_id(random), now).map_err(Error::Wrong)?;
    let password = match password {
        Some((typed, passwords)) => {
            let allowed =
                provision::password(organisation, &user, typed).map_err(Error::Password)?;
            Some(passwords.hash(&allowed).await?)
        }
        None => None,
    };
    user.has_password = password.is_some();
    let claims = claims(organisation, &user.profile);
    let effect = Effect::CreateUser { user: user.clone(), password, claims: claims.clone() };
    // First as if every value were free; then, as they were found.
    let mut found = Markers::new();
    for _ in 0..ATTEMPTS {
        let mut commit = Commit::default();
        commit.effect(&effect, &found, now);
        match store.write(&commit.writes).await {
            Ok(()) => return Ok(Person { user, version: 1 }),
            Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        found = markers::find(store, &claims.iter().collect()).await?;
        let owners = owners(store, &found).await?;
        if !owners.is_empty() {
            return Err(Error::Taken(owners));
        }
    }
    Err(Error::Contended)
}

/// Who has these values: the attribute, and the name of the person. What a user had who is no
/// longer there is free.
async fn owners(store: &dyn Store, found: &Markers) -> Result<Vec<(String, String)>, Error> {
    let mut owners = Vec::new();
    for (identity, marker) in found.iter().filter(|(_, marker)| !marker.dangles) {
        let name = load(store, &marker.owner)
            .await?
            .map_or_else(|| marker.owner.clone(), |person| person.user.name().into());
        owners.push((identity.attribute.clone(), name));
    }
    Ok(owners)
}
