use alloc::format;

use super::app;
use super::report::{At, Report};
use super::text;
use crate::email::Email;
use crate::organisation::Organisation;

/// Wrong answers to one code: five at most (security.md R-O4).
const MOST_ATTEMPTS: u32 = 5;

pub(super) fn check(organisation: &Organisation, report: &mut Report) {
    let (at, settings) = (At::root("settings"), &organisation.settings);
    app::access_tokens(organisation, &settings.access_tokens, &at.to("accessTokens"), report);
    text::name(
        &settings.company_name,
        at.to("companyName"),
        "say the name that people read in mails",
        report,
    );
    report.ensure(Email::parse(&settings.mail_from).is_ok(), at.to("mailFrom"), || {
        format!(
            "\"{}\" is not an address; write it plainly, as no-reply@example.com",
            settings.mail_from
        )
    });

    let limits = &settings.limits;
    let at = at.to("limits");
    for (key, value) in [
        ("requestsPerTransaction", limits.requests_per_transaction),
        ("attemptsPerPasscode", limits.attempts_per_passcode),
        ("resendCooldownSeconds", limits.resend_cooldown_seconds),
        ("sendsPerTransaction", limits.sends_per_transaction),
        ("guessesPerAddressPerHour", limits.guesses_per_address_per_hour),
        ("guessesPerSourcePerHour", limits.guesses_per_source_per_hour),
        ("guessesInAllPerHour", limits.guesses_in_all_per_hour),
        ("mailsPerAddressPerHour", limits.mails_per_address_per_hour),
        ("mailsPerAddressPerDay", limits.mails_per_address_per_day),
        ("mailsPerSourcePerHour", limits.mails_per_source_per_hour),
        ("mailsInAllPerDay", limits.mails_in_all_per_day),
        ("unknownNamesPerSource", limits.unknown_names_per_source),
    ] {
        report.ensure(value >= 1, at.to(key), || "0 would let nobody in; write a number from 1 up, or leave the key out for the default".into());
    }
    report.ensure(
        limits.attempts_per_passcode <= MOST_ATTEMPTS,
        at.to("attemptsPerPasscode"),
        || {
            format!(
                "{} wrong answers to one code are too many; at most {MOST_ATTEMPTS}",
                limits.attempts_per_passcode
            )
        },
    );
}
