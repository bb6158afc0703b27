//! Apps.

use serde_json::json;

use crate::organisation_check::support::{CLIENT, fine, wrong, wrong_at};

#[test]
fn r_t3_redirect_uris() {
    for uri in ["/callback", "http://app.example.com/callback", "https://app.example.com/callback#x", "app://callback"] {
        wrong(&format!("{CLIENT}/redirect_uris"), "/0", json!(uri), uri);
    }
    for uri in ["https://*.example.com/", "https://app.example.com/*"] {
        wrong(&format!("{CLIENT}/redirect_uris"), "/0", json!(uri), "has a wildcard");
    }
    fine(&[(&format!("{CLIENT}/redirect_uris"), "/0", json!("http://localhost:8787/demo/callback"))]);
    wrong(CLIENT, "/redirect_uris", json!([]), "at least one");
    wrong(CLIENT, "/initiate_login_uri", json!("http://app.example.com/"), "https://");
    wrong("/apps/0", "/emailVerifyCallbackUri", json!("/verify"), "absolute");
}

#[test]
fn r_t7_origins() {
    for origin in ["*", "null", "https://app.example.com/", "https://app.example.com/path", "http://app.example.com", "https://*.example.com"] {
        wrong("/apps/0/allowedOrigins", "/0", json!(origin), "https://");
    }
    fine(&[("/apps/0/allowedOrigins", "/0", json!("http://127.0.0.1:8787"))]);
}

#[test]
fn r_t1_clients() {
    wrong("/apps/0/credentials/oauthClient", "/pkce_required", json!(false), "write true");
    wrong(CLIENT, "/application_type", json!("desktop"), "\"native\"");
    wrong_at(CLIENT, "/grant_types", json!(["interaction_code", "refresh_token"]), &format!("{CLIENT}/grant_types/1"), "not supported yet");
    wrong_at(CLIENT, "/response_types", json!(["token"]), &format!("{CLIENT}/response_types/0"), "\"code\"");
}
