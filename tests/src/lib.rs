//! End-to-end tests over HTTP against functions/local.
