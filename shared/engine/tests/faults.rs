//! Faults of time and of the world around (security.md §3.2) that are no failed call: those are
//! swept in `sweep`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use engine::Engine;
use engine::ports::{Clock as _, Item, Key, Store, StoreError, Write};
use engine::testing::{MemoryStore, block_on};
use policy::secret::Secret;
use policy::time::Timestamp;
use serde_json::json;
use stage::{BASE, Browser, PlainPasswords, PlainSigner, Stage, TestClock, TestRandom, demo};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const MINUTE: u64 = 60_000;

/// Everything that has an end, gone 49 hours after it was due or, with TTL, at once: nobody can
/// tell the difference.
#[test]
fn f_20_what_has_expired_is_absent_whether_it_was_deleted_or_not() {
    let told = [false, true].map(|swept| {
        let stage = Stage::new();
        let (mut pending, mut issued, mut welcome) =
            (stage.browser("demo-spa"), stage.browser("demo-spa"), stage.browser("newsletter-spa"));
        pending.sign_up(ADA, PASSWORD);
        let (code, link) = (stage.code(ADA), stage.link(ADA));
        issued.sign_up("bob@example.com", PASSWORD);
        let unused = issued.answer_code(&stage.code("bob@example.com")).interaction_code().unwrap();
        welcome.sign_up("cleo@example.com", PASSWORD);
        let welcome_link = stage.link("cleo@example.com");
        stage.advance(49 * 3_600);
        if swept {
            stage.store.inner().sweep(stage.clock.now());
        } else {
            assert!(
                !stage.items("TX").is_empty()
                    && !stage.items("LIMIT").is_empty()
                    && !stage.items("VERIFY").is_empty()
            );
        }
        let mut answers = vec![
            pending.answer_code(&code),
            pending.step("/idp/idx/email/poll", json!({})),
            pending.get(&link),
        ];
        answers.push(issued.token(&unused));
        answers.push(welcome.get(&welcome_link));
        assert!(answers.iter().all(|answer| [400, 401].contains(&answer.status)), "{answers:#?}");
        // The address was never taken.
        pending.sign_up(ADA, "another password");
        let done = pending.answer_code(&stage.code(ADA));
        assert!(done.interaction_code().is_some(), "{}", done.text);
        answers.push(done);
        answers
            .into_iter()
            .map(|answer| (answer.status, answer.forms(), answer.messages()))
            .collect::<Vec<_>>()
    });
    assert_eq!(told[0], told[1]);
}

/// A store whose TTL strikes right after a read, when it is told to.
struct Striking {
    store: Arc<MemoryStore>,
    strikes: Arc<AtomicBool>,
}

#[async_trait]
impl Store for Striking {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let found = self.store.read(keys).await;
        if self.strikes.load(Ordering::SeqCst) {
            self.store.sweep(Timestamp(u64::MAX));
        }
        found
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.store.write(writes).await
    }
}

#[test]
fn f_21_what_is_deleted_between_read_and_write_is_a_clean_refusal() {
    for act in ["answer", "password", "token", "resend", "enroll"] {
        let mut stage = Stage::new();
        let (store, strikes) = (Arc::new(MemoryStore::new()), Arc::new(AtomicBool::new(false)));
        block_on(engine::configuration::apply(store.as_ref(), &demo(), stage.clock.now())).unwrap();
        stage.engine = engine(
            Arc::new(Striking { store: store.clone(), strikes: strikes.clone() }),
            &stage,
            stage.clock.clone(),
        );
        let mut ada = stage.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        if act == "password" || act == "token" {
            let done = ada.answer_code(&stage.code(ADA));
            let code = done.interaction_code().unwrap();
            strikes.store(true, Ordering::SeqCst);
            if act == "token" {
                assert_eq!(ada.token(&code).status, 400);
            } else {
                strikes.store(false, Ordering::SeqCst);
                ada.begin();
                strikes.store(true, Ordering::SeqCst);
                assert_eq!(ada.password(ADA, PASSWORD).messages(), ["idx.session.expired"]);
            }
        } else {
            let code = stage.code(ADA);
            strikes.store(true, Ordering::SeqCst);
            let answer = match act {
                "answer" => ada.answer_code(&code),
                "resend" => {
                    stage.advance(60);
                    ada.step("/idp/idx/email/resend", json!({}))
                }
                _ => {
                    strikes.store(false, Ordering::SeqCst);
                    ada.begin();
                    strikes.store(true, Ordering::SeqCst);
                    ada.step("/idp/idx/enroll", json!({}))
                }
            };
            assert_eq!(
                (answer.status, answer.messages()),
                (401, vec!["idx.session.expired".to_string()]),
                "{act}: {}",
                answer.text
            );
            assert!(!store.dump().iter().any(|item| item.key.0.starts_with("USER#")), "{act}: I5");
        }
        strikes.store(false, Ordering::SeqCst);
        // I9: one begins anew.
        stage.advance(3_600);
        ada.begin();
        if act == "password" || act == "token" {
            assert!(ada.password(ADA, PASSWORD).interaction_code().is_some(), "{act}");
        } else {
            ada.sign_up(ADA, PASSWORD);
            assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some(), "{act}");
        }
    }
}

