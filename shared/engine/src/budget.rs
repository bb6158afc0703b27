//! Budgets: counters with a limit, in windows (security.md R-O4, R-O6, R-R5, R-R6).
//!
//! A counter counts in one window of the clock, and the store keeps it from going over its limit
//! whatever happens at once. So that not two windows' worth fits around the edge between them, what
//! was counted in the window before weighs too, for as long as the last try there lies within one
//! width: the limit holds in *any* span of the window's width. What was counted in the window after
//! it weighs as well: by another instance's clock, or by this one's before it was set back
//! (security.md F-34).

use std::net::{Ipv4Addr, Ipv6Addr};

use futures_util::future::join;
use policy::step::{Budget, SHARES, Whose};
use policy::time::Timestamp;

use crate::derive::{Key as MacKey, sha256};
use crate::keyring::Keyring;
use crate::keys;
use crate::ports::{Item, Key, Store, StoreError, Write};
use crate::{Engine, Failure};

/// Whether there is room in a budget, and if not, when there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is.
    Left,
    /// Used up. There is room from this moment on, if nothing more is counted.
    From(Timestamp),
    /// Used up for good: it is the budget of a code, and waiting helps only whoever has another
    /// one.
    Never,
}

impl Room {
    pub(crate) fn is_left(self) -> bool {
        self == Self::Left
    }

    /// When there is room, if waiting helps.
    pub(crate) fn from(self) -> Option<Timestamp> {
        if let Self::From(at) = self { Some(at) } else { None }
    }

    /// In either.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Left, _) | (_, Self::Left) => Self::Left,
            (Self::From(one), Self::From(other)) => Self::From(one.min(other)),
            (Self::Never, room) | (room, Self::Never) => room,
        }
    }

    /// In both at once.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::From(one), Self::From(other)) => Self::From(one.max(other)),
            (Self::Left, room) | (room, Self::Left) => room,
        }
    }
}

/// A budget at a moment: where it is counted now, and where it was counted before.
pub(crate) struct Counter {
    budget: Budget,
    key: Key,
    /// What weighs as well: the windows before and after, unless the first one is the only one, and
    /// all of them under a key that is being changed.
    beside: Vec<Key>,
    max: u64,
    /// When a count that is made now no longer weighs.
    expires_at: Timestamp,
}

impl Counter {
    pub(crate) fn of(budget: &Budget, source: &str, macs: &Keyring, now: Timestamp) -> Self {
        let whose = match &budget.whose {
            Whose::Source => host(source),
            Whose::Network(name) => format!("{name} {}", network(source)),
            Whose::Site(name) => format!("{name} {}", site(source)),
            Whose::Of(name) => name.clone(),
            Whose::Everybody(seed) => {
                let sum = macs
                    .pseudonym(&["share", seed])
                    .bytes()
                    .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
                (sum % SHARES).to_string()
            }
        };
        let places = |mac: &MacKey| {
            let pseudonym = mac.pseudonym(&["limit", budget.name, &whose]);
            let width = budget.window.0.max(1);
            let phase = match budget.since {
                // A quarter of the window before it: an instance whose clock is behind counts in
                // the same one.
                Some(since) => width + width / 4 - since.0 % width,
                // Each subject's windows begin at another time, so that not all counters are new at
                // the full hour.
                None => {
                    sha256(&pseudonym).bytes().fold(0_u64, |phase, byte| {
                        phase.wrapping_mul(31).wrapping_add(u64::from(byte))
                    }) % width
                }
            };
            let window = (now.0 + phase) / width;
            let at = |window| keys::limit(budget.name, &pseudonym, window);
            let beside = [window.checked_sub(1), window.checked_add(1)]
                .into_iter()
                .flatten()
                .filter(|_| budget.since.is_none());
            (at(window), beside.map(at).collect::<Vec<_>>())
        };
        let (key, mut beside) = places(macs);
        // What is counted under another key of ours weighs as well: a key that is changed gives
        // nobody a budget anew (I7).
        for (now, before_and_after) in macs.others().iter().map(places) {
            beside.push(now);
            beside.extend(before_and_after);
        }
        Self {
            budget: budget.clone(),
            key,
            beside,
            max: budget.max.into(),
            expires_at: now + budget.window,
        }
    }

    /// What is counted here.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// True if it is of everybody: then operators are told before it ends.
    fn of_everybody(&self) -> bool {
        matches!(self.budget.whose, Whose::Everybody(_))
    }

    /// True if it is given back to whoever was right.
    pub(crate) fn is_refunded(&self) -> bool {
        self.budget.refund
    }

    /// Counts one, with what the windows beside this one have left.
    pub(crate) fn count(&self, beside: u64) -> Write {
        self.write(1, self.max.saturating_sub(beside))
    }

    /// Takes one back.
    pub(crate) fn refund(&self) -> Write {
        self.write(-1, self.max)
    }

    fn write(&self, by: i64, max: u64) -> Write {
        Write::Count { key: self.key.clone(), by, max, expires_at: self.expires_at }
    }

