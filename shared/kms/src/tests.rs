#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::VecDeque;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use base64::prelude::BASE64_STANDARD;
use rsa::pkcs8::EncodePublicKey;
use rsa::rand_core::OsRng;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

use super::*;

/// Two keys, made once: making them is slow.
static KEYS: LazyLock<[RsaPrivateKey; 2]> =
    LazyLock::new(|| [(); 2].map(|()| RsaPrivateKey::new(&mut OsRng, 2048).unwrap()));

/// A KMS with the keys `key-0` and `key-1`, that remembers what it was asked and can be down, or
/// answer as scripted first.
#[derive(Clone, Debug, Default)]
struct Kms {
    asked: Arc<Mutex<Vec<String>>>,
    down: Arc<Mutex<bool>>,
    script: Arc<Mutex<VecDeque<Step>>>,
}

/// What becomes of a request that KMS does not answer as it should.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An error with this status and code.
    Error(u16, &'static str),
    /// A status of 200, and this.
    Answer(&'static str),
    /// The connection ends.
    HangsUp,
    /// No answer ever comes.
    Hangs,
}

impl HttpConnector for Kms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation =
            request.headers().get("x-amz-target").unwrap().rsplit_once('.').unwrap().1.to_owned();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let key = body["KeyId"].as_str().unwrap();
        self.asked.lock().unwrap().push(format!("{operation} {key}"));
        if let Some(step) = self.script.lock().unwrap().pop_front() {
            return step.carried_out();
        }
        let place: usize = key.strip_prefix("key-").unwrap().parse().unwrap();
        let answer = match operation.as_str() {
            _ if *self.down.lock().unwrap() => {
                json!({ "__type": "KMSInternalException", "message": "key arn:aws:kms:… is away" })
            }
            "GetPublicKey" if place == 9 => {
                json!({ "PublicKey": "", "SigningAlgorithms": ["ECDSA_SHA_256"] })
            }
            "GetPublicKey" => {
                let der = KEYS[place].to_public_key().to_public_key_der().unwrap();
                json!({ "PublicKey": BASE64_STANDARD.encode(der), "SigningAlgorithms": ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"] })
            }
            "Sign" => {
                assert_eq!(
                    (&body["MessageType"], &body["SigningAlgorithm"]),
                    (&json!("DIGEST"), &json!("RSASSA_PKCS1_V1_5_SHA_256"))
                );
                let digest = BASE64_STANDARD.decode(body["Message"].as_str().unwrap()).unwrap();
                json!({ "Signature": BASE64_STANDARD.encode(signature(&KEYS[place], &digest)) })
            }
            other => json!({ "__type": "ValidationException", "message": other }),
        };
        let status: u16 = if answer.get("__type").is_some() { 500 } else { 200 };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status.try_into().unwrap(),
            SdkBody::from(answer.to_string()),
        )))
    }
}

impl Step {
    fn carried_out(self) -> HttpConnectorFuture {
        let (status, body) = match self {
            Self::Error(status, code) => (
                status,
                json!({ "__type": code, "message": "key arn:aws:kms:… is away" }).to_string(),
            ),
            Self::Answer(body) => (200, body.to_owned()),
            Self::HangsUp => {
                return HttpConnectorFuture::ready(Err(ConnectorError::io("hung up".into())));
            }
            Self::Hangs => return HttpConnectorFuture::new(std::future::pending()),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status.try_into().unwrap(),
            SdkBody::from(body),
        )))
    }
}

impl Kms {
    fn signer(&self, key_ids: &[&str]) -> KmsSigner {
        self.signer_with(key_ids, RetryConfig::disabled())
    }

    /// With the retries that functions have, in less time.
    fn patient_signer(&self, key_ids: &[&str]) -> KmsSigner {
        self.signer_with(
            key_ids,
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(1)),
        )
    }

    /// Sets the fate of the next requests; forgets those seen so far.
    fn follow(&self, script: impl IntoIterator<Item = Step>) {
        *self.script.lock().unwrap() = script.into_iter().collect();
        self.asked();
    }

    fn signer_with(&self, key_ids: &[&str], retries: RetryConfig) -> KmsSigner {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-north-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .retry_config(retries)
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(Duration::from_millis(100))
                    .build(),
            )
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        KmsSigner::new(Client::from_conf(config), key_ids.iter().map(|&id| id.into()).collect())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn signature(key: &RsaPrivateKey, digest: &[u8]) -> Vec<u8> {
    // The DigestInfo prefix of SHA-256 (RFC 8017 §9.2 note 1): the hash crate's own constants are
    // of another version than `rsa`'s.
    let prefix = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: prefix.into() };
    key.sign(padding, digest).unwrap()
}

