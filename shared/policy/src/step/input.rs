//! What a client sends.

use alloc::string::String;

use crate::organisation::AuthenticatorKey;
use crate::secret::Secret;
use crate::user::Profile;

/// What a client sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Show the current step.
    Introspect,
    /// Say who you are.
    Identify {
        /// What was typed.
        identifier: String,
        /// The password, where the page asks for it too.
        password: Option<Secret>,
    },
    /// From the sign-up form back to the first page.
    SelectIdentify,
    /// Go to the sign-up form; also back to it, from what follows it.
    SelectEnrollProfile,
    /// Send the sign-up form.
    EnrollProfile {
        /// Values by attribute.
        profile: Profile,
        /// The password, where the form asks for it too.
        password: Option<Secret>,
    },
    /// Answer a password challenge.
    AnswerPassword(Secret),
    /// Choose what to verify with.
    SelectAuthenticator(AuthenticatorKey),
    /// Choose what to set up.
    SelectAuthenticatorEnroll(AuthenticatorKey),
    /// Set a password.
    EnrollPassword(Secret),
    /// Go on without the optional authenticators.
    Skip,
    /// Type the code that was mailed.
    AnswerEmail(Secret),
    /// Ask for another code.
    Resend,
    /// Ask whether the link was followed.
    Poll,
    /// Press the button on the page behind the link. The engine has checked the link's token and
    /// the browser's cookie.
    ConfirmLink {
        /// Which code's link it was.
        sequence: u32,
    },
    /// Send the progressive form.
    UpdateProfile(Profile),
    /// Give up.
    Cancel,
}

impl Input {
    /// The values of a profile form.
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::EnrollProfile { profile, .. } | Self::UpdateProfile(profile) => Some(profile),
            _ => None,
        }
    }

    /// True if the function that serves this input may send mail (`functions/README.md`):
    /// `register` and `verify-email` may.
    pub(super) fn can_mail(&self) -> bool {
        match self {
            Self::EnrollProfile { .. }
            | Self::SelectAuthenticatorEnroll(_)
            | Self::EnrollPassword(_)
            | Self::Skip
            | Self::SelectEnrollProfile
            | Self::SelectAuthenticator(_)
            | Self::AnswerEmail(_)
            | Self::Resend
            | Self::Poll
            | Self::ConfirmLink { .. } => true,
            Self::Introspect
            | Self::Identify { .. }
            | Self::SelectIdentify
            | Self::AnswerPassword(_)
            | Self::UpdateProfile(_)
            | Self::Cancel => false,
        }
    }
}
