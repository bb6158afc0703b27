//! R-T: PKCE, codes, redirects, CORS.

use serde_json::json;

use super::stage::{Browser, Stage};
use super::{ADA, PASSWORD, at_once, with_ada};

const FORM: &str = "application/x-www-form-urlencoded";

fn interact(browser: &mut Browser<'_>, change: impl Fn(&str) -> String) -> u16 {
    let body = format!(
        "client_id=demo-spa&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={}&code_challenge_method=S256&state=s",
        "c".repeat(43)
    );
    browser.send("/oauth2/default/v1/interact", FORM, change(&body).as_bytes()).status
}

#[test]
fn r_t1_a_091_only_s256() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    assert_eq!(interact(&mut browser, str::to_string), 200);
    for (from, to) in
        [("=S256", "=plain"), ("=S256", "=s256"), ("&code_challenge_method=S256", ""), (&"c".repeat(43), &"c".repeat(42)), (&"c".repeat(43), "")]
    {
        assert_eq!(interact(&mut browser, |body| body.replace(from, to)), 400, "{from} -> {to}");
    }
}

#[test]
fn r_t2_a_094_a_code_gives_one_set_of_tokens_and_a_replay_revokes_it() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    let answers = at_once(20, |_| stage.browser("demo-spa").token(&code));
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(good.len(), 1);
    let access = good[0].body["access_token"].as_str().unwrap().to_string();
    assert_eq!(browser.token(&code).status, 400);
    let authorization = format!("Bearer {access}");
    assert_eq!(stage.request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &authorization)], b"").status, 401);
}

#[test]
fn r_t2_a_code_lives_a_minute_and_is_bound_to_its_client() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    stage.advance(61);
    assert_eq!(browser.token(&code).status, 400);
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    browser.client_id = "newsletter-spa".into();
    assert_eq!(browser.token(&code).status, 400);
}

#[test]
fn r_t1_a_092_a_wrong_verifier_spends_the_code() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    let right = std::mem::replace(&mut browser.verifier, "w".repeat(43));
    assert_eq!(browser.token(&code).status, 400);
    browser.verifier = right;
    assert_eq!(browser.token(&code).status, 400, "there is no second try");
}

#[test]
fn r_t3_a_095_redirect_uris_are_compared_character_by_character() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let registered = "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback";
    for wrong in [
        "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback%2F",
        "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2F..%2Fdemo%2Fcallback",
        "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback%3Fx%3D1",
        "http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback%23x",
        "http%3A%2F%2Flocalhost%3A8788%2Fdemo%2Fcallback",
        "http%3A%2F%2FLOCALHOST%3A8787%2Fdemo%2Fcallback",
        "https%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback",
        "http%3A%2F%2Fuser%40localhost%3A8787%2Fdemo%2Fcallback",
        "",
    ] {
        assert_eq!(interact(&mut browser, |body| body.replace(registered, wrong)), 400, "{wrong}");
    }
    assert_eq!(interact(&mut browser, |body| format!("{body}&redirect_uri={registered}")), 400, "twice");
}

#[test]
fn r_t7_a_079_only_listed_origins_may_read() {
    let stage = Stage::new();
    for (origin, allowed) in [
        ("http://localhost:8787", true),
        ("http://127.0.0.1:8787", true),
        ("http://evil.example", false),
        ("null", false),
        ("http://localhost:8787.evil.example", false),
        ("http://localhost:8788", false),
        ("https://localhost:8787", false),
    ] {
        for (method, path) in [("OPTIONS", "/idp/idx/introspect"), ("GET", "/oauth2/default/v1/userinfo"), ("POST", "/idp/idx/introspect")] {
            let answer = stage.request(method, path, &[("origin", origin), ("content-type", "application/json")], br#"{"stateHandle":"x"}"#);
            let header = answer.header("access-control-allow-origin");
            assert_eq!(header, allowed.then_some(origin), "{method} {path} from {origin}");
            assert_eq!(answer.header("vary"), Some("Origin"));
            if method == "OPTIONS" {
                assert_eq!(answer.header("access-control-max-age"), Some("600"));
                assert!(answer.header("access-control-allow-headers").unwrap().contains("x-okta-user-agent-extended"));
            }
        }
    }
}

#[test]
fn r_t8_a_080_pages_of_others_change_nothing() {
    let stage = Stage::new();
    let before = stage.state();
    let body = format!(
        "client_id=demo-spa&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={}&code_challenge_method=S256&state=s",
        "c".repeat(43)
    );
    for origin in ["http://evil.example", "null"] {
        let answer = stage.request("POST", "/oauth2/default/v1/interact", &[("origin", origin), ("content-type", FORM)], body.as_bytes());
        assert_eq!(answer.status, 403);
    }
    let hidden = |site| {
        stage.request("POST", "/oauth2/default/v1/interact", &[("origin", "null"), ("sec-fetch-site", site), ("content-type", FORM)], body.as_bytes())
    };
    assert_eq!(hidden("cross-site").status, 403);
    for kind in ["text/plain", FORM, "multipart/form-data; boundary=x"] {
        for route in idx::operation::ROUTES.iter().filter(|route| route.path.starts_with("/idp/") && route.method == "POST") {
            assert_eq!(stage.request("POST", route.path, &[("content-type", kind)], b"{}").status, 415, "{} {kind}", route.path);
        }
    }
    assert_eq!(stage.state(), before);
    // A form of our own page: the page's referrer policy hides its origin, and the browser says that it is the same.
    assert_eq!(hidden("same-origin").status, 200);
}

#[test]
fn r_t9_every_answer_has_the_headers() {
    let stage = Stage::new();
    for route in idx::operation::ROUTES {
        let path = route.path.replace("{id}", "x");
        for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS"] {
            let answer = stage.request(method, &path, &[("content-type", "application/json")], b"{}");
            // Only what is the same for all may be kept.
            let kept = route.operation.is_public() && answer.status < 300 && method != "OPTIONS";
            assert_eq!(answer.header("cache-control"), Some(if kept { idx::operation::PUBLIC_CACHE } else { "no-store" }), "{method} {path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"), "of this host alone");
            if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
            }
        }
    }
}

#[test]
fn r_t4_an_id_token_is_no_access_token() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    let tokens = browser.token(&code);
    let call = |token: &str| stage.request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &format!("Bearer {token}"))], b"");
    let info = call(tokens.body["access_token"].as_str().unwrap());
    assert_eq!((info.status, &info.body["email"], &info.body["email_verified"]), (200, &json!(ADA), &json!(true)));
    assert_eq!(call(tokens.body["id_token"].as_str().unwrap()).status, 401);
    assert_eq!(call("").status, 401);
    stage.advance(3_601);
    assert_eq!(call(tokens.body["access_token"].as_str().unwrap()).status, 401);
}
