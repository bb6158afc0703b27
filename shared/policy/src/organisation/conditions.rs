//! Conditions of policies and rules (policies.md §6.1).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// To whom a policy or a rule applies, and when. Only people can be told apart so far; of the other
/// conditions that Okta writes into every rule there is just the value that excludes nothing
/// (policies.md §6.1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PolicyConditions {
    /// Members of these groups; everybody if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<PeopleCondition>,
    /// Where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkCondition>,
    /// By which way they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_context: Option<AuthContextCondition>,
    /// How much they look like somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_score: Option<RiskScoreCondition>,
    /// What is unusual about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskCondition>,
    /// Who vouches for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_provider: Option<IdentityProviderCondition>,
}

/// `network` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkCondition {
    /// Zones are not built yet.
    pub connection: Anywhere,
}

/// `authContext` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthContextCondition {
    /// There is one way.
    pub auth_type: Any,
}

/// `riskScore` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RiskScoreCondition {
    /// Nothing is scored yet.
    pub level: Any,
}

/// `risk` of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RiskCondition {
    /// None is looked at yet.
    pub behaviors: Vec<Unsupported>,
}

/// `identityProvider` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityProviderCondition {
    /// There are no others yet.
    pub provider: Any,
}

/// The one value of a network condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Anywhere {
    /// From everywhere.
    Anywhere,
}

/// The one value of a condition that tells nobody apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Any {
    /// All the same.
    Any,
}

/// A member of a list that must be empty, since nothing that could be in it is built yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsupported {}

/// `people` of a condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeopleCondition {
    /// By group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<IncludeExclude>,
    /// By user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<IncludeExclude>,
}

/// Ids that a condition names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct IncludeExclude {
    /// Applies to these; to all if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Applies to none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}
