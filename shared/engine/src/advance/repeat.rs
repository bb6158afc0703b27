//! The same request once more.

use std::sync::Arc;

use idx::operation::Operation;
use policy::message::{self, Message};
use policy::organisation::AuthenticatorKey;
use policy::step::{self, Outdated, Rejection};
use policy::time::{Span, Timestamp};
use policy::transaction::{Challenge, Outcome, REPEAT_WINDOW, RESEND_REPEAT_WINDOW};

use super::load::Loaded;
use super::{Advanced, Arrival, Status};
use crate::configuration::read;
use crate::derive::sha256;
use crate::keys;
use crate::oidc::Grant;
use crate::{Engine, Failure};

impl Engine {
    /// An identical request, repeated within a minute, gets the answer again: its first one may
    /// have been lost (security.md R-S2, I6). The one that got the interaction code gets it again
    /// until it is redeemed, and nobody else does (idx.md §5.8).
    pub(super) async fn answered_before(
        &self,
        arrival: &Arrival<'_>,
        loaded: &Loaded,
        now: Timestamp,
    ) -> Result<Option<Advanced>, Failure> {
        let transaction = &loaded.stored.transaction;
        let answer = |notices, status, code| Advanced {
            revision: Arc::clone(&loaded.revision),
            transaction: transaction.clone(),
            notices,
            status,
            code,
        };
        let issued = matches!(transaction.outcome, Some(Outcome::Done { issued: true, .. }));
        let window = repeat_window(arrival.operation);
        let same_request = |window| {
            loaded
                .stored
                .last_request
                .as_ref()
                .is_some_and(|last| arrival.mac.is(&last.mac) && now - last.at < window)
        };
        let repeated = same_request(window);
        if !issued {
            if transaction.outcome == Some(Outcome::Cancelled)
                && !(repeated && arrival.operation == Operation::Cancel)
            {
                return Err(Failure::SessionExpired);
            }
            // A poll that changes nothing is answered anew each time; a mail that was not sent is
            // asked for once more by the same request.
            let told = |challenge: &Challenge| {
                step::tells_whether_sent(&loaded.revision.organisation, challenge)
            };
            let challenge = transaction.challenge.as_ref().filter(|challenge| told(challenge));
            let asks_again = arrival.operation == Operation::Resend
                && challenge.is_some_and(|challenge| challenge.is_unsent(now));
            let anew = arrival.operation == Operation::Poll || asks_again;
            if !repeated || anew || Self::redrawn_before(arrival, loaded, now).is_some() {
                return Ok(None);
            }
            // The first one may have ended between commit and mail. Said rather than mended: of
            // many at once, each would send.
            let waits_for_mail = challenge.is_some_and(|challenge| !challenge.sent)
                && transaction.chosen != Some(AuthenticatorKey::OktaPassword);
            let (notices, status) = if waits_for_mail {
                (message::form(Message::MailNotSent), Status::NotMailed)
            } else {
                (Vec::new(), Status::Accepted)
            };
            return Ok(Some(answer(notices, status, None)));
        }
        // The request that was answered with the code, an introspection too: nothing can have come
        // after it.
        if same_request(REPEAT_WINDOW) {
            let codes = self.interaction_codes(transaction);
            let places: Vec<_> =
                codes.iter().map(|code| keys::code(&sha256(code.expose()))).collect();
            for (code, item) in codes.into_iter().zip(self.store.read(&places).await?) {
                let grant = item.map(|item| read::<Grant>(&item)).transpose()?;
                if grant.is_some_and(|grant| grant.redeemable(now)) {
                    return Ok(Some(answer(Vec::new(), Status::Accepted, Some(code))));
                }
            }
        }
        if arrival.operation == Operation::Poll {
            return Ok(Some(answer(Vec::new(), Status::Elsewhere, None)));
        }
        Err(Failure::SessionExpired)
    }

    /// Why this same request was answered with another page a moment ago. Nothing was done for it
    /// then, so it is tried again: it may be another press, on that other page. If it is no answer
    /// to that page either, then the client never saw it, and gets it again
    /// ([`again`](Advanced::again)).
    pub(super) fn redrawn_before(
        arrival: &Arrival<'_>,
        loaded: &Loaded,
        now: Timestamp,
    ) -> Option<Outdated> {
        let last = loaded.stored.last_request.as_ref()?;
        last.outdated.filter(|_| {
            arrival.mac.is(&last.mac) && now - last.at < repeat_window(arrival.operation)
        })
    }
}

/// How long a request counts as the same one, sent once more.
fn repeat_window(operation: Operation) -> Span {
    match operation {
        Operation::Introspect => Span(0),
        Operation::Resend => RESEND_REPEAT_WINDOW,
        _ => REPEAT_WINDOW,
    }
}

impl Advanced {
    /// The same answer once more, if this request was no answer to the page that it was given.
    pub(super) fn again(mut self, redrawn: Option<Outdated>) -> Self {
        let is_none = matches!(
            self.status,
            Status::Rejected(Rejection::Invalid) | Status::NotOffered | Status::Malformed
        );
        if let Some(why) = redrawn.filter(|_| is_none) {
            (self.status, self.notices) =
                (Status::Rejected(Rejection::Outdated(why)), why.notices());
        }
        self
    }
}
