//! The server's own address in an organisation.
//!
//! The check takes plain http for this machine only. A server that was started at another address
//! (`--host`) is as right at its own: while an organisation is checked, the machine's own IPv6
//! address stands in for it.

use policy::organisation::Organisation;

/// The text of a file with the stand-in for `own`.
pub fn stand_in(text: &str, own: &str) -> String {
    match stand_in_for(own) {
        Some(other) => replaced(text, own, &other),
        None => text.into(),
    }
}

/// The organisation with the stand-in for `own`; `None` if none is needed.
pub fn standing_in(organisation: &Organisation, own: &str) -> Option<Organisation> {
    renamed(organisation, own, &stand_in_for(own)?)
}

/// The organisation that has `own` again; `None` if no stand-in was needed.
pub fn stood_for(organisation: &Organisation, own: &str) -> Option<Organisation> {
    renamed(organisation, &stand_in_for(own)?, own)
}

/// The organisation with another address in the place of one.
pub fn renamed(organisation: &Organisation, from: &str, to: &str) -> Option<Organisation> {
    serde_json::from_str(&replaced(&serde_json::to_string(organisation).ok()?, from, to)).ok()
}

/// The port of an address, with its colon; empty where it is the usual one.
pub fn port(url: &str) -> &str {
    let after_name = url.rfind([']', '/']).unwrap_or_default();
    url.rfind(':')
        .filter(|colon| *colon > after_name)
        .and_then(|colon| url.get(colon..))
        .unwrap_or_default()
}

fn stand_in_for(own: &str) -> Option<String> {
    let name = own.strip_prefix("http://")?.strip_suffix(port(own))?;
    (!["localhost", "127.0.0.1", "[::1]"].contains(&name))
        .then(|| format!("http://[::1]{}", port(own)))
}

/// `from` as a whole address: not where it is the beginning of a longer name or port.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let longer =
            part.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-'));
        all.push_str(if longer { from } else { to });
        all.push_str(part);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_what_follows_the_name() {
        for (url, expected) in [
            ("http://localhost:8787", ":8787"),
            ("http://localhost", ""),
            ("http://[fd00::5]", ""),
            ("http://[fd00::5]:80", ":80"),
            ("http://192.168.1.5:1", ":1"),
        ] {
            assert_eq!(port(url), expected, "{url}");
        }
    }

    #[test]
    fn only_an_address_that_is_not_this_machines_needs_a_stand_in() {
        let text = "a: http://box:80/x http://box:8080/x http://box";
        assert_eq!(
            stand_in(text, "http://box:80"),
            "a: http://[::1]:80/x http://box:8080/x http://box"
        );
        assert_eq!(
            stand_in(text, "http://box"),
            "a: http://box:80/x http://box:8080/x http://[::1]"
        );
        assert_eq!(stand_in("http://localhost:80", "http://localhost:80"), "http://localhost:80");
        assert_eq!(stand_in("http://box", ""), "http://box", "a deployment has no address here");
    }
}
