//! The end of a transaction: its interaction code.

use idx::operation::Operation;
use policy::Context;
use policy::secret::Secret;
use policy::step::Decision;
use policy::transaction::Outcome;
use serde_json::json;

use super::Arrival;
use super::familiar::Known;
use crate::Engine;
use crate::commit::{self, About, Commit};
use crate::derive::sha256;
use crate::keys;
use crate::oidc::Grant;
use crate::ports::Expect;

impl Engine {
    /// When everything is met: the interaction code, for the client that is asking; the browser and
    /// the network are known from now on.
    pub(super) fn issue(
        &self,
        arrival: &Arrival<'_>,
        context: &Context<'_>,
        decision: &mut Decision,
        commit: &mut Commit,
    ) -> Option<Secret> {
        let Some(Outcome::Done { user_id, generation, at, issued }) =
            &mut decision.transaction.outcome
        else {
            return None;
        };
        // Whoever presses the button behind the link is not the client: that one fetches its code
        // itself.
        if *issued || arrival.operation == Operation::ConfirmLink {
            return None;
        }
        *issued = true;
        let (user, generation, at) = (user_id.clone(), *generation, *at);
        let transaction = &decision.transaction;
        let code = self.interaction_code(transaction);
        let grant = Grant::new(transaction, &user, generation, at, context.now);
        let key = keys::code(&sha256(code.expose()));
        commit.push(
            About::Own,
            commit::put(
                key,
                1,
                Some(grant.kept_until()),
                json!(grant),
                Expect::Absent(context.now),
            ),
        );
        if let Some(identifier) = transaction.identifier() {
            let known = Known { user, generation };
            // Only a browser that shows its cookie can be known again.
            if !transaction.familiar.browser
                && arrival.browser.as_ref() == Some(&transaction.client.browser)
            {
                let key = self.browser_key(&transaction.client.browser, identifier);
                commit.push(About::Own, known.browser(key, context.now));
            }
            if !transaction.familiar.network {
                commit.push(
                    About::Own,
                    known.network(self.network_key(arrival.source, identifier), context.now),
                );
            }
        }
        Some(code)
    }
}