/// An instance beside the stage's, on the same mailbox.
fn engine(store: Arc<dyn Store>, stage: &Stage, clock: Arc<TestClock>) -> Engine {
    let key = |text: &str| Secret::new(text.repeat(8));
    Engine::new(BASE, store, clock, Arc::new(TestRandom(AtomicU64::new(99))), key("interact"))
        .with_mailer(stage.mailbox.clone(), key("passcode"))
        .with_passwords(Arc::new(PlainPasswords))
        .with_signer(Arc::new(PlainSigner))
}

/// Two instances, `ahead` and `behind` the true time by this much, on one store.
fn two_clocks(skew: u64) -> (Stage, Stage) {
    let mut ahead = Stage::new();
    let mut behind = Stage::new();
    let clock = Arc::new(TestClock(AtomicU64::new(behind.clock.now().0 - skew)));
    behind.engine = engine(ahead.store.clone(), &behind, clock.clone());
    behind.clock = clock;
    behind.mailbox = ahead.mailbox.clone();
    let fast = Arc::new(TestClock(AtomicU64::new(ahead.clock.now().0 + skew)));
    ahead.engine = engine(ahead.store.clone(), &ahead, fast.clone());
    ahead.clock = fast;
    (ahead, behind)
}

/// The same client, whose requests another instance serves.
fn moved<'s>(browser: &Browser<'_>, to: &'s Stage) -> Browser<'s> {
    let mut moved = to.browser(&browser.client_id);
    moved.cookie.clone_from(&browser.cookie);
    moved.handle.clone_from(&browser.handle);
    moved
}

#[test]
fn f_34_instances_that_disagree_by_minutes_let_no_code_live_longer() {
    // By the clock of whoever looks, a code lives five minutes, and one more for clocks that
    // disagree a little.
    for (skew, wait) in [(0, 299), (20_000, 339), (5 * MINUTE, 14 * 60)] {
        let (ahead, behind) = two_clocks(skew);
        let mut ada = ahead.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        let (code, link) = (ahead.code(ADA), ahead.link(ADA));
        let mut elsewhere = moved(&ada, &behind);
        if skew == 5 * MINUTE {
            // Made ten minutes from now: not yet.
            assert_eq!(elsewhere.get(&link).status, 400);
            assert_eq!(elsewhere.answer_code(&code).interaction_code(), None);
        }
        behind.advance(wait);
        let answer = elsewhere.answer_code(&code);
        assert!(answer.interaction_code().is_some(), "{skew}: {}", answer.text);

        let mut bob = ahead.browser("demo-spa");
        bob.sign_up("bob@example.com", PASSWORD);
        let code = ahead.code("bob@example.com");
        ahead.advance(301);
        assert_eq!(
            bob.answer_code(&code).interaction_code(),
            None,
            "{skew}: on time where it was made"
        );
    }
}

#[test]
fn f_34_a_clock_that_goes_back_an_hour_gives_no_code_a_second_life() {
    let stage = Stage::new();
    let back = |stage: &Stage| stage.clock.0.fetch_sub(60 * MINUTE, Ordering::SeqCst);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    let (code, link) = (stage.code(ADA), stage.link(ADA));
    stage.advance(10);
    back(&stage);
    assert_eq!(ada.answer_code(&code).messages(), ["idx.error.code.newest"]);
    assert_eq!(ada.get(&link).status, 400);
    // I9: another code can be had at once, and that one is good.
    let sent = ada.step("/idp/idx/email/resend", json!({}));
    assert_eq!((sent.status, sent.messages()), (200, vec![]), "{}", sent.text);
    let done = ada.answer_code(&stage.code(ADA));
    let unused = done.interaction_code().unwrap_or_else(|| panic!("{}", done.text));
    back(&stage);
    assert_eq!(ada.token(&unused).status, 400, "an interaction code lives a minute");
    // Whoever has an account still gets in, by whatever the clock says.
    ada.begin();
    let done = ada.password(ADA, PASSWORD);
    assert_eq!(ada.token(&done.interaction_code().unwrap()).status, 200);
}

