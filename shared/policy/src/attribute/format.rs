//! Formats of text (policies.md §2.2, §2.3).

use crate::organisation::Format;

/// ISO 3166-1 alpha-2, and two that the sign-in widget offers: `XK` (Kosovo, user-assigned, in use
/// throughout CLDR) and `AN` (the Netherlands Antilles until 2010; the widget does not have the
/// codes that came after it).
const COUNTRIES: &str = "AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA \
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM \
    GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL \
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT \
    TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Zone and link names of the IANA time zone database 2025b (public domain), one on a line.
const TIMEZONES: &str = include_str!("timezones.txt");

/// The time zones that are accepted.
pub fn timezones() -> impl Iterator<Item = &'static str> {
    TIMEZONES.lines()
}

/// Schemes by which a link runs a script or shows what the author of the link wrote, on the page
/// that has it.
const SCRIPT_SCHEMES: [&str; 5] = ["javascript", "vbscript", "data", "blob", "filesystem"];

/// True if `text` is of the format. The opaque formats, and `email`, which is read elsewhere, ask
/// nothing.
pub(super) fn matches(format: Format, text: &str) -> bool {
    match format {
        Format::Uri => is_uri(text),
        Format::DateTime => is_date_time(text).is_some(),
        Format::CountryCode => is_country(text),
        Format::LanguageCode => {
            text.split(',').all(|range| is_language_range(range.trim_matches(' ')))
        }
        Format::Locale => is_locale(text),
        Format::Timezone => timezones().any(|zone| zone == text),
        Format::Email | Format::RefId | Format::Encrypted | Format::Hashed => true,
    }
}

/// An absolute or relative URL (RFC 3986 §4.1); characters beyond ASCII stand for themselves, as in
/// an address bar (RFC 3987).
fn is_uri(text: &str) -> bool {
    if !text.chars().all(is_uri_character) || !has_valid_escapes(text) {
        return false;
    }
    // What stands before the first colon is the scheme, unless the path has begun.
    let head = text.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((scheme, _)) = head.split_once(':') else { return true };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme || SCRIPT_SCHEMES.iter().any(|script| scheme.eq_ignore_ascii_case(script)) {
        return false;
    }
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    !web || has_host(text)
}

/// True if something stands between `//` (or `user@`) and the port, path, query or fragment.
fn has_host(url: &str) -> bool {
    let authority = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':')
}

fn is_uri_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
    } else {
        !c.is_whitespace() && !c.is_control()
    }
}

fn has_valid_escapes(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && COUNTRIES.split(' ').any(|country| country == text)
}

/// `de`, `en-GB`, `*`, each with an optional weight `;q=0.8` (RFC 7231 §5.3.5).
fn is_language_range(text: &str) -> bool {
    let (range, weight) = text
        .split_once(';')
        .map_or((text, None), |(range, weight)| (range.trim_end_matches(' '), Some(weight)));
    let mut subtags = range.split('-');
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let primary = subtags.next().is_some_and(|primary| {
        is_subtag(primary) && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    (range == "*" || (primary && subtags.all(is_subtag)))
        && weight.is_none_or(|weight| is_weight(weight.trim_matches(' ')))
}

/// `q=0.8`: at most three digits, at most one.
fn is_weight(text: &str) -> bool {
    let Some((one, rest)) = text.strip_prefix("q=").and_then(|q| q.split_at_checked(1)) else {
        return false;
    };
    let digits = if rest.is_empty() { Some("") } else { rest.strip_prefix('.') };
    digits.is_some_and(|digits| {
        digits.len() <= 3
            && (one == "0" && digits.bytes().all(|d| d.is_ascii_digit())
                || one == "1" && digits.bytes().all(|d| d == b'0'))
    })
}

/// `en_US`: an ISO 639 language of two or three letters and a country.
fn is_locale(text: &str) -> bool {
    text.split_once('_').is_some_and(|(language, country)| {
        matches!(language.len(), 2 | 3)
            && language.bytes().all(|byte| byte.is_ascii_lowercase())
            && is_country(country)
    })
}

/// `2026-02-28T23:59:60.5+01:00` (RFC 3339 §5.6). `None` if it is none.
fn is_date_time(text: &str) -> Option<()> {
    let (date, time) = text.split_once(['T', 't'])?;
    let mut parts = date.splitn(3, '-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let (clock, offset) = time.split_at_checked(time.find(['Z', 'z', '+', '-'])?)?;
    let ahead = offset_minutes(offset)?;
    let (clock, fraction) =
        clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) =
        (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    // A leap second is the last of a UTC day.
    let utc = (i64::from(hour * 60 + minute) - ahead).rem_euclid(24 * 60);
    let seconds = if utc == 24 * 60 - 1 { 60 } else { 59 };
    let fraction_is_digits = fraction.is_none_or(|fraction| {
        !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
    });
    ((1..=days).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= seconds
        && fraction_is_digits)
        .then_some(())
}

/// `Z`, `+01:00` or `-03:30`, in minutes.
fn offset_minutes(offset: &str) -> Option<i64> {
    if offset.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = offset.split_at_checked(1)?;
    let (hour, minute) = rest.split_once(':')?;
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
    let minutes = i64::from(hour * 60 + minute);
    (hour <= 23 && minute <= 59).then_some(if sign == "-" { -minutes } else { minutes })
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}
