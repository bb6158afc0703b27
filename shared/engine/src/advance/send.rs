//! Mail, after the commit.

use policy::Context;
use policy::organisation::AuthenticatorKey;
use policy::secret::Secret;
use policy::step;
use policy::transaction::{Challenge, Purpose, Transaction};

use crate::budget::Counter;
use crate::commit::{LastRequest, Stored, put_transaction};
use crate::configuration::read;
use crate::keys;
use crate::ports::{Expect, Mail, MailContent, MailError, StoreError};
use crate::{Engine, Failure};

/// Life of the link in a welcome mail. It opens no session; it only marks the address as verified,
/// in the browser that signed up.
pub(crate) const WELCOME_LINK_HOURS: u32 = 24;

impl Engine {
    /// Sends, after the commit: a mail about something that did not happen would be worse than
    /// none. `counted`: what was counted for it.
    pub(super) async fn send(
        &self,
        context: &Context<'_>,
        transaction: &Transaction,
        mail: &step::Mail,
        last_request: Option<LastRequest>,
        version: u64,
        counted: &[Counter],
    ) -> Result<bool, Failure> {
        let (letter, mailer) = (self.letter(context, transaction, mail)?, &self.mail()?.mailer);
        let sent = match mail {
            step::Mail::Nobody(_) => mailer.send_to_nobody(&letter).await,
            _ => mailer.send(&letter).await,
        };
        if let Err(error) = sent {
            tracing::warn!(transaction = transaction.id, %error, "a mail was not sent");
            // A rejected address looks like any other, also to whoever asks again (security.md
            // R-M6, A-008): it is marked like one that was sent.
            if matches!(error, MailError::NotTaken(_)) {
                self.give_back(counted).await;
            }
            if !matches!(error, MailError::Rejected) {
                self.mark(transaction, last_request, version, |challenge| challenge.failed = true)
                    .await;
                return Ok(false);
            }
        }
        // Says that nobody needs to send it again.
        self.mark(transaction, last_request, version, |challenge| challenge.sent = true).await;
        Ok(true)
    }

    /// A mail that never went out was not sent to anybody: when the provider is back, whoever asked
    /// in vain can still have their code (security.md F-26, I9). Whoever asked has asked all the
    /// same: that count stays.
    async fn give_back(&self, counted: &[Counter]) {
        let refunds: Vec<_> =
            counted.iter().filter(|counter| counter.is_refunded()).map(Counter::refund).collect();
        if !refunds.is_empty()
            && let Err(error) = self.store.write(&refunds).await
        {
            tracing::warn!(%error, "what was counted for a mail that was not sent could not be given back");
        }
    }

    /// Notes what became of a mail. If this is lost, at worst the same code is mailed twice, or has
    /// to be waited for.
    async fn mark(
        &self,
        transaction: &Transaction,
        last_request: Option<LastRequest>,
        version: u64,
        what: impl Fn(&mut Challenge),
    ) {
        let Some(challenge) = transaction.challenge.as_ref().filter(|challenge| !challenge.sent)
        else {
            return;
        };
        let stored = Stored { transaction: transaction.clone(), last_request };
        if let Err(error) = self.mark_in(challenge.sequence, stored, version, what).await {
            tracing::warn!(transaction = transaction.id, %error, "what became of a mail could not be noted");
        }
    }

    /// Whoever has moved the transaction on meanwhile may not know it yet: it is noted where it is
    /// now.
    async fn mark_in(
        &self,
        sequence: u32,
        mut stored: Stored,
        mut version: u64,
        what: impl Fn(&mut Challenge),
    ) -> Result<(), StoreError> {
        let mut refused = StoreError::Refused(Vec::new());
        for _ in 0..3 {
            match stored
                .transaction
                .challenge
                .as_mut()
                .filter(|challenge| challenge.sequence == sequence)
            {
                Some(challenge) => what(challenge),
                None => return Ok(()),
            }
            refused = match self
                .store
                .write(&[put_transaction(&stored, version + 1, Expect::Version(version))])
                .await
            {
                Err(refused @ StoreError::Refused(_)) => refused,
                result => return result,
            };
            let found = self
                .store
                .read(&[keys::transaction(&stored.transaction.id)])
                .await?
                .into_iter()
                .next()
                .flatten();
            let Some(item) = found else { return Ok(()) };
            (stored, version) = (read(&item)?, item.version);
        }
        Err(refused)
    }

    fn letter(
        &self,
        context: &Context<'_>,
        transaction: &Transaction,
        mail: &step::Mail,
    ) -> Result<Mail, Failure> {
        let settings = &context.organisation.settings;
        let email = context.organisation.authenticator(AuthenticatorKey::OktaEmail);
        let (to, about) = match mail {
            step::Mail::Passcode(challenge) | step::Mail::Nobody(challenge) => {
                let key = &self.mail()?.passcode_key;
                let passcode = key.passcode(transaction, challenge, email.passcode_length);
                let link = self.link(&transaction.id, &key.link(transaction, challenge));
                let lifetime_minutes = email.token_lifetime_in_minutes;
                match challenge.purpose {
                    Purpose::Registration => (
                        &challenge.address,
                        MailContent::RegistrationActivation { passcode, link, lifetime_minutes },
                    ),
                    Purpose::SignIn => (
                        &challenge.address,
                        MailContent::EmailChallenge { passcode, link, lifetime_minutes },
                    ),
                }
            }
            step::Mail::Welcome { user_id, address } => {
                let token = self.welcome_token(user_id, address)?;
                let link = self.link(&transaction.id, &token);
                (
                    address,
                    MailContent::RegistrationEmailVerification {
                        link,
                        lifetime_hours: WELCOME_LINK_HOURS,
                    },
                )
            }
            step::Mail::AlreadyRegistered { address } => (
                address,
                MailContent::AlreadyRegistered {
                    sign_in: context.app.settings.oauth_client.initiate_login_uri.clone(),
                },
            ),
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
}
