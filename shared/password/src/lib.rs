//! The Passwords port: Argon2id with a pepper.
