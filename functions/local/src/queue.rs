//! A queue in front of what can be done for a few at a time only: who comes first is served first,
//! and who finds the queue full is told so at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A few places, and a queue for them.
pub struct Queue {
    /// In the order in which they were asked for: tokio's semaphore is fair.
    places: Arc<Semaphore>,
    /// The places and the queue.
    admitted: Arc<Semaphore>,
}

/// A place. It is free again once this is dropped.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
}

impl Queue {
    /// So many places, and so many that may wait for one.
    pub fn new(places: usize, waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            admitted: Arc::new(Semaphore::new(places + waiting)),
        }
    }

    /// Waits for a place. `None` if the queue is full. A caller that stops waiting leaves
    /// the queue.
    pub async fn enter(&self) -> Option<Place> {
        let admitted = self.admitted.clone().try_acquire_owned().ok()?;
        let place = self.places.clone().acquire_owned().await.ok()?;
        Some(Place { _place: place, _admitted: admitted })
    }
}

/// The number of threads that can work at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::task::Poll;

    use super::*;

    /// True if it is not done yet, having been looked at once.
    async fn waits(mut entering: Pin<&mut impl Future>) -> bool {
        poll_fn(|context| Poll::Ready(entering.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn who_comes_first_is_served_first_and_who_finds_the_queue_full_is_told() {
        let queue = Queue::new(1, 2);
        let served = queue.enter().await.unwrap();
        let (mut second, mut third) = (pin!(queue.enter()), pin!(queue.enter()));
        assert!(waits(second.as_mut()).await && waits(third.as_mut()).await);
        assert!(queue.enter().await.is_none(), "full");
        drop(served);
        assert!(waits(third.as_mut()).await, "not before the second");
        drop(second.await.unwrap());
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_the_queue() {
        let queue = Queue::new(1, 1);
        let served = queue.enter().await;
        {
            let mut impatient = pin!(queue.enter());
            assert!(waits(impatient.as_mut()).await);
            assert!(queue.enter().await.is_none(), "full");
        }
        let mut waiting = pin!(queue.enter());
        assert!(waits(waiting.as_mut()).await, "there is room in the queue again");
        drop(served);
        assert!(waiting.await.is_some());
    }
}
