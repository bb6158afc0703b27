//! Apps.

use serde_json::json;

use crate::organisation_check::support::{CLIENT, fine, wrong, wrong_at};

#[test]
fn r_t3_redirect_uris() {
    for uri in [
        "/callback",
        "http://app.example.com/callback",
        "https://app.example.com/callback#x",
        "app://callback",
    ] {
        wrong(&format!("{CLIENT}/redirect_uris"), "/0", json!(uri), uri);
    }
    for uri in ["https://*.example.com/", "https://app.example.com/*"] {
        wrong(&format!("{CLIENT}/redirect_uris"), "/0", json!(uri), "has a wildcard");
    }
    fine(&[(
        &format!("{CLIENT}/redirect_uris"),
        "/0",
        json!("http://localhost:8787/demo/callback"),
    )]);
    wrong(CLIENT, "/redirect_uris", json!([]), "at least one");
    wrong(CLIENT, "/initiate_login_uri", json!("http://app.example.com/"), "https://");
    wrong("/apps/0", "/emailVerifyCallbackUri", json!("/verify"), "absolute");
}

#[test]
fn r_t7_origins() {
    for origin in [
        "*",
        "null",
        "https://app.example.com/",
        "https://app.example.com/path",
        "http://app.example.com",
        "https://*.example.com",
    ] {
        wrong("/apps/0/allowedOrigins", "/0", json!(origin), "https://");
    }
    fine(&[("/apps/0/allowedOrigins", "/0", json!("http://127.0.0.1:8787"))]);
}

#[test]
fn r_t1_clients() {
    wrong("/apps/0/credentials/oauthClient", "/pkce_required", json!(false), "write true");
    wrong(CLIENT, "/application_type", json!("desktop"), "\"native\"");
    wrong(CLIENT, "/application_type", json!("web"), "not built yet");
    for kind in ["browser", "native"] {
        fine(&[(CLIENT, "/application_type", json!(kind))]);
    }
    for grant in ["refresh_token", "authorization_code", "implicit", "client_credentials"] {
        wrong_at(
            CLIENT,
            "/grant_types",
            json!(["interaction_code", grant]),
            &format!("{CLIENT}/grant_types/1"),
            "not built yet",
        );
    }
    wrong_at(
        CLIENT,
        "/response_types",
        json!(["code", "id_token"]),
        &format!("{CLIENT}/response_types/1"),
        "not built yet",
    );
    wrong_at(
        CLIENT,
        "/response_types",
        json!(["token"]),
        &format!("{CLIENT}/response_types/0"),
        "\"code\"",
    );
}

#[test]
fn r_t4_audiences() {
    let tokens = |audience: &str| json!({ "audience": audience });
    for (at, place) in [
        ("/settings", "/settings/accessTokens/audience"),
        ("/apps/0", "/apps/0/accessTokens/audience"),
    ] {
        for wrong in ["", " ", "two words", "\u{fc}", &"x".repeat(257)] {
            wrong_at(at, "/accessTokens", tokens(wrong), place, "the name of your API");
        }
        wrong_at(at, "/accessTokens", tokens("app"), place, "client_id of an app");
        for right in ["api://default", "https://api.example.com", "shop"] {
            fine(&[(at, "/accessTokens", tokens(right))]);
        }
        fine(&[(at, "/accessTokens", json!({ "type": "at+jwt" }))]);
    }
}

#[test]
fn m1_a_servers_secret_is_named_by_its_hash_and_is_one_apps_own() {
    let place = "/apps/0/credentials";
    let (one, other, third) = ("0".repeat(64), "1f".repeat(32), "2".repeat(64));
    fine(&[(place, "/server", json!({"secretSha256": [one, other]}))]);
    for hash in ["", "a secret in plain text", &"A".repeat(64), &"0".repeat(63)] {
        wrong_at(
            place,
            "/server",
            json!({"secretSha256": [hash]}),
            &format!("{place}/server/secretSha256/0"),
            "64 hexadecimal digits",
        );
    }
    wrong_at(
        place,
        "/server",
        json!({"secretSha256": [one, other, third]}),
        &format!("{place}/server/secretSha256"),
        "at most two",
    );
    wrong_at(
        place,
        "/server",
        json!({"secretSha256": [one, one]}),
        &format!("{place}/server/secretSha256/1"),
        "secret",
    );
}
