//! Secrets Manager, `GetSecretValue`, for secrets that are made at the first start.

use std::collections::BTreeMap;

use axum::response::Response;
use dynoxide::Database;
use http::StatusCode;
use serde_json::{Value, json};

use super::{REGION, ok, text};
use crate::StartError;
use crate::data::Data;
use crate::fault::error;
use crate::table;

/// The file that holds them.
pub const FILE: &str = "secrets.json";

/// Key of the MAC over passwords before they are stored.
pub const PEPPER: &str = "vestibule-pepper";
/// Key from which passcodes and link tokens are derived.
pub const PASSCODE: &str = "vestibule-passcode";
/// Key under which handles and interaction codes are stored.
pub const INTERACTION: &str = "vestibule-interaction";

/// The secrets, by name.
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// The secrets of the data folder, made at the first start: 32 random bytes each, in hex.
    ///
    /// Where there are accounts there were some, and new ones would be none of theirs: every
    /// password would be wrong.
    pub fn open(data: &Data, database: &Database) -> Result<Self, StartError> {
        if let Some(lost) = data.path(FILE).filter(|path| !path.exists())
            && table::has_accounts(database).map_err(StartError::Database)?
        {
            return Err(StartError::SecretsLost(lost));
        }
        let text = data.keep(FILE, || {
            let mut secrets = BTreeMap::new();
            for name in [PEPPER, PASSCODE, INTERACTION] {
                secrets.insert(name, crate::random_hex::<32>()?);
            }
            serde_json::to_string(&secrets).map_err(|_| StartError::Secrets)
        })?;
        serde_json::from_str(&text).map(Self).map_err(|_| StartError::Secrets)
    }

    /// `GetSecretValue`.
    pub fn value(&self, input: &Value) -> Response {
        let name = text(input, "SecretId").unwrap_or_default();
        let Some(secret) = self.0.get(name) else {
            return error(
                StatusCode::BAD_REQUEST,
                "ResourceNotFoundException",
                "there is no such secret",
            );
        };
        ok(&json!({
            "ARN": format!("arn:aws:secretsmanager:{REGION}:000000000000:secret:{name}"),
            "Name": name,
            "SecretString": secret,
            // Never changes here; a rotated secret has another one.
            "VersionId": "11111111-1111-4111-8111-111111111111",
            "VersionStages": ["AWSCURRENT"],
        }))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}
