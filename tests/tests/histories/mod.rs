//! Histories (security.md §4, method 4): clients over real HTTP at the same time, on addresses that
//! they share, while the services behind fail. What each asked and was told is linearizable,
//! address by address: registration, verification, sign-in and redemption happen at one moment
//! each.
//!
//! `HISTORIES=200 cargo test -p tests --test all histories::` takes more addresses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod spec;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use local::{Options, Patience, start};
use serde_json::{Value, json};
use spec::{Event, Op, Ret, linearizable};
use tests::{Answer, Browser, Control, demo, without_budgets};

/// Clients that share an address.
const CLIENTS: usize = 3;

/// Addresses at a time.
const AT_ONCE: usize = 4;

/// A call that was asked once more so often is left without an answer.
const TRIES: usize = 2;

/// Of all calls to DynamoDB about half fail, so that many a request fails in spite of the SDK's
/// three attempts.
const FAULTS: [(&str, &str, f64); 6] = [
    ("ddb.*", "throttle", 0.1),
    ("ddb.*", "err500", 0.1),
    ("ddb.*", "err500_after", 0.25),
    ("ddb.*", "conflict", 0.05),
    ("ddb.*", "timeout_after", 0.01),
    ("ses.*", "err500_after", 0.1),
];

/// An address, and what happened to it so far.
struct Shared {
    email: String,
    base: String,
    control: Control,
    history: Mutex<Vec<Event>>,
    clients: Mutex<usize>,
}

#[tokio::test(flavor = "multi_thread")]
async fn i13_every_address_is_linearizable_under_faults() {
    let running = start(Options {
        test_control: Some(0),
        deadlines: Patience::Deployed,
        ..Options::default()
    })
    .await
    .unwrap();
    let control = Control::new(running.test_control_url.as_ref().unwrap());
    control.apply(without_budgets(&demo(&running.base_url))).await;
    for (at, what, probability) in FAULTS {
        control.fault(json!({"at": at, "do": what, "probability": probability, "seed": 13})).await;
    }
    let addresses: usize = std::env::var("HISTORIES").map_or(8, |text| text.parse().unwrap());
    let (mut operations, mut unanswered, mut accounts) = (0, 0, 0);
    for first in (0..addresses).step_by(AT_ONCE) {
        let histories = join_all((first..addresses.min(first + AT_ONCE)).map(|number| {
            let shared = Arc::new(Shared {
                email: format!("address{number}@example.com"),
                base: running.base_url.clone(),
                control: control.clone(),
                history: Mutex::default(),
                clients: Mutex::default(),
            });
            async move {
                join_all(
                    (0..CLIENTS).map(|client| tokio::spawn(client_of(shared.clone(), client))),
                )
                .await
                .into_iter()
                .for_each(|ended| ended.unwrap());
                shared.history.lock().unwrap().clone()
            }
        }))
        .await;
        for history in histories {
            let returns = history.iter().filter(|event| matches!(event, Event::Return(..))).count();
            let done = |event: &&Event| matches!(event, Event::Return(_, Ret::Done(_)));
            operations += returns;
            unanswered += history.len() - 2 * returns;
            accounts += usize::from(history.iter().any(|event| done(&event)));
            assert!(linearizable(&history), "no order explains this history:\n{}", told(&history));
        }
    }
    println!(
        "{addresses} addresses: {operations} operations with an answer, {unanswered} without, {accounts} addresses with an account"
    );
    assert!(accounts * 2 > addresses, "hardly anything was done");
}

/// Signs up, mistypes the code, types it, redeems what comes of it, signs in with its own password
/// and another one's.
async fn client_of(shared: Arc<Shared>, client: usize) {
    let mut browser = Browser::new(&shared.base);
    if begin(&mut browser, true).await {
        let profile = json!({"email": shared.email, "firstName": "Ada", "lastName": "Lovelace"});
        let form = json!({"userProfile": profile, "credentials": {"passcode": password(client)}});
        let registered = shared
            .patiently(Op::Register { flow: client, password: client }, || {
                step(&browser, "/idp/idx/enroll/new", &form)
            })
            .await;
        // Several codes are mailed to the address; the one of this flow is the one that comes with
        // it.
        if registered == Some(Ret::Sent)
            && let Some(code) = shared.code_of(&browser).await
        {
            let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
            let answer = |code: &str| json!({"credentials": {"passcode": code}});
            if client == 0 {
                let wrong = answer(&wrong);
                shared
                    .once(
                        Op::Verify { flow: client, right: false },
                        step(&browser, "/idp/idx/email/answer", &wrong),
                    )
                    .await;
            }
            let right = answer(&code);
            let verify = Op::Verify { flow: client, right: true };
            if let Some(Ret::Done(code)) =
                shared.patiently(verify, || step(&browser, "/idp/idx/email/answer", &right)).await
            {
                shared.redeem(&browser, &code, client == 1).await;
            }
        }
    }
    for password_of in [client, (client + 1) % CLIENTS] {
        let mut browser = Browser::new(&shared.base);
        if begin(&mut browser, false).await {
            let body = json!({"identifier": shared.email, "credentials": {"passcode": password(password_of)}});
            let signed_in = shared
                .once(
                    Op::SignIn { password: password_of },
                    step(&browser, "/idp/idx/identify", &body),
                )
                .await;
            if let Some(Ret::Done(code)) = signed_in {
                shared.redeem(&browser, &code, false).await;
            }
        }
    }
}

