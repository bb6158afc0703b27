//! What administrators do with people: make an account, find it, deactivate and activate it, set
//! its groups, delete it. The commands of the local binary call this, and a management API will.
//!
//! Everything goes through the [`Store`], at the version that was read, in one write: a sign-in at
//! the same time is overtaken, reads the account again and goes by what it is then.
//!
//! | what | what becomes of what was handed out before |
//! | --- | --- |
//! | [`deactivate`], [`activate`] | void: the generation grows. The password stays |
//! | [`delete`] | void: nothing of the account is left, and its names are free |
//! | [`set_groups`] | stays; flows under way go on with the new groups |

mod change;
mod create;
mod invite;

use policy::password_rules::PasswordProblem;
use policy::provision::Fault;
use policy::step::Identity;
use policy::user::User;

use crate::configuration::read;
use crate::keys;
use crate::markers::Owner;
use crate::ports::{PasswordError, Store, StoreError};

pub use change::{Groups, activate, deactivate, delete, set_groups};
pub use create::create;
pub use invite::invitation;

/// A change that is overtaken by others is tried again so often.
const ATTEMPTS: usize = 5;

/// An account as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The record.
    pub user: User,
    /// Its version.
    pub version: u64,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is to be stored is wrong.
    #[error("what was given is not right")]
    Wrong(Vec<Fault>),
    /// The password is not allowed.
    #[error("the password is not allowed")]
    Password(Vec<PasswordProblem>),
    /// Values that another person has: the attribute, and the name of that person.
    #[error("another person has one of the values")]
    Taken(Vec<(String, String)>),
    /// No account has this name or id.
    #[error("there is no such account")]
    NotFound,
    /// The name of one account is the id of another.
    #[error("{0} and {1} are both called so")]
    Ambiguous(String, String),
    /// Others change the same account all the time.
    #[error("the account is being changed by others; try again")]
    Contended,
    /// The hash could not be made.
    #[error(transparent)]
    Hash(#[from] PasswordError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The account of this username, email address or id.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::Ambiguous`] where a username is another account's id: who
/// chose such a name must not be mistaken for the other.
pub async fn find(store: &dyn Store, name: &str) -> Result<Person, Error> {
    let mark = keys::unique(&Identity::of("login", name));
    let mut items = store.read(&[mark, keys::user(name)]).await?.into_iter();
    let (mark, by_id) = (items.next().flatten(), items.next().flatten());
    let by_id = by_id
        .map(|item| Ok::<_, Error>(Person { user: read(&item)?, version: item.version }))
        .transpose()?;
    let by_name = match mark.map(|item| read::<Owner>(&item)).transpose()? {
        Some(owner) => load(store, &owner.user).await?,
        None => None,
    };
    match (by_name, by_id) {
        (Some(one), Some(other)) if one.user.id != other.user.id => {
            Err(Error::Ambiguous(one.user.name().into(), other.user.name().into()))
        }
        (one, other) => one.or(other).ok_or(Error::NotFound),
    }
}

/// The account with this id.
async fn load(store: &dyn Store, id: &str) -> Result<Option<Person>, StoreError> {
    let item = store.read(&[keys::user(id)]).await?.into_iter().next().flatten();
    item.map(|item| Ok(Person { user: read(&item)?, version: item.version })).transpose()
}
