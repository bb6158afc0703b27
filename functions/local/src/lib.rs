//! Everything in one process: the functions, an embedded DynamoDB, an SES endpoint with a mailbox, pages.
