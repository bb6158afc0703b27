//! Budgets: what is counted, of whom, and how much there may be (security.md R-O4, R-O6, R-R5, R-R6). The engine counts; here is all that is limited.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Input;
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
    /// When the first window begins, for something that is newer than the clock's windows: none ends in the middle of its life.
    pub since: Option<Timestamp>,
    /// Whether the count is taken back if the proof was right, or if the mail never went out: what is limited are wrong guesses, and mails.
    pub refund: bool,
}

/// Whose a [`Budget`] is; the engine stores only a MAC of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of the address that sends the request, as the gateway saw it: the policy does not know which one that is.
    Source,
    /// Of this name at the network that sends the request: an IPv4 /24, or an IPv6 /64.
    Network(String),
    /// Of what has this name.
    Of(String),
    /// Of everybody together. Counted in [`SHARES`] counters, so that no single item is hot (security.md R-R10). The engine picks one by a MAC of
    /// this text, so that no client can choose it.
    Everybody(String),
}

const HOUR: Span = Span::hours(1);

/// Counters that a budget of everybody is spread over; each has its share of the limit.
pub const SHARES: u32 = 16;

/// Past the limit of everybody's guesses, names are still tried for the first time from somewhere, up to so many times the limit.
const FIRST_TRIES_OF_ALL: u32 = 5;

/// First tries of a name from one network.
const FIRST_TRIES: u32 = 2;

/// Many people share a network, or the server of an app. Those who have signed in from there before are not kept out by one who guesses there, up to so
/// many times the limit of a source.
const FAMILIAR: u32 = 10;

impl Budget {
    fn of(name: &'static str, whose: Whose, max: u32, window: Span) -> Self {
        Self { name, whose, max, window, since: None, refund: false }
    }

    /// A transaction's share of what everybody may do together.
    fn of_all(name: &'static str, transaction: &str, max: u32, window: Span) -> Self {
        Self::of(name, Whose::Everybody(transaction.into()), max.div_ceil(SHARES), window)
    }

    /// A guess: taken back if it was right.
    fn guess(name: &'static str, whose: Whose, max: u32) -> Self {
        Self { refund: true, ..Self::of(name, whose, max, HOUR) }
    }
}

/// Requests with the handle of transaction `id` (security.md R-R5).
pub fn requests(limits: &Limits, id: &str) -> Budget {
    Budget::of("requests", Whose::Of(id.into()), limits.requests_per_transaction, Span::seconds(5))
}

/// What one guess at a name may be counted in (security.md R-O6). Strangers together have `guesses_per_address_per_hour`, however many they are:
///
/// | from the beginning | who |
/// | --- | --- |
/// | half | anybody, with passwords and codes |
/// | up to three quarters | the first tries of a password from each network |
/// | all | the first try of each code |
///
/// A browser that this person has signed in from before has as many of its own, and so have all networks together that they have signed in from: what
/// strangers guess elsewhere keeps the owner out of neither (R-R8, A-107).
struct Guess<'a> {
    limits: &'a Limits,
    transaction: &'a Transaction,
    throttle: String,
    familiar: Familiar,
}

impl<'a> Guess<'a> {
    fn at(context: &Context<'a>, transaction: &'a Transaction, name: &str, familiar: Familiar) -> Self {
        Self { limits: &context.organisation.settings.limits, transaction, throttle: throttle_key_of(name), familiar }
    }

    /// Of the name, as it is counted wherever strangers guess.
    fn of_name(&self, max: u32) -> Budget {
        Budget::guess("guess-address", Whose::Of(self.throttle.clone()), max)
    }

    fn of_browser(&self, max: u32) -> Budget {
        Budget::guess("guess-known-browser", Whose::Of(format!("{} {}", self.throttle, self.transaction.client.browser)), max)
    }

    fn of_network(&self, max: u32) -> Budget {
        Budget::guess("guess-known-network", Whose::Network(self.throttle.clone()), max)
    }

    fn of_networks(&self) -> Budget {
        Budget::guess("guess-known-networks", Whose::Of(self.throttle.clone()), self.limits.guesses_per_address_per_hour)
    }

    fn of_source(&self) -> Budget {
        let times = if self.familiar.network { FAMILIAR } else { 1 };
        Budget::guess("guess-source", Whose::Source, self.limits.guesses_per_source_per_hour.saturating_mul(times))
    }

    fn of_all(&self, times: u32) -> Budget {
        let max = self.limits.guesses_in_all_per_hour.saturating_mul(times);
        Budget { refund: true, ..Budget::of_all("guess-all", &self.transaction.id, max, HOUR) }
    }

    /// What is kept for first tries: as many as there are codes, an address getting no more than mails, where all mails go out; at most half, where
    /// there are many. Half of that is kept for codes alone.
    fn kept(&self) -> u32 {
        self.limits.mails_per_address_per_day.min(self.limits.guesses_per_address_per_hour / 2)
    }

    /// What anybody may guess.
    fn for_anybody(&self) -> u32 {
        self.limits.guesses_per_address_per_hour - self.kept()
    }
}

