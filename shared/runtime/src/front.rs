//! The front of the functions: the path below which they are reached, and a proxy, such
//! as a CDN with a firewall.
//!
//! Behind a proxy every request has the proxy's address, and a header that names the client proves
//! nothing: any client can send one. So the proxy shows a secret with each request. A client that
//! does not show it is refused, and only one that shows it is believed about the client (security.md R-A3, R-R7).

use std::net::{IpAddr, SocketAddr};

use engine::Unserved;
use engine::http::{Request, Response};
use engine::keyring::Keyring;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::Event;

/// The header with which a proxy shows the secret.
const ORIGIN_SECRET: HeaderName = HeaderName::from_static("x-origin-secret");

/// The front of a function.
#[derive(Debug)]
pub struct Front {
    base_path: String,
    proxy: Option<Proxy>,
}

/// A proxy that must be in front.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub secrets: Keyring,
    /// The header in which it names the client; without one, the client is who connects.
    pub client_address: Option<HeaderName>,
}

/// The reason to refuse a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It did not come through the proxy.
    PastTheProxy,
    /// The proxy does not name the client: its set-up is wrong, and all clients would be one.
    NoClient,
}

impl Front {
    pub(crate) fn new(base_path: &str, proxy: Option<Proxy>) -> Self {
        Self { base_path: base_path.to_owned(), proxy }
    }

    /// Takes the base URL's path off the event's: below a stage or a mapped domain, API Gateway
    /// sends it along.
    pub(crate) fn mount(&self, event: &mut Event) {
        let path = event.raw_path.as_deref().and_then(|path| path.strip_prefix(&self.base_path));
        if let Some(path) = path.filter(|path| path.is_empty() || path.starts_with('/')) {
            event.raw_path = Some(path.to_owned());
        }
    }

    /// Lets a request in, with the client's own address as its source; the secret stays outside.
    pub(crate) fn admit(&self, request: &mut Request) -> Result<(), Refused> {
        let Some(Proxy { secrets, client_address }) = &self.proxy else { return Ok(()) };
        let shown = request.headers.remove(ORIGIN_SECRET);
        let shown = shown.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !secrets.accepts(|secret| secret.is(shown)) {
            return Err(Refused::PastTheProxy);
        }
        if let Some(header) = client_address {
            let value = request
                .headers
                .get(header)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            request.source = address(header, value, &request.source)
                .ok_or(Refused::NoClient)?
                .to_canonical()
                .to_string();
        }
        Ok(())
    }
}

