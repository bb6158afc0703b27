//! The contract, against Amazon's own DynamoDB Local: an oracle besides the embedded engine. Runs
//! if `DYNAMODB_LOCAL_DIR` names the folder that `.ci/dynamodb-local` filled.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use crate::common;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use common::{TABLE, client};
use dynamodb::{DynamoStore, create_table};
use engine::testing::contract;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    let Some(folder) = std::env::var_os("DYNAMODB_LOCAL_DIR") else {
        println!(
            "SKIPPED: DYNAMODB_LOCAL_DIR is not set; .ci/dynamodb-local fetches DynamoDB Local into a folder for it"
        );
        return;
    };
    let mut java = Command::new("java")
        .current_dir(folder)
        .args([
            "-Djava.library.path=.",
            "--class-path",
            "*",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/LoopbackServer.java"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Ended)
        .unwrap();
    let mut lines = BufReader::new(java.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("port ")?.parse().ok());
    let port: u16 = port.unwrap_or_else(|| panic!("DynamoDB Local did not start"));

    let client = client(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    create_table(&client, TABLE).await.unwrap();
    contract::suite(&DynamoStore::new(client, TABLE)).await;
}

/// Ends the process also when the test fails.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _status = self.0.wait();
    }
}
