//! The attempts that are made again: their number and their times.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;

/// Attempts per call, the first included (security.md R-D4, I14).
pub(crate) const ATTEMPTS: u32 = 3;
/// The SDK's default of one second would use up the three seconds of an operation; DynamoDB's
/// partitions recover within milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The same client, with the SDK's own retries (random, exponential pauses; throttling, timeouts
/// and 5xx answers are known to it) taught that a collision of transactions passes too. All
/// attempts of a call send the same token and nonce.
pub(crate) fn with_conflicts(client: &Client) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE);
    Client::from_conf(
        client.config().to_builder().retry_config(retries).retry_classifier(Conflicts).build(),
    )
}

/// Waits before the next attempt of what the SDK does not repeat: a random time up to
/// `FIRST_PAUSE`, doubled with each attempt.
pub(crate) async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(8)).min(LONGEST_PAUSE);
    let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    tokio::time::sleep(longest.mul_f64(share)).await;
}

/// True if a cancelled transaction may succeed unchanged: no condition failed, another caller
/// was in the way (F-11).
pub(crate) fn passes(reasons: &[CancellationReason]) -> bool {
    let codes = || reasons.iter().filter_map(CancellationReason::code);
    !codes().any(|code| code == REFUSED)
        && codes().any(|code| {
            matches!(
                code,
                "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
            )
        })
}

/// The reason of a condition that does not hold.
pub(crate) const REFUSED: &str = "ConditionalCheckFailed";

#[derive(Debug)]
struct Conflicts;

impl ClassifyRetry for Conflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let Some(error) = error.as_operation_error() else { return RetryAction::NoActionIndicated };
        let conflict =
            if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.downcast_ref()
            {
                passes(cancelled.cancellation_reasons())
            } else {
                matches!(error.downcast_ref(), Some(PutItemError::TransactionConflictException(_)))
                    || matches!(
                        error.downcast_ref(),
                        Some(UpdateItemError::TransactionConflictException(_))
                    )
                    || matches!(
                        error.downcast_ref(),
                        Some(DeleteItemError::TransactionConflictException(_))
                    )
            };
        // As throttling, not as transient: the connection is fine and stays open.
        if conflict { RetryAction::throttling_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
    }
}
