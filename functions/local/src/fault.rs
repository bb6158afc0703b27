//! Faults on order: what the test control makes the endpoints of AWS do wrong (security.md §3.2).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a call that "hangs" hangs: longer than any client of ours waits (F-09).
const HANG: Duration = Duration::from_mins(1);

/// One order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which call: `ddb.TransactWriteItems`, `ses.SendEmail`, `kms.Sign`,
    /// `secretsmanager.GetSecretValue`, `ddb.*`, `*`.
    pub at: String,
    /// The how-manieth such call from now on is the first to fail.
    #[serde(default = "once")]
    pub nth: u32,
    /// The number of calls that fail.
    #[serde(default = "once")]
    pub times: u32,
    /// The fault.
    #[serde(rename = "do")]
    pub effect: Effect,
    /// How likely each such call is to fail, from 0 to 1; then `nth` and `times` say nothing, and
    /// the order stays open until all are forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Which calls chance chooses: with the same seed the same ones, by their number.
    #[serde(default)]
    pub seed: u64,
    /// At which write of a transaction a conflict or a refusal is, from 0; at the last one, if it
    /// has fewer.
    #[serde(default, skip_serializing_if = "is_first")]
    pub item: usize,
    /// Calls that this order has seen.
    #[serde(skip)]
    seen: u64,
}

/// The fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The service says: slow down. Nothing is done.
    Throttle,
    /// The service says 500. Nothing is done (F-05).
    Err500,
    /// The service says 500, and did it (F-06).
    #[serde(rename = "err500_after")]
    Err500After,
    /// No answer, and nothing is done (F-09).
    TimeoutBefore,
    /// It is done, and no answer comes (F-07, F-25).
    TimeoutAfter,
    /// Another transaction is at the same item (F-11, F-12).
    Conflict,
    /// The service says that a condition did not hold, whether it did or not (F-10).
    Refuse,
    /// The same transaction is still under way (F-13).
    InProgress,
    /// The service does not want this: no permission; for mail, a rejected message (F-16, F-24).
    Reject,
    /// The process dies at once; nothing is done (F-27).
    Kill,
    /// It is done, and the process dies before the answer (F-27).
    KillAfter,
}

/// The orders that are open, and a count of the calls seen.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    orders: Vec<Fault>,
    calls: BTreeMap<String, u64>,
    suffered: BTreeMap<Effect, u64>,
}

impl Faults {
    /// Adds an order.
    pub fn order(&self, fault: Fault) {
        self.state().orders.push(fault);
    }

    /// Forgets all orders.
    pub fn clear(&self) {
        self.state().orders.clear();
    }

    /// The orders that are open.
    pub fn open(&self) -> Vec<Fault> {
        self.state().orders.clone()
    }

