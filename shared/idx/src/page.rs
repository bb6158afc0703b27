//! The pages behind the links of mails. No script; the one style is allowed by its hash.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The page behind the link of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// In the browser that began the flow: press the button to go on there.
    Confirm {
        /// The address the button posts to.
        action: String,
        /// The link's token, to be posted.
        token: String,
        /// Name of the app.
        app: String,
    },
    /// In the browser that signed up, after an optional sign-up.
    ConfirmAddress {
        /// The address the button posts to.
        action: String,
        /// The link's token, to be posted.
        token: String,
    },
    /// In another browser: the code to type where the flow began.
    Code {
        /// The code.
        code: String,
        /// Name of the app.
        app: String,
    },
    /// The link of a welcome mail, in another browser.
    OpenWhereYouSignedUp,
    /// The button was pressed: the first tab goes on by itself.
    ReturnToTab,
    /// The address is confirmed.
    AddressConfirmed,
    /// The link is expired, used, replaced or not ours.
    LinkExpired,
    /// Something went wrong.
    Error {
        /// The text.
        text: String,
        /// Ways to go on from here.
        ways: Vec<Way>,
    },
    /// There is nothing at this address.
    NotFound {
        /// Ways to go on from here.
        ways: Vec<Way>,
    },
}

/// A link to an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Name of the app.
    pub app: String,
    /// Its page that begins to sign in.
    pub href: String,
}

/// A page as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered(pub String);

/// Hash of the pages' one style, for `Content-Security-Policy`.
pub static STYLE_SHA256: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

const STYLE: &str = include_str!("../templates/page.css");

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    title: &'a str,
    text: Vec<String>,
    code: Option<&'a str>,
    spelled: String,
    form: Option<Form<'a>>,
    ways: &'a [Way],
    style: &'static str,
}

struct Form<'a> {
    action: &'a str,
    token: &'a str,
    button: &'static str,
}

impl Page {
    /// As HTML.
    pub fn render(&self) -> Rendered {
        let (title, text): (&str, Vec<String>) = match self {
            Self::Confirm { app, .. } => ("Is this you?", vec![format!("You are about to continue to {app} in the tab where you began."), "If you did not ask for this, close this page.".into()]),
            Self::ConfirmAddress { .. } => ("Confirm your email address", vec!["Press the button to confirm that this address is yours.".into()]),
            Self::Code { app, .. } => (
                "Your verification code",
                vec![format!("Enter this code in the tab or on the device where you began to sign in to {app}."), "If you did not ask for it, close this page and tell nobody the code.".into()],
            ),
            Self::OpenWhereYouSignedUp => (
                "Open this link where you signed up",
                vec!["For your safety this link works only in the browser in which you signed up. You can also sign in with a code sent to this address.".into()],
            ),
            Self::ReturnToTab => ("Success! Return to the original tab", vec!["The tab where you began goes on by itself. You can close this one.".into()]),
            Self::AddressConfirmed => ("Your email address is confirmed", vec!["You can close this page.".into()]),
            Self::LinkExpired => (
                "This link is not valid any more",
                vec!["It has expired, was used, or was replaced by a newer one. Go back to where you began and ask for a new email.".into()],
            ),
            Self::Error { text, .. } => ("This did not work", vec![text.clone()]),
            Self::NotFound { .. } => ("There is no page at this address", vec!["Go back to the app that you came from.".into()]),
        };
        let code = match self {
            Self::Code { code, .. } => Some(code.as_str()),
            _ => None,
        };
        let form = match self {
            Self::Confirm { action, token, .. } => Some(Form { action, token, button: "Continue" }),
            Self::ConfirmAddress { action, token } => {
                Some(Form { action, token, button: "Confirm" })
            }
            _ => None,
        };
        let ways: &[Way] = match self {
            Self::Error { ways, .. } | Self::NotFound { ways } => ways,
            _ => &[],
        };
        // Digit by digit: a screen reader would read one large number.
        let spelled = code
            .map(|code| code.chars().map(String::from).collect::<Vec<_>>().join(" "))
            .unwrap_or_default();
        let html = Html { title, text, code, spelled, form, ways, style: STYLE };
        Rendered(html.render().unwrap_or_default())
    }
}
