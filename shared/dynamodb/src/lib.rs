//! The Store port on one DynamoDB table.