    /// What is read beside counting: the windows beside this one. Of what everybody shares the
    /// window itself too, to tell how full it is.
    fn read_beside(&self) -> impl Iterator<Item = &Key> {
        self.beside.iter().chain(self.of_everybody().then_some(&self.key))
    }

    /// Tells operators that a share of what everybody has is half used up: now and then, not with
    /// every count. As it was found, others counting at the same time: good enough to look in time.
    fn tell_if_nearly(&self, found: &[Option<Item>], now: Timestamp) {
        let counted =
            self.weight(found, now) + count_of(std::slice::from_ref(&self.key), found, now) + 1;
        if self.of_everybody()
            && counted * 2 >= self.max
            && counted.is_multiple_of((self.max / 16).max(1))
        {
            tracing::warn!(
                limit = self.budget.name,
                share = self.max,
                "a rate limit of everybody is nearly used up"
            );
        }
    }

    /// Tells operators that a share of what everybody has is used up.
    pub(crate) fn tell_used_up(&self) {
        if self.of_everybody() {
            tracing::warn!(
                limit = self.budget.name,
                share = self.max,
                "a rate limit of everybody is used up"
            );
        }
    }

    /// How much the windows beside this one weigh.
    fn weight(&self, found: &[Option<Item>], now: Timestamp) -> u64 {
        count_of(&self.beside, found, now)
    }

    /// Where it is counted, now and beside.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Key> {
        self.beside.iter().chain([&self.key])
    }

    /// Whether there is room for one more, by what was found at its [places](Self::places). What
    /// was counted in a window weighs as one: it goes when the last of it goes.
    pub(crate) fn room(&self, found: &[Option<Item>], now: Timestamp) -> Room {
        let living = found
            .iter()
            .flatten()
            .filter(|item| self.places().any(|place| *place == item.key) && item.lives(now));
        let mut counted: Vec<(Timestamp, u64)> =
            living.map(|item| (item.expires_at.unwrap_or(now), item.count)).collect();
        counted.sort_unstable();
        let (mut weight, mut room) =
            (counted.iter().map(|(_, count)| count).sum::<u64>(), Room::Left);
        for (end, count) in counted {
            if weight < self.max {
                break;
            }
            (weight, room) = (weight - count, Room::From(end));
        }
        if self.budget.since.is_some() && !room.is_left() { Room::Never } else { room }
    }
}

impl Engine {
    /// The counters of these budgets.
    pub(crate) fn counters<'b>(
        &self,
        budgets: impl IntoIterator<Item = &'b Budget>,
        source: &str,
        now: Timestamp,
    ) -> Vec<Counter> {
        let counter = |budget: &Budget| {
            let counter = Counter::of(budget, source, &self.interaction_key, now);
            let least = if matches!(budget.whose, Whose::Source) {
                self.least_per_source.into()
            } else {
                0
            };
            Counter { max: counter.max.max(least), ..counter }
        };
        budgets.into_iter().map(counter).collect()
    }

    /// What the windows beside these weigh, one number for each counter.
    pub(crate) async fn weights(
        &self,
        counters: &[Counter],
        now: Timestamp,
    ) -> Result<Vec<u64>, StoreError> {
        let keys: Vec<Key> = counters.iter().flat_map(Counter::read_beside).cloned().collect();
        let found = self.read(&keys).await?;
        for counter in counters {
            counter.tell_if_nearly(&found, now);
        }
        Ok(counters.iter().map(|counter| counter.weight(&found, now)).collect())
    }

    /// Reads, and counts one of each budget beside it, whatever becomes of the request: what was
    /// read, what was counted, and whether one of the budgets is used up. Doubt is a failure
    /// (security.md I12).
    pub(crate) async fn read_and_count(
        &self,
        mut wanted: Vec<Key>,
        budgets: &[Budget],
        source: &str,
        now: Timestamp,
    ) -> Result<(Vec<Option<Item>>, Vec<Counter>, bool), Failure> {
        let counters = self.counters(budgets, source, now);
        wanted.extend(counters.iter().flat_map(Counter::read_beside).cloned());
        let counts = counters.iter().map(|counter| counter.count(0)).collect();
        let (items, refused) = join(self.read(&wanted), refused(self.store.as_ref(), counts)).await;
        let items = items?;
        let mut refused = refused?;
        if refused.is_empty() {
            for counter in &counters {
                counter.tell_if_nearly(&items, now);
            }
            refused = self.refused_with_others(&counters, &items, now).await?;
        }
        refused.iter().filter_map(|place| counters.get(*place)).for_each(Counter::tell_used_up);
        Ok((items, counters, !refused.is_empty()))
    }

    /// When there is room in all counters of one of these alternatives. None had any a moment ago.
    pub(crate) async fn when(
        &self,
        alternatives: &[&[Counter]],
        now: Timestamp,
    ) -> Result<Room, StoreError> {
        let mut keys: Vec<Key> =
            alternatives.iter().copied().flatten().flat_map(Counter::places).cloned().collect();
        keys.sort();
        keys.dedup();
        let found = self.read(&keys).await?;
        let rooms = alternatives.iter().map(|counters| {
            counters.iter().map(|counter| counter.room(&found, now)).fold(Room::Left, Room::and)
        });
        let room = rooms.fold(Room::Never, Room::or);
        // Something was given back since: now is the time.
        Ok(if room.is_left() { Room::From(now) } else { room })
    }

    /// Reads nothing where nothing is asked for.
    pub(crate) async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        if keys.is_empty() { Ok(Vec::new()) } else { self.store.read(keys).await }
    }

    /// Which of what was counted is too much together with what `found` has of the windows beside;
    /// then it is given back. Only after the count: of many at once, each then sees itself and
    /// whoever came before, so never too many get past.
    async fn refused_with_others(
        &self,
        counters: &[Counter],
        found: &[Option<Item>],
        now: Timestamp,
    ) -> Result<Vec<usize>, Failure> {
        let weighed = counters
            .iter()
            .map(|counter| (counter, counter.weight(found, now)))
            .filter(|(_, beside)| *beside > 0);
        let asked = weighed
            .map(|(counter, beside)| counter.write(0, counter.max.saturating_sub(beside)))
            .collect();
        if refused(self.store.as_ref(), asked).await?.is_empty() {
            return Ok(Vec::new());
        }
        // What is refused must not weigh on the next window: whoever keeps trying would keep
        // everybody out. Of many at once, all may have seen each other: what is given back is asked
        // for once more, now with what the windows beside have left.
        refused(self.store.as_ref(), counters.iter().map(Counter::refund).collect()).await?;
        refused(
            self.store.as_ref(),
            counters.iter().map(|counter| counter.count(counter.weight(found, now))).collect(),
        )
        .await
    }
}

