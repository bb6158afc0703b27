//! R-T4: tokens that we did not sign, and tokens that say what ours never do.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::ports::Signer as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::attacks::RUNTIME;

/// An access token, and its claims.
fn signed_in(stage: &Stage) -> (String, Value) {
    let mut browser = stage.browser("demo-spa");
    browser.sign_up("ada@example.com", "correct horse battery");
    let done = browser.answer_code(&stage.code("ada@example.com"));
    let token = browser.token(&done.interaction_code().unwrap()).body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    (token, serde_json::from_slice(&claims).unwrap())
}

fn userinfo(stage: &Stage, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    stage
        .request("GET", "/oauth2/default/v1/userinfo", &[("authorization", &authorization)], b"")
        .status
}

#[test]
fn r_t4_a_096_who_has_not_our_key_makes_no_token() {
    let stage = Stage::new();
    let (token, claims) = signed_in(&stage);
    assert_eq!(userinfo(&stage, &token), 200);
    let parts: Vec<_> = token.split('.').collect();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = json!(value);
        header
    };
    let keys = stage.request("GET", "/oauth2/default/v1/keys", &[], b"");
    let modulus = keys.body["keys"][0]["n"].as_str().unwrap().to_owned();
    // The public key as the secret of a MAC: works where the header's algorithm is believed.
    let confused = |algorithm| {
        let header = Header {
            kid: header["kid"].as_str().map(String::from),
            typ: Some("at+jwt".into()),
            ..Header::new(algorithm)
        };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(modulus.as_bytes()))
            .unwrap()
    };
    let mut eve = claims.clone();
    eve["sub"] = json!("another person");
    let forged = [
        format!("{}.{}.", encode(&with("alg", "none")), parts[1]),
        format!("{}.{}.{}", encode(&with("alg", "none")), parts[1], parts[2]),
        format!("{}.{}.{}", encode(&with("jku", "https://evil.example/keys")), parts[1], parts[2]),
        format!("{}.{}.{}", encode(&with("kid", "another")), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], encode(&eve), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..parts[2].len() - 2]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.{}", parts[2]),
        confused(Algorithm::HS256),
        confused(Algorithm::HS512),
        token.to_uppercase(),
        String::new(),
    ];
    for forged in forged {
        assert_eq!(userinfo(&stage, &forged), 401, "{forged}");
    }
}

#[test]
fn r_t4_a_097_claims_of_another_type_or_purpose_are_no_claims() {
    let stage = Stage::new();
    let (_, claims) = signed_in(&stage);
    let signer = stage.signer();
    let sign = |typ: &str, claims: &Value| RUNTIME.block_on(signer.sign(typ, claims)).unwrap();
    for typ in ["JWT", "at+jwt"] {
        assert_eq!(
            userinfo(&stage, &sign(typ, &claims)),
            200,
            "what is changed below is good as it is"
        );
    }
    for (name, value) in [
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
        ("exp", json!(1)),
        ("exp", json!(-1)),
        ("iat", json!("1")),
        ("aud", json!(null)),
        ("aud", json!("another")),
        ("iss", json!("https://evil.example")),
        ("sub", json!("no account")),
        ("jti", json!(null)),
        // What tells it from an ID token.
        ("cid", json!("workforce-spa")),
        ("scp", json!("openid")),
    ] {
        let mut changed = claims.clone();
        changed[name] = value.clone();
        assert_eq!(userinfo(&stage, &sign("JWT", &changed)), 401, "{name} = {value}");
        changed.as_object_mut().unwrap().remove(name);
        assert_eq!(userinfo(&stage, &sign("JWT", &changed)), 401, "without {name}");
    }
    for typ in ["", "jwt;", "at+JWT;", "logout+jwt"] {
        assert_eq!(userinfo(&stage, &sign(typ, &claims)), 401, "{typ}");
    }
}
