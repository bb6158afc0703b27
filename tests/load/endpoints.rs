//! Single endpoints, by `wrk`: as many requests as one core answers.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use crate::journey::{Person, Visitor};
use crate::server::Server;

/// Connections.
const AT_ONCE: usize = 8;

/// Transactions among which the requests of one row are spread.
const TRANSACTIONS: usize = 200;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/load/wrk.lua");

/// Method, path, content type, authorization, body.
type Request = [String; 5];

/// Prints a row for each endpoint.
pub async fn measure(server: &Server, seconds: u64) {
    println!(
        "\n| endpoint, {AT_ONCE} at once | requests/s | CPU per request | p50 | p99 | refused |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (name, requests) in requests(server).await {
        println!("{}", row(server, name, &requests, seconds));
    }
}

async fn requests(server: &Server) -> Vec<(&'static str, Vec<Request>)> {
    let mut visitor = Visitor::new(&server.base);
    let get = |path: &str, authorization: &str| {
        ["GET".into(), path.into(), String::new(), authorization.into(), String::new()]
    };
    let post = |path: &str, kind: &str, body: String| {
        ["POST".into(), path.into(), kind.into(), String::new(), body]
    };
    let json =
        |path: &str, body: serde_json::Value| post(path, "application/json", body.to_string());

    let url = reqwest::Url::parse_with_params(&server.base, visitor.interact_parameters()).unwrap();
    let interact = post(
        "/oauth2/default/v1/interact",
        "application/x-www-form-urlencoded",
        url.query().unwrap().into(),
    );
    let (mut introspect, mut poll, mut userinfo) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..TRANSACTIONS {
        introspect.push(json(
            "/idp/idx/introspect",
            serde_json::json!({"interactionHandle": visitor.interact().await}),
        ));
        let handle = visitor.send_form(&format!("waiting.{number}@example.com")).await;
        poll.push(json("/idp/idx/email/poll", serde_json::json!({"stateHandle": handle})));
    }
    let person: Person = visitor.sign_up(usize::MAX).await;
    let token = visitor.access_token(&person).await;
    userinfo.push(get("/oauth2/default/v1/userinfo", &format!("Bearer {token}")));
    vec![
        ("discovery", vec![get("/oauth2/default/.well-known/openid-configuration", "")]),
        ("keys", vec![get("/oauth2/default/v1/keys", "")]),
        ("interact", vec![interact]),
        ("introspect", introspect),
        ("poll", poll),
        ("userinfo", userinfo),
    ]
}

fn row(server: &Server, name: &str, requests: &[Request], seconds: u64) -> String {
    let file = std::env::temp_dir().join(format!("vestibule-load-{}-{name}", std::process::id()));
    let lines = requests.iter().fold(String::new(), |mut lines, request| {
        writeln!(lines, "{}", request.join("\t")).unwrap();
        lines
    });
    std::fs::write(&file, lines).unwrap();
    let before = server.cpu();
    let output = Command::new("wrk")
        .args([
            "--threads",
            "1",
            "--connections",
            &AT_ONCE.to_string(),
            "--duration",
            &format!("{seconds}s"),
            "--script",
            SCRIPT,
            &server.base,
        ])
        .env("REQUESTS", &file)
        .output()
        .expect("wrk (the Debian package of this name)");
    let cpu = server.cpu().saturating_sub(before);
    std::fs::remove_file(file).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<u64> = said
        .lines()
        .last()
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap_or_else(|_| panic!("{said}")))
        .collect();
    let [done, micros, p50, p99, refused] = numbers[..] else { panic!("{said}") };
    let per_second = done as f64 / (micros as f64 / 1e6);
    let each = crate::millis(Duration::from_secs_f64(cpu.as_secs_f64() / done as f64));
    let [p50, p99] = [p50, p99].map(|micros| crate::millis(Duration::from_micros(micros)));
    format!("| {name} | {per_second:.0} | {each} | {p50} | {p99} | {refused} |")
}
