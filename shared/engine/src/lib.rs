//! The glue: load → step → commit → send → render; owns the [`ports`].
//!
//! An [`Engine`] is the same in every function; which ports it has decides what it can do.
//! [`Engine::serve`] takes a request to its operation: IDX steps go through [`advance`], links
//! through [`links`], OAuth through [`oidc`].
//!
//! # Invariants
//! What must hold whatever happens, and where it is kept. `tests/seeded-faults` breaks each of them
//! on purpose and names the test that notices.
//!
//! - **I1 one person per name**: the marker of a unique value is written in the same write as its
//!   person, if it is absent (`commit`).
//! - **I2 no session without proof**: [`policy::requirement`] is asked at the end of every step;
//!   codes are derived of address, purpose, app and transaction ([`derive`]).
//! - **I3 the first to prove a mailbox owns its account**: one that was made without proof makes
//!   room, in one write, for one with another id (`commit`); transactions, grants, tokens and known
//!   browsers of the old id are void, here and where tokens are checked without asking. What an
//!   administrator does raises [`User::generation`](policy::user::User::generation), and voids the
//!   same (`advance::load`, `oidc`).
//! - **I4, I5 acknowledged is stored, whole or not at all**: one conditional write per step, and
//!   the answer after it (`advance`).
//! - **I6 an error tells the truth**: the same request again gets the same answer
//!   (`advance::repeat`); stores know their own lost write.
//! - **I7 few guesses**: counted before anything is compared, in any span of the budget's width
//!   (`advance::facts`, `budget`).
//! - **I8 few mails**: counted in the commit that comes before the mail; a mail that nobody
//!   reported as sent goes out once more (`advance::send`).
//! - **I9 a way on**: budgets end, known browsers have their own, a page that is open while a
//!   policy changes is led on (`policy::step::Outdated`), and the laws of the policy crate find no
//!   dead end.
//! - **I10 nothing goes back**: every item is written at the version that was read.
//! - **I11 secrets stay**: handles, codes and links are derived and never stored ([`derive`],
//!   `handles`); [`policy::secret::Secret`] prints nothing.
//! - **I12 doubt is a refusal**: a budget that cannot be counted and a configuration that cannot be
//!   read are failures (`failure`).
//! - **I13 as if one after the other**: a decision is pure; whoever was overtaken loads and decides
//!   again (`advance`).
//! - **I14 an end**: four tries per request, three attempts per call of the store.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test says what it expects by failing"
    )
)]

mod advance;
mod budget;
mod client_address;
mod commit;
pub mod configuration;
mod cookie;
mod cors;
pub mod derive;
mod failure;
mod handles;
pub mod http;
pub mod keyring;
pub mod keys;
mod links;
mod markers;
mod oidc;
pub mod openapi;
pub mod people;
pub mod ports;
mod reply;
mod serve;
#[cfg(feature = "testing")]
pub mod testing;
pub mod uniqueness;

pub use serve::Unserved;

use std::sync::Arc;

use policy::secret::Secret;

use configuration::Cache;
use failure::Failure;
use keyring::Keyring;
use ports::{Clock, Mailer, Passwords, Random, Signer, Store};

/// Serves operations with the ports that it was given.
pub struct Engine {
    /// Where clients reach the API, without a trailing slash. Links and hrefs are made of it, never
    /// of a request's headers (security.md R-M4).
    base_url: String,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Derives handles, interaction codes and pseudonyms.
    interaction_key: Keyring,
    mail: Option<Mail>,
    passwords: Option<Arc<dyn Passwords>>,
    signer: Option<Arc<dyn Signer>>,
    cache: Cache,
    /// The least that a source may do of what is limited by source.
    least_per_source: u32,
}

/// What is needed to send codes and to know them again.
struct Mail {
    mailer: Arc<dyn Mailer>,
    passcode_key: Keyring,
}

impl Engine {
    /// An engine that can neither mail, nor check passwords, nor sign. The key has at least 32
    /// characters.
    pub fn new(
        base_url: impl AsRef<str>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        interaction_key: impl Into<Keyring>,
    ) -> Self {
        Self {
            base_url: base_url.as_ref().trim_end_matches('/').into(),
            store,
            clock,
            random,
            interaction_key: interaction_key.into(),
            mail: None,
            passwords: None,
            signer: None,
            cache: Cache::default(),
            least_per_source: 0,
        }
    }

    /// With mail. The key derives codes and links; it has at least 32 characters.
    #[must_use]
    pub fn with_mailer(
        mut self,
        mailer: Arc<dyn Mailer>,
        passcode_key: impl Into<Keyring>,
    ) -> Self {
        self.mail = Some(Mail { mailer, passcode_key: passcode_key.into() });
        self
    }

    /// With limits per source of at least `least`, whatever the organisation says: where all
    /// requests come from one client address, as on a developer's machine, that address is
    /// everybody. No function that is deployed does this.
    #[must_use]
    pub fn with_least_per_source(mut self, least: u32) -> Self {
        self.least_per_source = least;
        self
    }

    /// With passwords.
    #[must_use]
    pub fn with_passwords(mut self, passwords: Arc<dyn Passwords>) -> Self {
        self.passwords = Some(passwords);
        self
    }

    /// With tokens.
    #[must_use]
    pub fn with_signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Opens the connection to the store and reads the organisation, so that the first request does
    /// not wait for it.
    pub async fn warm(&self) {
        if let Err(failure) = self.current().await {
            tracing::warn!(%failure, "the organisation could not be read yet");
        }
    }

    fn mail(&self) -> Result<&Mail, Failure> {
        self.mail.as_ref().ok_or_else(|| Failure::internal("this function has no mailer"))
    }

    fn passwords(&self) -> Result<&dyn Passwords, Failure> {
        self.passwords.as_deref().ok_or_else(|| Failure::internal("this function has no passwords"))
    }

    fn signer(&self) -> Result<&dyn Signer, Failure> {
        self.signer.as_deref().ok_or_else(|| Failure::internal("this function has no signer"))
    }

    /// The current revision of the organisation.
    async fn current(&self) -> Result<Arc<configuration::Revision>, Failure> {
        let head =
            self.store.read(&[keys::organisation_head()]).await?.into_iter().next().flatten();
        Ok(self.cache.at(self.store.as_ref(), head.as_ref()).await?)
    }

    fn random_id(&self) -> String {
        random_id(self.random.as_ref())
    }

    /// 256 unpredictable bits as text: secrets.
    fn random_secret(&self) -> Secret {
        use base64::Engine as _;
        let mut bytes = [0_u8; 32];
        self.random.fill(&mut bytes);
        Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// 128 unpredictable bits as text: names of things.
fn random_id(random: &dyn Random) -> String {
    use base64::Engine as _;
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
