//! What does happen: the engine on a store in memory, asked over HTTP.

mod administration;
mod requests;

use engine::ports::{Clock, Mail, MailContent};
use policy::organisation::Organisation;
use policy::time::Timestamp;
use serde_json::Value;

use super::ledger::Ledger;
use super::operation::{Browser, Operation};
use super::reference::{Expected, Sent, View, from_newest};
use super::secrecy::{Place, Secrets};
use super::stage::{Answer, Stage};

/// The browser of somebody who has nothing to do with the walk.
pub const BYSTANDER: Browser = 2;

/// The engine, and what the people in front of it have at hand.
pub struct System {
    pub stage: Stage,
    /// Flows, in the order in which they began.
    pub flows: Vec<Flow>,
    /// The flow of each browser.
    tabs: [Option<usize>; 3],
    cookies: [Option<String>; 3],
    /// Every request of a flow, word for word: who sent it, to which flow.
    log: Vec<(Browser, usize, &'static str, Value)>,
    pub links: Vec<Link>,
    /// Flows with an interaction code.
    codes: Vec<usize>,
    pub tokens: Vec<Token>,
    pub secrets: Secrets,
    pub ledger: Ledger,
    organisation: Organisation,
    /// True if the store was written to since the ledger was.
    written: bool,
    /// When which mail was taken by the provider, in seconds.
    pub mails: Vec<(u64, Mail)>,
    /// When which name was guessed wrong.
    pub guesses: Vec<(u64, String)>,
    pub now: u64,
}

/// One flow, as its client knows it.
pub struct Flow {
    pub browser: Browser,
    pub client: &'static str,
    interaction_handle: String,
    handle: String,
    /// The codes that were mailed, and when; a mail about an account that is there already has
    /// none.
    pub codes: Vec<(Option<String>, u64)>,
    /// Where they were mailed to.
    address: Option<String>,
    /// Addresses whose code or link was answered here in time.
    pub proven: Vec<String>,
    pub interaction_code: Option<String>,
    /// Wrong codes that were evaluated, by the number of the code that was out.
    pub wrong: Vec<usize>,
}

/// A link of a mail.
pub struct Link {
    flow: usize,
    path: String,
    pub token: String,
    to: String,
}

/// What an interaction code was worth.
pub struct Token {
    pub access: String,
    pub user: String,
    /// The account's generation when it was issued.
    pub generation: u64,
}

impl System {
    /// With budgets that nobody uses up, or those of the demo.
    pub fn new(generous: bool) -> Self {
        let organisation = administration::organisation(generous);
        let stage = Stage::with(&organisation);
        Self {
            stage,
            flows: Vec::new(),
            tabs: [None; 3],
            cookies: [None, None, None],
            log: Vec::new(),
            links: Vec::new(),
            codes: Vec::new(),
            tokens: Vec::new(),
            secrets: Secrets::default(),
            ledger: Ledger::default(),
            organisation,
            written: true,
            mails: Vec::new(),
            guesses: Vec::new(),
            now: 0,
        }
    }

