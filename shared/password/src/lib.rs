//! The [`Passwords`] port: Argon2id (RFC 9106) with a pepper, as PHC strings.
//!
//! The pepper is Argon2's secret parameter: without it a stolen table cannot even be guessed
//! against. It is kept outside the table and can be replaced: the first pepper makes hashes, all of
//! them verify (security.md R-P7, R-P10).

mod memory;
mod pepper;

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use engine::ports::{PasswordError, PasswordHash, Passwords, Verdict};
use policy::secret::Secret;

use crate::memory::Memory;

pub use pepper::{Pepper, PepperError};

/// Bytes of a salt (security.md R-P6).
const SALT_LENGTH: usize = 16;

/// Bytes of a tag.
const TAG_LENGTH: usize = 32;

/// Bytes that a pepper must have at least (security.md R-P7).
const MIN_PEPPER_LENGTH: usize = 32;

/// Memory (KiB) and passes of which a cost must reach one pair (OWASP Password Storage, security.md
/// R-P5).
const FLOORS: [(u32, u32); 3] = [(46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3)];

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// How often the memory is gone through.
    pub passes: u32,
}

impl Default for Cost {
    /// The cheapest that OWASP allows: about 60 ms on a Lambda function of 512 MB (security.md §5).
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// Hashes are never made without a pepper.
    #[error("there is no pepper")]
    NoPepper,
    /// A pepper that could be guessed.
    #[error("pepper {0:?} is shorter than {MIN_PEPPER_LENGTH} bytes")]
    ShortPepper(String),
    /// Two peppers of one name: which one made a hash?
    #[error("there are two peppers {0:?}")]
    SamePepper(String),
    /// Cheaper than [`FLOORS`], or beyond what Argon2 can do.
    #[error("argon2 with m={} t={} is not allowed", .0.memory_kib, .0.passes)]
    Cost(Cost),
    /// The system gave no random bytes.
    #[error("no random bytes")]
    Random,
}

/// Hashes and verifies passwords.
pub struct Argon2Passwords {
    /// Not empty; the first one makes hashes.
    peppers: Vec<Pepper>,
    params: Params,
    /// Of no password: what an absent account is verified against.
    dummy: PasswordHash,
    memory: Memory,
}

impl Argon2Passwords {
    /// Hashes with the first pepper at this cost; verifies with all of them.
    ///
    /// # Errors
    /// If there is no pepper, one is shorter than 32 bytes, two have the same id, or the cost is
    /// below the floor of security.md R-P5.
    pub fn new(peppers: Vec<Pepper>, cost: Cost) -> Result<Self, ConfigurationError> {
        for (place, pepper) in peppers.iter().enumerate() {
            if pepper.key.expose().len() < MIN_PEPPER_LENGTH {
                return Err(ConfigurationError::ShortPepper(pepper.id.clone()));
            }
            if peppers.iter().skip(place + 1).any(|other| other.id == pepper.id) {
                return Err(ConfigurationError::SamePepper(pepper.id.clone()));
            }
        }
        let current = peppers.first().ok_or(ConfigurationError::NoPepper)?;
        if !FLOORS
            .iter()
            .any(|&(memory_kib, passes)| cost.memory_kib >= memory_kib && cost.passes >= passes)
        {
            return Err(ConfigurationError::Cost(cost));
        }
        let params = Params::new(cost.memory_kib, cost.passes, 1, Some(TAG_LENGTH))
            .map_err(|_| ConfigurationError::Cost(cost))?;
        // A random tag takes as long to compare with as a real one and costs no hash at start.
        let (salt, tag) = random::<SALT_LENGTH>()
            .zip(random::<TAG_LENGTH>())
            .ok_or(ConfigurationError::Random)?;
        let phc = phc(&params, &salt, &tag).map_err(|_| ConfigurationError::Cost(cost))?;
        let dummy = PasswordHash { phc, pepper: current.id.clone() };
        Ok(Self { peppers, params, dummy, memory: Memory::default() })
    }

    /// What [`Passwords::hash`] does, on this thread: some 20 ms of computing.
    ///
    /// # Errors
    /// [`PasswordError::Broken`] if there is no memory or no random salt.
    pub fn hash_blocking(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        let pepper = self.peppers.first().ok_or_else(|| broken("no pepper"))?;
        let salt = random::<SALT_LENGTH>().ok_or_else(|| broken("no random bytes"))?;
        let tag = self.tag(password, pepper, &salt, &self.params)?;
        let phc = phc(&self.params, &salt, &tag).map_err(|_| broken("not a PHC string"))?;
        Ok(PasswordHash { phc, pepper: pepper.id.clone() })
    }

    /// What [`Passwords::verify`] does, on this thread: some 20 ms of computing.
    ///
    /// # Errors
    /// [`PasswordError::Broken`] if there is no memory, the stored hash is not an Argon2id PHC
    /// string of ours, or its pepper is gone. A hash that cannot be read is a fault, not a wrong
    /// password (security.md §5).
    pub fn verify_blocking(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        let present = hash.is_some();
        let hash = hash.unwrap_or(&self.dummy);
        let (place, pepper) = self
            .peppers
            .iter()
            .enumerate()
            .find(|(_, pepper)| pepper.id == hash.pepper)
            .ok_or_else(|| broken("its pepper is not configured"))?;
        let stored = phc::PasswordHash::new(&hash.phc).map_err(|_| broken("not a PHC string"))?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
            return Err(broken("no salt or no tag"));
        };
        if stored.algorithm != ARGON2ID_IDENT || stored.version != Some(Version::V0x13.into()) {
            return Err(broken("not Argon2id version 19"));
        }
        let params =
            Params::try_from(&stored).map_err(|_| broken("its parameters are not Argon2's"))?;
        let tag = Output::new(&self.tag(password, pepper, &salt, &params)?)
            .map_err(|_| broken("no tag"))?;
        // `Output` compares in constant time.
        let matches = tag == expected && present;
        let outdated = present
            && (place > 0
                || params.m_cost() < self.params.m_cost()
                || params.t_cost() < self.params.t_cost());
        Ok(Verdict { matches, outdated })
    }

    fn tag(
        &self,
        password: &Secret,
        pepper: &Pepper,
        salt: &[u8],
        params: &Params,
    ) -> Result<[u8; TAG_LENGTH], PasswordError> {
        let argon2 = Argon2::new_with_secret(
            pepper.key.expose().as_bytes(),
            Algorithm::Argon2id,
            Version::V0x13,
            params.clone(),
        )
        .map_err(|_| broken("the pepper is too long"))?;
        let mut tag = [0; TAG_LENGTH];
        self.memory
            .with(params.block_count(), |blocks| {
                argon2.hash_password_into_with_memory(
                    password.expose().as_bytes(),
                    salt,
                    &mut tag,
                    blocks,
                )
            })
            .ok_or_else(|| broken("no memory"))?
            .map_err(|_| broken("Argon2 refused its parameters"))?;
        Ok(tag)
    }
}

/// Hashes on the calling task: right where one request runs at a time, as in Lambda.
#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        self.hash_blocking(password)
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        self.verify_blocking(password, hash)
    }
}

fn phc(params: &Params, salt: &[u8], tag: &[u8]) -> Result<String, argon2::password_hash::Error> {
    let hash = phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(tag)?),
    };
    Ok(hash.to_string())
}

fn random<const LENGTH: usize>() -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

fn broken(why: &str) -> PasswordError {
    PasswordError::Broken(why.to_owned())
}

#[cfg(test)]
mod tests;
