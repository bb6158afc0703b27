//! The failures, in the port's words. Codes and kinds only: DynamoDB's error texts and the items
//! it returns with them hold content.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use engine::ports::StoreError;

/// Codes of errors that pass, besides every answer with HTTP status 500 or more.
const PASSING: &[&str] = &[
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// The failure of a call for another reason than a condition that does not hold.
pub(crate) fn failure<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreError {
    let failure = match error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or("an error without a code");
            let passes = PASSING.contains(&code) || answer.raw().status().is_server_error();
            if passes { unavailable(code) } else { broken(code) }
        }
        SdkError::TimeoutError(_) => unavailable("no answer in time"),
        SdkError::DispatchFailure(_) => unavailable("no connection"),
        SdkError::ResponseError(_) => unavailable("an answer that is none of DynamoDB's"),
        _ => broken("a request that could not be made"),
    };
    tracing::warn!(%failure, "DynamoDB failed");
    failure
}

pub(crate) fn broken(what: impl Into<String>) -> StoreError {
    StoreError::Broken(what.into())
}

pub(crate) fn unavailable(what: impl Into<String>) -> StoreError {
    StoreError::Unavailable(what.into())
}
