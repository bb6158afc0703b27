//! Ports that fail on demand (security.md §3.2).

mod ports;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use ports::{FaultMailer, FaultPasswords, FaultSigner};
pub use store::FaultStore;

/// What goes wrong with one call of a port. A call that times out is one of the first two: nobody
/// knows which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the caller is told that the other side is unavailable or busy (F-02,
    /// F-05, F-22, F-35).
    Before,
    /// It takes effect but its answer is lost: the caller is told the same (F-06, F-07, F-25).
    /// Repeating the same write once succeeds without doing it again, as the contract of
    /// [`Store`](crate::ports::Store) promises. What has no effect answers nothing.
    After,
    /// A write: somebody else was faster, at this place in the list of writes, or the last if it is
    /// shorter (F-10). A mail: its address is rejected (F-24). Anything else passes.
    Refused(usize),
    /// The other side answers what must not be, nothing happens (F-14, F-16, F-23).
    Broken,
    /// The process dies before the call: this future, and that of every later call, never ends and
    /// must be dropped (F-27).
    KilledBefore,
    /// The process dies after the call took effect (F-27).
    KilledAfter,
}

/// A call of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortCall {
    /// [`Store::read`](crate::ports::Store::read).
    Read,
    /// [`Store::write`](crate::ports::Store::write) of so many writes.
    Write(usize),
    /// [`Mailer::send`](crate::ports::Mailer::send).
    Send,
    /// [`Passwords::hash`](crate::ports::Passwords::hash).
    Hash,
    /// [`Passwords::verify`](crate::ports::Passwords::verify).
    Verify,
    /// [`Signer::sign`](crate::ports::Signer::sign).
    Sign,
    /// [`Signer::keys`](crate::ports::Signer::keys).
    Keys,
    /// [`Signer::verify`](crate::ports::Signer::verify).
    VerifyToken,
}

/// Counts the calls of all ports that share it, and lets chosen ones fail.
///
/// A sweep runs a story once without faults, asks [`calls`](Self::calls) what was called, and runs
/// it again for each call and each [`Fault`].
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    calls: Vec<PortCall>,
    planned: BTreeMap<usize, Fault>,
    /// From which call on a port is down, and which port that turned out to be.
    down: Option<(usize, Fault, Option<Port>)>,
    killed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Store,
    Mailer,
    Passwords,
    Signer,
}

impl PortCall {
    /// Every fault that this call can suffer and that looks different from the others.
    pub fn faults(self) -> Vec<Fault> {
        match self {
            Self::Write(writes) => {
                let mut faults = vec![
                    Fault::Before,
                    Fault::After,
                    Fault::Broken,
                    Fault::KilledBefore,
                    Fault::KilledAfter,
                ];
                faults.extend((0..writes).map(Fault::Refused));
                faults
            }
            Self::Send => vec![
                Fault::Before,
                Fault::After,
                Fault::Refused(0),
                Fault::KilledBefore,
                Fault::KilledAfter,
            ],
            Self::Read | Self::Hash | Self::Verify => {
                vec![Fault::Before, Fault::Broken, Fault::KilledBefore]
            }
            Self::Sign | Self::Keys | Self::VerifyToken => vec![Fault::Before, Fault::KilledBefore],
        }
    }

    fn port(self) -> Port {
        match self {
            Self::Read | Self::Write(_) => Port::Store,
            Self::Send => Port::Mailer,
            Self::Hash | Self::Verify => Port::Passwords,
            Self::Sign | Self::Keys | Self::VerifyToken => Port::Signer,
        }
    }
}

impl fmt::Display for PortCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Read => "read",
            Self::Write(_) => "write",
            Self::Send => "send",
            Self::Hash => "hash",
            Self::Verify => "verify",
            Self::Sign => "sign",
            Self::Keys => "keys",
            Self::VerifyToken => "verify token",
        };
        formatter.write_str(name)
    }
}

impl Faults {
    /// The `nth` call from the beginning (the first is 1) will fail, once.
    pub fn fail(&self, nth: usize, fault: Fault) {
        self.state().planned.insert(nth, fault);
    }

    /// The `nth` call and every later one of the same port will fail.
    pub fn fail_from(&self, nth: usize, fault: Fault) {
        self.state().down = Some((nth, fault, None));
    }

    /// From now on no call fails.
    pub fn heal(&self) {
        let mut state = self.state();
        state.planned.clear();
        state.down = None;
    }

    /// Forgets the calls and the faults, as a new process would.
    pub fn restart(&self) {
        *self.state() = State::default();
    }

    /// The calls so far, failed ones too.
    pub fn calls(&self) -> Vec<PortCall> {
        self.state().calls.clone()
    }

    /// Counts a call; what it shall suffer. Never ends if the process is dead.
    async fn next(&self, call: PortCall) -> Option<Fault> {
        let fault = self.due(call);
        if fault == Some(Fault::KilledBefore) {
            return pending().await;
        }
        fault
    }

    fn due(&self, call: PortCall) -> Option<Fault> {
        let mut state = self.state();
        if state.killed {
            return Some(Fault::KilledBefore);
        }
        state.calls.push(call);
        let nth = state.calls.len();
        let mut fault = state.planned.remove(&nth);
        if let Some((from, of_port, port)) = &mut state.down
            && nth >= *from
            && *port.get_or_insert(call.port()) == call.port()
        {
            fault = Some(*of_port);
        }
        state.killed = matches!(fault, Some(Fault::KilledBefore | Fault::KilledAfter));
        fault
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const INJECTED: &str = "an injected fault";
