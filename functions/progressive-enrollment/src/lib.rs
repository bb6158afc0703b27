//! Lambda function: progressive-enrollment.
