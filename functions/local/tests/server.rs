//! The server as a whole, over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::client;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use client::{Client, PASSWORD};
use local::{Limits, Options, Running, StartError, start};
use serde_json::{Value, json};

async fn server() -> Running {
    start(Options { test_control: Some(0), ..Options::default() }).await.unwrap()
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("vestibule-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_then_be_asked_for_one_thing_more() {
    let running = server().await;
    let client = Client::new(&running.base_url);
    client
        .sign_up("ada@example.com", || {
            running.mailbox.to(Some("ada@example.com")).last().unwrap().code().unwrap().to_owned()
        })
        .await;

    let people = client.get("/people/data").await;
    assert_eq!(people["asked"], json!([]));
    let people = client
        .post(
            "/people/attributes",
            json!({ "name": "shoeSize", "label": "Shoe size", "type": null }),
        )
        .await;
    assert_eq!(
        people["asked"],
        json!([{ "login": "ada@example.com", "attributes": ["Shoe size"] }])
    );

    let step = client.sign_in("ada@example.com", PASSWORD).await;
    assert!(
        step["remediation"]["value"][0]["href"]
            .as_str()
            .unwrap()
            .ends_with("idp/idx/enroll/update"),
        "{step}"
    );
    let done = client
        .post(
            "/idp/idx/enroll/update",
            json!({ "stateHandle": step["stateHandle"], "userProfile": { "shoeSize": "39" } }),
        )
        .await;
    assert!(done["successWithInteractionCode"].is_object(), "{done}");
    assert_eq!(client.get("/people/data").await["asked"], json!([]));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_answers_as_api_gateway_does() {
    let running = server().await;
    let (http, base) = (reqwest::Client::new(), &running.base_url);
    assert_eq!(
        http.get(format!("{base}/health")).send().await.unwrap().json::<Value>().await.unwrap(),
        json!({ "status": "ok" })
    );
    let unknown = http.get(format!("{base}/nowhere")).send().await.unwrap();
    assert_eq!(
        (unknown.status().as_u16(), unknown.json::<Value>().await.unwrap()),
        (404, json!({ "error": "invalid_request", "error_description": "Not found." }))
    );
    assert_eq!(
        http.put(format!("{base}/idp/idx/identify")).send().await.unwrap().status(),
        405,
        "the function says so"
    );
    let long = http
        .get(format!("{base}/oauth2/default/v1/keys"))
        .header("x-long", "a".repeat(10_240))
        .send()
        .await
        .unwrap();
    assert_eq!(long.status(), 431);
    let large = http
        .post(format!("{base}/idp/idx/identify"))
        .body(vec![b' '; 10 * 1024 * 1024 + 1])
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_answer_only_at_their_own_address() {
    let running = server().await;
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let elsewhere = http
        .get(format!("{}/mailbox/messages", running.base_url))
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.headers()["location"], format!("{}/mailbox/messages", running.base_url));
    let numeric = running.base_url.replace("localhost", "127.0.0.1");
    let person =
        http.get(format!("{numeric}/signin")).header("accept", "text/html").send().await.unwrap();
    assert_eq!(person.headers()["location"], format!("{}/signin", running.base_url));
    assert_eq!(http.post(format!("{numeric}/v1/profile")).send().await.unwrap().status(), 200);
    let foreign = http
        .post(format!("{}/people/attributes", running.base_url))
        .header("origin", "http://evil.example")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 403);
    let control = running.test_control_url.as_ref().unwrap();
    assert_eq!(
        http.get(format!("{control}/mails"))
            .header("origin", "http://evil.example")
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    assert_eq!(
        http.get(format!("{control}/mails"))
            .header("host", "evil.example")
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r_t9_pages_have_the_headers_and_nothing_inline() {
    let running = server().await;
    for path in ["/", "/signin", "/demo", "/mailbox", "/people"] {
        let page = reqwest::get(format!("{}{path}", running.base_url)).await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(
            policy.contains("default-src 'none'")
                && policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        assert_eq!(page.headers()["referrer-policy"], "no-referrer");
        let text = page.text().await.unwrap();
        let attributes =
            text.split_whitespace().filter_map(|word| word.split_once('=')).map(|(name, _)| name);
        let inline: Vec<_> =
            attributes.filter(|name| *name == "style" || name.starts_with("on")).collect();
        assert!(inline.is_empty() && !text.contains("<style"), "{path}: {inline:?}");
        for script in text.split("<script").skip(1) {
            assert!(
                script.split_once('>').unwrap().0.contains("src="),
                "{path}: a script is inline"
            );
        }
    }
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_086_a_hostile_mail_runs_nothing() {
    let running = server().await;
    let mail = json!({
        "FromEmailAddress": "no-reply@example.com",
        "Destination": { "ToAddresses": ["ada@example.com"] },
        "Content": { "Simple": {
            "Subject": { "Data": "<script>1</script>" },
            "Body": { "Text": { "Data": "t" }, "Html": { "Data": "<script>alert(1)</script><img src=x onerror=alert(1)>" } },
        } },
    });
    let sent = reqwest::Client::new()
        .post(format!("{}/v2/email/outbound-emails", running.services_url))
        .json(&mail)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    let shown =
        reqwest::get(format!("{}/mailbox/messages/1/html", running.base_url)).await.unwrap();
    let policy = shown.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("sandbox ")
            && !policy.contains("allow-scripts")
            && policy.contains("default-src 'none'")
            && !policy.contains("script-src")
    );
    let page =
        reqwest::get(format!("{}/mailbox", running.base_url)).await.unwrap().text().await.unwrap();
    let frame = page.split_once("<iframe").unwrap().1.split_once('>').unwrap().0;
    assert!(
        frame.contains("sandbox=")
            && !frame.contains("allow-scripts")
            && !frame.contains("allow-same-origin")
    );
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_retries_what_the_test_control_orders() {
    let running = server().await;
    let (client, control) =
        (Client::new(&running.base_url), Client::new(running.test_control_url.as_ref().unwrap()));
    for fault in ["throttle", "err500", "err500_after"] {
        control.post("/calls", json!({})).await;
        control
            .post("/fault", json!({ "at": "ddb.PutItem", "nth": 1, "times": 2, "do": fault }))
            .await;
        assert!(client.interact().await["interaction_handle"].is_string(), "{fault}");
        assert_eq!(
            control.get("/calls").await["ddb.PutItem"],
            3,
            "{fault}: two that failed and one that did not"
        );
        assert_eq!(control.get("/fault").await, json!([]));
    }
    control.post("/fault", json!({ "at": "ddb.*", "times": 50, "do": "throttle" })).await;
    assert_eq!(client.interact().await["interaction_handle"], Value::Null, "F-02: always");
    control.post("/fault", json!({ "clear": true })).await;
    assert!(client.interact().await["interaction_handle"].is_string());
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_moves_for_the_functions() {
    let running = server().await;
    let (client, control) =
        (Client::new(&running.base_url), Client::new(running.test_control_url.as_ref().unwrap()));
    let handle = client.interact().await["interaction_handle"].clone();
    assert!(client.post("/idp/idx/introspect", json!({ "interactionHandle": handle })).await["remediation"].is_object());
    let before = control.get("/clock").await["now"].as_u64().unwrap();
    assert!(
        control.post("/clock", json!({ "advance_s": 7200 })).await["now"].as_u64().unwrap()
            >= before + 7_200_000
    );
    let late = client.post("/idp/idx/introspect", json!({ "interactionHandle": handle })).await;
    assert_eq!(late["messages"]["value"][0]["i18n"]["key"], "idx.session.expired", "{late}");
    assert!(
        control
            .get("/dump")
            .await
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["key"].as_str().unwrap().starts_with("TX#")),
        "F-20: still there"
    );
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_client_gets_an_address_and_reads_its_mail() {
    let running = server().await;
    let client = Client::new(&running.base_url);
    let profile = client.post("/v1/profile", json!({})).await;
    let address = profile["emailAddress"].as_str().unwrap();
    client.begin_sign_up(address).await;
    let mail = client
        .get(&format!("/v1/profile/{}/email/latest", profile["profileId"].as_str().unwrap()))
        .await;
    assert!(mail["content"].as_str().unwrap().contains("enter this code: <b>"), "{mail}");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_accounts_and_mail_survive_a_restart_at_another_port() {
    let folder = folder("restart");
    let options = Options { data: Some(folder.clone()), ..Options::default() };
    let first = start(options.clone()).await.unwrap();
    let keys = Client::new(&first.base_url).get("/oauth2/default/v1/keys").await;
    let code =
        || first.mailbox.to(Some("ada@example.com")).last().unwrap().code().unwrap().to_owned();
    Client::new(&first.base_url).sign_up("ada@example.com", code).await;
    assert!(matches!(start(options.clone()).await, Err(StartError::DataInUse(_))));
    first.shutdown().await;

    let second = start(options).await.unwrap();
    let client = Client::new(&second.base_url);
    assert_eq!(client.get("/oauth2/default/v1/keys").await, keys);
    assert_eq!(second.mailbox.to(Some("ada@example.com")).len(), 1);
    assert!(
        client.sign_in("ada@example.com", PASSWORD).await["successWithInteractionCode"].is_object()
    );
    second.shutdown().await;
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_file_is_applied_when_it_changes_and_only_if_it_is_right() {
    let folder = folder("organisation");
    let file = folder.join("organisation.yaml");
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/organisation.yaml")).unwrap();
    fs::write(&file, &text).unwrap();
    let running =
        start(Options { organisation: Some(file.clone()), ..Options::default() }).await.unwrap();
    let client = Client::new(&running.base_url);
    let label = async || client.get("/apps").await[0]["label"].as_str().unwrap().to_owned();
    assert_eq!(label().await, "Demo app");

    fs::write(&file, "apps: 3").unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(label().await, "Demo app", "what was there before stays");

    fs::write(&file, text.replacen("label: Demo app", "label: Another app", 1)).unwrap();
    let changed = async {
        while label().await != "Another app" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), changed).await.unwrap();
    running.shutdown().await;
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_folder_without_a_widget_is_refused_by_its_name() {
    let refused =
        start(Options { widget: Some(PathBuf::from("/nowhere")), ..Options::default() }).await;
    assert!(matches!(refused, Err(StartError::Widget(folder)) if folder.ends_with("nowhere")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_goes_by_the_moved_clock() {
    let running = server().await;
    let (client, control) =
        (Client::new(&running.base_url), Client::new(running.test_control_url.as_ref().unwrap()));
    client.begin().await;
    let transactions = async || {
        let items = control.get("/dump").await;
        items
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["key"].as_str().unwrap().starts_with("TX#"))
            .count()
    };
    assert_eq!(
        (control.post("/sweep", json!({})).await["deleted"].as_u64(), transactions().await),
        (Some(0), 1),
        "nothing has expired"
    );
    control.post("/clock", json!({ "advance_s": 7200 })).await;
    assert!(control.post("/sweep", json!({})).await["deleted"].as_u64().unwrap() >= 1);
    assert_eq!(transactions().await, 0);
    assert!(client.begin().await["remediation"].is_object(), "what has no end is still there");
    running.shutdown().await;
}

/// The limits of a source in a deployment do not stop a developer who tests from one machine,
/// unless they want that.
#[tokio::test(flavor = "multi_thread")]
async fn limits_per_client_address_are_far_for_one_developer_and_as_deployed_otherwise() {
    for (limits, stopped) in [(Limits::OneDeveloper, false), (Limits::Deployed, true)] {
        let running =
            start(Options { test_control: Some(0), limits, ..Options::default() }).await.unwrap();
        let (client, control) = (
            Client::new(&running.base_url),
            Client::new(running.test_control_url.as_ref().unwrap()),
        );
        let mut organisation = control.get("/organisation").await;
        organisation["settings"]["limits"]["unknownNamesPerSource"] = json!(2);
        assert_eq!(control.post("/organisation", organisation).await["applied"], true);
        let mut told = Vec::new();
        for name in 0..5 {
            let step = client.sign_in(&format!("unknown{name}@example.com"), PASSWORD).await;
            told.push(
                step["messages"]["value"][0]["i18n"]["key"].as_str().unwrap_or_default().to_owned(),
            );
        }
        assert_eq!(told[4] != told[0], stopped, "{limits:?}: {told:?}");
        assert_eq!(told[1], told[0], "{told:?}");
        running.shutdown().await;
    }
}

/// Who waits for a place is served in the end: the time for an answer begins with the place.
#[tokio::test(flavor = "multi_thread")]
async fn forty_sign_ins_at_once_are_all_answered() {
    let running =
        start(Options { limits: Limits::OneDeveloper, ..Options::default() }).await.unwrap();
    let mut browsers = tokio::task::JoinSet::new();
    for person in 0..40 {
        let (base, mailbox) = (running.base_url.clone(), running.mailbox.clone());
        browsers.spawn(async move {
            let (client, email) = (Client::new(&base), format!("person{person}@example.com"));
            client
                .sign_up(&email, || {
                    mailbox.to(Some(&email)).last().unwrap().code().unwrap().to_owned()
                })
                .await;
            let done = client.sign_in(&email, PASSWORD).await;
            assert!(done["successWithInteractionCode"].is_object(), "{done}");
        });
    }
    while let Some(ended) = browsers.join_next().await {
        ended.unwrap();
    }
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_the_queue_full_is_told_to_come_back_in_the_form_of_the_operation() {
    let running = server().await;
    let control = Client::new(running.test_control_url.as_ref().unwrap());
    // A request that has a place keeps it: the store does not answer.
    control
        .post("/fault", json!({ "at": "ddb.*", "times": 100_000, "do": "timeout_before" }))
        .await;
    let cores = std::thread::available_parallelism().unwrap().get();
    let http = reqwest::Client::new();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..(2 * cores + 256 + 20) {
        let request = http
            .post(format!("{}/oauth2/default/v1/interact", running.base_url))
            .form(&[("client_id", "demo-spa")]);
        asking.spawn(async move { request.send().await.unwrap() });
    }
    let refused = loop {
        let answer = asking.join_next().await.unwrap().unwrap();
        if answer.status() == 429 {
            break answer;
        }
    };
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "temporarily_unavailable");
    asking.shutdown().await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secrets_of_its_accounts_a_folder_is_refused() {
    let folder = folder("secrets");
    let secrets = folder.join("secrets.json");
    let options = Options { data: Some(folder.clone()), ..Options::default() };
    start(options.clone()).await.unwrap().shutdown().await;
    fs::remove_file(&secrets).unwrap();
    let running = start(options.clone()).await.expect("there are no accounts yet: new secrets do");
    let code =
        || running.mailbox.to(Some("ada@example.com")).last().unwrap().code().unwrap().to_owned();
    Client::new(&running.base_url).sign_up("ada@example.com", code).await;
    running.shutdown().await;

    let kept = fs::read_to_string(&secrets).unwrap();
    fs::remove_file(&secrets).unwrap();
    let refused = start(options.clone()).await;
    let Err(StartError::SecretsLost(path)) = refused else { panic!("new secrets were made") };
    assert_eq!(path, secrets);
    assert!(!secrets.exists(), "and none are made");
    fs::write(&secrets, kept).unwrap();
    let running = start(options).await.unwrap();
    assert!(Client::new(&running.base_url).sign_in("ada@example.com", PASSWORD).await["successWithInteractionCode"].is_object());
    running.shutdown().await;
    fs::remove_dir_all(folder).unwrap();
}

/// Another address than localhost: its base URL, its pages, the demo's addresses, and the check of
/// the People page go along. (Elsewhere than on Linux a machine has no second address of its own
/// without being told.)
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn at_another_address_everything_is_at_that_address() {
    let running =
        start(Options { host: Some("127.0.0.2".into()), ..Options::default() }).await.unwrap();
    assert!(running.base_url.starts_with("http://127.0.0.2:"), "{}", running.base_url);
    let client = Client::new(&running.base_url);
    assert_eq!(
        client.get("/apps").await[0]["redirectUris"][0],
        format!("{}/demo/callback", running.base_url)
    );
    assert_eq!(
        client.get("/oauth2/default/.well-known/openid-configuration").await["issuer"],
        format!("{}/oauth2/default", running.base_url)
    );
    client
        .sign_up("ada@example.com", || {
            running.mailbox.to(Some("ada@example.com")).last().unwrap().code().unwrap().to_owned()
        })
        .await;
    let people = client
        .post(
            "/people/attributes",
            json!({ "name": "shoeSize", "label": "Shoe size", "type": null }),
        )
        .await;
    assert_eq!(people["asked"][0]["login"], "ada@example.com", "{people}");

    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let elsewhere = http
        .get(format!("{}/signin", running.base_url))
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.headers()["location"], format!("{}/signin", running.base_url));
    running.shutdown().await;
}
