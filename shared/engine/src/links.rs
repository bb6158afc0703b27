//! What is behind the link of a mail. Opening it changes nothing: scanners open links. Only the
//! button does, and only in the browser that began the flow; anywhere else the page shows the code
//! to type there (security.md R-O10).

use ::http::StatusCode;
use idx::envelope;
use idx::operation::Operation;
use idx::page::{Page, Way};
use policy::message::Notice;
use policy::organisation::AuthenticatorKey;
use policy::secret::Secret;
use policy::step::{Input, Outdated};
use policy::time::{Span, Timestamp};
use policy::transaction::{Challenge, REPEAT_WINDOW, Transaction};
use policy::user::User;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::advance::{Arrival, Finder, Status, WELCOME_LINK_HOURS};
use crate::commit::{self, Stored};
use crate::configuration::{Revision, read};
use crate::cookie;
use crate::derive::{Key, same, sha256};
use crate::handles::{RequestMac, well_formed};
use crate::http::Request;
use crate::keys;
use crate::ports::{Expect, StoreError, Write};
use crate::reply::Reply;
use crate::serve::way;
use crate::{Engine, Failure};

/// A link of a welcome mail: pressing its button marks the address as verified.
#[derive(Debug, Serialize, Deserialize)]
struct Welcome {
    user: String,
    address: String,
    /// The browser that signed up.
    browser: String,
}

/// What a link was found to be.
enum Link {
    /// Of the current code of a transaction.
    Current {
        transaction: Box<Transaction>,
        challenge: Challenge,
        revision: std::sync::Arc<Revision>,
    },
    /// Of a welcome mail.
    Welcome(Welcome),
    /// Of a code that this very request has answered already; the browser in which it did, and why
    /// it led nowhere, if it did.
    Followed { browser: String, outdated: Option<Outdated> },
    /// Of nothing, or of nothing any more.
    Dead,
}

impl Engine {
    pub(crate) async fn open_link(&self, id: &str, request: &Request) -> Result<Reply, Failure> {
        let token =
            Secret::new(query(request.query.expose().as_bytes(), "token").unwrap_or_default());
        let browser = browser(request);
        match self.find_link(id, &token, None).await? {
            Link::Dead | Link::Followed { .. } => Ok(dead()),
            Link::Welcome(welcome) if browser.as_ref() == Some(&welcome.browser) => {
                let page =
                    Page::ConfirmAddress { action: self.action(id), token: token.expose().into() };
                Ok(Reply::html(StatusCode::OK, &page.render()))
            }
            Link::Welcome(_) => {
                Ok(Reply::html(StatusCode::OK, &Page::OpenWhereYouSignedUp.render()))
            }
            Link::Current { transaction, challenge, revision } => {
                let app = revision
                    .organisation
                    .app(&transaction.client.app)
                    .ok_or(Failure::SessionExpired)?;
                let length = revision
                    .organisation
                    .authenticator(AuthenticatorKey::OktaEmail)
                    .passcode_length;
                let code = self.mail()?.passcode_key.passcode(&transaction, &challenge, length);
                if browser.as_ref() != Some(&transaction.client.browser) {
                    let page = Page::Code { code: code.expose().into(), app: app.label.clone() };
                    return Ok(Reply::html(StatusCode::OK, &page.render()));
                }
                if let Some(callback) = &app.email_verify_callback_uri {
                    // The app asked for it; the page proves by its stored `state` that it began the
                    // flow (policies.md §9).
                    return Ok(Reply::redirect(&envelope::redirect(
                        callback,
                        &[("state", &transaction.client.state), ("otp", code.expose())],
                    )));
                }
                let page = Page::Confirm {
                    action: self.action(id),
                    token: token.expose().into(),
                    app: app.label.clone(),
                };
                Ok(Reply::html(StatusCode::OK, &page.render()))
            }
        }
    }