/// A token with this header, signed as it should be.
fn token(key: &RsaPrivateKey, header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    format!(
        "{message}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(signature(key, &Sha256::digest(&message)))
    )
}

fn part(token: &str, place: usize) -> Value {
    serde_json::from_slice(
        &BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(place).unwrap()).unwrap(),
    )
    .unwrap()
}

/// functions/README.md, "Changing the signing key": published before it signs, and for as long as
/// its tokens live after it does not.
#[tokio::test]
async fn l9_f_36_a_signing_key_is_changed_in_steps_and_every_instance_publishes_what_any_signs_with()
 {
    let kms = Kms::default();
    let phases: [&[&str]; 4] = [&["key-0"], &["key-0", "key-1"], &["key-1", "key-0"], &["key-1"]];
    let published = async |signer: &KmsSigner| {
        let keys = signer.keys().await.unwrap();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    for pair in phases.windows(2) {
        let [before, after] = [pair[0], pair[1]].map(|ids| kms.signer(ids));
        for (one, other) in [(&before, &after), (&after, &before)] {
            let token = one.sign("JWT", &json!({ "sub": "1" })).await.unwrap();
            assert!(other.verify("JWT", &token).await.unwrap().is_some(), "{pair:?}");
            assert!(published(other).await.contains(&part(&token, 0)["kid"]), "{pair:?}");
        }
    }
    // Why it has steps: a key that signs at once is not in what an instance of before publishes.
    let token = kms.signer(&["key-1", "key-0"]).sign("JWT", &json!({ "sub": "1" })).await.unwrap();
    assert!(!published(&kms.signer(&["key-0"])).await.contains(&part(&token, 0)["kid"]));
}

#[tokio::test]
async fn a_token_is_signed_by_the_first_key_and_verifies() {
    let kms = Kms::default();
    let signer = kms.signer(&["key-0", "key-1"]);
    let claims = json!({ "sub": "u1", "exp": 5 });
    let token = signer.sign("at+jwt", &claims).await.unwrap();
    assert_eq!(kms.asked(), ["GetPublicKey key-0", "GetPublicKey key-1", "Sign key-0"]);

    let keys = signer.keys().await.unwrap();
    assert_eq!(
        part(&token, 0),
        json!({ "alg": "RS256", "typ": "at+jwt", "kid": keys["keys"][0]["kid"] })
    );
    assert_eq!(part(&token, 1), claims);
    assert_eq!(signer.verify("at+jwt", &token).await.unwrap(), Some(claims));
    assert!(kms.asked().is_empty(), "the public keys are asked for once");
}

#[tokio::test]
async fn r_t5_after_a_rotation_the_old_key_is_published_and_verifies() {
    let kms = Kms::default();
    let old = kms.signer(&["key-0"]).sign("JWT", &json!({ "sub": "u1" })).await.unwrap();
    let rotated = kms.signer(&["key-1", "key-0"]);
    assert_eq!(rotated.verify("JWT", &old).await.unwrap(), Some(json!({ "sub": "u1" })));
    let keys = rotated.keys().await.unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(keys["keys"][1]["kid"], part(&old, 0)["kid"]);
    assert_eq!(
        kms.signer(&["key-1"]).verify("JWT", &old).await.unwrap(),
        None,
        "a key that is gone verifies nothing"
    );
}

#[tokio::test]
async fn r_t4_only_our_key_our_algorithm_and_the_type_asked_for() {
    let kms = Kms::default();
    let signer = kms.signer(&["key-0"]);
    let kid = signer.keys().await.unwrap()["keys"][0]["kid"].clone();
    let claims = json!({ "sub": "u1" });
    let header = |alg: &str, typ: &str, kid: &Value| json!({ "alg": alg, "typ": typ, "kid": kid });
    let good = token(&KEYS[0], &header("RS256", "JWT", &kid), &claims);
    assert_eq!(signer.verify("JWT", &good).await.unwrap(), Some(claims.clone()));

    let foreign =
        PublicKey::from_der(KEYS[1].to_public_key().to_public_key_der().unwrap().as_bytes())
            .unwrap();
    let mut with_key = header("RS256", "JWT", &json!(foreign.kid));
    with_key["jwk"] = foreign.jwk();
    with_key["jku"] = json!("https://evil.example/keys");
    let (message, _) = good.rsplit_once('.').unwrap();
    for (bad, why) in [
        (token(&KEYS[1], &header("RS256", "JWT", &kid), &claims), "another key under our id"),
        (token(&KEYS[1], &with_key, &claims), "a key that the token brings along"),
        (token(&KEYS[0], &header("RS256", "at+jwt", &kid), &claims), "another type"),
        (token(&KEYS[0], &json!({ "alg": "RS256", "kid": kid }), &claims), "no type"),
        (token(&KEYS[0], &json!({ "alg": "RS256", "typ": "JWT" }), &claims), "no key id"),
        (token(&KEYS[0], &header("PS256", "JWT", &kid), &claims), "another algorithm"),
        (token(&KEYS[0], &header("HS256", "JWT", &kid), &claims), "a shared-secret algorithm"),
        (token(&KEYS[0], &header("none", "JWT", &kid), &claims), "no algorithm"),
        (
            token(&KEYS[0], &header("RS256", "JWT", &kid), &json!("text")),
            "claims that are no object",
        ),
        (format!("{message}."), "no signature"),
        (format!("{good}."), "four parts"),
        (good.replacen('.', ".e30", 1), "changed claims"),
        (String::new(), "nothing"),
    ] {
        assert_eq!(signer.verify("JWT", &bad).await.unwrap(), None, "{why}");
    }
}

#[tokio::test]
async fn r_t4_claims_come_back_as_they_are() {
    let kms = Kms::default();
    let signer = kms.signer(&["key-0"]);
    let claims = json!({ "exp": "9999999999", "nbf": "0", "aud": 7 });
    let token = signer.sign("JWT", &claims).await.unwrap();
    assert_eq!(signer.verify("JWT", &token).await.unwrap(), Some(claims));
}

#[tokio::test]
async fn f_35_without_kms_nothing_is_signed_and_cached_keys_still_verify() {
    let kms = Kms::default();
    let signer = kms.signer(&["key-0"]);
    *kms.down.lock().unwrap() = true;
    assert_eq!(signer.keys().await.unwrap_err().0, "GetPublicKey: KMSInternalException");
    *kms.down.lock().unwrap() = false;
    let token = signer.sign("JWT", &json!({})).await.unwrap();
    *kms.down.lock().unwrap() = true;
    assert_eq!(signer.sign("JWT", &json!({})).await.unwrap_err().0, "Sign: KMSInternalException");
    assert_eq!(signer.verify("JWT", &token).await.unwrap(), Some(json!({})));
}

/// How KMS is away, and what the log is told of it.
const AWAY: [(Step, &str); 6] = [
    (Step::Error(400, "ThrottlingException"), "ThrottlingException"),
    (Step::Error(500, "KMSInternalException"), "KMSInternalException"),
    (Step::Error(500, "DependencyTimeoutException"), "DependencyTimeoutException"),
    (Step::Error(503, "ServiceUnavailable"), "ServiceUnavailable"),
    (Step::HangsUp, "no connection"),
    (Step::Hangs, "timeout"),
];

#[tokio::test]
async fn f_35_kms_away_for_a_moment_is_not_noticed() {
    let kms = Kms::default();
    for (away, _) in AWAY {
        // At the first reading of the keys, and at signing.
        let signer = kms.patient_signer(&["key-0"]);
        kms.follow([away, away]);
        let keys = signer.keys().await.unwrap();
        assert_eq!(kms.asked(), ["GetPublicKey key-0"; 3], "{away:?}");
        kms.follow([away, away]);
        let token = signer.sign("JWT", &json!({ "sub": "u1" })).await.unwrap();
        assert_eq!(kms.asked(), ["Sign key-0"; 3], "{away:?}");
        assert_eq!(signer.verify("JWT", &token).await.unwrap(), Some(json!({ "sub": "u1" })));
        assert_eq!(part(&token, 0)["kid"], keys["keys"][0]["kid"]);
    }
}

#[tokio::test]
async fn f_35_kms_away_ends_after_three_attempts_without_a_token_and_cached_keys_still_verify() {
    let kms = Kms::default();
    for (away, code) in AWAY {
        let signer = kms.patient_signer(&["key-0"]);
        // Nothing is cached of a failure: the next one asks again.
        kms.follow([away; 3]);
        assert_eq!(signer.keys().await.unwrap_err().0, format!("GetPublicKey: {code}"));
        assert_eq!(kms.asked(), ["GetPublicKey key-0"; 3], "I14: {away:?}");
        kms.follow([]);
        let token = signer.sign("JWT", &json!({ "sub": "u1" })).await.unwrap();

        kms.follow([away; 9]);
        let began = Instant::now();
        assert_eq!(signer.sign("JWT", &json!({})).await.unwrap_err().0, format!("Sign: {code}"));
        assert_eq!(kms.asked(), ["Sign key-0"; 3], "I14: {away:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!(
            signer.verify("JWT", &token).await.unwrap(),
            Some(json!({ "sub": "u1" })),
            "published keys need no KMS"
        );
        assert!(signer.keys().await.is_ok() && kms.asked().is_empty());
        kms.follow([]);
        signer.sign("JWT", &json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn f_35_an_answer_without_a_signature_makes_no_token() {
    let kms = Kms::default();
    let signer = kms.signer(&["key-0"]);
    signer.keys().await.unwrap();
    for answer in [
        "{}",
        r#"{"KeyId":"key-0"}"#,
        "<html>",
        "",
        r#"{"Signature":"not base64!"}"#,
        r#"{"Signature":""}"#,
        r#"{"Signature":"AAAA"}"#,
    ] {
        kms.follow([Step::Answer(answer)]);
        let token = signer.sign("JWT", &json!({})).await;
        assert!(token.is_err(), "never unsigned: {answer:?} gave {token:?}");
    }
    for code in [
        "AccessDeniedException",
        "DisabledException",
        "KMSInvalidStateException",
        "NotFoundException",
    ] {
        kms.follow([Step::Error(400, code)]);
        assert_eq!(
            signer.sign("JWT", &json!({})).await.unwrap_err().0,
            format!("Sign: {code}"),
            "its name alone"
        );
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_refused() {
    assert_eq!(
        Kms::default().signer(&["key-9"]).keys().await.unwrap_err().0,
        "key-9 is not a key for RS256"
    );
    assert_eq!(
        Kms::default().signer(&[]).sign("JWT", &json!({})).await.unwrap_err().0,
        "there is no signing key"
    );
}

/// Tokens that no key signed: whatever is not, byte for byte, what the key signed says nothing.
/// Here, the corpus kept beside this and random ones.
#[test]
fn tokens() {
    let key = &KEYS[0];
    let keys =
        [PublicKey::from_der(key.to_public_key().to_public_key_der().unwrap().as_bytes()).unwrap()];
    let claims = json!({ "sub": "00u1", "exp": 4_102_444_800_u64 });
    let good = token(key, &json!({ "alg": "RS256", "typ": "at+jwt", "kid": keys[0].kid }), &claims);
    assert_eq!(verified(&keys, "at+jwt", &good), Some(claims));
    bolero::check!(name = "tokens").with_iterations(200).for_each(|input: &[u8]| {
        assert_eq!(verified(&keys, "at+jwt", &String::from_utf8_lossy(input)), None);
        // The good one with these bytes instead, at the place that the first two say.
        let [high, low, replacement @ ..] = input else { return };
        let place = usize::from(u16::from_be_bytes([*high, *low])) % good.len();
        let mut changed = good.clone().into_bytes();
        changed.splice(
            place..(place + replacement.len()).min(good.len()),
            replacement.iter().copied(),
        );
        let changed = String::from_utf8_lossy(&changed);
        assert!(changed == good || verified(&keys, "at+jwt", &changed).is_none(), "{changed}");
    });
}