    /// How often each call has come since the last [`reset_calls`](Self::reset_calls), whether it
    /// failed or not.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.state().calls.clone()
    }

    /// How often each effect has been suffered since the last [`reset_calls`](Self::reset_calls).
    pub fn suffered(&self) -> BTreeMap<Effect, u64> {
        self.state().suffered.clone()
    }

    /// Starts the counts anew.
    pub fn reset_calls(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.suffered.clear();
    }

    /// Carries out `call` (its `body` tells a transaction's length), or what was ordered instead.
    pub async fn around<F: Future<Output = Response>>(
        &self,
        call: &str,
        body: &[u8],
        carry_out: impl FnOnce() -> F,
    ) -> Response {
        let Some(due) = self.next(call) else { return carry_out().await };
        match due.effect {
            Effect::Kill => die(),
            Effect::KillAfter => {
                carry_out().await;
                die()
            }
            Effect::TimeoutBefore => hang().await,
            Effect::TimeoutAfter => {
                carry_out().await;
                hang().await
            }
            Effect::Err500After => {
                carry_out().await;
                refusal(call, Due { effect: Effect::Err500, ..due }, body)
            }
            Effect::Throttle
            | Effect::Err500
            | Effect::Conflict
            | Effect::Refuse
            | Effect::InProgress
            | Effect::Reject => refusal(call, due, body),
        }
    }

    /// Counts the call; what it shall suffer, if an order is due.
    fn next(&self, call: &str) -> Option<Due> {
        let mut state = self.state();
        *state.calls.entry(call.to_owned()).or_default() += 1;
        let mut due = None;
        for fault in state.orders.iter_mut().filter(|fault| fault.names(call)) {
            if let Some(probability) = fault.probability {
                fault.seen += 1;
                if due.is_none() && chance(fault.seed, fault.seen) < probability {
                    due = Some(fault.due());
                }
            } else if fault.nth > 1 {
                fault.nth -= 1;
            } else if due.is_none() && fault.times > 0 {
                fault.times -= 1;
                due = Some(fault.due());
            }
        }
        state.orders.retain(|fault| fault.probability.is_some() || fault.times > 0);
        if let Some(due) = due {
            *state.suffered.entry(due.effect).or_default() += 1;
        }
        due
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn names(&self, call: &str) -> bool {
        match self.at.strip_suffix('*') {
            Some(prefix) => call.starts_with(prefix),
            None => self.at == call,
        }
    }

    fn due(&self) -> Due {
        Due { effect: self.effect, item: self.item }
    }
}

/// The fault of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    effect: Effect,
    item: usize,
}

/// An error as AWS writes it: the type in the header (REST services) and in the body (JSON
/// services).
pub fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({ "__type": kind, "message": message });
    (status, [(HeaderName::from_static("x-amzn-errortype"), kind.to_owned())], Json(body))
        .into_response()
}

fn refusal(call: &str, due: Due, body: &[u8]) -> Response {
    let (service, operation) = call.split_once('.').unwrap_or((call, ""));
    let transaction = service == "ddb" && operation.starts_with("Transact");
    let (status, kind) = match (due.effect, service) {
        (Effect::Throttle, "ddb") => (400, "ProvisionedThroughputExceededException"),
        (Effect::Throttle, "ses") => (429, "TooManyRequestsException"),
        (Effect::Throttle, _) => (400, "ThrottlingException"),
        (Effect::Conflict, "ddb") if transaction => {
            return cancelled(body, "TransactionConflict", due.item);
        }
        (Effect::Refuse, "ddb") if transaction => {
            return cancelled(body, "ConditionalCheckFailed", due.item);
        }
        (Effect::Conflict, "ddb") => (400, "TransactionConflictException"),
        (Effect::Conflict, _) => (409, "ConflictException"),
        (Effect::Refuse, _) => (400, "ConditionalCheckFailedException"),
        (Effect::InProgress, _) => (400, "TransactionInProgressException"),
        (Effect::Reject, "ses") => (400, "MessageRejected"),
        (Effect::Reject, _) => (400, "AccessDeniedException"),
        (_, "ddb") => (500, "InternalServerError"),
        (_, "kms") => (500, "KMSInternalException"),
        (_, "secretsmanager") => (500, "InternalServiceError"),
        _ => (500, "InternalServiceErrorException"),
    };
    error(
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        kind,
        "ordered by the test control",
    )
}

/// A transaction that was not carried out for what is at one of its items: DynamoDB names a reason
/// for each of them.
fn cancelled(body: &[u8], code: &str, item: usize) -> Response {
    let items = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| body.get("TransactItems")?.as_array().map(Vec::len))
        .unwrap_or(1);
    let wrong = item.min(items.saturating_sub(1));
    let reasons: Vec<_> = (0..items)
        .map(|place| json!({ "Code": if place == wrong { code } else { "None" } }))
        .collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]"),
        "CancellationReasons": reasons,
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

async fn hang() -> Response {
    tokio::time::sleep(HANG).await;
    error(StatusCode::GATEWAY_TIMEOUT, "Timeout", "ordered by the test control")
}

