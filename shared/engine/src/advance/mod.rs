//! One step of a transaction: load → decide → commit → send.
//!
//! The policy decides; this module only brings it what it asks for and carries out what it says. On
//! a conflict everything is loaded and decided again: deciding is pure, so that is safe.

mod facts;
mod familiar;
mod issue;
mod load;
mod refresh;
mod repeat;
mod send;

use std::mem;
use std::sync::Arc;

use idx::operation::Operation;
use policy::Context;
use policy::message::{self, Message, Notice};
use policy::organisation::App;
use policy::secret::Secret;
use policy::step::{self, Budget, Decision, Facts, Input, Rejection, StepError};
use policy::time::Timestamp;
use policy::transaction::{Familiar, Subject, Transaction};
use policy::user::PasswordHash;

use crate::budget::{Counter, Room};
use crate::commit::{About, Commit, LastRequest, Stored, put_transaction};
use crate::configuration::Revision;
use crate::handles::RequestMac;
use crate::ports::{Expect, StoreError};
use crate::{Engine, Failure};

pub(crate) use load::Finder;
use load::Loaded;
pub(crate) use send::WELCOME_LINK_HOURS;

/// Decisions that are overtaken by another request are made again so often.
const ATTEMPTS: usize = 4;

/// A request for a step.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub operation: Operation,
    pub finder: Finder,
    pub input: Input,
    /// The whole request as a MAC.
    pub mac: RequestMac,
    /// Address of the client.
    pub source: &'a str,
    /// Id of the app whose server says that this is the address.
    pub server_of: Option<&'a str>,
    /// Hash of the browser's cookie.
    pub browser: Option<String>,
    /// Origin of the page that sent it, unless it is our own.
    pub page: Option<&'a str>,
}

/// Where a step led.
#[derive(Debug)]
pub(crate) struct Advanced {
    pub revision: Arc<Revision>,
    pub transaction: Transaction,
    pub notices: Vec<Notice>,
    pub status: Status,
    /// The interaction code, if this is the answer that hands it out.
    pub code: Option<Secret>,
}

impl Advanced {
    /// True if the client is shown another page than the one that it has.
    pub(crate) fn is_redrawn(&self) -> bool {
        matches!(self.status, Status::Rejected(Rejection::Outdated(_)))
    }
}

/// What kind of answer a step gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// As asked.
    Accepted,
    /// Not, and this is why.
    Rejected(Rejection),
    /// The input was not offered.
    NotOffered,
    /// The input was offered, with other fields.
    Malformed,
    /// Too many requests with one handle: this one was not looked at (security.md R-R5).
    Hurried,
    /// Taken, but the mail could not be sent.
    NotMailed,
    /// The flow went on in another tab.
    Elsewhere,
}

/// What an attempt writes, and what it takes to go on from there.
struct Plan {
    commit: Commit,
    /// What the decision counts, beside the rest of the commit.
    counters: Vec<Counter>,
    /// The interaction code, if it is handed out.
    code: Option<Secret>,
    /// The transaction's version afterwards.
    written: u64,
    last_request: Option<LastRequest>,
}

/// What is carried from one attempt to the next.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "these are independent facts, not a state")]
struct Memory {
    /// True if the request itself was counted.
    arrived: bool,
    /// What was counted for a guess, and whether there was room.
    spent: Option<(Vec<Counter>, Room)>,
    /// A count could not be given back: it stays.
    keeps_counts: bool,
    /// The code that the typed one was compared with: one count, one comparison.
    compared: Option<u32>,
    /// Budgets that the commit counts and that had no room: another alternative of the decision may
    /// have.
    used_up: Vec<Budget>,
    /// No alternative has room; when one has again.
    commit_room: Option<Room>,
    contested: bool,
    /// These places are known of somebody else, or of whoever had the account before it changed
    /// hands.
    foreign: Familiar,
    /// A marker led to an account that is not there, and was read once more.
    looked_again: bool,
    /// The stored snapshot of the user is stale.
    stale_user: bool,
    new_user_id: Option<String>,
    new_password: Option<PasswordHash>,
}

