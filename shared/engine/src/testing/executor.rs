//! Enough of an executor for tests: the engine itself knows no runtime.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Runs one future to its end on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs all futures side by side on one task; outputs come in the order of the futures.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Running<F>> =
        futures.into_iter().map(|future| Running::Pending(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut all_done = true;
        for place in &mut running {
            if let Running::Pending(future) = place {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *place = Running::Done(output),
                    Poll::Pending => all_done = false,
                }
            }
        }
        if all_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(Running::output).collect()
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

enum Running<F: Future> {
    Pending(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Running<F> {
    fn output(self) -> Option<F::Output> {
        match self {
            Self::Done(output) => Some(output),
            Self::Pending(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_keep_their_order_also_when_the_first_ends_last() {
        let mut polls = 0;
        let slow = poll_fn(move |context| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready("slow");
            }
            context.waker().wake_by_ref();
            Poll::Pending
        });
        let futures: Vec<Pin<Box<dyn Future<Output = &str>>>> =
            vec![Box::pin(slow), Box::pin(async { "fast" })];
        assert_eq!(block_on(join_all(futures)), ["slow", "fast"]);
    }
}
