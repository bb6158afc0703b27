//! Why a request gets no ordinary answer. The status of each is chosen in one `match`, in
//! [`crate::reply`].

use policy::time::Span;

use crate::ports::{PasswordError, SignerError, StoreError};

/// Why a request gets no ordinary answer. The text is for logs: it holds nothing of the request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No such path in this function.
    #[error("no such path")]
    NotFound,
    /// The path has another method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The content type is not one that the operation takes.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// The body is too long.
    #[error("body too large")]
    TooLarge,
    /// A page of another origin sent it.
    #[error("origin not allowed")]
    ForeignOrigin,
    /// The body is not what the operation takes.
    #[error("malformed")]
    Malformed,
    /// The handle opens nothing, or nothing any more. The same for all reasons (security.md A-061).
    #[error("no such transaction")]
    SessionExpired,
    /// The store, the mail provider or the signing key does not answer. Nothing was lost; trying
    /// again may help.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// All hashing places are taken, or all of what may be counted: for so long.
    #[error("too much at once")]
    Busy(Span),
    /// A fault of the program or its set-up.
    #[error("internal: {0}")]
    Internal(String),
}

impl Failure {
    /// What passes by itself has passed by then.
    pub(crate) const SOON: Span = Span::seconds(2);

    pub(crate) fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(_) => {
                Self::Unavailable("the same thing is being changed by many".into())
            }
            // Broken is a wrong table or a missing permission: an operator must look, and the
            // client may try again (security.md F-16).
            StoreError::Unavailable(text) | StoreError::Broken(text) => Self::Unavailable(text),
        }
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy(Self::SOON),
            PasswordError::Broken(text) => Self::Internal(text),
        }
    }
}

impl From<SignerError> for Failure {
    fn from(error: SignerError) -> Self {
        Self::Unavailable(error.0)
    }
}
