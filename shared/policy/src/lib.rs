//! The pure core: what is asked next, and what an answer changes.
//!
//! **What is asked next is never stored; it is derived.** From the organisation's configuration,
//! the app, the user, what this transaction has proven so far and the time,
//! [`requirements`](requirement::requirements) returns the ordered list of what is not yet met. The
//! first of them is the form that the client sees; an empty list means: signed in. Sign-up, email
//! verification, both sign-on policies, authenticator enrollment and progressive enrollment are
//! requirements with a form each. The order is one list in one place (policies.md §0).
//!
//! Three functions carry everything:
//!
//! | function | question |
//! | --- | --- |
//! | [`lookup`](step::lookup) | what must be loaded, counted or hashed for this input? |
//! | [`step`](step::step) | given that, what changes, what is mailed, what is said? |
//! | [`remediations`](remediation::remediations) | what is offered now? |
//!
//! # Invariants
//! - No I/O, no clock, no random source, no slow hash: they are arguments. The crate is `no_std`,
//!   so that the compiler keeps the promise.
//! - An input is accepted exactly where it is offered; `tests/laws` walks all states × all inputs.
//! - A person's mistake is data (a [`Message`](message::Message)); a program's fault is an error.
#![no_std]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test says what it expects by failing"
    )
)]

extern crate alloc;

pub mod assurance;
pub mod attribute;
pub mod dry_run;
pub mod email;
pub mod form;
pub mod message;
pub mod organisation;
pub mod password_rules;
pub mod provision;
pub mod remediation;
pub mod requirement;
pub mod secret;
pub mod step;
pub mod text;
pub mod time;
pub mod transaction;
pub mod user;

use organisation::{App, Organisation, ProfileEnrollment};
use time::Timestamp;

/// What every decision is made in: the configuration, the app, and the time.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Everything that is configured.
    pub organisation: &'a Organisation,
    /// The app that the transaction belongs to.
    pub app: &'a App,
    /// What the app's profile enrollment policy says.
    pub enrollment: &'a ProfileEnrollment,
    /// Id of that policy.
    pub enrollment_id: &'a str,
    /// True if that policy lets people sign up.
    pub registers: bool,
    /// Now.
    pub now: Timestamp,
}

impl<'a> Context<'a> {
    /// The context of an app. `None` if it has no enrollment policy, which a checked organisation
    /// excludes.
    pub fn new(organisation: &'a Organisation, app: &'a App, now: Timestamp) -> Option<Self> {
        let policy = organisation.enrollment_policy(app)?;
        Some(Self {
            organisation,
            app,
            enrollment: policy.enrollment()?,
            enrollment_id: &policy.id,
            registers: policy.registers(),
            now,
        })
    }

    /// True if the answers must not tell who has an account.
    pub fn prevents_enumeration(&self) -> bool {
        self.organisation.settings.user_enumeration_prevention.authentication
    }

    /// True if an unknown name is told to be unknown: only where one can sign up, and where nothing
    /// forbids it.
    pub fn tells_who_is_unknown(&self) -> bool {
        self.offers_registration() && !self.prevents_enumeration()
    }

    /// True if the link "Sign up" is shown: sign-up is on, and whoever signs up will be assigned to
    /// the app (policies.md §3.1).
    pub fn offers_registration(&self) -> bool {
        let assigned = |group: &str| self.app.groups.iter().any(|assigned| assigned == group);
        let joins = self.enrollment.target_groups().iter().any(|group| assigned(group));
        self.registers && (assigned(organisation::EVERYONE) || joins)
    }
}
