//! In which order: at random, by changing priorities, or in every order there is.

use crate::interleavings::scheduler::{CallId, Touches, Waiting, letter};

/// Chance, from a seed.
pub struct Chance(u64);

/// Another number that looks like chance (`SplitMix64`).
pub fn mixed(number: u64) -> u64 {
    let mut next = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    next ^ (next >> 31)
}

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        usize::try_from(mixed(self.0) % bound as u64).unwrap()
    }
}

/// The schedule of a seed: an even one chooses each call at random; an odd one gives each request a
/// priority and lowers that of the running one at two moments (PCT: Burckhardt et al., ASPLOS
/// 2010), which finds what needs few but far-reaching interruptions.
pub fn of_seed(seed: u64, requests: usize, calls: usize) -> impl FnMut(&[Waiting]) -> usize {
    let mut chance = Chance(mixed(seed));
    let mut priorities: Vec<usize> = (0..requests).collect();
    for place in 1..requests {
        priorities.swap(place, chance.below(place + 1));
    }
    // Lower than all so far, and the later the lower.
    let mut changes: Vec<usize> = (0..2).map(|_| chance.below(calls.max(1))).collect();
    let (mut step, mut lowest) = (0, requests);
    move |waiting| {
        if seed.is_multiple_of(2) {
            return chance.below(waiting.len());
        }
        let first = |priorities: &[usize]| {
            (0..waiting.len())
                .min_by_key(|place| (priorities[waiting[*place].id.request], *place))
                .unwrap()
        };
        if let Some(change) = changes.iter().position(|change| *change <= step) {
            changes.remove(change);
            let running = waiting[first(&priorities)].id.request;
            priorities[running] = lowest;
            lowest += 1;
        }
        step += 1;
        first(&priorities)
    }
}

/// One request after the other.
pub fn serial(order: &[usize]) -> impl FnMut(&[Waiting]) -> usize {
    move |waiting| {
        (0..waiting.len())
            .min_by_key(|place| {
                order.iter().position(|request| *request == waiting[*place].id.request)
            })
            .unwrap()
    }
}

/// A schedule as a word: the letter of the request whose call was let through; small, if it had an
/// older call waiting.
pub fn word(waiting: &[Waiting], chosen: usize) -> char {
    let id = waiting[chosen].id;
    let oldest = !waiting.iter().any(|other| other.id.request == id.request && other.id < id);
    if oldest { letter(id.request) } else { letter(id.request).to_ascii_lowercase() }
}

/// The schedule that is written in a word; what comes after it goes in order.
pub fn of_word(text: &str) -> impl FnMut(&[Waiting]) -> usize {
    let mut letters = text.chars().collect::<Vec<_>>().into_iter();
    move |waiting| match letters.next() {
        Some(wanted) => (0..waiting.len())
            .find(|place| word(waiting, *place) == wanted)
            .expect("the schedule is of another story"),
        None => 0,
    }
}

/// All schedules, depth first. With `reduced`, of schedules that differ only in the order of calls
/// that have nothing to do with each other one is enough (sleep sets: Godefroid 1996): a call that
/// was tried here is not tried again below until something has happened that it depends on.
pub struct All {
    reduced: bool,
    nodes: Vec<Node>,
    depth: usize,
    /// Everything that could come next was covered elsewhere.
    covered: bool,
}

struct Node {
    waiting: Vec<Waiting>,
    current: usize,
    /// Covered elsewhere.
    asleep: Vec<Waiting>,
}

impl All {
    pub fn new(reduced: bool) -> Self {
        Self { reduced, nodes: Vec::new(), depth: 0, covered: false }
    }

    /// Which call is next, in the run that is under way.
    pub fn choose(&mut self, waiting: &[Waiting]) -> usize {
        let depth = self.depth;
        self.depth += 1;
        if let Some(node) = self.nodes.get(depth) {
            return node.current;
        }
        if self.covered {
            return 0;
        }
        let asleep =
            self.nodes.last().map(Node::asleep_below).filter(|_| self.reduced).unwrap_or_default();
        let node = Node { waiting: waiting.to_vec(), current: 0, asleep };
        let Some(current) = node.next(0) else {
            self.covered = true;
            return 0;
        };
        self.nodes.push(Node { current, ..node });
        current
    }

    /// True if the run that has ended was one of those that count.
    pub fn counts(&self) -> bool {
        !self.covered
    }

    /// Turns to the next schedule; whether there is one.
    pub fn advance(&mut self) -> bool {
        (self.depth, self.covered) = (0, false);
        while let Some(mut node) = self.nodes.pop() {
            node.asleep.push(node.waiting[node.current].clone());
            if let Some(next) = node.next(node.current + 1) {
                self.nodes.push(Node { current: next, ..node });
                return true;
            }
        }
        false
    }
}

impl Node {
    fn next(&self, from: usize) -> Option<usize> {
        (from..self.waiting.len()).find(|place| !self.sleeps(self.waiting[*place].id))
    }

    fn sleeps(&self, id: CallId) -> bool {
        self.asleep.iter().any(|other| other.id == id)
    }

    fn asleep_below(&self) -> Vec<Waiting> {
        let touches: &Touches = &self.waiting[self.current].touches;
        self.asleep.iter().filter(|other| other.touches.commutes_with(touches)).cloned().collect()
    }
}
