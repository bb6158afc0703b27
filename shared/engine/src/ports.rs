//! What the engine needs of the world. Each port is a trait; the adapters are crates of their own.

use async_trait::async_trait;
use policy::provision::Beginning;
use policy::secret::Secret;
use policy::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The only store. Two verbs: read some items, write some items; both in one round trip.
///
/// # Contract
/// - [`read`](Store::read) is strongly consistent and answers in the order of `keys`. It returns an
///   item as stored, expired or not: only the engine knows the time that counts, and DynamoDB
///   deletes expired items days late (security.md R-D5).
/// - [`write`](Store::write) is all or nothing. If a condition does not hold, nothing is written
///   and [`StoreError::Refused`] names the writes whose condition failed. A write that took effect
///   but whose answer was lost must be reported as success when the same call is repeated
///   (security.md R-D2, R-D3).
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads up to 100 items.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError>;

    /// Carries out 1 to 100 writes, all or nothing. No two may name the same key.
    async fn write(&self, writes: &[Write]) -> Result<(), StoreError>;
}

/// Where an item lives. The text is `KIND#id`; which kinds there are is the access-pattern table in
/// `dynamodb`'s README.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub String);

/// What lives there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Where.
    pub key: Key,
    /// Grows by one with each write; starts at 1.
    pub version: u64,
    /// From then on the item counts as absent.
    pub expires_at: Option<Timestamp>,
    /// The count, if the item is a counter.
    pub count: u64,
    /// The content: a JSON object.
    pub body: Value,
}

impl Item {
    /// True if the item still counts: DynamoDB deletes expired ones days late (security.md R-D5).
    pub fn lives(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires| now < expires)
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Puts the whole item, if the place is as expected.
    Put {
        /// The new item; its `version` is written as given.
        item: Item,
        /// What must be there now.
        expect: Expect,
    },
    /// Deletes the item, if the place is as expected.
    Delete {
        /// Where.
        key: Key,
        /// What must be there now.
        expect: Expect,
    },
    /// Writes nothing; refuses all writes if the place is not as expected.
    Check {
        /// Where.
        key: Key,
        /// What must be there now.
        expect: Expect,
    },
    /// Adds `by` to a counter's `count`, if it stays within 0 and `max`. A counter that is absent
    /// starts at zero; there is nothing to take back from it. Windows are part of the key, so a
    /// counter never starts anew. Its body is an empty object.
    Count {
        /// Where.
        key: Key,
        /// How much; negative takes back.
        by: i64,
        /// The highest count that is allowed afterwards.
        max: u64,
        /// When what is counted now no longer matters: the counter expires then. Taking back does
        /// not change when.
        expires_at: Timestamp,
    },
}

/// What a [`Write`] expects at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing, or something that has expired at this time.
    Absent(Timestamp),
    /// This version.
    Version(u64),
    /// Anything or nothing.
    Anything,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Conditions did not hold; the numbers are places in the list of writes.
    #[error("the condition of write {0:?} did not hold")]
    Refused(Vec<usize>),
    /// Throttled, unreachable or failing, also after retries.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store answered something that must not be (wrong table, no permission, an item we cannot
    /// read).
    #[error("the store is broken: {0}")]
    Broken(String),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail to one address. Success means that the provider has accepted it.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;

    /// Sends it to a mailbox of the provider's that takes everything and keeps nothing, whatever
    /// [`Mail::to`] says: nobody reads it, but it takes as long and fails as often as a mail to
    /// somebody (security.md R-R2).
    async fn send_to_nobody(&self, mail: &Mail) -> Result<(), MailError>;
}

/// One mail: facts, not words. The words are the adapter's templates.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// The one recipient, as stored (security.md R-E5).
    pub to: String,
    /// The `From` address of the organisation.
    pub from: String,
    /// The organisation's name.
    pub company_name: String,
    /// The app that asked.
    pub app_label: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// What it is about.
    pub content: MailContent,
}

/// What a [`Mail`] is about. Names are Okta's template names (policies.md §9).
#[derive(Clone, Debug, PartialEq)]
pub enum MailContent {
    /// Prove the mailbox to finish signing up.
    RegistrationActivation {
        /// The code to type.
        passcode: Secret,
        /// The link.
        link: Secret,
        /// Minutes that both live.
        lifetime_minutes: u32,
    },
    /// Welcome; the link marks the address as verified, nothing waits for it.
    RegistrationEmailVerification {
        /// The link.
        link: Secret,
        /// Hours that it lives.
        lifetime_hours: u32,
    },
    /// A code and a link to sign in.
    EmailChallenge {
        /// The code to type.
        passcode: Secret,
        /// The link.
        link: Secret,
        /// Minutes that both live.
        lifetime_minutes: u32,
    },
    /// An administrator made an account: how its owner begins. There is nothing secret in it; the
    /// mailbox is proven by a code, as ever.
    UserActivation {
        /// Where to begin, if the app says so.
        start: Option<String>,
        /// What to do there.
        beginning: Beginning,
    },
    /// Somebody tried to sign up with an address that has an account (security.md R-R3).
    AlreadyRegistered {
        /// Where to sign in, if the app says so.
        sign_in: Option<String>,
    },
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The provider will not take a mail for this address (suppressed, rejected).
    #[error("the mail provider rejected the message")]
    Rejected,
    /// Throttled, paused, refused: the provider says that it was not taken.
    #[error("the mail provider did not take it: {0}")]
    NotTaken(String),
    /// No answer, or no connection to the end: it may have been taken.
    #[error("the mail provider is unavailable: {0}")]
    Unavailable(String),
}

/// The slow hash (argon2id).
#[async_trait]
pub trait Passwords: Send + Sync {
    /// A PHC string together with the id of the pepper, for a password in NFC.
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError>;

    /// Whether `password` is the one of `hash`. Without a hash, a dummy is verified and the answer
    /// is no: an absent account takes as long as a present one (security.md R-P9).
    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError>;
}

pub use policy::user::PasswordHash;

/// What [`Passwords::verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// True if the password is right.
    pub matches: bool,
    /// True if the hash was made with older parameters or an older pepper, and should be made again
    /// (security.md R-P10).
    pub outdated: bool,
}

/// Why a hash could not be made or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// All hashing places are taken; try again shortly (security.md R-R9).
    #[error("too many passwords are being checked")]
    Busy,
    /// A stored hash that cannot be read, a pepper that is missing, no memory.
    #[error("the password hash is broken: {0}")]
    Broken(String),
}

/// Signs tokens.
#[async_trait]
pub trait Signer: Send + Sync {
    /// A compact JWS (RS256, `kid` and `typ` in the header) over these claims.
    async fn sign(&self, typ: &str, claims: &Value) -> Result<String, SignerError>;

    /// The public keys, current first, as a JWK set (RFC 7517).
    async fn keys(&self) -> Result<Value, SignerError>;

    /// The claims of a token of this type that one of our keys signed, whatever else they say;
    /// `None` if none did. Expiry, issuer and audience are the caller's.
    async fn verify(&self, typ: &str, token: &str) -> Result<Option<Value>, SignerError>;
}

/// Why a token could not be signed or checked.
#[derive(Debug, thiserror::Error)]
#[error("the signing key is unavailable: {0}")]
pub struct SignerError(pub String);

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Makes unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` from a cryptographically secure source.
    fn fill(&self, bytes: &mut [u8]);
}
