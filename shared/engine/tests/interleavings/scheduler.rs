//! Who goes next: every call of a port waits until it is let through, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A call that waits: which request's, and its how-manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId {
    pub request: usize,
    nth: usize,
}

/// A call that waits, and what it would touch.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub id: CallId,
    pub touches: Touches,
}

/// The items that a call reads and writes; a conditional write that may be refused counts as a
/// write.
#[derive(Clone, Debug, Default)]
pub struct Touches {
    pub what: &'static str,
    pub reads: BTreeSet<String>,
    pub writes: BTreeSet<String>,
}

/// A request under way. It lives on the one thread that polls it.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Holds all calls of requests that run under it. Outside of [`run`](Self::run) calls go through at
/// once.
#[derive(Default)]
pub struct Scheduler(Mutex<State>);

#[derive(Default)]
struct State {
    /// The request that is being polled.
    polled: Option<usize>,
    calls: BTreeMap<usize, usize>,
    waiting: BTreeMap<CallId, Touches>,
    granted: Option<CallId>,
    story: Vec<String>,
}

impl Touches {
    /// True if the order of the two makes no difference to anybody.
    pub fn commutes_with(&self, other: &Self) -> bool {
        let disturbs = |one: &Self, other: &Self| {
            one.writes.iter().any(|key| other.reads.contains(key) || other.writes.contains(key))
        };
        !disturbs(self, other) && !disturbs(other, self)
    }
}

impl Scheduler {
    /// Runs all requests to their ends; `choose` says which of the waiting calls is next. What each
    /// returned.
    pub fn run<T>(
        &self,
        mut requests: Vec<Running<'_, T>>,
        mut choose: impl FnMut(&[Waiting]) -> usize,
    ) -> Vec<T> {
        *self.state() = State::default();
        let mut ended: Vec<Option<T>> = requests.iter().map(|_| None).collect();
        // Up to the first call nothing has happened yet.
        for index in 0..requests.len() {
            ended[index] = self.poll(index, &mut requests[index]);
        }
        while ended.iter().any(Option::is_none) {
            let waiting: Vec<Waiting> = self
                .state()
                .waiting
                .iter()
                .map(|(id, touches)| Waiting { id: *id, touches: touches.clone() })
                .collect();
            let Waiting { id, .. } = waiting[choose(&waiting)];
            {
                let mut state = self.state();
                let touches = state.waiting.remove(&id).unwrap();
                state.granted = Some(id);
                state.story.push(format!(
                    "{} {:6} {}",
                    letter(id.request),
                    touches.what,
                    touches.told()
                ));
            }
            ended[id.request] = self.poll(id.request, &mut requests[id.request]);
        }
        ended.into_iter().flatten().collect()
    }

    /// Waits for its turn. Whether there was anything to wait for.
    pub async fn turn(&self, touches: Touches) -> bool {
        let id = {
            let mut state = self.state();
            let Some(request) = state.polled else { return false };
            let nth = state.calls.entry(request).or_default();
            *nth += 1;
            let id = CallId { request, nth: *nth };
            state.waiting.insert(id, touches);
            id
        };
        poll_fn(|_| {
            let mut state = self.state();
            if state.granted == Some(id) {
                state.granted = None;
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        true
    }

    /// The request that is running now.
    pub fn running(&self) -> Option<usize> {
        self.state().polled
    }

    /// Adds to the last line of the story how the call ended.
    pub fn ended(&self, how: &str) {
        if let Some(line) = self.state().story.last_mut() {
            line.push_str(how);
        }
    }

    /// The calls in the order in which they were let through.
    pub fn story(&self) -> String {
        self.state().story.join("\n")
    }

    fn poll<T>(&self, index: usize, request: &mut Running<'_, T>) -> Option<T> {
        self.state().polled = Some(index);
        let polled = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.state().polled = None;
        if let Poll::Ready(output) = polled { Some(output) } else { None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Touches {
    fn told(&self) -> String {
        let keys: BTreeSet<&String> = self.reads.union(&self.writes).collect();
        keys.into_iter()
            .map(|key| key.chars().take(32).collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// How a request is called in stories and schedules.
pub fn letter(request: usize) -> char {
    char::from(b'A' + u8::try_from(request).unwrap())
}
