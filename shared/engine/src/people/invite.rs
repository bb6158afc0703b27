//! The mail about an account that was made for its recipient.

use policy::organisation::{App, Organisation};
use policy::provision::beginning;
use policy::time::Timestamp;
use policy::user::User;

use crate::ports::{Mail, MailContent};

/// The mail that tells `user` how to begin at `app`, or at `start` if that is given. `None` if they
/// have no address, or could not get in by their mailbox.
///
/// It proves nothing and opens nothing: the flow that it leads to mails a code, as it does to
/// everybody.
pub fn invitation(
    organisation: &Organisation,
    app: &App,
    user: &User,
    start: Option<&str>,
    now: Timestamp,
) -> Option<Mail> {
    let beginning = beginning(organisation, app, user, now)?;
    let start =
        start.map(String::from).or_else(|| app.settings.oauth_client.initiate_login_uri.clone());
    Some(Mail {
        to: user.text("email")?.into(),
        from: organisation.settings.mail_from.clone(),
        company_name: organisation.settings.company_name.clone(),
        app_label: app.label.clone(),
        asked_at: now,
        content: MailContent::UserActivation { start, beginning },
    })
}
