//! Budgets: what is counted, of whom, and how much there may be (security.md R-O4, R-O6, R-R5,
//! R-R6). The engine counts; here is all that is limited.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Decision, Input};
use crate::Context;
use crate::assurance::{self, Who};
use crate::email::throttle_key_of;
use crate::organisation::Limits;
use crate::time::{Span, Timestamp};
use crate::transaction::{Challenge, Familiar, Purpose, Transaction};

/// A count that must stay within a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Which one.
    pub name: &'static str,
    /// Whose it is.
    pub whose: Whose,
    /// At most so many in a window.
    pub max: u32,
    /// The window.
    pub window: Span,
    /// When the first window begins, for something that is newer than the clock's windows: none
    /// ends in the middle of its life.
    pub since: Option<Timestamp>,
    /// True if the count is taken back if the proof was right, or if the mail never went out: what
    /// is limited are wrong guesses, and mails.
    pub refund: bool,
}

/// Whose a [`Budget`] is; the engine stores only a MAC of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of the address that sends the request, as the gateway saw it: the policy does not know which
    /// one that is.
    Source,
    /// Of this name at the network that sends the request: an IPv4 /24, or an IPv6 /64.
    Network(String),
    /// Of this name at the site that sends the request: an IPv4 /24, or an IPv6 /48. Providers give
    /// one customer that many IPv6 networks for the asking.
    Site(String),
    /// Of what has this name.
    Of(String),
    /// Of everybody together. Counted in [`SHARES`] counters, so that no single item is hot
    /// (security.md R-R10). The engine picks one by a MAC of this text, so that no client can
    /// choose it.
    Everybody(String),
}

const HOUR: Span = Span::hours(1);

/// Counters that a budget of everybody is spread over; each has its share of the limit.
pub const SHARES: u32 = 16;

/// Past the limit of everybody's guesses, names are still tried for the first time from somewhere,
/// up to so many times the limit.
const FIRST_TRIES_OF_ALL: u32 = 5;

/// First tries of a name from one network.
const FIRST_TRIES: u32 = 2;

/// Mails of a day to each site, past what anybody may ask for: one, and one more where it got lost.
const FIRST_MAILS: u32 = 2;

/// Many people share a network, or the server of an app. Those who have signed in from there before
/// are not kept out by one who guesses there, up to so many times the limit of a source.
const FAMILIAR: u32 = 10;

impl Budget {
    fn of(name: &'static str, whose: Whose, max: u32, window: Span) -> Self {
        Self { name, whose, max, window, since: None, refund: false }
    }

    /// A transaction's share of what everybody may do together.
    fn of_all(name: &'static str, transaction: &str, max: u32, window: Span) -> Self {
        Self::of(name, Whose::Everybody(transaction.into()), max.div_ceil(SHARES), window)
    }

    /// A mail: taken back if it never went out.
    fn mail(name: &'static str, whose: Whose, max: u32, window: Span) -> Self {
        Self { refund: true, ..Self::of(name, whose, max, window) }
    }

    /// A guess: taken back if it was right.
    fn guess(name: &'static str, whose: Whose, max: u32) -> Self {
        Self { refund: true, ..Self::of(name, whose, max, HOUR) }
    }
}

impl Decision {
    /// Counts one more, whichever alternative is taken.
    pub(super) fn count(&mut self, budget: Budget) {
        self.count_first_of(alloc::vec![alloc::vec![budget]]);
    }

    /// Counts the first of these that has room as well.
    pub(super) fn count_first_of(&mut self, alternatives: Vec<Vec<Budget>>) {
        self.counts = if self.counts.is_empty() {
            alternatives
        } else {
            let both = |counted: &Vec<Budget>| {
                alternatives.iter().map(|more| [&counted[..], more].concat()).collect::<Vec<_>>()
            };
            self.counts.iter().flat_map(both).collect()
        };
    }
}

/// Requests with the handle of transaction `id` (security.md R-R5).
pub fn requests(limits: &Limits, id: &str) -> Budget {
    Budget::of("requests", Whose::Of(id.into()), limits.requests_per_transaction, Span::seconds(5))
}

/// What one guess at a name may be counted in (security.md R-O6). Strangers together have
/// `guesses_per_address_per_hour`, however many they are:
///
/// | from the beginning | who |
/// | --- | --- |
/// | half | anybody, with passwords and codes |
/// | up to three quarters | the first tries of a password from each network |
/// | all | the first try of each code |
///
/// A browser that this person has signed in from before has as many of its own, and so have all
/// networks together that they have signed in from: what strangers guess elsewhere keeps the owner
/// out of neither (R-R8, A-107). With enumeration prevention on, only the browser has: a network is
/// shared with strangers.
struct Guess<'a> {
    limits: &'a Limits,
    transaction: &'a Transaction,
    throttle: String,
    familiar: Familiar,
}

