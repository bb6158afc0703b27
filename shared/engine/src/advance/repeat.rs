//! The same request once more.

use std::sync::Arc;

use idx::operation::Operation;
use policy::message::{self, Message};
use policy::organisation::AuthenticatorKey;
use policy::step::{self, Rejection};
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
    /// An identical request, repeated within a minute, gets the answer again: its first one may have been lost (security.md R-S2, I6). The one that got
    /// the interaction code gets it again until it is redeemed, and nobody else does (idx.md §5.8).
    pub(super) async fn answered_before(&self, arrival: &Arrival<'_>, loaded: &Loaded, now: Timestamp) -> Result<Option<Advanced>, Failure> {
        let transaction = &loaded.stored.transaction;
        let answer =
            |notices, status, code| Advanced { revision: Arc::clone(&loaded.revision), transaction: transaction.clone(), notices, status, code };
        let issued = matches!(transaction.outcome, Some(Outcome::Done { issued: true, .. }));
        let window = match arrival.operation {
            Operation::Introspect => Span(0),
            Operation::Resend => RESEND_REPEAT_WINDOW,
            _ => REPEAT_WINDOW,
        };
        let same_request = |window| loaded.stored.last_request.as_ref().is_some_and(|last| arrival.mac.is(&last.mac) && now - last.at < window);
        let repeated = same_request(window);
        if !issued {
            if transaction.outcome == Some(Outcome::Cancelled) && !(repeated && arrival.operation == Operation::Cancel) {
                return Err(Failure::SessionExpired);
            }
            // A poll that changes nothing is answered anew each time; a mail that was not sent is asked for once more by the same request.
            let told = |challenge: &Challenge| step::tells_whether_sent(&loaded.revision.organisation, challenge);
            let challenge = transaction.challenge.as_ref().filter(|challenge| told(challenge));
            let asks_again = arrival.operation == Operation::Resend && challenge.is_some_and(|challenge| challenge.is_unsent(now));
            let anew = arrival.operation == Operation::Poll || asks_again;
            if !repeated || anew {
                return Ok(None);
            }
            if let Some(outdated) = loaded.stored.last_request.as_ref().and_then(|last| last.outdated) {
                return Ok(Some(answer(outdated.notices(), Status::Rejected(Rejection::Outdated(outdated)), None)));
            }
            // The first one may have ended between commit and mail. Said rather than mended: of many at once, each would send.
            let waits_for_mail = challenge.is_some_and(|challenge| !challenge.sent) && transaction.chosen != Some(AuthenticatorKey::OktaPassword);
            let (notices, status) =
                if waits_for_mail { (message::form(Message::MailNotSent), Status::NotMailed) } else { (Vec::new(), Status::Accepted) };
            return Ok(Some(answer(notices, status, None)));
        }
        // The request that was answered with the code, an introspection too: nothing can have come after it.
        if same_request(REPEAT_WINDOW) {
            let codes = self.interaction_codes(transaction);
            let places: Vec<_> = codes.iter().map(|code| keys::code(&sha256(code.expose()))).collect();
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
}
