//! What people do: sign up, perhaps after a squatter; type a wrong code now and then; come back and
//! give what is asked for.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use tests::{Answer, Control};

use crate::person::{GaveUp, Log, Person};

pub const PASSWORD: &str = "a poet of numbers";
pub const SQUATTERS: &str = "the squatter's own";

/// A journey that is cut off is begun anew so often.
const BEGINNINGS: usize = 6;

/// What was done for an address, and what its owner was told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The right code was typed: from then on the mailbox may be proven.
    pub proved: bool,
    /// There is an account.
    pub account: bool,
    /// A department that was accepted.
    pub department: Option<String>,
    /// A squatter was there first: an access token from before the owner proved the mailbox.
    pub squatted: bool,
    pub squatters_token: Option<String>,
    /// Requests that may have made a code.
    pub asked_for_codes: usize,
    /// Codes that were mailed, and how often each.
    pub codes: BTreeMap<String, usize>,
}

/// Everything that journeys share.
pub struct World {
    pub base: String,
    pub control: Control,
    pub log: Log,
    pub think: Duration,
    pub told: Mutex<BTreeMap<String, Told>>,
    /// Journeys by how they ended.
    pub ends: Mutex<BTreeMap<&'static str, u64>>,
}

/// Chance of one person.
pub struct Chance(pub u64);

