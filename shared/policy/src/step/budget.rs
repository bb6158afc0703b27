//! Budgets: what is counted, of whom, and how much there may be (security.md R-O4, R-O6, R-R5, R-R6). The engine counts; here is all that is limited.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Input;
use crate::Context;
use crate::assurance::{self, Who};
use crate::email::throttle_key_of;
use crate::organisation::Limits;
use crate::time::{Span, Timestamp};
use crate::transaction::{Challenge, Purpose, Transaction};

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
    /// Of whoever sends the request, as the gateway saw it: the policy does not know who that is.
    Source,
    /// Of what has this name.
    Of(String),
}

const HOUR: Span = Span::hours(1);

/// Budgets of everybody together are spread over so many counters, so that no single item is hot (security.md R-R10).
const SHARDS: u8 = 16;

impl Budget {
    fn of(name: &'static str, whose: Whose, max: u32, window: Span) -> Self {
        Self { name, whose, max, window, since: None, refund: false }
    }

    /// A transaction's share of what everybody may do together.
    fn of_all(name: &'static str, transaction: &str, max: u32, window: Span) -> Self {
        let sum = transaction.bytes().fold(0_u8, u8::wrapping_add);
        Self::of(name, Whose::Of((sum % SHARDS).to_string()), max.div_ceil(u32::from(SHARDS)), window)
    }
}

/// Requests with the handle of transaction `id` (security.md R-R5).
pub fn requests(limits: &Limits, id: &str) -> Budget {
    Budget::of("requests", Whose::Of(id.into()), limits.requests_per_transaction, Span::seconds(5))
}

/// One guess of a password: the lockout of the default password policy, which holds for strangers too, is one of its budgets.
pub(super) fn password_guess(context: &Context<'_>, transaction: &Transaction, name: &str, known_browser: bool) -> Vec<Budget> {
    let attempts = assurance::password_settings(context.organisation, &Who::default()).lockout.max_attempts;
    let mut budgets = guess(context, transaction, name, known_browser);
    if let Some(of_name) = budgets.first_mut().filter(|_| attempts > 0) {
        of_name.max = of_name.max.min(attempts);
    }
    budgets
}

/// One guess of a code.
pub(super) fn passcode_guess(context: &Context<'_>, transaction: &Transaction, challenge: &Challenge) -> Vec<Budget> {
    let mut budgets = guess(context, transaction, &challenge.address, transaction.known_browser);
    let code = Whose::Of(format!("{}:{}", transaction.id, challenge.sequence));
    let attempts = context.organisation.settings.limits.attempts_per_passcode;
    budgets.push(Budget { since: Some(challenge.made), ..Budget::of("passcode", code, attempts, HOUR) });
    budgets
}

/// The first guess of a code may use what is [kept](kept_for_first_tries) of the address's budget: whoever was mailed a code can answer it, however
/// much others have guessed at the same address (security.md R-R8, A-107). The budgets of the source and of all hold for it too (R-O6).
pub(super) fn first_passcode_guess(context: &Context<'_>, transaction: &Transaction, challenge: &Challenge) -> Vec<Budget> {
    let mut budgets = passcode_guess(context, transaction, challenge);
    if let Some(of_name) = budgets.first_mut() {
        of_name.max = context.organisation.settings.limits.guesses_per_address_per_hour;
    }
    if let Some(of_code) = budgets.last_mut() {
        of_code.max = 1;
    }
    budgets
}

/// Guesses of an address that only the first tries of codes may use: as many as there are codes, an address getting no more than mails, where all mails
/// go out; at most half, where there are many.
fn kept_for_first_tries(limits: &Limits) -> u32 {
    limits.mails_per_address_per_day.min(limits.guesses_per_address_per_hour / 2)
}

/// One guess (security.md R-O6), first of them the budget of whom is guessed at. A browser that this person has used before has one of its own, and no
/// other: what others guess, elsewhere or all together, does not lock the owner out (R-R8).
fn guess(context: &Context<'_>, transaction: &Transaction, name: &str, known_browser: bool) -> Vec<Budget> {
    let limits = &context.organisation.settings.limits;
    let throttle = throttle_key_of(name);
    let all = limits.guesses_per_address_per_hour;
    let guesses = if known_browser {
        alloc::vec![Budget::of("guess-known-browser", Whose::Of(format!("{throttle} {}", transaction.client.browser)), all, HOUR)]
    } else {
        alloc::vec![
            Budget::of("guess-address", Whose::Of(throttle), all - kept_for_first_tries(limits), HOUR),
            Budget::of("guess-source", Whose::Source, limits.guesses_per_source_per_hour, HOUR),
            Budget::of_all("guess-all", &transaction.id, limits.guesses_in_all_per_hour, HOUR),
        ]
    };
    guesses.into_iter().map(|budget| Budget { refund: true, ..budget }).collect()
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
        Input::EnrollProfile { .. } => alloc::vec![taken_name(limits), unproven_account(limits)],
        Input::UpdateProfile(_) => alloc::vec![taken_name(limits)],
        _ => Vec::new(),
    }
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
        Budget::of("mail-source-hour", Whose::Source, limits.mails_per_source_per_hour, HOUR),
        given_back(Budget::of_all("mail-all-day", transaction, of_all, day)),
    ]
}
