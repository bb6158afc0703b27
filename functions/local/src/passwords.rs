//! Passwords in a server with many requests at a time: as many hashes at once as there are cores, a
//! short queue, and then "busy" (security.md R-R9). In Lambda an instance has one request at a time
//! and needs none of this.

use std::sync::Arc;

use async_trait::async_trait;
use engine::ports::{PasswordError, PasswordHash, Passwords, Verdict};
use password::Argon2Passwords;
use policy::secret::Secret;

use crate::queue::{Queue, cores};

/// The number that may wait for a place.
const QUEUE: usize = 32;

/// Bounded, and off the threads that serve requests.
pub struct BoundedPasswords {
    passwords: Arc<Argon2Passwords>,
    /// One place per core.
    queue: Queue,
}

impl BoundedPasswords {
    /// As many hashes at once as there are cores.
    pub fn new(passwords: Argon2Passwords) -> Self {
        Self::with_places(passwords, cores(), QUEUE)
    }

    fn with_places(passwords: Argon2Passwords, places: usize, queue: usize) -> Self {
        Self { passwords: Arc::new(passwords), queue: Queue::new(places, queue) }
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2Passwords) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.queue.enter().await.ok_or(PasswordError::Busy)?;
        let passwords = self.passwords.clone();
        let computed = tokio::task::spawn_blocking(move || {
            // Held here: a client that goes away ends its request, but not the computing.
            let _place = place;
            work(&passwords)
        });
        computed
            .await
            .unwrap_or_else(|_| Err(PasswordError::Broken("the computing was cut short".into())))
    }
}

#[async_trait]
impl Passwords for BoundedPasswords {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, PasswordError> {
        let password = password.clone();
        self.compute(move |passwords| passwords.hash_blocking(&password)).await
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, PasswordError> {
        let (password, hash) = (password.clone(), hash.cloned());
        self.compute(move |passwords| passwords.verify_blocking(&password, hash.as_ref())).await
    }
}

#[cfg(test)]
mod tests {
    use password::{Cost, Pepper};

    use super::*;

    fn passwords() -> Argon2Passwords {
        let peppers =
            Pepper::parse(&Secret::new("0123456789abcdef0123456789abcdef0123456789abcdef"))
                .unwrap();
        Argon2Passwords::new(peppers, Cost::default()).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_known_again() {
        let bounded = BoundedPasswords::new(passwords());
        let hash = bounded.hash(&Secret::new("correct horse")).await.unwrap();
        assert!(bounded.verify(&Secret::new("correct horse"), Some(&hash)).await.unwrap().matches);
        assert!(
            !bounded.verify(&Secret::new("battery staple"), Some(&hash)).await.unwrap().matches
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn r_r9_a_108_who_finds_the_queue_full_is_told_so_at_once() {
        let bounded = Arc::new(BoundedPasswords::with_places(passwords(), 1, 2));
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let bounded = bounded.clone();
            asking.spawn(async move { bounded.hash(&Secret::new("correct horse")).await });
        }
        let answers = asking.join_all().await;
        let busy =
            answers.iter().filter(|answer| matches!(answer, Err(PasswordError::Busy))).count();
        assert!(
            busy > 0 && answers.iter().filter(|answer| answer.is_ok()).count() >= 3,
            "{busy} of 20 were refused"
        );
        assert!(
            bounded.hash(&Secret::new("correct horse")).await.is_ok(),
            "the places are free again"
        );
    }
}