    /// Carries out an operation; the answer, if it was a request. `sent`: the words of a new step.
    /// Without what it takes, nothing happens.
    pub fn apply(&mut self, operation: &Operation, sent: Option<&Sent>) -> Option<Answer> {
        let answer = match operation {
            Operation::Begin(browser, app) => Some(self.begin(*browser, *app)),
            Operation::Step(..) | Operation::Borrow(..) => Some(self.send(sent?)),
            Operation::Hammer(_, _, times) => {
                let first = self.send(sent?);
                Some((1..*times).fold(first, |_, _| self.send_again(self.log.len() - 1)))
            }
            Operation::Again(newest) => {
                let place = from_newest(*newest, self.log.len());
                Some(self.send_again(place))
            }
            Operation::OpenLink(newest, by) => {
                Some(self.open_link(self.newest_link(*newest)?, *by))
            }
            Operation::ConfirmLink(newest, by) => {
                Some(self.confirm_link(self.newest_link(*newest)?, *by))
            }
            Operation::Redeem(newest, how) => {
                let flow = *self
                    .codes
                    .get(self.codes.len().checked_sub(1 + newest % self.codes.len().max(1))?)?;
                Some(self.redeem(flow, *how))
            }
            Operation::Userinfo(newest) => {
                let place = self.tokens.len().checked_sub(1 + newest % self.tokens.len().max(1))?;
                Some(self.userinfo(place))
            }
            Operation::Wait(seconds) => {
                self.wait(*seconds);
                None
            }
            Operation::Sweep => {
                self.stage.store.inner().sweep(self.clock());
                self.written = true;
                None
            }
            Operation::Edit(edit) => {
                self.edit(*edit);
                None
            }
            Operation::Deactivate(address) => {
                self.deactivate(super::reference::key(*address));
                self.written = true;
                None
            }
        };
        if std::mem::take(&mut self.written) {
            self.ledger.write(
                self.stage.store.inner().dump(),
                self.clock(),
                &self.secrets,
                &self.flows,
                answer.as_ref(),
            );
        }
        answer
    }

    pub fn wait(&mut self, seconds: u64) {
        self.stage.advance(seconds);
        self.now += seconds;
    }

    fn clock(&self) -> Timestamp {
        self.stage.clock.now()
    }

    fn newest_link(&self, newest: usize) -> Option<usize> {
        self.links.len().checked_sub(1 + newest % self.links.len().max(1))
    }

    /// Whoever caused a mail reads it.
    fn collect_mail(&mut self, place: usize) {
        for mail in self.stage.mails().into_iter().skip(self.mails.len()) {
            let (code, link) = match &mail.content {
                MailContent::RegistrationActivation { passcode, link, .. }
                | MailContent::EmailChallenge { passcode, link, .. } => {
                    (Some(Some(passcode.expose().to_string())), Some(link))
                }
                MailContent::AlreadyRegistered { .. } => (Some(None), None),
                // Only an administrator has it mailed, and there is none here.
                MailContent::UserActivation { .. } => (None, None),
                MailContent::RegistrationEmailVerification { link, .. } => (None, Some(link)),
            };
            if let Some(code) = code {
                if let Some(code) = &code {
                    self.secrets.add(Place::Passcode(place), code);
                }
                self.flows[place].codes.push((code, self.now));
                self.flows[place].address = Some(mail.to.to_ascii_lowercase());
            }
            if let Some(link) = link {
                let (path, token) = link
                    .expose()
                    .strip_prefix(super::stage::BASE)
                    .unwrap()
                    .split_once("?token=")
                    .unwrap();
                self.secrets.add(Place::Link(self.links.len()), token);
                self.links.push(Link {
                    flow: place,
                    path: path.into(),
                    token: token.into(),
                    to: mail.to.to_ascii_lowercase(),
                });
            }
            self.mails.push((self.now, mail));
        }
    }
}

/// What an answer shows.
pub fn shown(answer: &Answer) -> Expected {
    let view = match answer.forms().first().map(String::as_str) {
        None if answer.interaction_code().is_some() || answer.body.get("success").is_some() => {
            View::Code
        }
        None => View::Over,
        Some("identify") => View::FirstPage,
        Some("enroll-authenticator") => View::EnrollEmail,
        Some("select-authenticator-enroll") => View::SetUpEmail,
        Some("select-authenticator-authenticate") => View::ChooseEmail,
        Some("challenge-authenticator")
            if answer.body["currentAuthenticatorEnrollment"]["value"]["key"] == "okta_email" =>
        {
            View::Email
        }
        Some("challenge-authenticator") => View::Password,
        Some("enroll-profile") if answer.forms().contains(&"select-identify".into()) => {
            View::SignUpForm
        }
        Some("enroll-profile") => View::Profile,
        Some(other) => panic!("{other} is not expected anywhere"),
    };
    Expected { status: answer.status, view }
}
