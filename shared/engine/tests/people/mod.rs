//! What administrators do with people ([`engine::people`]), and what becomes of those who sign in
//! at the same time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod activation;
mod changes;

use engine::people::{self, Error, Person};
use engine::ports::{Clock as _, Passwords};
use engine::testing::block_on;
use policy::organisation::Organisation;
use policy::provision::Wanted;
use policy::secret::Secret;
use serde_json::{Value, json};

use crate::stage::{Browser, PlainPasswords, Stage, TestRandom, demo};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const GIVEN: &str = "the administrator's choice";

/// What an administrator gives: attributes that people may not write among it.
fn wanted(email: &str) -> Wanted {
    let profile = json!({
        "email": email, "firstName": "Augusta Ada", "lastName": "King", "memberSince": "2020-01-02T03:04:05Z", "customerNumber": "7",
    });
    Wanted {
        profile: serde_json::from_value(profile).unwrap(),
        groups: vec!["subscribers".into()],
        email_verified: false,
    }
}

fn create(
    stage: &Stage,
    organisation: &Organisation,
    wanted: &Wanted,
    password: Option<&str>,
) -> Result<Person, Error> {
    let random = TestRandom(stage.clock.now().0.into());
    let typed = password.map(Secret::new);
    let password = typed.as_ref().map(|typed| (typed, &PlainPasswords as &dyn Passwords));
    block_on(people::create(
        &*stage.store,
        &random,
        organisation,
        wanted,
        password,
        stage.clock.now(),
    ))
}

fn made(stage: &Stage, password: Option<&str>) -> Person {
    create(stage, &demo(), &wanted(ADA), password).unwrap()
}

fn person(stage: &Stage, name: &str) -> Person {
    block_on(people::find(&*stage.store, name)).unwrap()
}

/// The access token of somebody who signs in with a password.
fn signed_in(browser: &mut Browser<'_>, password: &str) -> String {
    browser.begin();
    let done = browser.password(ADA, password);
    let code = done.interaction_code().unwrap_or_else(|| panic!("{}", done.text));
    browser.token(&code).body["access_token"].as_str().unwrap().to_owned()
}

/// What userinfo answers to an access token.
fn userinfo(stage: &Stage, token: &str) -> u16 {
    stage
        .request(
            "GET",
            "/oauth2/default/v1/userinfo",
            &[("authorization", &format!("Bearer {token}"))],
            b"",
        )
        .status
}

/// The markers: whose each value is.
fn owners(stage: &Stage) -> Vec<Value> {
    stage.items("UNIQUE").into_iter().map(|item| item.body["user"].clone()).collect()
}
