//! Lambda function: identify.
