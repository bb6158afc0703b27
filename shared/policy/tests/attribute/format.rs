//! Formats of text: what is one and what is none.

use policy::attribute::Violation;
use policy::organisation::{Format, Property, PropertyType};
use proptest::prelude::*;
use serde_json::json;

use super::{accepts, of, verdict};

pub fn formatted(format: Format) -> Property {
    Property { format: Some(format), ..of(PropertyType::String) }
}

fn check(format: Format, good: &[&str], bad: &[&str]) {
    let property = formatted(format);
    for text in good {
        assert_eq!(verdict(&property, *text), Ok(json!(text)), "{text}");
    }
    for text in bad {
        assert_eq!(verdict(&property, *text), Err(vec![Violation::NotAllowed]), "{text}");
    }
}

#[test]
fn urls() {
    check(
        Format::Uri,
        &[
            "https://example.com",
            "http://u:p@[::1]:8080/a;b?c=d&e#f",
            "/me",
            "me/too",
            "?q",
            "#top",
            "//cdn.example.com/x",
            "mailto:a@b.example",
            "HTTPS://b\u{fc}cher.example/\u{4e00}",
            "a%20b",
            "./a:b",
            "urn:isbn:0451450523",
        ],
        &[
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:x",
            "http://",
            "https:///x",
            "http:/x",
            "http:x",
            "https://@/x",
            "https://u@:80",
            "a b",
            "a\"b",
            "<x>",
            "a\\b",
            "a%2",
            "a%zz",
            "1a:b",
            ":x",
            "a`b",
            "a{b}",
            "a\u{2003}b",
        ],
    );
}

#[test]
fn date_times() {
    check(
        Format::DateTime,
        &[
            "2026-02-28T00:00:00Z",
            "2024-02-29t23:59:59.123456789z",
            "2000-02-29T12:00:00+14:00",
            "2016-12-31T23:59:60Z",
            "2017-01-01T00:59:60+01:00",
            "2016-12-31T15:59:60-08:00",
            "0000-01-01T00:00:00-00:00",
        ],
        &[
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T23:59:60+01:00",
            "2026-01-01T00:00:00",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "2026-1-01T00:00:00Z",
            "26-01-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+01:60",
            "2026-01-01T00:00:00Zz",
            "2026-01-01T00:00:00+0100",
            "-026-01-01T00:00:00Z",
            "2026-01-01T00:00:+1Z",
            "x",
        ],
    );
}

#[test]
fn country_codes() {
    check(
        Format::CountryCode,
        &["DE", "GB", "US", "CW", "XK"],
        &["de", "XX", "UK", "D", "DEU", "D E", "AD AE"],
    );
}

#[test]
fn language_codes() {
    check(
        Format::LanguageCode,
        &["en", "en-GB", "zh-Hans-CN", "*", "da, en-gb;q=0.8, en;q=0.7", "de;q=1.000", "fr;q=0"],
        &[
            "en_GB",
            "e n",
            "en-",
            "-en",
            "abcdefghi",
            "en;q=1.1",
            "en;q=0.1234",
            "en;q=",
            "en;x=1",
            "en,",
            ",en",
            "d3",
            "en;q=2",
            "*-x",
            "en;q=\u{e9}",
        ],
    );
}

#[test]
fn locales() {
    check(
        Format::Locale,
        &["en_US", "de_DE", "fil_PH"],
        &["en", "en-US", "EN_US", "en_us", "en_XX", "e_US", "engl_US", "en_US_x"],
    );
}

#[test]
fn time_zones() {
    check(
        Format::Timezone,
        &["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+1", "Asia/Calcutta"],
        &[
            "europe/berlin",
            "Europe/Bonn",
            "Europe",
            "Europe/",
            "GMT+25",
            "Etc/Unknown",
            "Factory",
            "Europe/\u{20}Berlin",
        ],
    );
}

#[test]
fn opaque_formats_ask_nothing() {
    for opaque in [Format::RefId, Format::Encrypted, Format::Hashed] {
        assert!(accepts(&formatted(opaque), "anything, really"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_text_upsets_a_format(text in "\\PC{0,24}|[-0-9TZ:+.]{0,30}|[a-z]{0,6}:[/@:?#%\u{e9}a]{0,8}|[a-z;=q,.\u{e9}0-9-]{0,12}") {
        use Format::{CountryCode, DateTime, Email, Encrypted, Hashed, LanguageCode, Locale, RefId, Timezone, Uri};
        for format in [CountryCode, DateTime, Email, Encrypted, Hashed, LanguageCode, Locale, RefId, Timezone, Uri] {
            if let Ok(stored) = verdict(&formatted(format), text.clone()) {
                prop_assert_eq!(verdict(&formatted(format), stored.clone()), Ok(stored));
            }
        }
    }
}
