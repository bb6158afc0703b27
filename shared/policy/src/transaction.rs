//! One person's way through sign-up or sign-in, as stored between requests.
//!
//! It holds what is known and proven, never what comes next: that is [derived](crate::requirement).
//! A version of this program that does not know all of it refuses it: half understood, it would let
//! somebody in (security.md F-37).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Not;

use serde::{Deserialize, Serialize};

use crate::assurance::Keys;
use crate::email::{Email, identifier_key};
use crate::organisation::AuthenticatorKey;
use crate::time::{Span, Timestamp};
use crate::user::{PasswordHash, Profile, User};

/// Absolute life of a transaction (security.md R-S1).
pub const LIFETIME: Span = Span::minutes(60);

/// A transaction that is not touched for so long is over (security.md R-S1).
pub const IDLE_LIFETIME: Span = Span::minutes(15);

/// A repeated request counts as the same request for so long (security.md R-S2).
pub const REPEAT_WINDOW: Span = Span::seconds(60);

/// "Send again" is the same words each time. Only at once is it the same press, whose answer was
/// lost or which was a double click; later it is another one, which asks for another mail.
pub const RESEND_REPEAT_WINDOW: Span = Span::seconds(2);

/// A transaction. What is as it was at the beginning is not stored: DynamoDB charges by the
/// kilobyte, and this is what is written most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transaction {
    /// Random; may be logged, opens nothing.
    pub id: String,
    /// Who began it.
    pub client: Client,
    /// When it began.
    pub started: Timestamp,
    /// When it was last changed.
    pub touched: Timestamp,
    /// Whom it is about.
    pub subject: Subject,
    /// What has been proven in this transaction, and when. Emptied whenever the subject changes
    /// (security.md R-S4).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proofs: BTreeMap<AuthenticatorKey, Timestamp>,
    /// The emailed code that is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// Codes sent so far (security.md R-O5).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sends: u32,
    /// The authenticator that the person picked from a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<AuthenticatorKey>,
    /// True if the optional authenticators were skipped.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub skipped: bool,
    /// Where this person has signed in from before.
    #[serde(default, skip_serializing_if = "Familiar::is_nowhere")]
    pub familiar: Familiar,
    /// What was typed into the sign-up form, while the person is back at it to correct that.
    #[serde(default, skip_serializing_if = "Profile::is_empty")]
    pub draft: Profile,
    /// What the client was shown last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// Set when everything was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What a client was shown last. What it sends is an answer to this, also where a policy has
/// changed since (security.md R-S9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shown {
    /// Digest of what was offered, as far as it is drawn.
    pub digest: u32,
    /// Every attribute that the form has asked for since it is open.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attributes: BTreeSet<String>,
}

/// Where somebody has signed in from before: guesses made elsewhere do not use up their budget
/// (security.md R-R8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Familiar {
    /// From this browser.
    #[serde(skip_serializing_if = "Not::not")]
    pub browser: bool,
    /// From this network: for clients that no cookie of ours reaches, and browsers that forget it.
    #[serde(skip_serializing_if = "Not::not")]
    pub network: bool,
}

impl Familiar {
    /// From nowhere that is known.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn is_nowhere(&self) -> bool {
        *self == Self::default()
    }
}

/// The client that began a transaction, and where it wants its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Client {
    /// Id of the app.
    pub app: String,
    /// OAuth `client_id`.
    pub client_id: String,
    /// OAuth `redirect_uri`, registered.
    pub redirect_uri: String,
    /// OAuth `scope`, split.
    pub scopes: Vec<String>,
    /// OAuth `state`.
    pub state: String,
    /// OpenID `nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// OpenID `acr_values`: those that there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// OpenID `login_hint`: what the identifier probably is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// PKCE S256 challenge.
    pub code_challenge: String,
    /// Hash of the cookie of the browser that began it; links complete only there (security.md
    /// R-O10).
    pub browser: String,
}

/// Whom a transaction is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Subject {
    /// Nobody yet: the first page.
    Visitor,
    /// Somebody who follows "Sign up".
    Applicant {
        /// The form, once it was sent and found good.
        registration: Option<Registration>,
    },
    /// Somebody with an account.
    Member {
        /// What was typed.
        identifier: String,
        /// The account as it was when last read. Whoever finishes checks that it still is
        /// (security.md R-S3).
        user: User,
        /// Its version.
        version: u64,
    },
    /// Nobody of that name, treated like somebody (policies.md §3.6).
    Stranger {
        /// What was typed.
        identifier: String,
    },
}

/// A sign-up that is under way. It lives here and nowhere else: there is no user before the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registration {
    /// The id that the user will have.
    pub user_id: String,
    /// What will be stored, `login` and `email` among them.
    pub profile: Profile,
    /// The password that will be stored.
    pub password: Option<PasswordHash>,
    /// The address has an account already, and nobody shall learn it: nothing will ever be right
    /// (security.md R-R3).
    #[serde(default, skip_serializing_if = "Not::not")]
    pub decoy: bool,
    /// The address has an account for which nobody ever proved the mailbox: it is whose who proves
    /// it (security.md I3).
    #[serde(default, skip_serializing_if = "Not::not")]
    pub contested: bool,
}

impl Registration {
    /// The same with more values.
    pub(crate) fn with(&self, values: &Profile) -> Self {
        let mut with = self.clone();
        with.profile.extend(values.clone());
        with
    }
}