/// Ends the process as `kill -9` would: no handler, no destructor, no flush of ours.
fn die() -> ! {
    crate::terminal::complain("killed by the test control");
    std::process::exit(137)
}

fn once() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_first(item: &usize) -> bool {
    *item == 0
}

/// Between 0 and 1, for the call of this number (`SplitMix64`).
#[allow(clippy::cast_precision_loss, reason = "53 bits are kept, which is what the type holds")]
fn chance(seed: u64, number: u64) -> f64 {
    let mut next = seed.wrapping_add(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((next ^ (next >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_nth_call_fails_and_only_as_often_as_ordered() {
        let faults = Faults::default();
        faults.order(fault(r#"{"at":"ddb.TransactWriteItems","nth":2,"times":2,"do":"throttle"}"#));
        let seen: Vec<_> =
            (0..4).map(|_| faults.next("ddb.TransactWriteItems").is_some()).collect();
        assert_eq!(seen, [false, true, true, false]);
        assert!(faults.open().is_empty());
        assert_eq!(faults.calls().get("ddb.TransactWriteItems"), Some(&4));
    }

    #[test]
    fn a_star_names_every_call_of_a_service() {
        let faults = Faults::default();
        faults.order(fault(r#"{"at":"ddb.*","do":"err500"}"#));
        assert_eq!(faults.next("ses.SendEmail"), None);
        assert_eq!(faults.next("ddb.GetItem").map(|due| due.effect), Some(Effect::Err500));
        faults.order(fault(r#"{"at":"*","do":"timeout_after"}"#));
        assert_eq!(faults.next("ses.SendEmail").map(|due| due.effect), Some(Effect::TimeoutAfter));
    }

    #[tokio::test]
    async fn f_10_f_11_a_transaction_is_cancelled_for_the_write_that_was_ordered() {
        let body = json!({ "TransactItems": [{}, {}, {}] }).to_string();
        for (effect, code) in
            [("conflict", "TransactionConflict"), ("refuse", "ConditionalCheckFailed")]
        {
            for (item, place) in [(0, 0), (1, 1), (2, 2), (7, 2)] {
                let faults = Faults::default();
                faults.order(fault(&format!(r#"{{"at":"ddb.*","item":{item},"do":"{effect}"}}"#)));
                let answer = faults
                    .around("ddb.TransactWriteItems", body.as_bytes(), async || {
                        unreachable!("it is not carried out")
                    })
                    .await;
                assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
                let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap();
                let codes: Vec<_> = body["CancellationReasons"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|reason| reason["Code"].as_str().unwrap())
                    .collect();
                let expected: Vec<_> =
                    (0..3).map(|at| if at == place { code } else { "None" }).collect();
                assert_eq!(codes, expected);
            }
        }
    }

    #[test]
    fn f_41_a_probable_fault_stays_open_and_is_the_same_for_the_same_seed() {
        let failed = |seed: u64| {
            let faults = Faults::default();
            faults.order(fault(&format!(
                r#"{{"at":"*","probability":0.05,"seed":{seed},"do":"throttle"}}"#
            )));
            let failed: Vec<bool> =
                (0..4_000).map(|_| faults.next("ddb.GetItem").is_some()).collect();
            assert_eq!(
                (faults.open().len(), faults.suffered().values().sum::<u64>()),
                (1, failed.iter().filter(|failed| **failed).count() as u64)
            );
            failed
        };
        let share = failed(1).iter().filter(|failed| **failed).count();
        assert!((150..250).contains(&share), "{share} of 4,000");
        assert_eq!(failed(1), failed(1));
        assert_ne!(failed(1), failed(2));
    }

    #[test]
    fn every_name_of_the_notation_is_understood() {
        for name in
            ["throttle", "err500", "timeout_before", "timeout_after", "conflict", "refuse", "kill"]
        {
            fault(&format!(r#"{{"at":"*","nth":1,"do":"{name}"}}"#));
        }
    }
}
