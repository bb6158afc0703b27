//! Lambda function: verify-email.