#[test]
fn f_34_after_2038_and_after_2100_everything_works_as_before() {
    for year in [2_038_u64, 2_039, 2_106, 2_500] {
        let stage = Stage::new();
        stage.clock.0.store((year - 1970) * 31_556_952_000 + 20 * 24 * 3_600_000, Ordering::SeqCst);
        let mut ada = stage.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        let done = ada.answer_code(&stage.code(ADA));
        let tokens =
            ada.token(&done.interaction_code().unwrap_or_else(|| panic!("{year}: {}", done.text)));
        let claims: serde_json::Value =
            serde_json::from_str(tokens.body["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(claims["claims"]["exp"], json!(stage.clock.now().0 / 1_000 + 3_600), "{year}");
    }
    // A clock that was never set.
    let stage = Stage::new();
    stage.clock.0.store(0, Ordering::SeqCst);
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
}

/// During a deployment an older instance meets what a newer one wrote.
#[test]
fn f_37_what_a_newer_version_wrote_is_kept_or_refused_and_never_dropped() {
    let organisation = {
        let mut organisation = demo();
        let policy = organisation
            .policies
            .profile_enrollment
            .iter_mut()
            .find(|policy| policy.id == "demo-enrollment")
            .unwrap();
        let attribute = policy::organisation::ProfileAttribute {
            name: "customerNumber".into(),
            label: "Number".into(),
            required: true,
        };
        policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
        organisation
    };
    let stage = Stage::new();
    let mut ada = stage.browser("demo-spa");
    ada.sign_up(ADA, PASSWORD);
    ada.answer_code(&stage.code(ADA));
    stage.apply(&organisation);
    let mut user = stage.items("USER").remove(0);
    user.body["phones"] = json!([{"number": "+44 20 7946 0958", "verified": true}]);
    user.version += 1;
    stage.put(user.clone());
    ada.begin();
    ada.password(ADA, PASSWORD);
    let done = ada.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "7"}}));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let after = stage.items("USER").remove(0);
    assert_eq!(
        (&after.body["phones"], &after.body["profile"]["customerNumber"]),
        (&user.body["phones"], &json!(7)),
        "kept"
    );

    // A state that this version does not know: refused, untouched.
    for (path, value) in [("/status", json!("SUSPENDED")), ("/groups", json!("all"))] {
        let stage = Stage::new();
        let mut ada = stage.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        ada.answer_code(&stage.code(ADA));
        let mut user = stage.items("USER").remove(0);
        *user.body.pointer_mut(path).unwrap() = value;
        stage.put(user.clone());
        ada.begin();
        assert_eq!(ada.password(ADA, PASSWORD).status, 503);
        assert_eq!(stage.items("USER"), [user]);
    }
    // The same for a transaction: what it holds is short-lived, and must not be half understood.
    for (path, value) in [
        ("/transaction/subject/kind", json!("federated")),
        ("/transaction/risk", json!("high")),
        ("/transaction/client/dpop", json!("k")),
    ] {
        let stage = Stage::new();
        let mut ada = stage.browser("demo-spa");
        ada.begin();
        let mut transaction = stage.items("TX").remove(0);
        let (parent, name) = path.rsplit_once('/').unwrap();
        transaction.body.pointer_mut(parent).unwrap()[name] = value;
        stage.put(transaction.clone());
        assert_eq!(ada.step("/idp/idx/enroll", json!({})).status, 503, "{path}");
        assert_eq!(stage.items("TX"), [transaction], "{path}");
    }
}

/// A store in which an administrator applies another organisation between two reads of one request.
struct Changing {
    store: Arc<MemoryStore>,
    reads: AtomicU64,
    at: u64,
    organisation: policy::organisation::Organisation,
}

#[async_trait]
impl Store for Changing {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        if self.reads.fetch_add(1, Ordering::SeqCst) == self.at {
            engine::configuration::apply(
                self.store.as_ref(),
                &self.organisation,
                Timestamp(stage::NOON),
            )
            .await?;
            // That was `apply`, not the function.
            engine::testing::touched();
        }
        self.store.read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.store.write(writes).await
    }
}

/// One snapshot per request: what was asked for is what is stored and what the groups come from,
/// whichever read the change comes before.
#[test]
fn f_38_a_request_sees_one_configuration() {
    let mut other = demo();
    for policy in &mut other.policies.profile_enrollment {
        if policy.id == "demo-enrollment" {
            policy.rules[0].actions.profile_enrollment.target_group_ids =
                Some(vec!["subscribers".into()]);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for at in 0..40 {
        let mut stage = Stage::new();
        let memory = Arc::new(MemoryStore::new());
        block_on(engine::configuration::apply(memory.as_ref(), &demo(), stage.clock.now()))
            .unwrap();
        let store = Arc::new(Changing {
            store: memory.clone(),
            reads: AtomicU64::new(0),
            at,
            organisation: other.clone(),
        });
        stage.engine = engine(store, &stage, stage.clock.clone());
        let mut ada = stage.browser("demo-spa");
        ada.sign_up(ADA, PASSWORD);
        let done = ada.answer_code(&stage.code(ADA));
        assert!(done.interaction_code().is_some(), "{at}: {}", done.text);
        let user =
            memory.dump().into_iter().find(|item| item.key.0.starts_with("USER#")).unwrap().body;
        let groups = user["groups"].clone();
        assert_eq!(user["granted"]["demo-enrollment"], groups, "{at}");
        assert!([json!(["customers"]), json!(["subscribers"])].contains(&groups), "{at}: {groups}");
        seen.insert(groups.to_string());
    }
    assert_eq!(seen.len(), 2, "the change came before and after");
}
