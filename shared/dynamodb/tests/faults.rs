//! What the store makes of DynamoDB's faults (security.md §3.2): the real SDK with its retries, a
//! scripted network, the embedded engine behind.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::common;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use common::script::{Network, Step, cancelled, error};
use common::{TABLE, config, embedded};
use dynamodb::DynamoStore;
use engine::ports::{Expect, Item, Key, Store, StoreError, Write};
use engine::testing::contract;
use policy::time::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp(1_900_000_000_000);

/// A store behind a network without faults yet.
async fn start() -> (Network, DynamoStore) {
    start_with(Duration::from_secs(20)).await
}

async fn start_with(attempt: Duration) -> (Network, DynamoStore) {
    let (address, _) = embedded().await;
    let network = Network::new();
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(attempt).build();
    // The clients of a process share what retries they may make; the failures of one test shall not
    // use up those of another.
    let retries = RetryPartition::new(address.to_string());
    let config = config(address)
        .http_client(network.clone())
        .timeout_config(timeouts)
        .retry_partition(retries);
    let client = Client::from_conf(config.build());
    (network, DynamoStore::new(client, TABLE))
}

fn put(key: &str, version: u64, expect: Expect) -> Write {
    Write::Put { item: contract::item(key, version, None, json!({ "name": "canary" })), expect }
}

fn count(key: &str, by: i64, max: u64) -> Write {
    Write::Count { key: Key(key.into()), by, max, expires_at: NOW }
}

fn delete(key: &str, version: u64) -> Write {
    Write::Delete { key: Key(key.into()), expect: Expect::Version(version) }
}

/// A user with the marker of its address: the effect of finishing sign-up.
fn user() -> [Write; 2] {
    [
        put("UNIQUE#email#a@example.com", 1, Expect::Absent(NOW)),
        put("USER#1", 1, Expect::Absent(NOW)),
    ]
}

async fn read(store: &DynamoStore, key: &str) -> Option<Item> {
    store.read(&[Key(key.into())]).await.unwrap().remove(0)
}

fn tokens(network: &Network) -> Vec<Value> {
    network.requests().iter().map(|request| request["ClientRequestToken"].clone()).collect()
}

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[track_caller]
fn assert_broken<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Broken(_))), "{answer:?}");
}

#[track_caller]
fn assert_refused(answer: &Result<(), StoreError>, places: &[usize]) {
    assert!(matches!(answer, Err(StoreError::Refused(refused)) if refused == places), "{answer:?}");
}

/// Every form a write can take, each on items of its own.
fn every_form(name: &str) -> Vec<Vec<Write>> {
    let key = |kind: &str| format!("{kind}#{name}");
    vec![
        vec![put(&key("PUT"), 1, Expect::Absent(NOW))],
        vec![count(&key("COUNT"), 1, 5)],
        vec![Write::Delete { key: Key(key("DELETE")), expect: Expect::Anything }],
        vec![Write::Check { key: Key(key("CHECK")), expect: Expect::Absent(NOW) }],
        vec![put(&key("TX"), 1, Expect::Absent(NOW)), count(&key("LIMIT"), 1, 5)],
    ]
}