impl<'a> Guess<'a> {
    fn at(
        context: &Context<'a>,
        transaction: &'a Transaction,
        name: &str,
        familiar: Familiar,
    ) -> Self {
        // Strangers share a network with the owner. Were its budget open to known names alone, then
        // an answer past the limits of strangers would tell that there is such a name (R-R1).
        let network = familiar.network && !context.prevents_enumeration();
        let familiar = Familiar { network, ..familiar };
        Self {
            limits: &context.organisation.settings.limits,
            transaction,
            throttle: throttle_key_of(name),
            familiar,
        }
    }

    /// Of the name, as it is counted wherever strangers guess.
    fn of_name(&self, max: u32) -> Budget {
        Budget::guess("guess-address", Whose::Of(self.throttle.clone()), max)
    }

    fn of_browser(&self, max: u32) -> Budget {
        Budget::guess(
            "guess-known-browser",
            Whose::Of(format!("{} {}", self.throttle, self.transaction.client.browser)),
            max,
        )
    }

    fn of_network(&self, max: u32) -> Budget {
        Budget::guess("guess-known-network", Whose::Network(self.throttle.clone()), max)
    }

    fn of_networks(&self) -> Budget {
        Budget::guess(
            "guess-known-networks",
            Whose::Of(self.throttle.clone()),
            self.limits.guesses_per_address_per_hour,
        )
    }

    fn of_source(&self) -> Budget {
        let times = if self.familiar.network { FAMILIAR } else { 1 };
        Budget::guess(
            "guess-source",
            Whose::Source,
            self.limits.guesses_per_source_per_hour.saturating_mul(times),
        )
    }

    fn of_all(&self, times: u32) -> Budget {
        let max = self.limits.guesses_in_all_per_hour.saturating_mul(times);
        Budget { refund: true, ..Budget::of_all("guess-all", &self.transaction.id, max, HOUR) }
    }

    /// What is kept for first tries: as many as there are codes, an address getting no more than
    /// mails, where all mails go out; at most half, where there are many. Half of that is kept for
    /// codes alone.
    fn kept(&self) -> u32 {
        self.limits.mails_per_address_per_day.min(self.limits.guesses_per_address_per_hour / 2)
    }

    /// What anybody may guess.
    fn for_anybody(&self) -> u32 {
        self.limits.guesses_per_address_per_hour - self.kept()
    }
}

/// One guess of a password: the first of these that has room. The lockout of the default password
/// policy, which holds for strangers too, is one of the limits.
pub(super) fn password_guess(
    context: &Context<'_>,
    transaction: &Transaction,
    name: &str,
    familiar: Familiar,
) -> Vec<Vec<Budget>> {
    let attempts =
        assurance::password_settings(context.organisation, &Who::default()).lockout.max_attempts;
    let within = |max: u32| if attempts > 0 { max.min(attempts) } else { max };
    let guess = Guess::at(context, transaction, name, familiar);
    let anybody = within(guess.for_anybody());
    if familiar.browser {
        return alloc::vec![alloc::vec![
            guess.of_browser(within(guess.limits.guesses_per_address_per_hour))
        ]];
    }
    let first_tries = Budget { max: FIRST_TRIES, name: "guess-first", ..guess.of_network(0) };
    alloc::vec![
        if guess.familiar.network {
            alloc::vec![guess.of_network(anybody), guess.of_networks(), guess.of_source()]
        } else {
            alloc::vec![guess.of_name(anybody), guess.of_source(), guess.of_all(1)]
        },
        // The limit of the name, or of everybody, is reached: more is asked for than to wait.
        alloc::vec![
            guess.of_name(anybody + guess.kept() / 2),
            first_tries,
            guess.of_source(),
            guess.of_all(FIRST_TRIES_OF_ALL)
        ],
    ]
}

/// One guess of a code: the first of these that has room. The first try of a code may use what is
/// kept for it, whatever others have guessed at the same address, and at everybody's: to be mailed
/// a code is limited already. The budget of the source holds for it too (R-O6).
pub(super) fn passcode_guess(
    context: &Context<'_>,
    transaction: &Transaction,
    challenge: &Challenge,
) -> Vec<Vec<Budget>> {
    let guess = Guess::at(context, transaction, &challenge.address, transaction.familiar);
    let all = guess.limits.guesses_per_address_per_hour;
    let of_code = |max: u32| {
        let code = Whose::Of(format!("{}:{}", transaction.id, challenge.sequence));
        Budget { since: Some(challenge.made), ..Budget::of("passcode", code, max, HOUR) }
    };
    let attempts = guess.limits.attempts_per_passcode;
    if transaction.familiar.browser {
        // Of codes, all browsers and strangers together have no more than that: whoever knows a
        // password may have made as many browsers known as they like.
        return alloc::vec![alloc::vec![
            guess.of_browser(all),
            guess.of_name(all),
            of_code(attempts)
        ]];
    }
    alloc::vec![
        alloc::vec![guess.of_name(all), guess.of_source(), of_code(1)],
        alloc::vec![
            guess.of_name(guess.for_anybody()),
            guess.of_source(),
            guess.of_all(1),
            of_code(attempts)
        ],
    ]
}