    pub(crate) async fn confirm_link(
        &self,
        id: &str,
        body: &[u8],
        request: &Request,
    ) -> Result<Reply, Failure> {
        let token = Secret::new(query(body, "token").ok_or(Failure::Malformed)?);
        let browser = browser(request);
        let mac = self.request_mac(Operation::ConfirmLink, body);
        match self.find_link(id, &token, Some(&mac)).await? {
            // Pressed again, because the first answer was lost (security.md R-S2, I6).
            Link::Followed { browser: first, outdated } if browser.as_ref() == Some(&first) => {
                Ok(followed(outdated))
            }
            Link::Dead | Link::Followed { .. } => Ok(dead()),
            Link::Welcome(welcome) if browser.as_ref() == Some(&welcome.browser) => {
                self.mark_verified(&welcome).await?;
                Ok(Reply::html(StatusCode::OK, &Page::AddressConfirmed.render()))
            }
            Link::Welcome(_) => Err(Failure::ForeignOrigin),
            Link::Current { transaction, .. }
                if browser.as_ref() != Some(&transaction.client.browser) =>
            {
                Err(Failure::ForeignOrigin)
            }
            Link::Current { challenge, .. } => {
                let arrival = Arrival {
                    operation: Operation::ConfirmLink,
                    finder: Finder::Link { id: id.into(), token: token.clone() },
                    input: Input::ConfirmLink { sequence: challenge.sequence },
                    mac: mac.clone(),
                    source: &request.source,
                    server_of: None,
                    browser,
                    page: None,
                };
                let advanced = self.advance(&arrival).await;
                if let Ok(advanced) = &advanced {
                    self.log(Operation::ConfirmLink, request, advanced);
                }
                match advanced {
                    Ok(advanced) if advanced.status == Status::Accepted => {
                        Ok(Reply::html(StatusCode::OK, &Page::ReturnToTab.render()))
                    }
                    // Whoever reads the mailbox may know why it is not taken, somebody having been
                    // faster for example (security.md A-031).
                    Ok(advanced) if matches!(advanced.status, Status::Rejected(_)) => {
                        let ways = advanced
                            .revision
                            .organisation
                            .app(&advanced.transaction.client.app)
                            .and_then(way)
                            .into_iter()
                            .collect();
                        Ok(refused(&advanced.notices, ways))
                    }
                    // Pressed twice at once, and the other press was faster: the same request, the
                    // same answer.
                    Ok(_) | Err(Failure::SessionExpired) => {
                        Ok(match self.find_link(id, &token, Some(&mac)).await? {
                            Link::Followed { outdated, .. } => followed(outdated),
                            _ => dead(),
                        })
                    }
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    /// The write that makes the link of a welcome mail good.
    pub(crate) fn welcome_link(
        transaction: &Transaction,
        user: &str,
        address: &str,
        now: Timestamp,
    ) -> Write {
        let welcome = Welcome {
            user: user.into(),
            address: address.into(),
            browser: transaction.client.browser.clone(),
        };
        let expires = now + Span::hours(u64::from(WELCOME_LINK_HOURS));
        commit::put(
            keys::verification(&transaction.id),
            1,
            Some(expires),
            json!(welcome),
            Expect::Anything,
        )
    }

    pub(crate) fn welcome_token(&self, user: &str, address: &str) -> Result<Secret, Failure> {
        Ok(welcome_token(&self.mail()?.passcode_key, user, address))
    }

    /// What is behind a link. `pressed`: the request that pressed its button.
    async fn find_link(
        &self,
        id: &str,
        token: &Secret,
        pressed: Option<&RequestMac>,
    ) -> Result<Link, Failure> {
        if !well_formed(id) {
            return Ok(Link::Dead);
        }
        let now = self.clock.now();
        let mut items = self
            .store
            .read(&[keys::organisation_head(), keys::transaction(id), keys::verification(id)])
            .await?
            .into_iter();
        let (head, transaction, verification) =
            (items.next().flatten(), items.next().flatten(), items.next().flatten());
        if let Some(item) = verification.filter(|item| item.lives(now)) {
            let welcome: Welcome = read(&item)?;
            let made = |key: &Key| {
                same(&welcome_token(key, &welcome.user, &welcome.address), token.expose())
            };
            if self.mail()?.passcode_key.accepts(made) {
                return Ok(Link::Welcome(welcome));
            }
        }
        let Some(item) = transaction.filter(|item| item.lives(now)) else { return Ok(Link::Dead) };
        let Stored { transaction, last_request } = read(&item)?;
        if let Some(last) = last_request.filter(|last| {
            pressed.is_some_and(|pressed| pressed.is(&last.mac)) && now - last.at < REPEAT_WINDOW
        }) {
            return Ok(Link::Followed {
                browser: transaction.client.browser,
                outdated: last.outdated,
            });
        }
        let Some(challenge) =
            transaction.challenge.clone().filter(|challenge| challenge.lives(now))
        else {
            return Ok(Link::Dead);
        };
        let made = |key: &Key| same(&key.link(&transaction, &challenge), token.expose());
        if transaction.expired(now) || !self.mail()?.passcode_key.accepts(made) {
            return Ok(Link::Dead);
        }
        let revision = self.cache.at(self.store.as_ref(), head.as_ref()).await?;
        Ok(Link::Current { transaction: Box::new(transaction), challenge, revision })
    }

    /// Marks the address as verified. The link stays until it expires: pressed again, it says the
    /// same and changes nothing.
    async fn mark_verified(&self, welcome: &Welcome) -> Result<(), Failure> {
        for _ in 0..3 {
            let Some(item) =
                self.store.read(&[keys::user(&welcome.user)]).await?.into_iter().next().flatten()
            else {
                return Ok(());
            };
            let mut user: User = read(&item)?;
            // The link is for this address; whoever has another one by now has nothing to confirm.
            if user.email_verified || user.text("email") != Some(&welcome.address) {
                return Ok(());
            }
            user.email_verified = true;
            user.last_updated = self.clock.now();
            let save = commit::put(
                item.key,
                item.version + 1,
                None,
                json!(user),
                Expect::Version(item.version),
            );
            match self.store.write(&[save]).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable("the same account is being changed by many".into()))
    }

    fn action(&self, id: &str) -> String {
        format!("{}/email/verify/{id}", self.base_url)
    }
}

/// The answer to the button, again.
fn followed(outdated: Option<Outdated>) -> Reply {
    outdated.map_or_else(
        || Reply::html(StatusCode::OK, &Page::ReturnToTab.render()),
        |why| refused(&why.notices(), Vec::new()),
    )
}

fn refused(notices: &[Notice], ways: Vec<Way>) -> Reply {
    Reply::html(
        StatusCode::BAD_REQUEST,
        &Page::Error { text: idx::message::text(notices), ways }.render(),
    )
}

fn welcome_token(key: &Key, user: &str, address: &str) -> Secret {
    key.token(&["welcome", user, address])
}

fn dead() -> Reply {
    Reply::html(StatusCode::BAD_REQUEST, &Page::LinkExpired.render())
}

fn browser(request: &Request) -> Option<String> {
    cookie::of(&request.headers).map(|cookie| sha256(cookie.expose()))
}

fn query(text: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(text)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