/// What was counted at these places and still weighs.
fn count_of(keys: &[Key], found: &[Option<Item>], now: Timestamp) -> u64 {
    found
        .iter()
        .flatten()
        .filter(|item| keys.contains(&item.key) && item.lives(now))
        .map(|item| item.count)
        .sum()
}

/// What counts as one source: an IPv4 address, or the /64 that an IPv6 host picks its addresses
/// from.
fn host(source: &str) -> String {
    v6(source)
        .map_or_else(|| source.into(), |[a, b, c, d, ..]| format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
}

/// The network that an address is of: an IPv4 /24, or an IPv6 /64. A provider gives a home another
/// address of the same network every other day.
pub(crate) fn network(source: &str) -> String {
    v4_network(source).unwrap_or_else(|| host(source))
}

/// The site that an address is of: an IPv4 /24, or an IPv6 /48.
fn site(source: &str) -> String {
    let of_v6 = || v6(source).map(|[a, b, c, ..]| format!("{a:x}:{b:x}:{c:x}::/48"));
    v4_network(source).or_else(of_v6).unwrap_or_else(|| source.into())
}

/// An IPv6 address, unless it is another spelling of an IPv4 address.
fn v6(source: &str) -> Option<[u16; 8]> {
    source
        .parse::<Ipv6Addr>()
        .ok()
        .filter(|address| address.to_ipv4_mapped().is_none())
        .map(|address| address.segments())
}

/// The /24 of an IPv4 address, however it is written.
fn v4_network(source: &str) -> Option<String> {
    let address = source
        .parse::<Ipv4Addr>()
        .ok()
        .or_else(|| source.parse::<Ipv6Addr>().ok()?.to_ipv4_mapped())?;
    let [a, b, c, _] = address.octets();
    Some(format!("{a}.{b}.{c}.0/24"))
}

/// Which of the counts were refused: if any was, none was made.
async fn refused(store: &dyn Store, counts: Vec<Write>) -> Result<Vec<usize>, Failure> {
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    match store.write(&counts).await {
        Ok(()) => Ok(Vec::new()),
        Err(StoreError::Refused(places)) => Ok(places),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_r7_a_host_with_many_ipv6_addresses_is_one_source() {
        assert_eq!(host("2001:db8:1:2:aaaa::1"), host("2001:db8:1:2:bbbb::2"));
        assert_ne!(host("2001:db8:1:2::1"), host("2001:db8:1:3::1"));
        assert_eq!(host("192.0.2.1"), "192.0.2.1");
        assert_ne!(host("::ffff:192.0.2.1"), host("::ffff:192.0.2.2"));
    }

    #[test]
    fn r_r8_a_network_is_a_24_or_a_64_however_it_is_written() {
        assert_eq!(network("192.0.2.1"), network("192.0.2.254"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.1"));
        assert_eq!(network("2001:db8:1:2:aaaa::1"), network("2001:db8:1:2:bbbb::2"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("no address"), "no address");
    }

    #[test]
    fn a_106_a_site_is_a_24_or_a_48_however_it_is_written() {
        assert_eq!(site("192.0.2.1"), site("::ffff:192.0.2.254"));
        assert_ne!(site("192.0.2.1"), site("192.0.3.1"));
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::1"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_eq!(site("no address"), "no address");
    }
}
