use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Policy, Status};

/// The one rule of a profile enrollment policy (policies.md §1 rule 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrollmentRule {
    /// Okta's own; without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Okta's type string; [`super::check`] refuses a different one.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Okta calls it "Catch-all Rule".
    #[serde(default = "catch_all")]
    pub name: String,
    /// 99 at Okta; without effect.
    #[serde(default = "ninety_nine")]
    pub priority: u32,
    /// Only `ACTIVE`.
    #[serde(default)]
    pub status: Status,
    /// `true` at Okta; without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<bool>,
    /// `null` at Okta: an app has one policy, and it has one rule, for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<NoConditions>,
    /// What it says.
    pub actions: EnrollmentActions,
}

/// The conditions of a rule that has none: nothing can be written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConditions {}

/// The `actions` of an [`EnrollmentRule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrollmentActions {
    /// What it says.
    pub profile_enrollment: ProfileEnrollment,
}

/// `actions.profileEnrollment`: which attributes an app asks for, of whom and when (policies.md
/// §1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileEnrollment {
    /// Only `ALLOW` ([`super::check`]).
    #[serde(default)]
    pub access: Access,
    /// What happens to somebody who has no account. Whose policy it is says what it means to leave
    /// it out ([`Policy::registers`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_user_action: Option<UnknownUserAction>,
    /// Whether the mailbox must be proven before there is an account.
    #[serde(default, deserialize_with = "super::null_is_absent")]
    pub activation_requirements: ActivationRequirements,
    /// The form, in order.
    pub profile_attributes: Vec<ProfileAttribute>,
    /// The group that people join; at most one.
    #[serde(default)]
    pub target_group_ids: Option<Vec<String>>,
    /// Registration inline hooks: not built yet, so only `null` or an empty list
    /// ([`super::check`]).
    #[serde(default)]
    pub pre_registration_inline_hooks: Option<Vec<serde_json::Value>>,
    /// Whether known people are asked for what they lack at sign-in.
    #[serde(default)]
    pub progressive_profiling_action: Switch,
    /// `["password"]`: the password is asked on the sign-up form itself. `enrollAuthenticators` at
    /// first.
    #[serde(default, alias = "enrollAuthenticators")]
    pub enroll_authenticator_types: Option<Vec<EnrollAuthenticator>>,
    /// The attributes by which a person may be named at sign-in, in order; `login` must be one; at
    /// most three.
    #[serde(default = "login")]
    pub allowed_identifiers: Vec<String>,
    /// The UI schema that draws the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_schema_id: Option<String>,
}

/// One field of the form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileAttribute {
    /// Name in the user schema, or a name that is in no schema: such a value is asked for and not
    /// stored.
    pub name: String,
    /// What the field is called on the form.
    pub label: String,
    /// True if it must be given.
    #[serde(default)]
    pub required: bool,
}

/// `access` of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Access {
    /// Let in, on the conditions of the rule.
    #[default]
    Allow,
    /// Refuse.
    Deny,
}

/// What happens to somebody who has no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UnknownUserAction {
    /// No self-service registration.
    Deny,
    /// Self-service registration.
    Register,
}

/// `activationRequirements`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivationRequirements {
    /// `true`: no account before the mailbox is proven.
    #[serde(default = "yes")]
    pub email_verification: bool,
}

impl Default for ActivationRequirements {
    fn default() -> Self {
        Self { email_verification: true }
    }
}

/// `ENABLED` or `DISABLED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Switch {
    /// On.
    #[default]
    Enabled,
    /// Off.
    Disabled,
}

/// An authenticator that is enrolled on the sign-up form itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrollAuthenticator {
    /// The password.
    Password,
}

impl Policy<EnrollmentRule> {
    /// What its one rule says.
    pub fn enrollment(&self) -> Option<&ProfileEnrollment> {
        self.rules.first().map(|rule| &rule.actions.profile_enrollment)
    }

    /// True if self-service registration is on. Where nothing is said it is, as in every new policy
    /// of Okta's, but not in the default one, under which an app comes without anybody's decision
    /// (policies.md §1, §13).
    pub fn registers(&self) -> bool {
        let unsaid =
            if self.system { UnknownUserAction::Deny } else { UnknownUserAction::Register };
        self.enrollment().is_some_and(|enrollment| {
            enrollment.unknown_user_action.unwrap_or(unsaid) == UnknownUserAction::Register
        })
    }
}

impl ProfileEnrollment {
    /// True if the password is asked on the sign-up form itself.
    pub fn password_on_form(&self) -> bool {
        self.enroll_authenticator_types
            .as_ref()
            .is_some_and(|types| types.contains(&EnrollAuthenticator::Password))
    }

    /// The groups that people join.
    pub fn target_groups(&self) -> &[String] {
        self.target_group_ids.as_deref().unwrap_or_default()
    }
}

fn catch_all() -> String {
    "Catch-all Rule".into()
}

fn ninety_nine() -> u32 {
    99
}

fn yes() -> bool {
    true
}

fn login() -> Vec<String> {
    alloc::vec!["login".into()]
}
