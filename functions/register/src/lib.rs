//! Lambda function: register.