const PASSING: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "TransactionInProgressException",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_01_f_05_f_13_what_passes_is_retried_once_and_done_once() {
    let (network, store) = start().await;
    for code in PASSING {
        for writes in every_form(code) {
            network.follow([error(code)]);
            store.write(&writes).await.unwrap();
            let requests = network.requests();
            assert_eq!(requests.len(), 2, "{code}");
            assert_eq!(requests[0], requests[1], "the same call: {code}");
        }
        assert_eq!(read(&store, &format!("COUNT#{code}")).await.map(|item| item.count), Some(1));
        let keys = [Key(format!("TX#{code}")), Key(format!("LIMIT#{code}"))];
        for keys in [&keys[..1], &keys] {
            network.follow([error(code)]);
            let found = store.read(keys).await.unwrap();
            assert!(found.iter().all(Option::is_some) && network.requests().len() == 2, "{code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_02_f_13_what_does_not_pass_ends_after_three_attempts() {
    let (network, store) = start().await;
    for code in PASSING {
        for writes in every_form(code) {
            network.follow(vec![error(code); 9]);
            assert_unavailable(&store.write(&writes).await);
            assert_eq!(network.requests().len(), 3, "I14: {code}");
        }
        network.follow(vec![error(code); 9]);
        assert_unavailable(&store.read(&[Key("A#1".into()), Key("A#2".into())]).await);
        assert_eq!(network.requests().len(), 3, "I14: {code}");
        network.follow([]);
        assert_eq!(read(&store, &format!("PUT#{code}")).await, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_06_a_single_write_with_a_lost_answer_is_ours() {
    let (network, store) = start().await;
    network.follow([Step::Lost]);
    store.write(&[put("TX#1", 1, Expect::Absent(NOW))]).await.unwrap();
    network.follow([Step::Lost]);
    store.write(&[put("TX#1", 2, Expect::Version(1))]).await.unwrap();
    network.follow([]);
    assert_refused(&store.write(&[put("TX#1", 2, Expect::Version(1))]).await, &[0]);
    assert_eq!(read(&store, "TX#1").await.map(|item| item.version), Some(2));

    for (by, counted) in [(1, 1), (1, 2), (-1, 1)] {
        network.follow([Step::Lost, Step::Lost]);
        store.write(&[count("LIMIT#1", by, 2)]).await.unwrap();
        assert_eq!(network.requests().len(), 3);
        assert_eq!(
            read(&store, "LIMIT#1").await.map(|item| item.count),
            Some(counted),
            "counted once"
        );
    }
    network.follow([Step::Lost]);
    store.write(&[delete("TX#1", 2)]).await.unwrap();
    assert_eq!(read(&store, "TX#1").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_07_a_transaction_with_a_lost_answer_is_replayed_by_its_token() {
    let (network, store) = start().await;
    network.follow([Step::Lost]);
    store.write(&user()).await.unwrap();
    let tokens = tokens(&network);
    assert!(
        tokens.len() == 2
            && tokens[0] == tokens[1]
            && tokens[0].as_str().is_some_and(|token| token.len() <= 36),
        "{tokens:?}"
    );
    assert_eq!(read(&store, "USER#1").await.map(|item| item.version), Some(1));
    assert_refused(&store.write(&user()).await, &[0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_08_a_transaction_with_a_forgotten_token_is_known_by_its_nonce() {
    let (network, store) = start().await;
    network.follow([Step::Lost, Step::Forgotten]);
    store.write(&user()).await.unwrap();
    // Counters alone: none of the conditions would notice, were it not for the nonce.
    network.follow([Step::Lost, Step::Forgotten]);
    store.write(&[count("LIMIT#1", 1, 5), count("LIMIT#2", 1, 5)]).await.unwrap();
    assert_eq!(
        (
            read(&store, "LIMIT#1").await.unwrap().count,
            read(&store, "LIMIT#2").await.unwrap().count
        ),
        (1, 1)
    );
    // Another caller's marker is not ours, whatever we have tried.
    network.follow([error("InternalServerError"), Step::Forgotten]);
    assert_refused(&store.write(&user()).await, &[0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_09_an_attempt_that_hangs_is_given_up_and_repeated() {
    let (network, store) = start_with(Duration::from_millis(500)).await;
    for (key, hangs) in [("TX#1", Step::Hangs), ("TX#2", Step::HangsAfter)] {
        network.follow([hangs.clone()]);
        store.write(&[put(key, 1, Expect::Absent(NOW))]).await.unwrap();
        network.follow([hangs]);
        store
            .write(&[put(key, 2, Expect::Version(1)), count(&format!("LIMIT#{key}"), 1, 5)])
            .await
            .unwrap();
        assert_eq!(read(&store, &format!("LIMIT#{key}")).await.map(|item| item.count), Some(1));
    }
    network.follow(vec![Step::Hangs; 3]);
    assert_unavailable(&store.read(&[Key("TX#1".into())]).await);
}

/// The contract of `Store`: a caller that repeats a call without an answer is told the outcome,
/// and no other caller is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_d2_a_call_without_an_answer_can_be_repeated_by_its_caller() {
    let (network, store) = start().await;
    let transaction = user().to_vec();
    let limits = vec![count("LIMIT#1", 1, 5), count("LIMIT#2", 1, 5)];
    for (writes, afterwards) in
        [(transaction, &[0, 1][..]), (vec![put("TX#1", 1, Expect::Absent(NOW))], &[0])]
    {
        network.follow([Step::Lost, error("ThrottlingException"), error("ThrottlingException")]);
        assert_unavailable(&store.write(&writes).await);
        let first = tokens(&network);
        network.follow([]);
        store.write(&writes).await.unwrap();
        assert_eq!(tokens(&network)[0], first[0]);
        assert_refused(&store.write(&writes).await, afterwards);
    }
    network.follow([Step::Lost, error("ThrottlingException"), error("ThrottlingException")]);
    assert_unavailable(&store.write(&limits).await);
    store.write(&limits).await.unwrap();
    assert_eq!(read(&store, "LIMIT#1").await.map(|item| item.count), Some(1), "counted once");
    store.write(&limits).await.unwrap();
    assert_eq!(
        read(&store, "LIMIT#1").await.map(|item| item.count),
        Some(2),
        "another caller, another count"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_11_a_conflict_is_retried_and_never_a_refusal() {
    let (network, store) = start().await;
    for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        network.follow(vec![cancelled(&["None", code]); 9]);
        assert_unavailable(&store.write(&user()).await);
        assert_eq!(network.requests().len(), 3, "I14");
    }
    network.follow([
        cancelled(&["TransactionConflict", "None"]),
        cancelled(&["None", "ThrottlingError"]),
    ]);
    store.write(&user()).await.unwrap();
    assert_eq!(network.requests().len(), 3);
    // A condition was found wanting: another attempt would not help.
    network.follow([cancelled(&["TransactionConflict", "ConditionalCheckFailed"])]);
    assert_refused(&store.write(&user()).await, &[1]);
    assert_eq!(network.requests().len(), 1);
}

/// A transaction with one write of each form, on items of its own: so many places at which
/// something can be wrong.
const PLACES: usize = 6;

fn one_of_each(name: &str) -> [Write; PLACES] {
    let key = |place: usize| format!("{name}#{place}");
    [
        put(&key(0), 1, Expect::Absent(NOW)),
        put(&key(1), 2, Expect::Version(1)),
        delete(&key(2), 1),
        Write::Check { key: Key(key(3)), expect: Expect::Version(1) },
        Write::Check { key: Key(key(4)), expect: Expect::Absent(NOW) },
        count(&key(5), 1, 1),
    ]
}

/// Makes the conditions of [`one_of_each`] hold, but for those at `failing`.
async fn prepare(store: &DynamoStore, name: &str, failing: &[usize]) {
    for place in 0..PLACES {
        let key = format!("{name}#{place}");
        let write = match (place, failing.contains(&place)) {
            (0 | 4 | 5, false) => continue,
            (5, true) => count(&key, 1, 1),
            (0 | 4, true) | (_, false) => put(&key, 1, Expect::Anything),
            (_, true) => put(&key, 9, Expect::Anything),
        };
        store.write(&[write]).await.unwrap();
    }
}

/// Versions and counts of the items of [`one_of_each`].
async fn state(store: &DynamoStore, name: &str) -> Vec<Option<(u64, u64)>> {
    let keys: Vec<_> = (0..PLACES).map(|place| Key(format!("{name}#{place}"))).collect();
    store
        .read(&keys)
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.map(|item| (item.version, item.count)))
        .collect()
}

/// A transaction of so many places that is cancelled for these reasons at some of them.
fn cancelled_at(reasons: &[(usize, &str)]) -> Step {
    let mut codes = ["None"; PLACES];
    for (place, code) in reasons {
        codes[*place] = code;
    }
    cancelled(&codes)
}

const CONFLICTS: [&str; 3] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_10_a_condition_that_does_not_hold_is_told_by_its_place_wherever_it_is() {
    let (network, store) = start().await;
    let alone = (0..PLACES).map(|place| vec![place]);
    let two =
        (0..PLACES).flat_map(|first| (first + 1..PLACES).map(move |second| vec![first, second]));
    for failing in alone.chain(two) {
        let name = format!("{failing:?}");
        prepare(&store, &name, &failing).await;
        let before = state(&store, &name).await;
        network.follow([]);
        assert_refused(&store.write(&one_of_each(&name)).await, &failing);
        assert_eq!(network.requests().len(), 1, "another attempt would not help: {name}");
        assert_eq!(state(&store, &name).await, before, "all or nothing: {name}");
    }
    prepare(&store, "none", &[]).await;
    store.write(&one_of_each("none")).await.unwrap();
    assert_eq!(
        state(&store, "none").await,
        [Some((1, 0)), Some((2, 0)), None, Some((1, 0)), None, Some((1, 1))]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_10_f_11_a_conflict_elsewhere_does_not_hide_a_condition_and_is_none() {
    let (network, store) = start().await;
    let writes = one_of_each("MIXED");
    for place in 0..PLACES {
        for other in (0..PLACES).filter(|other| *other != place) {
            for code in CONFLICTS {
                network.follow([cancelled_at(&[(place, "ConditionalCheckFailed"), (other, code)])]);
                assert_refused(&store.write(&writes).await, &[place]);
                assert_eq!(network.requests().len(), 1);
            }
        }
        // First another caller was in the way, at another place each time; when it was gone, the
        // condition no longer held.
        let earlier = [(place + 1) % PLACES, (place + 2) % PLACES]
            .map(|other| cancelled_at(&[(other, CONFLICTS[place % CONFLICTS.len()])]));
        network.follow(
            earlier.into_iter().chain([cancelled_at(&[(place, "ConditionalCheckFailed")])]),
        );
        assert_refused(&store.write(&writes).await, &[place]);
        assert_eq!(network.requests().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_11_a_conflict_at_any_place_is_waited_for_and_never_a_refusal() {
    let mut places = JoinSet::new();
    for place in 0..PLACES {
        places.spawn(async move {
            let (network, store) = start().await;
            // Once, as often as there are attempts, and for ever.
            for times in [1, 2, 3, 9] {
                let (name, code) =
                    (format!("{place} {times}"), CONFLICTS[(place + times) % CONFLICTS.len()]);
                prepare(&store, &name, &[]).await;
                let before = state(&store, &name).await;
                network.follow(vec![cancelled_at(&[(place, code)]); times]);
                let answer = store.write(&one_of_each(&name)).await;
                let requests = network.requests();
                assert_eq!(requests.len(), (times + 1).min(3), "I14: {name}");
                assert!(
                    requests.iter().all(|request| *request == requests[0]),
                    "the same call: {name}"
                );
                network.follow([]);
                if times < 3 {
                    answer.unwrap();
                } else {
                    assert_unavailable(&answer);
                    assert_eq!(state(&store, &name).await, before, "all or nothing: {name}");
                    store.write(&one_of_each(&name)).await.unwrap();
                }
                assert_eq!(
                    state(&store, &name).await,
                    [Some((1, 0)), Some((2, 0)), None, Some((1, 0)), None, Some((1, 1))],
                    "{name}"
                );
            }
        });
    }
    while let Some(place) = places.join_next().await {
        place.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_07_f_11_f_13_what_was_done_before_a_conflict_is_done() {
    let (network, store) = start().await;
    for place in 0..PLACES {
        let name = format!("DONE {place}");
        prepare(&store, &name, &[]).await;
        let second = if place % 2 == 0 {
            cancelled_at(&[(place, "TransactionConflict")])
        } else {
            error("TransactionInProgressException")
        };
        network.follow([Step::Lost, second, Step::Forgotten]);
        // Our own items fail the conditions now.
        store.write(&one_of_each(&name)).await.unwrap();
        assert_eq!(network.requests().len(), 3);
        assert_eq!(state(&store, &name).await[5], Some((1, 1)), "counted once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_12_a_single_write_in_the_way_of_a_transaction_is_retried() {
    let (network, store) = start().await;
    let conflict = || error("TransactionConflictException");
    let remove = Write::Delete { key: Key("TX#1".into()), expect: Expect::Anything };
    for write in [
        put("TX#1", 1, Expect::Absent(NOW)),
        count("LIMIT#1", 1, 1),
        count("LIMIT#1", 0, 1),
        remove,
    ] {
        let write = std::slice::from_ref(&write);
        network.follow(vec![conflict(); 9]);
        assert_unavailable(&store.write(write).await);
        assert_eq!(network.requests().len(), 3, "I14: {write:?}");
        network.follow([conflict(), conflict()]);
        store.write(write).await.unwrap();
        assert_eq!(network.requests().len(), 3, "{write:?}");
    }
    store.write(&[put("TX#1", 1, Expect::Absent(NOW))]).await.unwrap();
    for write in [
        put("TX#1", 2, Expect::Absent(NOW)),
        put("TX#1", 2, Expect::Version(9)),
        count("LIMIT#1", 1, 1),
    ] {
        network.follow([conflict()]);
        assert_refused(&store.write(std::slice::from_ref(&write)).await, &[0]);
        assert_eq!(
            network.requests().len(),
            2,
            "when the other one is gone, the condition decides, once: {write:?}"
        );
    }
}

/// `IdempotentParameterMismatchException`: a token is never sent with anything but what it was
/// first sent with, whatever goes wrong and whichever caller repeats it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_14_a_token_belongs_to_what_it_was_first_sent_with() {
    let (network, store) = start().await;
    let store = Arc::new(store);
    // The same numbers each time; each caller makes few different calls, so that they repeat their
    // own and each other's.
    let mut seed = 0x5eed_u32;
    let mut draw = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    let step = |n| match n {
        0 | 1 => Step::Lost,
        2 => cancelled(&["TransactionConflict", "None"]),
        3 => error("ThrottlingException"),
        4 => error("TransactionInProgressException"),
        _ => Step::Through,
    };
    network.follow((0..200).map(|_| step(draw(8))).collect::<Vec<_>>());
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let calls: Vec<_> = (0..10).map(|_| (draw(2), i64::from(draw(2)))).collect();
        let store = store.clone();
        callers.spawn(async move {
            for (key, by) in calls {
                // Refused and unavailable both occur; a mismatch would be broken.
                let writes = [
                    count(&format!("LIMIT#{key}"), by, 1_000),
                    put(&format!("OWN#{key}"), 1, Expect::Anything),
                ];
                let answer = store.write(&writes).await;
                assert!(matches!(answer, Ok(()) | Err(StoreError::Unavailable(_))), "{answer:?}");
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    let mut first = HashMap::new();
    let mut repeated = 0;
    for request in network.requests() {
        let token = request["ClientRequestToken"].as_str().unwrap().to_owned();
        repeated += usize::from(first.contains_key(&token));
        assert_eq!(*first.entry(token).or_insert_with(|| request.clone()), request);
    }
    assert!(repeated > 20 && first.len() > 20, "{repeated} repetitions of {} calls", first.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_14_f_15_f_16_what_must_not_be_is_broken_at_once() {
    let (network, store) = start().await;
    for code in [
        "IdempotentParameterMismatchException",
        "ValidationException",
        "ResourceNotFoundException",
        "AccessDeniedException",
    ] {
        network.follow([error(code)]);
        assert_broken(&store.write(&user()).await);
        assert_eq!(network.requests().len(), 1, "{code}");
        network.follow([error(code)]);
        assert_broken(&store.read(&[Key("USER#1".into())]).await);
    }
    network.follow([cancelled(&["ValidationError", "None"])]);
    assert_broken(&store.write(&user()).await);
    network.follow([Step::Answer(502, json!("<html>"))]);
    store.write(&user()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_batch_leaves_out_is_read_again() {
    let (network, store) = start().await;
    store.write(&user()).await.unwrap();
    let [first, second] =
        ["UNIQUE#email#a@example.com", "USER#1"].map(|key| json!({ "pk": { "S": key } }));
    let unprocessed = |keys: &[&Value]| {
        Step::Answer(
            200,
            json!({ "Responses": {}, "UnprocessedKeys": { TABLE: { "Keys": keys, "ConsistentRead": true } } }),
        )
    };
    let keys = [Key("USER#1".into()), Key("UNIQUE#email#a@example.com".into())];

    network.follow([unprocessed(&[&first, &second])]);
    let found = store.read(&keys).await.unwrap();
    assert!(
        found
            .iter()
            .zip(&keys)
            .all(|(item, key)| item.as_ref().is_some_and(|item| item.key == *key)),
        "{found:?}"
    );
    assert!(
        network
            .requests()
            .iter()
            .all(|request| request["RequestItems"][TABLE]["ConsistentRead"] == true),
        "R-S3"
    );

    network.follow(vec![unprocessed(&[&first]); 9]);
    assert_unavailable(&store.read(&keys).await);
    assert_eq!(network.requests().len(), 3, "I14");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_17_every_read_is_consistent() {
    let (network, store) = start().await;
    network.follow([]);
    assert_eq!(read(&store, "USER#1").await, None);
    assert_eq!(network.requests()[0]["ConsistentRead"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_l1_errors_say_nothing_of_content() {
    let (network, store) = start().await;
    store.write(&user()).await.unwrap();
    let item = json!({ "pk": { "S": "canary" }, "body": { "S": "canary" } });
    let reasons = json!([{ "Code": "ValidationError", "Message": "canary", "Item": item }, { "Code": "None" }]);
    let with_item = json!({ "__type": "x#TransactionCanceledException", "Message": "canary", "CancellationReasons": reasons });
    let steps = [
        error("ThrottlingException"),
        error("ValidationException"),
        cancelled(&["TransactionConflict"]),
        Step::Answer(400, with_item),
    ];
    for step in steps {
        network.follow(vec![step; 3]);
        let failure = store.write(&user()).await.unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("canary"), "{failure:?}");
    }
    network.follow([]);
    let refusal = store.write(&user()).await.unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains("canary"));
}
