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
    for (from, to) in [
        ("=S256", "=plain"),
        ("=S256", "=s256"),
        ("&code_challenge_method=S256", ""),
        (&"c".repeat(43), &"c".repeat(42)),
        (&"c".repeat(43), ""),
    ] {
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
    assert_eq!(
        stage
            .request(
                "GET",
                "/oauth2/default/v1/userinfo",
                &[("authorization", &authorization)],
                b""
            )
            .status,
        401
    );
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
    assert_eq!(
        interact(&mut browser, |body| format!("{body}&redirect_uri={registered}")),
        400,
        "twice"
    );
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
        for (method, path) in [
            ("OPTIONS", "/idp/idx/introspect"),
            ("GET", "/oauth2/default/v1/userinfo"),
            ("POST", "/idp/idx/introspect"),
        ] {
            let answer = stage.request(
                method,
                path,
                &[("origin", origin), ("content-type", "application/json")],
                br#"{"stateHandle":"x"}"#,
            );
            let header = answer.header("access-control-allow-origin");
            assert_eq!(header, allowed.then_some(origin), "{method} {path} from {origin}");
            assert_eq!(answer.header("vary"), Some("Origin"));
            if method == "OPTIONS" {
                assert_eq!(answer.header("access-control-max-age"), Some("600"));
                assert!(
                    answer
                        .header("access-control-allow-headers")
                        .unwrap()
                        .contains("x-okta-user-agent-extended")
                );
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
        let answer = stage.request(
            "POST",
            "/oauth2/default/v1/interact",
            &[("origin", origin), ("content-type", FORM)],
            body.as_bytes(),
        );
        assert_eq!(answer.status, 403);
    }
    let hidden = |site| {
        stage.request(
            "POST",
            "/oauth2/default/v1/interact",
            &[("origin", "null"), ("sec-fetch-site", site), ("content-type", FORM)],
            body.as_bytes(),
        )
    };
    assert_eq!(hidden("cross-site").status, 403);
    for kind in ["text/plain", FORM, "multipart/form-data; boundary=x"] {
        for route in idx::operation::ROUTES
            .iter()
            .filter(|route| route.path.starts_with("/idp/") && route.method == "POST")
        {
            assert_eq!(
                stage.request("POST", route.path, &[("content-type", kind)], b"{}").status,
                415,
                "{} {kind}",
                route.path
            );
        }
    }
    assert_eq!(stage.state(), before);
    // A form of our own page: the page's referrer policy hides its origin, and the browser says
    // that it is the same.
    assert_eq!(hidden("same-origin").status, 200);
}

#[test]
fn r_t9_every_answer_has_the_headers() {
    let stage = Stage::new();
    for route in idx::operation::ROUTES {
        let path = route.path.replace("{id}", "x");
        for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS"] {
            let answer =
                stage.request(method, &path, &[("content-type", "application/json")], b"{}");
            // Only what is the same for all may be kept.
            let kept = route.operation.is_public() && answer.status < 300 && method != "OPTIONS";
            assert_eq!(
                answer.header("cache-control"),
                Some(if kept { idx::operation::PUBLIC_CACHE } else { "no-store" }),
                "{method} {path}"
            );
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(
                answer.header("strict-transport-security"),
                Some("max-age=63072000"),
                "of this host alone"
            );
            if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                assert!(
                    answer
                        .header("content-security-policy")
                        .unwrap()
                        .contains("frame-ancestors 'none'")
                );
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
    let call = |token: &str| {
        stage.request(
            "GET",
            "/oauth2/default/v1/userinfo",
            &[("authorization", &format!("Bearer {token}"))],
            b"",
        )
    };
    let info = call(tokens.body["access_token"].as_str().unwrap());
    assert_eq!(
        (info.status, &info.body["email"], &info.body["email_verified"]),
        (200, &json!(ADA), &json!(true))
    );
    assert_eq!(call(tokens.body["id_token"].as_str().unwrap()).status, 401);
    assert_eq!(call("").status, 401);
    stage.advance(3_601);
    assert_eq!(call(tokens.body["access_token"].as_str().unwrap()).status, 401);
}

/// An interact request with more parameters: status and error.
fn with(browser: &mut Browser<'_>, more: &str) -> (u16, String) {
    let body = format!(
        "client_id={}&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={}&code_challenge_method=S256{more}",
        browser.client_id,
        "c".repeat(43)
    );
    let answer = browser.send("/oauth2/default/v1/interact", FORM, body.as_bytes());
    (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_narrows_a_request_is_obeyed_or_refused() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    for taken in [
        "&prompt=login",
        "&prompt=select_account%20login",
        "&prompt=",
        "&max_age=0",
        "&max_age=86400",
        "&acr_values=urn%3Aokta%3Aloa%3A1fa%3Aany",
        "&acr_values=phr%20urn%3Aokta%3Aloa%3A1fa%3Aany",
        "&ui_locales=de-CH%20en",
        "&login_hint=ada%40example.com",
        "&response_type=code",
        "&resource=api%3A%2F%2Fdefault",
        "&display=page",
    ] {
        assert_eq!(with(&mut browser, taken), (200, String::new()), "{taken}");
    }
    for (refused, error) in [
        ("&prompt=none", "login_required"),
        ("&prompt=consent", "consent_required"),
        ("&prompt=create", "invalid_request"),
        ("&prompt=none%20login", "invalid_request"),
        ("&prompt=LOGIN", "invalid_request"),
        ("&max_age=-1", "invalid_request"),
        ("&max_age=soon", "invalid_request"),
        ("&acr_values=urn%3Aokta%3Aloa%3A2fa%3Aany", "unmet_authentication_requirements"),
        ("&acr_values=phr", "unmet_authentication_requirements"),
        ("&id_token_hint=x.y.z", "invalid_request"),
        ("&claims=%7B%7D", "invalid_request"),
        ("&request=x.y.z", "request_not_supported"),
        ("&request_uri=https%3A%2F%2Fapp.example%2Frequest", "request_uri_not_supported"),
        ("&authorization_details=%5B%5D", "invalid_authorization_details"),
        ("&dpop_jkt=x", "invalid_request"),
        ("&resource=api%3A%2F%2Fother", "invalid_target"),
        ("&response_type=token", "unsupported_response_type"),
        ("&prompt=login&prompt=none", "invalid_request"),
    ] {
        assert_eq!(with(&mut browser, refused), (400, error.into()), "{refused}");
    }
    for name in ["state", "nonce", "login_hint"] {
        assert_eq!(with(&mut browser, &format!("&{name}={}", "x".repeat(1_024))).0, 200, "{name}");
        assert_eq!(with(&mut browser, &format!("&{name}={}", "x".repeat(1_025))).0, 400, "{name}");
        // By bytes: these are 1,026 in 342 characters.
        assert_eq!(
            with(&mut browser, &format!("&{name}={}", "%E2%82%AC".repeat(342))).0,
            400,
            "{name}"
        );
    }
}

#[test]
fn an_app_of_two_factors_promises_two_and_says_so() {
    let mut organisation = super::stage::demo();
    organisation.apps[0].access_policy = Some("any-two-factors".into());
    let stage = Stage::with(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let mut acr = |acr_values: &str| {
        let challenge = engine::derive::sha256(&browser.verifier);
        let body = format!(
            "client_id=demo-spa&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={challenge}&code_challenge_method=S256{acr_values}"
        );
        let handle = browser.send("/oauth2/default/v1/interact", FORM, body.as_bytes()).body["interaction_handle"].as_str().unwrap().to_owned();
        let first = browser.post("/idp/idx/introspect", json!({"interactionHandle": handle}));
        browser.handle = first.body["stateHandle"].as_str().unwrap().into();
        browser.password(ADA, PASSWORD);
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
        let code = browser.answer_code(&stage.code(ADA)).interaction_code().unwrap();
        stage.claims(browser.token(&code).body["id_token"].as_str().unwrap())["acr"].clone()
    };
    assert_eq!(acr("&acr_values=urn%3Aokta%3Aloa%3A2fa%3Aany"), "urn:okta:loa:2fa:any");
    assert_eq!(acr("&acr_values=urn%3Aokta%3Aloa%3A1fa%3Aany"), "urn:okta:loa:1fa:any");
    assert_eq!(acr(""), json!(null));
}

#[test]
fn a_login_hint_prefills_the_name() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let body = format!(
        "client_id=demo-spa&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={}&code_challenge_method=S256&login_hint=ada%40example.com",
        "c".repeat(43)
    );
    let handle = browser.send("/oauth2/default/v1/interact", FORM, body.as_bytes()).body["interaction_handle"].clone();
    let first = browser.post("/idp/idx/introspect", json!({"interactionHandle": handle}));
    assert_eq!(
        first.body["remediation"]["value"][0]["value"][0]["value"], "ada@example.com",
        "{:#}",
        first.body
    );
}

#[test]
fn access_tokens_say_for_whom_they_are_as_the_app_or_the_organisation_has_it() {
    use policy::organisation::{AccessTokenType, AccessTokens};
    let issuer = |stage: &Stage| format!("{}/oauth2/default", stage.base);
    for (all, own, audience, typ) in [
        (AccessTokens::default(), None, None, "JWT"),
        (
            AccessTokens { audience: Some("api://all".into()), kind: None },
            None,
            Some("api://all"),
            "JWT",
        ),
        (
            AccessTokens { audience: Some("api://all".into()), kind: Some(AccessTokenType::AtJwt) },
            Some(AccessTokens { audience: Some("api://shop".into()), kind: None }),
            Some("api://shop"),
            "at+jwt",
        ),
    ] {
        let mut organisation = super::stage::demo();
        organisation.settings.access_tokens = all;
        organisation.apps[0].access_tokens = own;
        let stage = super::with_ada_in(&organisation);
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
        let tokens = browser.token(&code);
        let (access, id) = (
            tokens.body["access_token"].as_str().unwrap(),
            tokens.body["id_token"].as_str().unwrap(),
        );
        assert_eq!(stage.header(access)["typ"], typ);
        let claims = stage.claims(access);
        assert_eq!(claims["aud"], audience.map_or_else(|| issuer(&stage), String::from));
        assert_eq!((&claims["cid"], &claims["amr"]), (&json!("demo-spa"), &json!(["pwd"])));
        // Both may say JWT: what tells them apart is what they are for.
        assert_eq!(
            (stage.header(id)["typ"].as_str(), &stage.claims(id)["aud"]),
            (Some("JWT"), &json!("demo-spa"))
        );
        let userinfo = |token: &str| {
            stage
                .request(
                    "GET",
                    "/oauth2/default/v1/userinfo",
                    &[("authorization", &format!("Bearer {token}"))],
                    b"",
                )
                .status
        };
        assert_eq!((userinfo(access), userinfo(id)), (200, 401));
        // A token stays what it was when the setting changes.
        organisation.settings.access_tokens.audience = Some("api://another".into());
        organisation.apps[0].access_tokens = None;
        stage.apply(&organisation);
        assert_eq!(userinfo(access), 200);
    }
}
