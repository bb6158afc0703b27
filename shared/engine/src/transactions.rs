//! One step of a transaction: load → decide → commit → send.
//!
//! The policy decides; this file only brings it what it asks for and carries out what it says. On a conflict everything is loaded and decided
//! again: deciding is pure, so that is safe.

use std::sync::Arc;

use futures_util::future::join;
use idx::body::Handle;
use idx::operation::Operation;
use policy::Context;
use policy::email::identifier_key;
use policy::message::{self, Message, Notice};
use policy::organisation::AuthenticatorKey;
use policy::password_rules;
use policy::secret::Secret;
use policy::step::{self, Decision, Facts, Identity, Input, Needs, PasswordWork, Rejection, StepError};
use policy::time::{Span, Timestamp};
use policy::transaction::{Outcome, REPEAT_WINDOW, Subject, Transaction};
use policy::user::{PasswordHash, User, UserStatus};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::commit::{self, About, Commit, LastRequest, Owner, Stored};
use crate::configuration::{Revision, read};
use crate::derive::{same, sha256};
use crate::keys;
use crate::oidc::Grant;
use crate::ports::{Expect, Item, Key, Mail, MailContent, StoreError, Verdict, Write};
use crate::{Engine, Failure};

/// Owners that the first round trip asks for: two of every sign-up and five custom unique attributes (policies.md §2.2), with room.
const MOST_NAMED: usize = 20;

/// Decisions that are overtaken by another request are made again so often.
const ATTEMPTS: usize = 4;

/// A browser counts as known for so long.
const BROWSER_KNOWN: Span = Span::hours(24 * 400);

/// Life of the link in a welcome mail. It opens no session; it only marks the address as verified, in the browser that signed up.
pub(crate) const WELCOME_LINK_HOURS: u32 = 24;

/// A request for a step.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub operation: Operation,
    pub finder: Finder,
    pub input: Input,
    /// The whole request as a MAC.
    pub mac: String,
    /// Address of the client.
    pub source: &'a str,
    /// Hash of the browser's cookie.
    pub browser: Option<String>,
}

/// How the transaction is found.
#[derive(Debug)]
pub(crate) enum Finder {
    /// By a handle that the client has.
    Handle(Handle),
    /// By its id, for somebody who holds the link of its current code.
    Link { id: String, token: Secret },
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

/// What kind of answer a step gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// As asked.
    Accepted,
    /// Not, and this is why.
    Rejected(Rejection),
    /// The input was not offered.
    NotOffered,
    /// Taken, but the mail could not be sent.
    NotMailed,
    /// The flow went on in another tab.
    Elsewhere,
}

/// What the first read found.
struct Loaded {
    revision: Arc<Revision>,
    stored: Stored,
    version: u64,
    /// Owners of the values that the request itself names.
    early: Vec<(Identity, Option<Owner>)>,
    known_browser: Option<KnownBrowser>,
}

/// Says that somebody has signed in from a browser before.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct KnownBrowser {
    user: String,
    at: Timestamp,
}

/// What is carried from one attempt to the next.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "these are independent facts, not a state")]
struct Memory {
    /// When the budgets were counted, and whether one was used up.
    counted: Option<(Timestamp, bool)>,
    /// A count could not be given back: it stays.
    keeps_counts: bool,
    /// The code that the typed one was compared with: one count, one comparison.
    compared: Option<u32>,
    over_commit_budget: bool,
    contested: bool,
    /// The browser is known of somebody else, or of whoever had the account before it changed hands.
    other_browser: bool,
    /// The stored snapshot of the user is stale.
    stale_user: bool,
    new_user_id: Option<String>,
    new_password: Option<PasswordHash>,
}

