//! Which fault hits which call.

use engine::testing::{Fault, PortCall};

use crate::sweep::world::Exchange;

/// One fault of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which request of the story, from 0.
    pub request: usize,
    /// Which call of that request, from 1.
    pub call: usize,
    pub kind: Kind,
    /// The request meets an instance that has just started.
    pub cold: bool,
}

/// How long the fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only that call.
    Once(Fault),
    /// From that call on, until the person has tried twice.
    From(Fault),
    /// All is done, but the client has no answer (F-28).
    AnswerLost,
    /// Nothing.
    None,
}

/// Every fault of every call of a story.
pub fn every_fault(exchanges: &[Exchange]) -> Vec<Planned> {
    let mut plans = Vec::new();
    for (request, exchange) in exchanges.iter().enumerate() {
        for (index, call) in exchange.calls.iter().enumerate() {
            let mut kinds: Vec<_> = call.faults().into_iter().map(Kind::Once).collect();
            kinds.push(Kind::From(Fault::Before));
            if let PortCall::Write(_) = call {
                kinds.extend([Kind::From(Fault::After), Kind::From(Fault::Refused(0))]);
            }
            plans.extend(kinds.into_iter().map(|kind| Planned {
                request,
                call: index + 1,
                kind,
                cold: false,
            }));
        }
        plans.push(Planned {
            request,
            call: exchange.calls.len() + 1,
            kind: Kind::AnswerLost,
            cold: false,
        });
    }
    plans
}

/// What can go wrong besides where an instance that has just started serves this request: with a
/// read more, and nothing known.
pub fn faults_of_a_cold_start(request: usize, calls: &[PortCall]) -> Vec<Planned> {
    let reads = calls.iter().enumerate().filter(|(_, call)| **call == PortCall::Read);
    let kinds =
        [Kind::Once(Fault::Before), Kind::Once(Fault::KilledBefore), Kind::From(Fault::Before)];
    reads
        .flat_map(|(index, _)| {
            kinds.map(|kind| Planned { request, call: index + 1, kind, cold: true })
        })
        .collect()
}

impl Kind {
    /// The row in which it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Once(Fault::Before) => "fails before / throttled / times out",
            Self::Once(Fault::After) => "fails after it took effect",
            Self::Once(Fault::Refused(_)) => "conflicts or is refused, each place",
            Self::Once(Fault::Broken) => "answers what must not be",
            Self::Once(Fault::KilledBefore) => "process killed before",
            Self::Once(Fault::KilledAfter) => "process killed after",
            Self::From(_) => "always from here on, then healed",
            Self::AnswerLost => "answer lost on the way",
            Self::None => "nothing",
        }
    }
}