/// One guess of a password: the first of these that has room. The lockout of the default password policy, which holds for strangers too, is one of the
/// limits.
pub(super) fn password_guess(context: &Context<'_>, transaction: &Transaction, name: &str, familiar: Familiar) -> Vec<Vec<Budget>> {
    let attempts = assurance::password_settings(context.organisation, &Who::default()).lockout.max_attempts;
    let within = |max: u32| if attempts > 0 { max.min(attempts) } else { max };
    let guess = Guess::at(context, transaction, name, familiar);
    let anybody = within(guess.for_anybody());
    if familiar.browser {
        return alloc::vec![alloc::vec![guess.of_browser(within(guess.limits.guesses_per_address_per_hour))]];
    }
    let first_tries = Budget { max: FIRST_TRIES, name: "guess-first", ..guess.of_network(0) };
    alloc::vec![
        if familiar.network {
            alloc::vec![guess.of_network(anybody), guess.of_networks(), guess.of_source()]
        } else {
            alloc::vec![guess.of_name(anybody), guess.of_source(), guess.of_all(1)]
        },
        // The limit of the name, or of everybody, is reached: more is asked for than to wait.
        alloc::vec![guess.of_name(anybody + guess.kept() / 2), first_tries, guess.of_source(), guess.of_all(FIRST_TRIES_OF_ALL)],
    ]
}

/// One guess of a code: the first of these that has room. The first try of a code may use what is kept for it, whatever others have guessed at the same
/// address, and at everybody's: to be mailed a code is limited already. The budget of the source holds for it too (R-O6).
pub(super) fn passcode_guess(context: &Context<'_>, transaction: &Transaction, challenge: &Challenge) -> Vec<Vec<Budget>> {
    let guess = Guess::at(context, transaction, &challenge.address, transaction.familiar);
    let all = guess.limits.guesses_per_address_per_hour;
    let of_code = |max: u32| {
        let code = Whose::Of(format!("{}:{}", transaction.id, challenge.sequence));
        Budget { since: Some(challenge.made), ..Budget::of("passcode", code, max, HOUR) }
    };
    let attempts = guess.limits.attempts_per_passcode;
    if transaction.familiar.browser {
        // Of codes, all browsers and strangers together have no more than that: whoever knows a password may have made as many browsers known as they like.
        return alloc::vec![alloc::vec![guess.of_browser(all), guess.of_name(all), of_code(attempts)]];
    }
    alloc::vec![
        alloc::vec![guess.of_name(all), guess.of_source(), of_code(1)],
        alloc::vec![guess.of_name(guess.for_anybody()), guess.of_source(), guess.of_all(1), of_code(attempts)],
    ]
}

/// One answer that tells whether there is an account of some name: what is told is told in bulk to nobody (security.md A-010). Taken back where there is
/// one: the limit is on names that are tried in vain. Once it is reached, a name alone gets neither answer; a name with a password is a guess besides, and
/// limited as such.
pub(super) fn unknown_name(context: &Context<'_>) -> Budget {
    let max = context.organisation.settings.limits.unknown_names_per_source;
    Budget { refund: true, ..Budget::of("unknown-name", Whose::Source, max, Span::minutes(10)) }
}

/// One answer that a value on a form is taken: the same limit for those who try names there.
pub(super) fn taken_name(limits: &Limits) -> Budget {
    Budget::of("taken-name", Whose::Source, limits.unknown_names_per_source, Span::minutes(10))
}

/// One account whose mailbox nobody has proven: nobody makes them in bulk, of addresses of others. As many as mails, one of which each of them costs.
pub(super) fn unproven_account(limits: &Limits) -> Budget {
    Budget::of("unproven-account", Whose::Source, limits.mails_per_source_per_hour, HOUR)
}

/// The budgets that [`Needs::watched_budgets`](super::Needs::watched_budgets) may name for this input, so that they can be looked at early. Not those that
/// only an app without proof of the mailbox needs beyond its form: they are looked at when they are needed.
pub fn watched(limits: &Limits, input: &Input) -> Vec<Budget> {
    match input {
        Input::EnrollProfile { .. } => alloc::vec![taken_name(limits), unproven_account(limits), mail_of_source(limits)],
        Input::UpdateProfile(_) => alloc::vec![taken_name(limits)],
        _ => Vec::new(),
    }
}

/// One mail that this source asks for.
pub(super) fn mail_of_source(limits: &Limits) -> Budget {
    Budget::of("mail-source-hour", Whose::Source, limits.mails_per_source_per_hour, HOUR)
}

/// One mail (security.md R-R6). Sign-up may use 80 % of the SES quota: sign-in must still be mailed when somebody floods it.
pub(super) fn mail(context: &Context<'_>, transaction: &str, address: &str, purpose: Purpose) -> [Budget; 4] {
    let limits = &context.organisation.settings.limits;
    let day = Span::hours(24);
    let of_all = match purpose {
        Purpose::Registration => limits.mails_in_all_per_day - limits.mails_in_all_per_day / 5,
        Purpose::SignIn => limits.mails_in_all_per_day,
    };
    let throttle = throttle_key_of(address);
    let given_back = |budget| Budget { refund: true, ..budget };
    [
        given_back(Budget::of("mail-address-hour", Whose::Of(throttle.clone()), limits.mails_per_address_per_hour, HOUR)),
        given_back(Budget::of("mail-address-day", Whose::Of(throttle), limits.mails_per_address_per_day, day)),
        mail_of_source(limits),
        given_back(Budget::of_all("mail-all-day", transaction, of_all, day)),
    ]
}