/// An emailed code and link. Neither is stored: both are derived from a key, the transaction and
/// [`sequence`](Challenge::sequence).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenge {
    /// What it proves.
    pub purpose: Purpose,
    /// The mailbox.
    pub address: String,
    /// Which code of this transaction; a newer one makes the older worthless.
    pub sequence: u32,
    /// When it was made.
    pub made: Timestamp,
    /// From then on it is worthless.
    pub expires: Timestamp,
    /// True if the mail provider has taken it.
    pub sent: bool,
    /// True if it has not, as far as we know: then another one may be had at once. Neither: it is
    /// on its way, or whoever sent it has died.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub failed: bool,
    /// True if it was mailed once more because nobody reported it as sent.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub retried: bool,
}

/// A mail that nobody has reported as sent after this time probably was not: whoever sent it has
/// died.
const SENDING_TAKES: Span = Span::seconds(5);

/// Clocks of two machines may disagree by so much, and a clock may be put right by so much, without
/// anything being noticed (security.md F-34).
pub const CLOCK_SKEW: Span = Span::seconds(60);

impl Challenge {
    /// True if it is good at `now`. By a clock that was put back a code that was made later by it
    /// is not: otherwise it would live twice.
    pub fn lives(&self, now: Timestamp) -> bool {
        now < self.expires && self.made <= now + CLOCK_SKEW
    }

    /// True if its mail has not gone out, as far as we know: it failed, or nobody has reported it
    /// as sent for longer than sending takes.
    pub fn is_unsent(&self, now: Timestamp) -> bool {
        !self.sent && (self.failed || self.is_overdue(now))
    }

    /// True if nobody has reported its mail as sent for longer than sending takes.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !self.sent && now - self.made >= SENDING_TAKES
    }
}

/// What a code is for (security.md R-O7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Finish signing up.
    Registration,
    /// Sign in.
    SignIn,
}

impl Purpose {
    /// As it goes into the derivation of codes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::SignIn => "sign-in",
        }
    }
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Outcome {
    /// Signed in.
    Done {
        /// Who.
        user_id: String,
        /// The account's generation then: if it changes hands, this is void.
        #[serde(default)]
        generation: u32,
        /// When everything was met.
        at: Timestamp,
        /// True if the client has its interaction code. Not yet, if the link finished the flow in
        /// another tab.
        issued: bool,
    },
    /// The person gave up.
    Cancelled,
}

impl Transaction {
    /// Begins.
    pub fn begin(id: String, client: Client, now: Timestamp) -> Self {
        Self {
            id,
            client,
            started: now,
            touched: now,
            subject: Subject::Visitor,
            proofs: BTreeMap::new(),
            challenge: None,
            sends: 0,
            chosen: None,
            skipped: false,
            familiar: Familiar::default(),
            draft: Profile::new(),
            shown: None,
            outcome: None,
        }
    }

    /// True if it is too old at `now`.
    pub fn expired(&self, now: Timestamp) -> bool {
        now >= self.expires()
    }

    /// From then on it is too old, if nothing touches it. While a code is out it waits for it:
    /// people go and look for the mail.
    pub fn expires(&self) -> Timestamp {
        let idle = self.touched + IDLE_LIFETIME;
        (self.started + LIFETIME)
            .min(self.challenge.as_ref().map_or(idle, |challenge| idle.max(challenge.expires)))
    }

    /// What the person typed to say who they are.
    pub fn identifier(&self) -> Option<&str> {
        match &self.subject {
            Subject::Member { identifier, .. } | Subject::Stranger { identifier } => {
                Some(identifier)
            }
            Subject::Applicant { registration: Some(registration) } => {
                registration.profile.get("login").and_then(|login| login.as_str())
            }
            Subject::Visitor | Subject::Applicant { registration: None } => None,
        }
    }

    /// The profile of whoever the transaction is about.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        match &self.subject {
            Subject::Member { user, .. } => Some(&user.profile),
            Subject::Applicant { registration: Some(registration) } => Some(&registration.profile),
            _ => None,
        }
    }

    /// Where mail for whoever the transaction is about goes. For a stranger it is what was typed,
    /// if that is an address: it is only counted.
    pub fn mailbox(&self) -> Option<String> {
        match &self.subject {
            Subject::Stranger { identifier } => Some(
                Email::parse(identifier)
                    .map_or_else(|_| identifier.clone(), |email| email.address().into()),
            ),
            _ => self.profile()?.get("email").and_then(|email| email.as_str()).map(String::from),
        }
    }

    /// True if a code proves the mailbox of this account: the one that it was sent to, however the
    /// address is spelled, and no later one (security.md R-O7).
    pub fn is_mailbox_of(&self, challenge: &Challenge) -> bool {
        self.mailbox()
            .is_some_and(|mailbox| identifier_key(&mailbox) == identifier_key(&challenge.address))
    }

    /// True if nothing has happened since `before`, but that the client was shown another page.
    pub fn differs_by_page_alone(&self, before: &Self) -> bool {
        self.shown != before.shown
            && Self { shown: before.shown.clone(), ..self.clone() } == *before
    }

    /// True if this was proven here.
    pub fn proven(&self, key: AuthenticatorKey) -> bool {
        self.proofs.contains_key(&key)
    }

    /// All that was proven here.
    pub(crate) fn proven_keys(&self) -> Keys {
        self.proofs.keys().copied().collect()
    }

    /// Turns to another subject: nothing that was proven before counts for it.
    pub(crate) fn turn_to(&mut self, subject: Subject) {
        self.subject = subject;
        self.proofs.clear();
        self.challenge = None;
        self.chosen = None;
        self.skipped = false;
        self.familiar = Familiar::default();
        self.draft = Profile::new();
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