fn password(number: usize) -> String {
    format!("a poet of numbers {number}")
}

/// Nothing of this concerns the address; whether it worked.
async fn begin(browser: &mut Browser, signs_up: bool) -> bool {
    for _ in 0..10 {
        let begun = browser.try_begin().await;
        if begun.is_ok_and(|answer| answer.status == 200) {
            if !signs_up {
                return true;
            }
            for _ in 0..5 {
                if browser
                    .try_step("/idp/idx/enroll", json!({}))
                    .await
                    .is_ok_and(|answer| answer.status == 200)
                {
                    return true;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

async fn step(browser: &Browser, path: &str, body: &Value) -> Option<Ret> {
    browser.try_step(path, body.clone()).await.ok().and_then(|answer| understood(&answer))
}

/// `None`: the answer tells nothing.
fn understood(answer: &Answer) -> Option<Ret> {
    let says = |part: &str| answer.messages().iter().any(|key| key.contains(part));
    Some(match answer.status {
        429 => Ret::Refused,
        500.. => return None,
        _ if answer.interaction_code().is_some() => {
            Ret::Done(answer.interaction_code().unwrap().into())
        }
        _ if says("notUnique") || says("account.exists") => Ret::Taken,
        _ if says("unknown.user") => Ret::Unknown,
        _ if says("session.expired") => Ret::Over,
        200 if answer.forms().first() == Some(&"enroll-authenticator") => Ret::Sent,
        400 => Ret::Over,
        401 => Ret::Wrong,
        _ => panic!("an unexpected answer: {answer:#?}"),
    })
}

impl Shared {
    /// Does it once. `None`: it is unknown whether it was done.
    async fn once(&self, op: Op, request: impl Future<Output = Option<Ret>>) -> Option<Ret> {
        // A client that got no answer is never heard of again: the one that goes on is another.
        let client = {
            let mut clients = self.clients.lock().unwrap();
            *clients += 1;
            *clients
        };
        self.history.lock().unwrap().push(Event::Invoke(client, op));
        let ret = request.await;
        if let Some(ret) = &ret {
            self.history.lock().unwrap().push(Event::Return(client, ret.clone()));
        }
        ret
    }

    /// Does it, and the very same again if no answer comes.
    async fn patiently<F: Future<Output = Option<Ret>>>(
        &self,
        op: Op,
        request: impl Fn() -> F,
    ) -> Option<Ret> {
        for _ in 0..TRIES {
            if let Some(ret) = self.once(op.clone(), request()).await {
                return Some(ret);
            }
        }
        None
    }

    /// Redeems a code, and if it is to be seen, once more.
    async fn redeem(&self, browser: &Browser, code: &str, twice: bool) {
        let mut token = None;
        for _ in 0..=usize::from(twice) {
            let answer = Mutex::new(None);
            self.once(Op::Redeem { code: code.into() }, async {
                let redeemed =
                    browser.try_token(code).await.ok().filter(|redeemed| redeemed.status < 500)?;
                *answer.lock().unwrap() = redeemed.body["access_token"].as_str().map(String::from);
                Some(if redeemed.status == 200 { Ret::Good } else { Ret::Void })
            })
            .await;
            token = token.or(answer.into_inner().unwrap());
        }
        let Some(token) = token else { return };
        self.once(Op::Userinfo { code: code.into() }, async {
            let userinfo =
                browser.try_userinfo(&token).await.ok().filter(|userinfo| userinfo.status < 500)?;
            Some(if userinfo.status == 200 { Ret::Good } else { Ret::Void })
        })
        .await;
    }

    /// The code of the browser's flow: the link of its mail names the transaction.
    async fn code_of(&self, browser: &Browser) -> Option<String> {
        let flow = browser.handle.split('.').next().unwrap();
        let mails = self.control.mails(&self.email).await;
        let ours = mails
            .iter()
            .rev()
            .find(|mail| mail["link"].as_str().is_some_and(|link| link.contains(flow)))?;
        ours["code"].as_str().map(String::from)
    }
}

fn told(history: &[Event]) -> String {
    history.iter().map(|event| format!("{event:?}")).collect::<Vec<_>>().join("\n")
}
