//! Lambda function: oidc.
