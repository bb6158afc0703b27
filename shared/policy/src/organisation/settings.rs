use alloc::string::String;

use serde::{Deserialize, Serialize};

/// Settings of the organisation as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The name that people read in mails and on pages.
    pub company_name: String,
    /// Address in the `From` of every mail; SES must know it.
    pub mail_from: String,
    /// Whether strangers may learn who has an account (security.md §0.3 tension 1).
    pub user_enumeration_prevention: UserEnumerationPrevention,
    /// Okta's "require possession factor before password during MFA": makes the first page
    /// identifier-first (policies.md §6.3).
    pub verify_knowledge_second_when_2fa_required: bool,
    /// What access tokens say to the servers that take them, unless an app says otherwise.
    #[serde(skip_serializing_if = "AccessTokens::is_default")]
    pub access_tokens: AccessTokens,
    /// Budgets against guessing and mail bombing (security.md R-O4..R-O6, R-R6).
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            company_name: "Vestibule".into(),
            mail_from: "no-reply@example.com".into(),
            user_enumeration_prevention: UserEnumerationPrevention::default(),
            verify_knowledge_second_when_2fa_required: false,
            access_tokens: AccessTokens::default(),
            limits: Limits::default(),
        }
    }
}

/// What access tokens say to the servers that take them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AccessTokens {
    /// `aud`: the API that they are for. The issuer, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// `typ` in their header. `JWT`, if nothing is said.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AccessTokenType>,
}

impl AccessTokens {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `typ` in the header of access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessTokenType {
    /// As at Okta: every verifier takes it.
    #[default]
    #[serde(rename = "JWT")]
    Jwt,
    /// RFC 9068. Spring Security, for one, takes it only if it is told to.
    #[serde(rename = "at+jwt")]
    AtJwt,
}

impl AccessTokenType {
    /// As in the header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::AtJwt => "at+jwt",
        }
    }
}

/// `userEnumerationPrevention`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UserEnumerationPrevention {
    /// Known and unknown people get the same answers, at sign-in and at sign-up.
    pub authentication: bool,
}

/// Budgets. Every default is security.md's number; the id beside it is the requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Requests with one state handle in five seconds (R-R5).
    pub requests_per_transaction: u32,
    /// Wrong answers to one code before it is dead (R-O4).
    pub attempts_per_passcode: u32,
    /// Seconds between two codes (R-O5).
    pub resend_cooldown_seconds: u32,
    /// Codes per transaction (R-O5).
    pub sends_per_transaction: u32,
    /// Wrong guesses per address and hour (R-O6).
    pub guesses_per_address_per_hour: u32,
    /// Wrong guesses per source and hour (R-O6).
    pub guesses_per_source_per_hour: u32,
    /// Wrong guesses of everybody together per hour (R-O6).
    pub guesses_in_all_per_hour: u32,
    /// Mails per address and hour (R-R6).
    pub mails_per_address_per_hour: u32,
    /// Mails per address and day (R-R6).
    pub mails_per_address_per_day: u32,
    /// Mails per source and hour (R-R6).
    pub mails_per_source_per_hour: u32,
    /// The account's SES quota: mails in 24 hours. Past half of it each site still gets two sign-up
    /// mails, which stop at 80 %; sign-in mail goes on likewise past 70 %, to the end (R-R6).
    pub mails_in_all_per_day: u32,
    /// Unknown names that one source may try in ten minutes where the answer tells.
    pub unknown_names_per_source: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_transaction: 10,
            attempts_per_passcode: 5,
            resend_cooldown_seconds: 30,
            sends_per_transaction: 5,
            guesses_per_address_per_hour: 20,
            guesses_per_source_per_hour: 50,
            guesses_in_all_per_hour: 20_000,
            mails_per_address_per_hour: 5,
            mails_per_address_per_day: 10,
            mails_per_source_per_hour: 20,
            mails_in_all_per_day: 50_000,
            unknown_names_per_source: 20,
        }
    }
}
