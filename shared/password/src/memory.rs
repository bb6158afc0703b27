//! The working memory of Argon2, kept from one hash to the next.

use std::sync::{Mutex, PoisonError};

use argon2::Block;
use zeroize::Zeroize;

/// Buffers that are not in use. There are as many as there were hashes at the same time, which
/// whoever calls limits.
///
/// Page faults are about a tenth of what a hash costs, and wiping what a password left there about
/// as much (`cargo bench -p password`): kept memory pays for being wiped, and an instance never has
/// more of it than there are hashes at once.
#[derive(Default)]
pub struct Memory(Mutex<Vec<Vec<Block>>>);

impl Memory {
    /// Lends `count` blocks to `work`; `None` if the system has no memory for them.
    pub fn with<T>(&self, count: usize, work: impl FnOnce(&mut [Block]) -> T) -> Option<T> {
        let mut blocks = self.idle().pop().unwrap_or_default();
        if let Some(missing) = count.checked_sub(blocks.len()) {
            blocks.try_reserve_exact(missing).ok()?;
            blocks.resize(count, Block::new());
        }
        let lent = blocks.get_mut(..count)?;
        let result = work(lent);
        lent.iter_mut().for_each(Zeroize::zeroize);
        self.idle().push(blocks);
        Some(result)
    }

    /// No code that can panic runs under this lock, so a poisoned one is as good as new.
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test says what it expects by failing"
    )]

    use super::*;

    #[test]
    fn memory_is_kept_and_wiped() {
        let memory = Memory::default();
        let first = memory.with(8, |blocks| {
            blocks[3].as_mut()[0] = 42;
            blocks.as_ptr() as usize
        });
        let second = memory.with(4, |blocks| {
            assert_eq!(blocks.len(), 4);
            assert!(blocks.iter().all(|block| block.as_ref().iter().all(|&word| word == 0)));
            blocks.as_ptr() as usize
        });
        assert_eq!(first.unwrap(), second.unwrap());
    }

    #[test]
    fn more_memory_than_there_is_is_no_panic() {
        assert!(Memory::default().with(usize::MAX / 2048, |_| ()).is_none());
    }
}