impl Chance {
    /// Between 0 and 1 (`SplitMix64`).
    #[allow(clippy::cast_precision_loss, reason = "53 bits are kept, which is what the type holds")]
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut next = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((next ^ (next >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl World {
    /// One person's journey, from beginning to end.
    pub async fn journey(&self, email: &str, chance: &mut Chance) {
        let end = match self.whole(email, chance).await {
            Ok(()) => "finished",
            Err(GaveUp(why)) => {
                self.log.violation(format!("I9: {email} gave up: {why}"));
                "gave up"
            }
        };
        *self.ends.lock().unwrap().entry(end).or_default() += 1;
    }

    async fn whole(&self, email: &str, chance: &mut Chance) -> Result<(), GaveUp> {
        if chance.next() < 0.15 {
            self.squat(email, chance).await?;
        }
        self.sign_up(email, chance).await?;
        self.come_back(email, chance).await
    }

    /// Another person takes the address first, where no proof is asked for.
    async fn squat(&self, email: &str, chance: &mut Chance) -> Result<(), GaveUp> {
        let mut squatter = Person::new(&self.log, &self.base, "newsletter-spa");
        squatter.begin().await?;
        squatter.step("/idp/idx/enroll", json!({})).await?;
        self.think(chance).await;
        self.note(email, |told| told.squatted = true);
        let done = squatter.step("/idp/idx/enroll/new", form(email, SQUATTERS)).await?;
        if let Some(code) = done.interaction_code() {
            let tokens = squatter.token_once(code).await.filter(|tokens| tokens.status == 200);
            let token =
                tokens.and_then(|tokens| tokens.body["access_token"].as_str().map(String::from));
            self.note(email, |told| told.squatters_token = token);
        }
        Ok(())
    }

    async fn sign_up(&self, email: &str, chance: &mut Chance) -> Result<(), GaveUp> {
        for _ in 0..BEGINNINGS {
            let mut person = Person::new(&self.log, &self.base, "demo-spa");
            person.begin().await?;
            person.step("/idp/idx/enroll", json!({})).await?;
            self.think(chance).await;
            self.note(email, |told| told.asked_for_codes += 1);
            let sent = person.step("/idp/idx/enroll/new", form(email, PASSWORD)).await?;
            if sent.messages().iter().any(|key| key.contains("notUnique")) {
                // A code of an earlier beginning was right, but the answer was lost.
                break;
            }
            if sent.forms().first() == Some(&"enroll-authenticator")
                && let Some(done) = self.prove(&person, email, sent, chance).await?
                && let Some(code) = done.interaction_code()
            {
                self.note(email, |told| told.account = true);
                self.tokens(&person, email, code).await?;
                return Ok(());
            }
        }
        // A person who has an account can sign in.
        let done = self.sign_in("demo-spa", email, PASSWORD, chance).await?.1;
        if done.interaction_code().is_none() {
            return Err(GaveUp(format!("neither a sign-up nor a sign-in: {done:?}")));
        }
        self.note(email, |told| told.account = true);
        Ok(())
    }

    /// Reads the mail and types the code. Nothing: this beginning came to nothing.
    async fn prove(
        &self,
        person: &Person<'_>,
        email: &str,
        sent: Answer,
        chance: &mut Chance,
    ) -> Result<Option<Answer>, GaveUp> {
        let mut unsent = sent.messages().iter().any(|key| key == "idx.error.mail.not.sent");
        for _ in 0..8 {
            self.think(chance).await;
            if unsent {
                self.note(email, |told| told.asked_for_codes += 1);
                if let Some(answer) = person.step_once("/idp/idx/email/resend", json!({})).await {
                    unsent = answer.status == 503;
                }
                continue;
            }
            let Some(code) = self.newest_code(email).await else {
                // A poll looks after mails that were not reported as sent.
                person.step("/idp/idx/email/poll", json!({})).await?;
                unsent = chance.next() < 0.3;
                continue;
            };
            if chance.next() < 0.2 {
                let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
                let answer = person
                    .step("/idp/idx/email/answer", json!({"credentials": {"passcode": wrong}}))
                    .await?;
                if answer.interaction_code().is_some() {
                    self.log.violation(format!("I2: a wrong code was right for {email}"));
                }
            }
            self.note(email, |told| told.proved = true);
            let answer = person
                .step("/idp/idx/email/answer", json!({"credentials": {"passcode": code}}))
                .await?;
            if answer.interaction_code().is_some()
                || answer.forms().first() != Some(&"enroll-authenticator")
            {
                return Ok(Some(answer));
            }
            // The code of a mail that was overtaken by another one: the newest is still to come.
        }
        Ok(None)
    }

    /// Comes back to an app that wants to know more.
    async fn come_back(&self, email: &str, chance: &mut Chance) -> Result<(), GaveUp> {
        let department = format!("department {}", (chance.next() * 1e6).floor());
        for _ in 0..BEGINNINGS {
            self.think(chance).await;
            let (person, mut answer) =
                self.sign_in("workforce-spa", email, PASSWORD, chance).await?;
            if answer.forms().first() == Some(&"enroll-profile") {
                self.think(chance).await;
                answer = person
                    .step(
                        "/idp/idx/enroll/update",
                        json!({"userProfile": {"department": department}}),
                    )
                    .await?;
                if answer.interaction_code().is_some() {
                    self.note(email, |told| told.department = Some(department.clone()));
                }
            }
            if let Some(code) = answer.interaction_code()
                && self.tokens(&person, email, code).await?
            {
                return Ok(());
            }
        }
        Err(GaveUp("coming back".into()))
    }

    async fn sign_in(
        &self,
        app: &'static str,
        email: &str,
        password: &str,
        chance: &mut Chance,
    ) -> Result<(Person<'_>, Answer), GaveUp> {
        let mut person = Person::new(&self.log, &self.base, app);
        person.begin().await?;
        self.think(chance).await;
        let answer = person
            .step(
                "/idp/idx/identify",
                json!({"identifier": email, "credentials": {"passcode": password}}),
            )
            .await?;
        Ok((person, answer))
    }

    /// True if there were tokens, and they are good and for this address.
    async fn tokens(&self, person: &Person<'_>, email: &str, code: &str) -> Result<bool, GaveUp> {
        let Some(tokens) = person.token_once(code).await.filter(|tokens| tokens.status == 200)
        else {
            return Ok(false);
        };
        let userinfo =
            person.userinfo(tokens.body["access_token"].as_str().unwrap_or_default()).await?;
        if userinfo.body["email"] != email || userinfo.body["email_verified"] != true {
            self.log.violation(format!("I2: {email} has tokens of another person: {userinfo:?}"));
        }
        Ok(true)
    }

    /// The code of the newest mail, and a note of all of them.
    async fn newest_code(&self, email: &str) -> Option<String> {
        let mails = self.control.mails(email).await;
        let codes: Vec<String> =
            mails.iter().filter_map(|mail| mail["code"].as_str().map(String::from)).collect();
        let mut times = BTreeMap::new();
        for code in &codes {
            *times.entry(code.clone()).or_default() += 1;
        }
        self.note(email, |told| told.codes = times);
        codes.last().cloned()
    }

    pub fn note(&self, email: &str, change: impl FnOnce(&mut Told)) {
        change(self.told.lock().unwrap().entry(email.into()).or_default());
    }

    /// Between nothing and twice the mean.
    async fn think(&self, chance: &mut Chance) {
        tokio::time::sleep(self.think.mul_f64(2.0 * chance.next())).await;
    }
}

fn form(email: &str, password: &str) -> serde_json::Value {
    json!({"userProfile": {"email": email, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": password}})
}