impl Engine {
    pub(crate) async fn advance(&self, arrival: &Arrival<'_>) -> Result<Advanced, Failure> {
        let mut memory = Memory::default();
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let loaded = self.load(arrival, &mut memory, now).await?;
            let revision = Arc::clone(&loaded.revision);
            let app = revision
                .organisation
                .app(&loaded.stored.transaction.client.app)
                .ok_or(Failure::SessionExpired)?;
            let context = Context::new(&revision.organisation, app, now)
                .ok_or_else(|| Failure::internal("an app without enrollment policy"))?;
            // An app's page may not even try a handle of another app (security.md A-064).
            of_app(arrival.page, app)?;
            if arrival.server_of.is_some_and(|server_of| server_of != app.id) {
                return Err(Failure::ForeignOrigin);
            }
            if !loaded.room.is_left() {
                let notices =
                    message::form(Message::TooManyRequests(loaded.room.from().map(|at| at - now)));
                let transaction = loaded.stored.transaction;
                return Ok(Advanced {
                    revision,
                    transaction,
                    notices,
                    status: Status::Hurried,
                    code: None,
                });
            }
            if let Some(answered) = self.answered_before(arrival, &loaded, now).await? {
                return Ok(answered);
            }
            let redrawn = Self::redrawn_before(arrival, &loaded, now);
            if let Some(advanced) = self.attempt(arrival, &context, loaded, &mut memory).await? {
                return Ok(advanced.again(redrawn));
            }
        }
        // A count that the decision cannot do without found no room, because others were faster.
        if let Some(room) = memory.commit_room {
            return Err(Failure::Busy(
                room.from().map_or(Failure::SOON, |at| at - self.clock.now()),
            ));
        }
        Err(Failure::Unavailable("the same transaction is being changed by many".into()))
    }

    /// One try. `None`: overtaken, try again.
    async fn attempt(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        mut loaded: Loaded,
        memory: &mut Memory,
    ) -> Result<Option<Advanced>, Failure> {
        let early = mem::take(&mut loaded.early);
        let before = &loaded.stored.transaction;
        let needs = step::lookup(
            context,
            before,
            &arrival.input,
            loaded.places.familiar(),
            memory.contested,
        );
        let Some((mut facts, outdated)) =
            self.facts(arrival, context, before, &needs, early, memory).await?
        else {
            return Ok(None);
        };
        facts.familiar = loaded.places.familiar();
        let foreign =
            loaded.places.foreign_to(facts.owners.iter().flatten().next().map(|(user, _)| user));
        if !foreign.is_nowhere() {
            // Whose the name is was not known before the budgets were counted. What was compared is
            // forgotten, and counted where it belongs.
            memory.foreign.browser |= foreign.browser;
            memory.foreign.network |= foreign.network;
            memory.spent = None;
            return Ok(None);
        }
        if memory.stale_user
            && !loaded.refreshed
            && matches!(before.subject, Subject::Member { .. })
        {
            return Ok(None);
        }
        let mut decision = match step::step(context, before.clone(), &arrival.input, &facts) {
            Ok(decision) => decision,
            Err(error) => return self.not_taken(error, arrival, context, loaded, memory).await,
        };
        let Plan { commit, counters, code, written, last_request } =
            self.plan(arrival, context, &loaded, &facts, &mut decision, memory).await?;
        if !self.commit(&commit, memory, &counters).await? {
            if !decision.counts.is_empty()
                && decision.counts.iter().all(|counts| memory.knows_full(counts))
            {
                memory.commit_room =
                    Some(self.when_any(&decision.counts, arrival, context.now).await?);
            }
            return Ok(None);
        }
        if let Some((user, rehash)) = outdated {
            self.rehash(&user, rehash).await;
        }
        let mut status = decision.rejection.map_or(Status::Accepted, Status::Rejected);
        let mut notices = decision.notices;
        if let Some(mail) = &decision.mail
            && !self
                .send(context, &decision.transaction, mail, last_request, written, &counters)
                .await?
            && decision
                .transaction
                .challenge
                .as_ref()
                .is_none_or(|challenge| step::tells_whether_sent(context.organisation, challenge))
        {
            status = Status::NotMailed;
            notices.extend(message::form(Message::MailNotSent));
        }
        Ok(Some(Advanced {
            revision: loaded.revision,
            transaction: decision.transaction,
            notices,
            status,
            code,
        }))
    }

    /// What is written of a decision: its effects and counts, what is given back, and the
    /// transaction if it has changed.
    async fn plan(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        Loaded { stored, version, refreshed, .. }: &Loaded,
        facts: &Facts,
        decision: &mut Decision,
        memory: &Memory,
    ) -> Result<Plan, Failure> {
        let mut commit = Commit::default();
        let code = self.issue(arrival, context, decision, &mut commit);
        let markers = self.markers(decision, memory.contested).await?;
        commit.effects(decision, &markers, context.now);
        // If none has room as far as is known, the store has the last word.
        let free = decision
            .counts
            .iter()
            .find(|counts| !memory.knows_full(counts))
            .or(decision.counts.first());
        let counters = self.counters(free.into_iter().flatten(), arrival.source, context.now);
        for (counter, beside) in counters.iter().zip(self.weights(&counters, context.now).await?) {
            commit.push(About::Budget, counter.count(beside));
        }
        let named = matches!(arrival.input, Input::Identify { .. })
            && matches!(decision.transaction.subject, Subject::Member { .. });
        if decision.rejection.is_none() && (facts.password_right || facts.passcode_right || named) {
            Self::refund(memory, &mut commit);
        }
        let (mut written, mut last_request) = (*version, stored.last_request.clone());
        // What was read of an account that has changed meanwhile is kept, also where nothing else
        // is: the next answer must be to what was shown.
        if decision.transaction != stored.transaction || *refreshed {
            decision.transaction.touched = context.now;
            let outdated = decision.rejection.and_then(Rejection::outdated);
            if decision.rejection.is_none() || outdated.is_some() {
                let polls = arrival.operation == Operation::Poll && code.is_none();
                last_request = match outdated {
                    // On another page the same words are a new request. What was sent and came to
                    // nothing is decided anew in any case.
                    _ if polls && outdated.is_some() => None,
                    None if decision.transaction.differs_by_page_alone(&stored.transaction) => None,
                    // A poll is answered anew each time, and what was asked before it may still be
                    // repeated. But the one that got the code gets it again.
                    _ if polls => last_request,
                    _ => Some(LastRequest { mac: arrival.mac.noted(), at: context.now, outdated }),
                };
            }
            written = version + 1;
            let after = Stored {
                transaction: decision.transaction.clone(),
                last_request: last_request.clone(),
            };
            commit.push(
                About::Transaction,
                put_transaction(&after, written, Expect::Version(*version)),
            );
        }
        if let Some(step::Mail::Welcome { user_id, address }) = &decision.mail {
            commit.push(
                About::Own,
                Self::welcome_link(&decision.transaction, user_id, address, context.now),
            );
        }
        Ok(Plan { commit, counters, code, written, last_request })
    }

    /// Not what is offered now: the client sees what is. People get here whose page was open while
    /// a policy changed.
    async fn not_taken(
        &self,
        error: StepError,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        Loaded { revision, mut stored, version, refreshed, .. }: Loaded,
        memory: &mut Memory,
    ) -> Result<Option<Advanced>, Failure> {
        if refreshed {
            // Offered for the account as it was: from now on the client sees it as it is.
            stored.transaction.touched = context.now;
            let mut commit = Commit::default();
            commit.push(
                About::Transaction,
                put_transaction(&stored, version + 1, Expect::Version(version)),
            );
            if !self.commit(&commit, memory, &[]).await? {
                return Ok(None);
            }
        }
        let (status, notices) = match (error, &arrival.input) {
            // The one link that people follow after it was taken away: sign-up was switched off
            // meanwhile.
            (StepError::NotOffered, Input::SelectEnrollProfile)
                if !context.offers_registration() =>
            {
                (Status::NotOffered, message::form(Message::RegistrationUnavailable))
            }
            (StepError::NotOffered, _) => (Status::NotOffered, Vec::new()),
            (StepError::Malformed, _) => (Status::Malformed, message::form(Message::NotAsAsked)),
        };
        Ok(Some(Advanced {
            revision,
            transaction: stored.transaction,
            notices,
            status,
            code: None,
        }))
    }

    /// When one of these alternatives has room.
    async fn when_any(
        &self,
        alternatives: &[Vec<Budget>],
        arrival: &Arrival<'_>,
        now: Timestamp,
    ) -> Result<Room, StoreError> {
        let counters: Vec<_> = alternatives
            .iter()
            .map(|budgets| self.counters(budgets, arrival.source, now))
            .collect();
        self.when(&counters.iter().map(Vec::as_slice).collect::<Vec<_>>(), now).await
    }

    /// All or nothing. `false`: overtaken, and `memory` knows by what.
    async fn commit(
        &self,
        commit: &Commit,
        memory: &mut Memory,
        counters: &[Counter],
    ) -> Result<bool, Failure> {
        if commit.writes.is_empty() {
            return Ok(true);
        }
        match self.store.write(&commit.writes).await {
            Ok(()) => Ok(true),
            Err(StoreError::Refused(places)) => {
                memory.learn(commit, &places);
                let of_budgets =
                    commit.about.iter().enumerate().filter(|(_, about)| **about == About::Budget);
                for (_, counter) in
                    of_budgets.zip(counters).filter(|((place, _), _)| places.contains(place))
                {
                    counter.tell_used_up();
                    memory.used_up.push(counter.budget().clone());
                }
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether `page` is one of the app's own (security.md R-T7).
pub(crate) fn of_app(page: Option<&str>, app: &App) -> Result<(), Failure> {
    match page {
        Some(page) if !app.allowed_origins.iter().any(|origin| origin == page) => {
            Err(Failure::ForeignOrigin)
        }
        _ => Ok(()),
    }
}

impl Memory {
    fn learn(&mut self, commit: &Commit, places: &[usize]) {
        for about in places.iter().filter_map(|place| commit.about.get(*place)) {
            match about {
                About::Claim => self.contested = true,
                About::User => self.stale_user = true,
                About::Refund => self.keeps_counts = true,
                About::Budget | About::Transaction | About::Own => {}
            }
        }
    }

    /// True if one of these had no room a moment ago.
    fn knows_full(&self, budgets: &[Budget]) -> bool {
        budgets.iter().any(|budget| self.used_up.contains(budget))
    }
}
