//! A client for a DynamoDB on this machine.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use std::net::SocketAddr;
use std::time::Duration;

pub const TABLE: &str = "vestibule";

/// Fixed credentials: nothing here may look for real ones.
pub fn config(address: SocketAddr) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build())
}

pub fn client(address: SocketAddr) -> Client {
    Client::from_conf(config(address).build())
}
