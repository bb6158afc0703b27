//! Addresses as administrators may write them. Compared exactly later on (security.md R-T3, R-T7),
//! so only one way of writing is let in.

use core::net::Ipv6Addr;

/// The parts of `scheme://host:port/rest` that matter here.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    /// From the first `/`, `?` or `#`.
    rest: &'a str,
}

/// What is wrong with the address of a page of an app, if anything.
pub(super) fn fault_of_page(text: &str) -> Option<&'static str> {
    let Some(parts) = parts(text) else {
        return Some(
            "is not an absolute address; write it in full, as https://app.example.com/callback",
        );
    };
    if !secure(&parts) {
        return Some(
            "must begin with https://; http:// is only for localhost, 127.0.0.1 and [::1]",
        );
    }
    parts.rest.contains('#').then_some("has a fragment; leave out the # and what follows it")
}

/// What is wrong with an origin, if anything.
pub(super) fn fault_of_origin(text: &str) -> Option<&'static str> {
    let Some(parts) = parts(text) else {
        return Some("is not an origin; list each one, as https://app.example.com");
    };
    if !parts.rest.is_empty() {
        return Some(
            "is more than an origin; leave out the path and the slash at its end, as in https://app.example.com",
        );
    }
    if parts.host.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some("has capital letters; browsers send the name of the host in small letters");
    }
    if matches!((parts.scheme, parts.port), ("https", Some("443")) | ("http", Some("80"))) {
        return Some("names the usual port; browsers leave it out");
    }
    (!secure(&parts))
        .then_some("must begin with https://; http:// is only for localhost, 127.0.0.1 and [::1]")
}

fn secure(parts: &Parts<'_>) -> bool {
    match parts.scheme {
        "https" => true,
        "http" => matches!(parts.host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    }
}

fn parts(text: &str) -> Option<Parts<'_>> {
    // RFC 3986 §2: what else a browser would mend on the way, and so no longer be the same text.
    if !text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)) {
        return None;
    }
    let (scheme, after) = text.split_once("://")?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if !is_host(host) {
        return None;
    }
    let port_is_right =
        port.is_none_or(|port| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok());
    port_is_right.then_some(Parts { scheme, host, port, rest })
}

/// An IPv6 address in brackets, or letters, digits and hyphens in labels between dots. Keeps out
/// user names (`@`) and wildcards.
fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<Ipv6Addr>().is_ok();
    }
    host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::{fault_of_origin, fault_of_page};

    #[test]
    fn r_t3_pages_are_https_or_loopback_and_absolute() {
        for right in [
            "https://app.example.com/callback",
            "https://app.example.com",
            "https://app.example.com:8443/cb?a=b",
            "http://localhost:8787/demo/callback",
            "http://127.0.0.1/cb",
            "http://[::1]:3000/cb",
            "http://[::1]/cb",
            "https://xn--mller-kva.example/cb",
        ] {
            assert_eq!(fault_of_page(right), None, "{right}");
        }
        for wrong in [
            "",
            "/callback",
            "app.example.com/callback",
            "https:/app.example.com",
            "https://",
            "http://app.example.com/callback",
            "http://localhost.evil.com/callback",
            "http://127.0.0.1.evil.com/",
            "javascript://localhost/%0aalert(1)",
            "com.example.app://callback",
            "https://app.example.com/callback#here",
            "https://user@app.example.com/",
            "https://*.example.com/",
            "https://app.example.com:0/",
            "https://app.example.com:99999/",
            "https://app.example.com:/",
            "https://app..example.com/",
            "https://app.example.com/a b",
            "https://app.example.com\\@evil.com/",
            "https://[::1/",
            "https://[::1]evil/",
            "https://müller.example/",
        ] {
            assert!(fault_of_page(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn r_t7_origins_are_written_as_browsers_send_them() {
        for right in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:8787",
            "http://127.0.0.1:8787",
            "http://[::1]:1",
            "http://[::1]",
        ] {
            assert_eq!(fault_of_origin(right), None, "{right}");
        }
        for wrong in [
            "*",
            "null",
            "",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com?",
            "https://App.example.com",
            "https://app.example.com:443",
            "http://localhost:80",
            "http://app.example.com",
            "HTTPS://app.example.com",
            "https://*.example.com",
            "file://",
        ] {
            assert!(fault_of_origin(wrong).is_some(), "{wrong}");
        }
    }
}
