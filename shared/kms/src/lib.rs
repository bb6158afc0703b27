//! The Signer port: RS256 tokens signed by AWS KMS, verified with jsonwebtoken.
