//! What the pages and the test control know.

use std::path::PathBuf;
use std::sync::Arc;

use dynoxide::Database;

use crate::configuration::Configuration;
use crate::mailbox::Mailbox;

/// What the pages know.
pub struct Site {
    /// The public address, without a slash at the end.
    pub base_url: String,
    /// The mail that was sent.
    pub mailbox: Arc<Mailbox>,
    /// The table.
    pub database: Database,
    /// What is configured.
    pub configuration: Configuration,
    /// `dist` of Okta's sign-in widget.
    pub widget: Option<PathBuf>,
}
