//! The state that the pages and the test control share.

use std::path::PathBuf;
use std::sync::Arc;

use dynoxide::Database;

use crate::configuration::Configuration;
use crate::mailbox::Mailbox;

/// The state of the pages.
pub struct Site {
    /// The public address, without a slash at the end.
    pub base_url: String,
    /// The mail that was sent.
    pub mailbox: Arc<Mailbox>,
    /// The table.
    pub database: Database,
    /// The configuration.
    pub configuration: Configuration,
    /// `dist` of Okta's sign-in widget.
    pub widget: Option<PathBuf>,
}
