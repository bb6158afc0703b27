use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The built-in group that everybody is in (Okta's "Everyone"). An app assigned to it is open to
/// everyone.
pub const EVERYONE: &str = "everyone";

/// A group (`/api/v1/groups`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// Unique within the organisation.
    pub id: String,
    /// Name and description.
    pub profile: GroupProfile,
}

/// Name and description of a [`Group`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupProfile {
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