impl Refused {
    /// What is answered instead. Who went past the proxy is told what API Gateway would say.
    pub(crate) fn answer(self, request: &Request) -> Response {
        match self {
            Self::PastTheProxy => {
                let mut response = Response::new(br#"{"message":"Forbidden"}"#.to_vec());
                *response.status_mut() = StatusCode::FORBIDDEN;
                let headers = response.headers_mut();
                headers.insert(
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                );
                headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Self::NoClient => {
                tracing::error!(
                    request_id = request.request_id,
                    "the proxy does not name the client"
                );
                Unserved::Unavailable.answer(request)
            }
        }
    }
}

/// The client's address as the proxy names it; `gateway` is who connected to API Gateway.
fn address(header: &HeaderName, value: &str, gateway: &str) -> Option<IpAddr> {
    match header.as_str() {
        // Always with a port, and IPv6 without brackets: `2001:db8::1:443` is a host and a port.
        "cloudfront-viewer-address" => with_port(value),
        // Each hop adds whom it saw. The last one may be API Gateway's own, and then names the
        // proxy; what comes before may be forged.
        "x-forwarded-for" => {
            let mut hops = value.rsplit(',').map(str::trim).peekable();
            hops.next_if(|hop| host(hop).is_some_and(|hop| gateway.parse::<IpAddr>() == Ok(hop)));
            host(hops.next()?)
        }
        _ => host(value.trim()),
    }
}

/// An address, in brackets and with a port or without.
fn host(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// An address and a port, in brackets or without.
fn with_port(text: &str) -> Option<IpAddr> {
    let (address, port) = text.trim().rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    host(address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use policy::secret::Secret;

    use super::*;

    const OLD: &str = "old: 0123456789abcdef0123456789abcdef";
    const NEW: &str = "new: 0123456789abcdef0123456789abcdef";

    fn front(secret: &str, header: Option<&'static str>) -> Front {
        let secrets = Keyring::parse(&Secret::new(secret)).unwrap();
        Front::new("", Some(Proxy { secrets, client_address: header.map(HeaderName::from_static) }))
    }

    fn request(headers: &[(&'static str, &str)]) -> Request {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Request {
            method: http::Method::POST,
            path: "/idp/idx/identify".into(),
            query: Secret::new(""),
            headers: headers.collect(),
            body: Vec::new(),
            source: "192.0.2.7".into(),
            request_id: "r-1".into(),
        }
    }

    #[test]
    fn r_a3_who_does_not_show_the_secret_is_refused_before_anything_else() {
        let front = front(OLD, None);
        for headers in [
            &[][..],
            &[("x-origin-secret", "")],
            &[("x-origin-secret", NEW)],
            &[("x-origin-secret", "old: 0123456789abcdef0123456789abcde")],
            &[("x-origin-secret", "old: 0123456789abcdef0123456789abcdef,forged")],
            &[("authorization", OLD)],
        ] {
            assert_eq!(
                front.admit(&mut request(headers)),
                Err(Refused::PastTheProxy),
                "{headers:?}"
            );
        }
        let mut admitted =
            request(&[("x-origin-secret", OLD), ("x-client-address", "203.0.113.9")]);
        assert_eq!(front.admit(&mut admitted), Ok(()));
        assert_eq!(admitted.source, "192.0.2.7", "nothing names the client: it is who connects");
        assert!(
            !admitted.headers.contains_key("x-origin-secret"),
            "what is behind need not know it"
        );
        let refused = Refused::PastTheProxy.answer(&request(&[]));
        assert_eq!(
            (refused.status(), refused.headers().contains_key("retry-after")),
            (StatusCode::FORBIDDEN, false)
        );
    }

    #[test]
    fn l9_two_secrets_are_good_while_one_takes_the_place_of_the_other() {
        let changing = format!(r#"{{"current": "{NEW}", "previous": "{OLD}"}}"#);
        let front = front(&changing, None);
        for (secret, admitted) in [
            (OLD, true),
            (NEW, true),
            (&changing, false),
            ("another: 0123456789abcdef01234567", false),
        ] {
            assert_eq!(front.admit(&mut request(&[("x-origin-secret", secret)])).is_ok(), admitted);
        }
    }

    #[test]
    fn r_r7_a_header_names_the_client_only_beside_the_secret() {
        let named = |front: &Front, headers: &[(&'static str, &str)]| {
            let mut request = request(headers);
            front.admit(&mut request).map(|()| request.source)
        };
        let behind = front(OLD, Some("x-client-address"));
        let forged = ("x-client-address", "203.0.113.9");
        assert_eq!(named(&behind, &[forged]), Err(Refused::PastTheProxy));
        assert_eq!(named(&behind, &[forged, ("x-origin-secret", NEW)]), Err(Refused::PastTheProxy));
        assert_eq!(named(&behind, &[forged, ("x-origin-secret", OLD)]), Ok("203.0.113.9".into()));
        // Another header than the one that is configured.
        assert_eq!(
            named(&behind, &[("x-real-ip", "203.0.113.9"), ("x-origin-secret", OLD)]),
            Err(Refused::NoClient)
        );
        // Without a proxy no header counts.
        assert_eq!(
            named(&Front::new("", None), &[forged, ("x-forwarded-for", "203.0.113.9")]),
            Ok("192.0.2.7".into())
        );
        // A proxy that names no client makes one client of all: that is told, not served.
        assert_eq!(
            Refused::NoClient.answer(&request(&[])).status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
    }

    #[test]
    fn every_form_of_an_address() {
        for (header, value, expected) in [
            ("x-client-address", "203.0.113.9", Some("203.0.113.9")),
            ("x-client-address", " 2001:db8::1 ", Some("2001:db8::1")),
            ("x-client-address", "::ffff:203.0.113.9", Some("203.0.113.9")),
            ("x-client-address", "203.0.113.9:443", Some("203.0.113.9")),
            ("x-client-address", "[2001:db8::1]:443", Some("2001:db8::1")),
            ("x-client-address", "[2001:db8::1]", Some("2001:db8::1")),
            // Two of them are none: one is forged.
            ("x-client-address", "203.0.113.9,203.0.113.8", None),
            ("x-client-address", "unknown", None),
            ("x-client-address", "", None),
            ("cloudfront-viewer-address", "203.0.113.9:46532", Some("203.0.113.9")),
            ("cloudfront-viewer-address", "2001:db8::1:46532", Some("2001:db8::1")),
            ("cloudfront-viewer-address", "2001:db8:1:2:3:4:5:6:443", Some("2001:db8:1:2:3:4:5:6")),
            ("cloudfront-viewer-address", "[2001:db8::1]:443", Some("2001:db8::1")),
            ("cloudfront-viewer-address", "203.0.113.9", None),
            // The proxy in front adds the client at the end; what stood there before, any client
            // wrote.
            ("x-forwarded-for", "203.0.113.9", Some("203.0.113.9")),
            ("x-forwarded-for", "198.51.100.1, 203.0.113.9", Some("203.0.113.9")),
            ("x-forwarded-for", "198.51.100.1,203.0.113.9, 192.0.2.7", Some("203.0.113.9")),
            ("x-forwarded-for", "192.0.2.7, 192.0.2.7", Some("192.0.2.7")),
            ("x-forwarded-for", "203.0.113.9, forged", None),
            ("x-forwarded-for", "192.0.2.7", None),
            ("x-forwarded-for", "", None),
        ] {
            let found = address(&HeaderName::from_static(header), value, "192.0.2.7")
                .map(|address| address.to_canonical().to_string());
            assert_eq!(found.as_deref(), expected, "{header}: {value}");
        }
    }

    #[test]
    fn the_base_path_is_taken_off() {
        for (path, base, expected) in [
            ("/Prod/idp/idx/identify", "/Prod", "/idp/idx/identify"),
            ("/Prod", "/Prod", ""),
            ("/Production/idp", "/Prod", "/Production/idp"),
            ("/idp/idx/identify", "/Prod", "/idp/idx/identify"),
            ("/idp/idx/identify", "", "/idp/idx/identify"),
            ("/a/b/idp", "/a/b", "/idp"),
        ] {
            let mut event = Event::default();
            event.raw_path = Some(path.into());
            Front::new(base, None).mount(&mut event);
            assert_eq!(event.raw_path.unwrap(), expected);
        }
    }
}
