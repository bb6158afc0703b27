//! List prices.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::step::Usage;

/// The rows of the bill.
pub const SERVICES: [&str; 9] = [
    "API Gateway",
    "data out",
    "Lambda",
    "DynamoDB, reads",
    "DynamoDB, writes",
    "SES",
    "KMS",
    "Secrets Manager",
    "CloudWatch Logs",
];

/// `prices.toml`.
#[derive(Deserialize)]
pub struct Prices {
    pub region: String,
    pub looked_up: String,
    #[serde(flatten)]
    by_unit: BTreeMap<String, Price>,
}

#[derive(Deserialize)]
struct Price {
    usd: f64,
    per: f64,
    page: String,
    confirmed: String,
}

impl Prices {
    pub fn read(text: &str) -> Self {
        let read: Self = toml::from_str(text).unwrap();
        assert!(read.by_unit.values().all(|price| price.per >= 1.0
            && !price.page.is_empty()
            && !price.confirmed.is_empty()));
        read
    }

    /// The price of one of this unit, in dollars.
    pub fn each(&self, unit: &str) -> f64 {
        let price =
            self.by_unit.get(unit).unwrap_or_else(|| panic!("there is no price for {unit:?}"));
        price.usd / price.per
    }

    /// The price of this, in dollars, by service.
    pub fn of(&self, usage: &Usage) -> BTreeMap<&'static str, f64> {
        BTreeMap::from([
            ("API Gateway", usage.requests * self.each("api_request")),
            ("data out", usage.bytes / 1e9 * self.each("transfer_gb")),
            (
                "Lambda",
                usage.requests * self.each("lambda_request")
                    + usage.gb_seconds * self.each("lambda_gb_second"),
            ),
            ("DynamoDB, reads", usage.read_units * self.each("read_unit")),
            ("DynamoDB, writes", usage.write_units * self.each("write_unit")),
            ("SES", usage.mails * self.each("mail")),
            ("KMS", usage.signatures * self.each("signature")),
            ("Secrets Manager", usage.secret_requests * self.each("secret_request")),
            ("CloudWatch Logs", usage.log_bytes / 1e9 * self.each("log_gb")),
        ])
    }
}
