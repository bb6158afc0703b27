//! The [`Mailer`] port on Amazon SES (v2), with the templates of every mail.
//!
//! A mail goes to exactly one address, as structured content: no raw MIME is ever put together
//! here, so there is no header to inject into (security.md R-M1, R-E5). What went wrong is told by
//! SES's error code alone; its messages quote the address (R-L1).

mod words;

use async_trait::async_trait;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use engine::ports::{Mail, MailError, Mailer};

pub use aws_sdk_sesv2::Client;

/// Sends mail through SES.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    configuration_set: Option<String>,
}

impl SesMailer {
    /// A mailer on `client`. Its configuration decides about retries and timeouts. Bounces and
    /// complaints are reported to `configuration_set` (security.md R-M6).
    #[must_use]
    pub fn new(client: Client, configuration_set: Option<String>) -> Self {
        Self { client, configuration_set }
    }
}

/// SES's mailbox simulator: it takes every mail and keeps none, and what it takes counts neither
/// against the quota nor in the reputation.
const SIMULATOR: &str = "success@simulator.amazonses.com";

impl SesMailer {
    async fn send_to(&self, to: &str, mail: &Mail) -> Result<(), MailError> {
        let content = content(mail).map_err(MailError::NotTaken)?;
        let sent = self
            .client
            .send_email()
            .from_email_address(&mail.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(content).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        sent.map(drop).map_err(|error| failure(&error))
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.send_to(&mail.to, mail).await
    }

    async fn send_to_nobody(&self, mail: &Mail) -> Result<(), MailError> {
        self.send_to(SIMULATOR, mail).await
    }
}

/// The mail in SES's form; the error says which rule of SES it breaks.
fn content(mail: &Mail) -> Result<Message, String> {
    let words = words::words(mail).map_err(|error| error.to_string())?;
    let part = |text: String| {
        Content::builder().charset("UTF-8").data(text).build().map_err(|error| error.to_string())
    };
    let body = Body::builder().text(part(words.text)?).html(part(words.html)?).build();
    Ok(Message::builder().subject(part(words.subject)?).body(body).build())
}

/// Only a message that SES refuses for what it is, is `Rejected`; everything else may go better
/// later or after a repair. Where SES has answered, nothing went out (unless an attempt before had
/// no answer: the SDK shows the last one alone). A silence says nothing, nor does a connection that
/// breaks: SES may have read the request before (security.md F-25).
fn failure(error: &SdkError<SendEmailError>) -> MailError {
    match error.as_service_error() {
        Some(SendEmailError::MessageRejected(_)) => MailError::Rejected,
        Some(error) => {
            MailError::NotTaken(error.code().unwrap_or("error without a code").to_owned())
        }
        None => match error {
            SdkError::ConstructionFailure(_) => {
                MailError::NotTaken("request could not be built".to_owned())
            }
            SdkError::DispatchFailure(failure) if !failure.is_timeout() => {
                MailError::Unavailable("no connection".to_owned())
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
                MailError::Unavailable("timeout".to_owned())
            }
            _ => MailError::Unavailable("unreadable answer".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
