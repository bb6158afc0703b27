//! Attribute names.

/// Names that Okta keeps for itself, in lower case (policies.md §2.2), and those that a program
/// which reads a user or a token would take for ours: a profile must not be able to hold a
/// `status`, `groups` or a `password` (security.md R-V3).
pub const RESERVED_ATTRIBUTE_NAMES: [&str; 19] = [
    "activationdate",
    "activationstatus",
    "apilastupdate",
    "apistatus",
    "changedstatus",
    "constructor",
    "credentials",
    "email_verified",
    "emailverified",
    "groups",
    "id",
    "logintype",
    "numunlocks",
    "orgid",
    "password",
    "prototype",
    "status",
    "statuschangeddate",
    "sub",
];

/// Characters of a name, at most.
const MAX_NAME: usize = 100;

/// Names by which JavaScript reaches what all objects share: clients put attributes into objects.
/// (`__proto__` does not start with a letter.)
const JAVASCRIPT: [&str; 2] = ["constructor", "prototype"];

/// True if an attribute can have this name: an ASCII letter, then letters, digits and underscores,
/// 100 at most, and none of JavaScript's own. So a name is never a path or a placeholder where it
/// is stored (security.md R-V6).
pub fn is_attribute_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !JAVASCRIPT.contains(&name)
}

/// True if a custom attribute must not have this name, in any case of its letters: a base attribute
/// or another part of a user has it.
pub fn is_reserved_name(name: &str) -> bool {
    RESERVED_ATTRIBUTE_NAMES.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || crate::organisation::base_properties().keys().any(|base| name.eq_ignore_ascii_case(base))
}
