//! Clients for a DynamoDB on this machine.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::indexing_slicing, reason = "a test says what it expects by failing")]

pub mod script;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use dynamodb::create_table;
use tokio::net::TcpListener;

pub const TABLE: &str = "vestibule";

/// Fixed credentials: nothing here may look for real ones.
pub fn config(address: SocketAddr) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build(),
        )
}

pub fn client(address: SocketAddr) -> Client {
    Client::from_conf(config(address).build())
}

/// An embedded engine with the table.
pub async fn embedded() -> (SocketAddr, Client) {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = client(address);
    create_table(&client, TABLE).await.unwrap();
    (address, client)
}