impl Engine {
    pub(crate) async fn advance(&self, arrival: &Arrival<'_>) -> Result<Advanced, Failure> {
        // Refused before anybody is looked up, so that a long password tells nothing and costs nothing (security.md R-P2, A-007).
        if let Input::Identify { password: Some(password), .. } | Input::AnswerPassword(password) = &arrival.input {
            password_rules::normalise(password).map_err(|_| Failure::Malformed)?;
        }
        let mut memory = Memory::default();
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let loaded = self.load(arrival, &mut memory, now).await?;
            let revision = Arc::clone(&loaded.revision);
            let app = revision.organisation.app(&loaded.stored.transaction.client.app).ok_or(Failure::SessionExpired)?;
            let context = Context::new(&revision.organisation, app, now).ok_or_else(|| Failure::internal("an app without enrollment policy"))?;
            if let Some(answered) = self.answered_before(arrival, &loaded, now).await? {
                return Ok(answered);
            }
            if let Some(advanced) = self.attempt(arrival, &context, loaded, &mut memory).await? {
                return Ok(advanced);
            }
        }
        Err(Failure::Unavailable("the same transaction is being changed by many".into()))
    }

    /// The first round trip: configuration, transaction, and the owners of the values that the request itself names.
    async fn load(&self, arrival: &Arrival<'_>, memory: &mut Memory, now: Timestamp) -> Result<Loaded, Failure> {
        let id = arrival.finder.id().ok_or(Failure::SessionExpired)?;
        let named = self.named(&arrival.input);
        let browser = self.browser_key(arrival);
        let mut wanted = vec![keys::organisation_head(), keys::transaction(id)];
        wanted.extend(browser.clone());
        wanted.extend(named.iter().map(keys::unique));
        let mut items = self.store.read(&wanted).await?.into_iter();
        let head = items.next().flatten();
        let item = items.next().flatten().filter(|item| live(item, now)).ok_or(Failure::SessionExpired)?;
        let known_browser = if browser.is_some() { items.next().flatten().filter(|item| live(item, now)) } else { None };
        let known_browser = known_browser.filter(|_| !memory.other_browser).map(|item| read(&item)).transpose()?;
        let mut early = Vec::new();
        for (identity, item) in named.into_iter().zip(items) {
            early.push((identity, item.map(|item| read::<Owner>(&item)).transpose()?));
        }

        let mut stored: Stored = read(&item)?;
        if stored.transaction.expired(now) || !self.opens(&arrival.finder, &stored.transaction)? {
            return Err(Failure::SessionExpired);
        }
        let revision = self.cache.at(self.store.as_ref(), head.as_ref()).await?;
        if memory.stale_user {
            self.refresh_user(&mut stored.transaction).await?;
        }
        Ok(Loaded { revision, stored, version: item.version, early, known_browser })
    }

    /// One try. `None`: overtaken, try again.
    async fn attempt(&self, arrival: &Arrival<'_>, context: &Context<'_>, loaded: Loaded, memory: &mut Memory) -> Result<Option<Advanced>, Failure> {
        let Loaded { revision, stored, version, early, known_browser } = loaded;
        let before = &stored.transaction;
        let needs = step::lookup(context, before, &arrival.input, arrival.source, known_browser.is_some(), memory.contested);
        let (mut facts, outdated) = self.facts(arrival, context, before, &needs, early, memory).await?;
        if let Some(known) = known_browser {
            // Whose the name is was not known before the budgets were counted. What was compared is forgotten, and counted where it belongs.
            if !facts.owners.iter().flatten().next().is_some_and(|(user, _)| known.of(user)) {
                memory.other_browser = true;
                memory.counted = None;
                return Ok(None);
            }
            facts.known_browser = true;
        }

        let mut decision = match step::step(context, before.clone(), &arrival.input, &facts) {
            Ok(decision) => decision,
            Err(StepError::NotOffered) => {
                // Offered for the account as it was: from now on the client sees it as it is.
                if memory.stale_user {
                    match self.store.write(&[put_transaction(&stored, version + 1, Expect::Version(version))]).await {
                        Ok(()) => {}
                        Err(StoreError::Refused(_)) => return Ok(None),
                        Err(error) => return Err(error.into()),
                    }
                }
                // The one link that people follow after it was taken away: sign-up was switched off meanwhile.
                let closed = matches!(arrival.input, Input::SelectEnrollProfile) && !context.offers_registration();
                let notices = if closed { message::form(Message::RegistrationUnavailable) } else { Vec::new() };
                return Ok(Some(advanced(revision, stored.transaction, notices, Status::NotOffered, None)));
            }
            Err(StepError::Malformed) => return Err(Failure::Malformed),
        };

        let mut commit = Commit::default();
        let code = self.issue(arrival, context, &mut decision, &mut commit);
        commit.decision(&decision, arrival.source, &self.interaction_key, context.now);
        let proven = decision.rejection.is_none() && (facts.password_right || facts.passcode_right);
        for budget in needs.budgets.iter().filter(|budget| budget.refund && proven) {
            if let Some((at, _)) = memory.counted.filter(|_| !memory.keeps_counts) {
                commit.push(About::Refund, commit::count(budget, -1, arrival.source, &self.interaction_key, at));
            }
        }
        let mut written = version;
        if decision.transaction != *before {
            decision.transaction.touched = context.now;
            let last_request = if decision.rejection.is_none() {
                Some(LastRequest { mac: arrival.mac.clone(), at: context.now })
            } else {
                stored.last_request.clone()
            };
            let after = Stored { transaction: decision.transaction.clone(), last_request };
            commit.push(About::Transaction, put_transaction(&after, version + 1, Expect::Version(version)));
            written = version + 1;
        }
        if let Some(step::Mail::Welcome { user_id, address }) = &decision.mail {
            commit.push(About::Own, Self::welcome_link(&decision.transaction, user_id, address, context.now));
        }
        if !commit.writes.is_empty() {
            match self.store.write(&commit.writes).await {
                Ok(()) => {}
                Err(StoreError::Refused(places)) => {
                    memory.learn(&commit, &places);
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some((user, rehash)) = outdated {
            self.rehash(&user, rehash).await;
        }

        let mut status = decision.rejection.map_or(Status::Accepted, Status::Rejected);
        let mut notices = decision.notices;
        if let Some(mail) = &decision.mail
            && !self.send(context, &decision.transaction, mail, stored.last_request, arrival, written).await?
        {
            status = Status::NotMailed;
            notices.extend(message::form(Message::MailNotSent));
        }
        Ok(Some(advanced(revision, decision.transaction, notices, status, code)))
    }

    /// What the policy asked for. The second round trip reads people and counts budgets at once; only then is anything compared.
    async fn facts(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        transaction: &Transaction,
        needs: &Needs,
        early: Vec<(Identity, Option<Owner>)>,
        memory: &mut Memory,
    ) -> Result<(Facts, Option<(String, Rehash)>), Failure> {
        let owners = self.owners(needs, early).await?;
        let member = match &transaction.subject {
            Subject::Member { user, .. } => Some(user.id.clone()),
            _ => None,
        };
        let verifies = matches!(needs.password, PasswordWork::Verify(_));
        let whose = if verifies { owners.iter().flatten().next().cloned().or(member) } else { None };

        // Nobody is looked up the same way as somebody (security.md R-P9).
        let nobody = String::from("-");
        let asks_for_a_name = !matches!(arrival.input, Input::UpdateProfile(_));
        let mut wanted: Vec<Key> =
            owners.iter().filter(|owner| owner.is_some() || asks_for_a_name).map(|owner| keys::user(owner.as_ref().unwrap_or(&nobody))).collect();
        wanted.sort();
        wanted.dedup();
        if verifies {
            wanted.push(keys::password(whose.as_ref().unwrap_or(&nobody)));
        }
        let (items, over_budget) = join(self.read(&wanted), self.count(needs, arrival, context.now, memory)).await;
        let (items, over_budget) = (items?, over_budget?);
        let find = |key: &Key| items.iter().flatten().find(|item| item.key == *key);
        let mut facts = Facts { over_budget, over_commit_budget: memory.over_commit_budget, contested: memory.contested, ..Facts::default() };
        for owner in &owners {
            let item = owner.as_ref().and_then(|id| find(&keys::user(id)));
            facts.owners.push(match item {
                Some(item) => Some((read::<User>(item)?, item.version)),
                None => None,
            });
        }
        facts.new_user_id = memory.new_user_id.get_or_insert_with(|| self.random_id()).clone();
        if over_budget {
            return Ok((facts, None));
        }
        if needs.passcode {
            facts.passcode_right = self.passcode_right(arrival, context, transaction, memory)?;
        }
        let mut outdated = None;
        match &needs.password {
            PasswordWork::None => {}
            PasswordWork::Hash(password) => {
                if memory.new_password.is_none() {
                    memory.new_password = Some(self.passwords()?.hash(password).await?);
                }
                facts.new_password.clone_from(&memory.new_password);
            }
            PasswordWork::Verify(password) => {
                let password = password_rules::normalise(password).map_err(|_| Failure::Malformed)?;
                let item = whose.as_ref().and_then(|id| find(&keys::password(id)));
                let hash = item.map(read::<PasswordHash>).transpose()?;
                let Verdict { matches, outdated: old } = self.passwords()?.verify(&password, hash.as_ref()).await?;
                facts.password_right = matches && hash.is_some();
                if let (true, true, Some(item), Some(id)) = (facts.password_right, old, item, whose) {
                    outdated = Some((id, Rehash { password, version: item.version }));
                }
            }
        }
        Ok((facts, outdated))
    }

    /// The ids of the owners of what the policy asks about.
    async fn owners(&self, needs: &Needs, early: Vec<(Identity, Option<Owner>)>) -> Result<Vec<Option<String>>, Failure> {
        let late: Vec<_> = needs.identities.iter().filter(|identity| !early.iter().any(|(known, _)| known == *identity)).collect();
        let items = self.read(&late.iter().map(|identity| keys::unique(identity)).collect::<Vec<_>>()).await?;
        let mut found = Vec::new();
        for identity in &needs.identities {
            let owner = match late.iter().position(|one| *one == identity) {
                Some(place) => items.get(place).and_then(Option::as_ref).map(read::<Owner>).transpose()?.map(|owner| owner.user),
                None => early.iter().find(|(known, _)| known == identity).and_then(|(_, owner)| owner.as_ref()).map(|owner| owner.user.clone()),
            };
            found.push(owner);
        }
        Ok(found)
    }

    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        if keys.is_empty() { Ok(Vec::new()) } else { self.store.read(keys).await }
    }

    /// Counts the budgets of a guess, before it is evaluated and whatever becomes of it (security.md R-O4). Whether one is used up; doubt is a
    /// failure, and then nothing is evaluated (I12).
    async fn count(&self, needs: &Needs, arrival: &Arrival<'_>, now: Timestamp, memory: &mut Memory) -> Result<bool, Failure> {
        if let Some((_, over)) = memory.counted {
            return Ok(over);
        }
        let writes: Vec<Write> = needs.budgets.iter().map(|budget| commit::count(budget, 1, arrival.source, &self.interaction_key, now)).collect();
        let over = if writes.is_empty() {
            false
        } else {
            match self.store.write(&writes).await {
                Ok(()) => false,
                Err(StoreError::Refused(_)) => true,
                Err(error) => return Err(error.into()),
            }
        };
        memory.counted = Some((now, over));
        Ok(over)
    }

    fn passcode_right(&self, arrival: &Arrival<'_>, context: &Context<'_>, transaction: &Transaction, memory: &mut Memory) -> Result<bool, Failure> {
        let (Some(challenge), Input::AnswerEmail(typed)) = (&transaction.challenge, &arrival.input) else { return Ok(false) };
        if memory.compared.is_some_and(|sequence| sequence != challenge.sequence) {
            return Ok(false);
        }
        memory.compared = Some(challenge.sequence);
        let length = context.organisation.authenticator(AuthenticatorKey::OktaEmail).passcode_length;
        let expected = self.mail()?.passcode_key.passcode(transaction, challenge, length);
        Ok(step::passcode_digits(typed, length).is_some_and(|typed| same(&expected, typed.expose())))
    }

    /// When everything is met: the interaction code, for the client that is asking; the browser is known from now on.
    fn issue(&self, arrival: &Arrival<'_>, context: &Context<'_>, decision: &mut Decision, commit: &mut Commit) -> Option<Secret> {
        let Some(Outcome::Done { user_id, at, issued }) = &mut decision.transaction.outcome else { return None };
        // Whoever presses the button behind the link is not the client: that one fetches its code itself.
        if *issued || arrival.operation == Operation::ConfirmLink {
            return None;
        }
        *issued = true;
        let (user_id, at) = (user_id.clone(), *at);
        let transaction = &decision.transaction;
        let code = self.interaction_code(transaction);
        let grant = Grant::new(transaction, &user_id, at, context.now);
        let key = keys::code(&sha256(code.expose()));
        commit.push(About::Own, commit::put(key, 1, Some(grant.kept_until()), json!(grant), Expect::Absent(context.now)));
        if let Some(identifier) = transaction.identifier()
            && !transaction.known_browser
        {
            let key = keys::browser(&self.known_browser_pseudonym(&transaction.client.browser, identifier));
            commit.push(
                About::Own,
                commit::put(key, 1, Some(context.now + BROWSER_KNOWN), json!(KnownBrowser { user: user_id, at: context.now }), Expect::Anything),
            );
        }
        Some(code)
    }

    /// An identical request, repeated within a minute, gets the answer again: its first one may have been lost (security.md R-S2, I6). A poll
    /// that finds its code handed out already gets it again until it is redeemed.
    async fn answered_before(&self, arrival: &Arrival<'_>, loaded: &Loaded, now: Timestamp) -> Result<Option<Advanced>, Failure> {
        let transaction = &loaded.stored.transaction;
        let issued = matches!(transaction.outcome, Some(Outcome::Done { issued: true, .. }));
        // Whoever asks for another code when one may be had again means another code.
        let window = match arrival.operation {
            Operation::Introspect => Span(0),
            Operation::Resend => REPEAT_WINDOW.min(Span::seconds(loaded.revision.organisation.settings.limits.resend_cooldown_seconds.into())),
            _ => REPEAT_WINDOW,
        };
        let repeated = loaded.stored.last_request.as_ref().is_some_and(|last| last.mac == arrival.mac && now - last.at < window);
        if !issued {
            if transaction.outcome == Some(Outcome::Cancelled) && !(repeated && arrival.operation == Operation::Cancel) {
                return Err(Failure::SessionExpired);
            }
            // A poll that changes nothing is answered anew each time; a mail that was not sent is asked for once more by the same request.
            let unsent = transaction.challenge.as_ref().is_some_and(|challenge| !challenge.sent);
            let anew = arrival.operation == Operation::Poll || (arrival.operation == Operation::Resend && unsent);
            if !repeated || anew {
                return Ok(None);
            }
            // The first one may have ended between commit and mail. Said rather than mended: of many at once, each would send.
            let waits_for_mail = unsent && transaction.chosen != Some(AuthenticatorKey::OktaPassword);
            let (notices, status) =
                if waits_for_mail { (message::form(Message::MailNotSent), Status::NotMailed) } else { (Vec::new(), Status::Accepted) };
            return Ok(Some(advanced(Arc::clone(&loaded.revision), transaction.clone(), notices, status, None)));
        }
        let polls = arrival.operation == Operation::Poll;
        if repeated || polls {
            let code = self.interaction_code(transaction);
            let item = self.store.read(&[keys::code(&sha256(code.expose()))]).await?.into_iter().next().flatten();
            let grant = item.map(|item| read::<Grant>(&item)).transpose()?;
            if grant.is_some_and(|grant| grant.redeemable(now)) {
                return Ok(Some(advanced(Arc::clone(&loaded.revision), transaction.clone(), Vec::new(), Status::Accepted, Some(code))));
            }
        }
        if polls {
            return Ok(Some(advanced(Arc::clone(&loaded.revision), transaction.clone(), Vec::new(), Status::Elsewhere, None)));
        }
        Err(Failure::SessionExpired)
    }

    /// Sends, after the commit: a mail about something that did not happen would be worse than none. Whether the provider took it.
    async fn send(
        &self,
        context: &Context<'_>,
        transaction: &Transaction,
        mail: &step::Mail,
        last_request: Option<LastRequest>,
        arrival: &Arrival<'_>,
        version: u64,
    ) -> Result<bool, Failure> {
        let mailer = &self.mail()?.mailer;
        let letter = self.letter(context, transaction, mail)?;
        if let Err(error) = mailer.send(&letter).await {
            tracing::warn!(transaction = transaction.id, %error, "a mail was not sent");
            // A rejected address looks like any other (security.md R-M6, A-008).
            return Ok(matches!(error, crate::ports::MailError::Rejected));
        }
        // Says that nobody needs to send it again. If this write is lost, at worst the same code is mailed twice.
        if let Some(challenge) = transaction.challenge.as_ref().filter(|challenge| !challenge.sent) {
            let mut sent = transaction.clone();
            sent.challenge = Some(policy::transaction::Challenge { sent: true, ..challenge.clone() });
            let changed = sent.touched == context.now;
            let last_request = if changed { Some(LastRequest { mac: arrival.mac.clone(), at: context.now }) } else { last_request };
            let write = put_transaction(&Stored { transaction: sent, last_request }, version + 1, Expect::Version(version));
            if let Err(error) = self.store.write(&[write]).await {
                tracing::warn!(transaction = transaction.id, %error, "a mail was sent, but not marked as sent");
            }
        }
        Ok(true)
    }

    fn letter(&self, context: &Context<'_>, transaction: &Transaction, mail: &step::Mail) -> Result<Mail, Failure> {
        use policy::transaction::Purpose;
        let settings = &context.organisation.settings;
        let email = context.organisation.authenticator(AuthenticatorKey::OktaEmail);
        let (to, about) = match mail {
            step::Mail::Passcode(challenge) => {
                let key = &self.mail()?.passcode_key;
                let passcode = key.passcode(transaction, challenge, email.passcode_length);
                let link = self.link(&transaction.id, &key.link(transaction, challenge));
                let lifetime_minutes = email.token_lifetime_in_minutes;
                match challenge.purpose {
                    Purpose::Registration => (&challenge.address, MailContent::RegistrationActivation { passcode, link, lifetime_minutes }),
                    Purpose::SignIn => (&challenge.address, MailContent::EmailChallenge { passcode, link, lifetime_minutes }),
                }
            }
            step::Mail::Welcome { user_id, address } => {
                let token = self.welcome_token(user_id, address)?;
                let link = self.link(&transaction.id, &token);
                (address, MailContent::RegistrationEmailVerification { link, lifetime_hours: WELCOME_LINK_HOURS })
            }
            step::Mail::AlreadyRegistered { address } => {
                (address, MailContent::AlreadyRegistered { sign_in: context.app.settings.oauth_client.initiate_login_uri.clone() })
            }
        };
        Ok(Mail {
            to: to.clone(),
            from: settings.mail_from.clone(),
            company_name: settings.company_name.clone(),
            app_label: context.app.label.clone(),
            asked_at: context.now,
            content: about,
        })
    }

    fn link(&self, id: &str, token: &Secret) -> Secret {
        Secret::new(format!("{}/email/verify/{id}?token={}", self.base_url, token.expose()))
    }

    /// Old parameters or an old pepper: hash again, unless the password was changed meanwhile. Signing in does not depend on it (R-P10).
    async fn rehash(&self, user: &str, Rehash { password, version }: Rehash) {
        let Ok(passwords) = self.passwords() else { return };
        let result = match passwords.hash(&password).await {
            Ok(hash) => {
                let write = commit::put(keys::password(user), version, None, json!(hash), Expect::Version(version));
                self.store.write(&[write]).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "a password could not be hashed again");
        }
    }

    /// The account may have changed since this transaction read it.
    async fn refresh_user(&self, transaction: &mut Transaction) -> Result<(), Failure> {
        let Subject::Member { user, version, .. } = &mut transaction.subject else { return Ok(()) };
        let item = self.store.read(&[keys::user(&user.id)]).await?.into_iter().next().flatten();
        let current: Option<User> = item.as_ref().map(read).transpose()?;
        // Whoever was deactivated or deleted meanwhile gets no session (security.md A-073).
        let current = current.filter(|user| user.status == UserStatus::Active).ok_or(Failure::SessionExpired)?;
        *version = item.map_or(0, |item| item.version);
        // The account has changed hands: what was proven of the one before proves nothing of this one (I3).
        let changed_hands = current.generation != user.generation;
        *user = current;
        if changed_hands {
            transaction.proofs.clear();
        }
        Ok(())
    }

    /// The values that the request itself names, so that their owners are read in the first round trip. A guess of what the policy will ask
    /// for, from the configuration that this instance knows; a wrong guess costs a trip, never an answer.
    fn named(&self, input: &Input) -> Vec<Identity> {
        match input {
            Input::Identify { identifier, .. } => {
                let mut attributes: Vec<String> = self.cache.known().map_or_else(Vec::new, |revision| {
                    let policies = &revision.organisation.policies.profile_enrollment;
                    policies
                        .iter()
                        .flat_map(|policy| &policy.rules)
                        .flat_map(|rule| rule.actions.profile_enrollment.allowed_identifiers.clone())
                        .collect()
                });
                attributes.push("login".into());
                attributes.sort();
                attributes.dedup();
                attributes.iter().map(|attribute| Identity::of(attribute, identifier)).collect()
            }
            Input::EnrollProfile { profile, .. } | Input::UpdateProfile(profile) => {
                let known = self.cache.known();
                let unique = |name: &str| {
                    let property = known.as_ref().and_then(|revision| revision.organisation.user_schema.property(name));
                    matches!(name, "email" | "login") || property.is_some_and(|property| property.is_unique())
                };
                let mut typed: Vec<_> = profile.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
                if let Some((_, email)) = typed.iter().find(|(name, _)| *name == "email").filter(|_| !profile.contains_key("login")) {
                    typed.push(("login", email));
                }
                // A request has few fields, but a hostile one may have many: a read takes a hundred keys.
                typed.into_iter().filter(|(name, _)| unique(name)).take(MOST_NAMED).map(|(name, text)| Identity::of(name, text)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Where it says that somebody has signed in from this browser before.
    fn browser_key(&self, arrival: &Arrival<'_>) -> Option<Key> {
        match (&arrival.input, &arrival.browser) {
            (Input::Identify { identifier, .. }, Some(browser)) => Some(keys::browser(&self.known_browser_pseudonym(browser, identifier))),
            _ => None,
        }
    }

    fn known_browser_pseudonym(&self, browser: &str, identifier: &str) -> String {
        self.interaction_key.pseudonym(&["browser", browser, &identifier_key(identifier)])
    }

    /// Whether what the client holds opens this transaction.
    fn opens(&self, finder: &Finder, transaction: &Transaction) -> Result<bool, Failure> {
        Ok(match finder {
            Finder::Handle(Handle::State(handle)) => same(&self.state_handle(&transaction.id), handle.expose()),
            Finder::Handle(Handle::Interaction(handle)) => same(&self.interaction_handle(&transaction.id), handle.expose()),
            Finder::Link { token, .. } => match &transaction.challenge {
                Some(challenge) => same(&self.mail()?.passcode_key.link(transaction, challenge), token.expose()),
                None => false,
            },
        })
    }

    /// What the client sends with each step: `id.secret`. Derived, never stored.
    pub(crate) fn state_handle(&self, id: &str) -> Secret {
        self.handle("state-handle", id)
    }

    /// What interact hands out; good for introspect only.
    pub(crate) fn interaction_handle(&self, id: &str) -> Secret {
        self.handle("interaction-handle", id)
    }

    fn handle(&self, purpose: &str, id: &str) -> Secret {
        Secret::new(format!("{id}.{}", self.interaction_key.token(&[purpose, id]).expose()))
    }

    fn interaction_code(&self, transaction: &Transaction) -> Secret {
        self.interaction_key.token(&["interaction-code", &transaction.id])
    }

    /// A request as a MAC, to know it again.
    pub(crate) fn request_mac(&self, operation: Operation, body: &[u8]) -> String {
        self.interaction_key.pseudonym(&["request", &format!("{operation:?}"), &String::from_utf8_lossy(body)])
    }
}

impl Finder {
    /// The transaction's id, if it is well-formed.
    pub(crate) fn id(&self) -> Option<&str> {
        let id = match self {
            Self::Handle(Handle::State(handle) | Handle::Interaction(handle)) => handle.expose().split_once('.')?.0,
            Self::Link { id, .. } => id,
        };
        well_formed(id).then_some(id)
    }
}

/// Whether this may be an id of ours: 128 bits as base64url.
pub(crate) fn well_formed(id: &str) -> bool {
    id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether an item still counts: DynamoDB deletes expired ones days late (security.md R-D5).
pub(crate) fn live(item: &Item, now: Timestamp) -> bool {
    item.expires_at.is_none_or(|expires| now < expires)
}

/// The write of a transaction.
pub(crate) fn put_transaction(stored: &Stored, version: u64, expect: Expect) -> Write {
    commit::put(keys::transaction(&stored.transaction.id), version, Some(stored.transaction.expires()), json!(stored), expect)
}

/// A right password whose hash should be made again.
struct Rehash {
    password: Secret,
    version: u64,
}

impl KnownBrowser {
    /// A takeover makes strangers of all browsers (I3).
    fn of(&self, user: &User) -> bool {
        self.user == user.id && user.not_before <= self.at
    }
}

impl Memory {
    fn learn(&mut self, commit: &Commit, places: &[usize]) {
        for about in places.iter().filter_map(|place| commit.about.get(*place)) {
            match about {
                About::Budget => self.over_commit_budget = true,
                About::Claim => self.contested = true,
                About::User => self.stale_user = true,
                About::Refund => self.keeps_counts = true,
                About::Transaction | About::Own => {}
            }
        }
    }
}

fn advanced(revision: Arc<Revision>, transaction: Transaction, notices: Vec<Notice>, status: Status, code: Option<Secret>) -> Advanced {
    Advanced { revision, transaction, notices, status, code }
}