/// One answer that tells whether there is an account of some name: what is told is told in bulk to
/// nobody (security.md A-010). Taken back where there is one: the limit is on names that are tried
/// in vain. Once it is reached, a name alone gets neither answer; a name with a password is a guess
/// besides, and limited as such.
pub(super) fn unknown_name(context: &Context<'_>) -> Budget {
    let max = context.organisation.settings.limits.unknown_names_per_source;
    Budget { refund: true, ..Budget::of("unknown-name", Whose::Source, max, Span::minutes(10)) }
}

/// One answer that a value on a form is taken: the same limit for those who try names there.
pub(super) fn taken_name(limits: &Limits) -> Budget {
    Budget::of("taken-name", Whose::Source, limits.unknown_names_per_source, Span::minutes(10))
}

/// One account whose mailbox nobody has proven: nobody makes them in bulk, of addresses of others.
/// As many as mails, one of which each of them costs.
pub(super) fn unproven_account(limits: &Limits) -> Budget {
    Budget::of("unproven-account", Whose::Source, limits.mails_per_source_per_hour, HOUR)
}

/// The budgets that [`Needs::watched_budgets`](super::Needs::watched_budgets) may name for this
/// input, so that they can be looked at early. Not those that only an app without proof of the
/// mailbox needs beyond its form: they are looked at when they are needed.
pub fn watched(limits: &Limits, input: &Input) -> Vec<Budget> {
    match input {
        Input::EnrollProfile { .. } => {
            alloc::vec![taken_name(limits), unproven_account(limits), mail_of_source(limits)]
        }
        Input::UpdateProfile(_) => alloc::vec![taken_name(limits)],
        _ => Vec::new(),
    }
}

/// One mail that this source asks for.
pub(super) fn mail_of_source(limits: &Limits) -> Budget {
    Budget::of("mail-source-hour", Whose::Source, limits.mails_per_source_per_hour, HOUR)
}

/// One mail (security.md R-R6, A-106): the first of these that has room. All mails of a day are
/// counted together, and how far the count may go depends on what is asked for:
///
/// | from the beginning | what |
/// | --- | --- |
/// | 50 % | sign-up |
/// | up to 70 % | sign-in |
/// | up to 80 % | the first two sign-up mails of each site |
/// | all | the first two sign-in mails of each site |
///
/// So a flood from few sites ends nothing: past the part that it can use up, every other site still
/// has two mails of each kind. With the default of 50,000 mails, a flood of sign-ups needs 7,500
/// sites to end sign-up, and one of both kinds needs 1,250; sign-in mail ends with 5,000. A site
/// that has had mail before has its two as well: what is counted for it begins past the first part,
/// so that an ordinary day costs no further write.
pub(super) fn mail(
    context: &Context<'_>,
    transaction: &str,
    address: &str,
    purpose: Purpose,
) -> Vec<Vec<Budget>> {
    let limits = &context.organisation.settings.limits;
    let day = Span::hours(24);
    let (kind, anybody, first) = match purpose {
        Purpose::Registration => ("sign-up", 50, 80),
        Purpose::SignIn => ("sign-in", 70, 100),
    };
    let throttle = throttle_key_of(address);
    let counted = |hundredths| {
        let of_all = percent(limits.mails_in_all_per_day, hundredths);
        alloc::vec![
            Budget::mail(
                "mail-address-hour",
                Whose::Of(throttle.clone()),
                limits.mails_per_address_per_hour,
                HOUR
            ),
            Budget::mail(
                "mail-address-day",
                Whose::Of(throttle.clone()),
                limits.mails_per_address_per_day,
                day
            ),
            mail_of_source(limits),
            Budget { refund: true, ..Budget::of_all("mail-all-day", transaction, of_all, day) },
        ]
    };
    let mut of_site = counted(first);
    of_site.push(Budget::mail("mail-site-day", Whose::Site(kind.into()), FIRST_MAILS, day));
    alloc::vec![counted(anybody), of_site]
}

/// So many hundredths, rounded up: a small limit lets something through as well.
fn percent(of: u32, hundredths: u32) -> u32 {
    let part = (u64::from(of) * u64::from(hundredths)).div_ceil(100);
    u32::try_from(part).unwrap_or(of)
}
