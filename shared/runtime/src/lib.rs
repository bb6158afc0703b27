//! Lambda: configuration from the environment, SDK clients, logs, lambda_http to engine and back.
