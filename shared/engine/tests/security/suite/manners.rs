//! What HTTP and OAuth expect of any server: HEAD, 404 and 405, caches, headers of pages, userinfo
//! by POST.

use serde_json::json;

use super::stage::{Answer, Browser, Stage};
use super::{ADA, PASSWORD, with_ada};

const FORM: &str = "application/x-www-form-urlencoded";
const KEYS: &str = "/oauth2/default/v1/keys";
const DISCOVERY: &str = "/oauth2/default/.well-known/openid-configuration";
const USERINFO: &str = "/oauth2/default/v1/userinfo";

/// Ada's access token.
fn access_token(browser: &mut Browser<'_>) -> String {
    browser.begin();
    let code = browser.password(ADA, PASSWORD).interaction_code().unwrap();
    browser.token(&code).body["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn head_is_get_without_a_body() {
    let stage = Stage::new();
    for path in
        [KEYS, DISCOVERY, "/openapi.json", USERINFO, "/email/verify/x?token=y", "/favicon.ico"]
    {
        let (get, head) =
            (stage.request("GET", path, &[], b""), stage.request("HEAD", path, &[], b""));
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        for name in
            ["content-type", "cache-control", "etag", "www-authenticate", "content-security-policy"]
        {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    assert_eq!(
        stage.request("HEAD", "/oauth2/default/v1/token", &[], b"").status,
        405,
        "where there is no GET, there is no HEAD"
    );
}

#[test]
fn a_scanner_that_asks_for_the_head_of_a_link_uses_nothing_up() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let (link, before) = (stage.link(ADA), stage.state());
    for _ in 0..20 {
        let head = stage.request("HEAD", &link, &[], b"");
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
    assert_eq!(stage.state(), before);
    assert!(browser.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

#[test]
fn what_is_not_there_is_said_in_the_form_of_the_path() {
    let stage = Stage::new();
    let browser = [("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];
    let kind = |answer: &Answer| answer.header("content-type").map(str::to_owned);
    for path in
        ["/oauth2/default/v1/nowhere", "/oauth2/nowhere", "/.well-known/nowhere", "/nowhere"]
    {
        let answer = stage.request("GET", path, &[("accept", "*/*")], b"");
        assert_eq!(
            (answer.status, kind(&answer).as_deref()),
            (404, Some("application/json")),
            "{path}"
        );
        assert_eq!(answer.body["error"], "invalid_request", "{path}");
    }
    let answer =
        stage.request("POST", "/idp/idx/nowhere", &[("content-type", "application/json")], b"{}");
    assert_eq!((answer.status, answer.messages()), (404, vec!["E0000007".to_owned()]));
    for path in ["/nowhere", "/a/b/c.php"] {
        let answer = stage.request("GET", path, &browser, b"");
        assert_eq!(
            (answer.status, kind(&answer).as_deref()),
            (404, Some("text/html; charset=utf-8")),
            "{path}"
        );
        // The stages are at different ports.
        let (_, way) = answer
            .text
            .split_once("<a href=\"http://localhost:")
            .unwrap_or_else(|| panic!("{}", answer.text));
        assert!(
            way.split_once('"')
                .is_some_and(|(port, rest)| port.ends_with('/')
                    && rest.starts_with(">Continue to Demo app</a>")),
            "{way}"
        );
        assert!(answer.header("content-security-policy").is_some());
    }

    for (method, path, allow) in [
        ("PUT", "/oauth2/default/v1/token", "POST"),
        ("DELETE", KEYS, "GET, HEAD"),
        ("PUT", USERINFO, "GET, HEAD, POST"),
        ("PATCH", "/email/verify/x", "GET, HEAD, POST"),
        ("GET", "/idp/idx/identify", "POST"),
    ] {
        let answer = stage.request(method, path, &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
        match path.split('/').nth(1) {
            Some("oauth2") => assert_eq!(answer.body["error"], "invalid_request", "{path}"),
            Some("idp") => assert_eq!(answer.messages(), ["E0000022"], "{path}"),
            _ => assert!(answer.text.contains("Continue to Demo app"), "{path}"),
        }
    }
}

#[test]
fn a_browser_asks_for_the_icon_once() {
    let stage = Stage::new();
    let answer = stage.request("GET", "/favicon.ico", &[], b"");
    assert_eq!(
        (answer.status, answer.text.as_str(), answer.header("cache-control")),
        (204, "", Some("public, max-age=300"))
    );
}

#[test]
fn what_is_the_same_for_all_may_be_kept_and_read_by_all() {
    let stage = Stage::new();
    for path in [KEYS, DISCOVERY, "/openapi.json"] {
        let answer = stage.request("GET", path, &[("origin", "https://anywhere.example")], b"");
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, Some("public, max-age=300")),
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        let tag = answer.header("etag").unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let again = stage.request("GET", path, &[("if-none-match", &known)], b"");
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}: {known}");
            assert_eq!(
                (again.header("etag"), again.header("cache-control")),
                (Some(tag.as_str()), Some("public, max-age=300"))
            );
        }
        let changed = stage.request("GET", path, &[("if-none-match", "\"other\"")], b"");
        assert_eq!((changed.status, changed.text), (200, answer.text), "{path}");
        assert_eq!(
            stage
                .request("OPTIONS", path, &[("origin", "https://anywhere.example")], b"")
                .header("access-control-allow-origin"),
            Some("*")
        );
    }
    // Nothing else is.
    for path in [USERINFO, "/oauth2/default/v1/nowhere", "/email/verify/x"] {
        let answer = stage.request("GET", path, &[("origin", "https://anywhere.example")], b"");
        assert_eq!(
            (answer.header("cache-control"), answer.header("access-control-allow-origin")),
            (Some("no-store"), None),
            "{path}"
        );
    }
}

#[test]
fn r_t7_a_listed_page_may_send_the_headers_of_its_tracing() {
    let stage = Stage::new();
    let asked = "traceparent, TraceState,sentry-trace, baggage, x-datadog-trace-id, x-datadog-sampling-priority, x-requested-with, x-b3-traceid, x-request-id";
    let allowed = |origin: &str, wanted: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", wanted),
        ];
        let answer = stage.request("OPTIONS", "/oauth2/default/v1/token", &headers, b"");
        let origin = answer.header("access-control-allow-origin").map(str::to_owned);
        let names = answer
            .header("access-control-allow-headers")
            .unwrap()
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect::<Vec<_>>();
        (origin, names)
    };
    let (origin, names) = allowed("http://localhost:8787", asked);
    assert_eq!(origin.as_deref(), Some("http://localhost:8787"));
    for name in asked
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .chain(["content-type".into(), "authorization".into()])
    {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    // What something in front might act upon, and what is no name.
    for wrong in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-http-method-override",
        "x-evil",
        "x-datadog-\u{e9}",
        "x-datadog-a b",
        "x-b3-*",
    ] {
        let (_, names) = allowed("http://localhost:8787", wrong);
        assert_eq!(names.len(), 4, "{wrong}: {names:?}");
    }
    assert_eq!(allowed("https://evil.example", asked).0, None);
}

#[test]
fn utf8_has_two_names() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    let handle = browser.interact();
    for (charset, status) in
        [("utf-8", 200), ("UTF8", 200), ("\"utf8\"", 200), ("utf-16", 415), ("latin1", 415)]
    {
        let body = json!({"interactionHandle": handle}).to_string();
        let answer = browser.send(
            "/idp/idx/introspect",
            &format!("application/json; charset={charset}"),
            body.as_bytes(),
        );
        assert_eq!(answer.status, status, "{charset}");
    }
}

#[test]
fn userinfo_takes_the_token_by_post() {
    let stage = with_ada();
    let mut browser = stage.browser("demo-spa");
    let token = access_token(&mut browser);
    let bearer = format!("Bearer {token}");
    let encoded: Vec<_> = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let form = format!("access_token={}", encoded.concat());
    let by_get = stage.request("GET", USERINFO, &[("authorization", &bearer)], b"");
    for (headers, body) in [
        (vec![("authorization", bearer.as_str())], ""),
        (vec![("authorization", bearer.as_str()), ("content-type", FORM)], ""),
        (vec![("authorization", bearer.as_str()), ("content-type", FORM)], "x=y"),
        (vec![("content-type", FORM)], form.as_str()),
    ] {
        let answer = stage.request("POST", USERINFO, &headers, body.as_bytes());
        assert_eq!((answer.status, &answer.body), (200, &by_get.body), "{headers:?}");
    }
    for (headers, body, status, error) in [
        (
            vec![("authorization", bearer.as_str()), ("content-type", FORM)],
            form.as_str(),
            400,
            "invalid_request",
        ),
        (vec![("content-type", FORM)], "access_token=a&access_token=b", 400, "invalid_request"),
        (vec![("content-type", FORM)], "access_token=a", 401, "invalid_token"),
        (vec![], "", 401, "invalid_token"),
        (vec![("content-type", "application/json")], "{}", 415, "invalid_request"),
    ] {
        let answer = stage.request("POST", USERINFO, &headers, body.as_bytes());
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (status, &json!(error)),
            "{headers:?} {body}"
        );
    }
    // Never in the address, where logs keep it.
    assert_eq!(stage.request("GET", &format!("{USERINFO}?{form}"), &[], b"").status, 401);
}

#[test]
fn r_r8_a_neighbours_cookie_hides_none_of_ours() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.interact();
    let ours = browser.cookie.clone().unwrap();
    let form = format!(
        "client_id=demo-spa&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={}&code_challenge_method=S256",
        "c".repeat(43)
    );
    for cookies in [
        ours.clone(),
        format!("theme=d\u{fc}ster; {ours}"),
        format!("{ours}; x=\u{1f36a}"),
        format!("; =; a; {ours}"),
    ] {
        let headers = [("content-type", FORM), ("cookie", cookies.as_str())];
        let answer =
            stage.request("POST", "/oauth2/default/v1/interact", &headers, form.as_bytes());
        assert_eq!((answer.status, answer.header("set-cookie")), (200, None), "{cookies}");
    }
    let answer = stage.request(
        "POST",
        "/oauth2/default/v1/interact",
        &[("content-type", FORM), ("cookie", "theme=d\u{fc}ster")],
        form.as_bytes(),
    );
    assert!(answer.header("set-cookie").is_some(), "a browser without ours gets one");
}
