//! Requests of every kind to every function. Coverage-guided on demand (`.ci/fuzz`); in `cargo
//! test`, the corpus kept beside this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::panic::AssertUnwindSafe;

use bolero::check;
use stage::Stage;

/// `METHOD path`, lines of `name: value`, an empty line, the body. The stage checks that the answer
/// is one that the published description declares; here, that it is never a fault.
#[test]
fn requests() {
    let stage = AssertUnwindSafe(Stage::new());
    check!(name = "requests").with_iterations(200).for_each(|input: &[u8]| {
        let (head, body) = input
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .map_or((input, &b""[..]), |at| (&input[..at], &input[at + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let Some((method, path)) = lines.next().and_then(|line| line.split_once(' ')) else {
            return;
        };
        if http::Method::try_from(method).is_err() {
            return;
        }
        let valid = |(name, value): &(&str, &str)| {
            http::HeaderName::try_from(*name).is_ok() && http::HeaderValue::try_from(*value).is_ok()
        };
        let headers: Vec<(&str, &str)> =
            lines.filter_map(|line| line.split_once(": ")).filter(valid).collect();
        let answer = stage.request(method, path, &headers, body);
        assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        // Nothing of a request comes back as markup, and no page of a stranger may read an answer,
        // but what is the same for all.
        let path = path.split('?').next().unwrap_or_default();
        let public = idx::operation::ROUTES
            .iter()
            .any(|route| route.matches(path).is_some() && route.operation.is_public());
        let origin = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("origin"))
            .map(|(_, value)| *value);
        assert!(
            answer.header("access-control-allow-origin").is_none_or(|allowed| if allowed == "*" {
                public
            } else {
                Some(allowed) == origin && allowed == stage::BASE
            }),
            "{origin:?}"
        );
    });
}

/// The form of interact with this redirect URI: only one that is registered, character by
/// character, begins anything.
#[test]
fn redirects() {
    let stage = AssertUnwindSafe(Stage::new());
    let registered = |uri: &str| {
        stage::demo()
            .apps
            .iter()
            .any(|app| app.settings.oauth_client.redirect_uris.iter().any(|one| one == uri))
    };
    check!(name = "redirects").with_iterations(200).for_each(|input: &[u8]| {
        let uri = String::from_utf8_lossy(input);
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", "demo-spa"),
                ("code_challenge_method", "S256"),
                ("code_challenge", &"c".repeat(43)),
                ("redirect_uri", &uri),
            ])
            .finish();
        let answer = stage.request(
            "POST",
            "/oauth2/default/v1/interact",
            &[("content-type", "application/x-www-form-urlencoded")],
            form.as_bytes(),
        );
        assert_eq!(answer.status == 200, registered(&uri), "{uri:?}: {}", answer.text);
    });
}
