use std::path::PathBuf;

/// The reason why the server did not start. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error(
        "port {0} is taken: stop what uses it, or choose another one with --port (or --test-control)"
    )]
    PortTaken(u16),
    /// The system refuses.
    #[error(
        "cannot listen on {host}, port {port}: {cause}; choose another with --host, --port (or --test-control)"
    )]
    Listen {
        /// On which address.
        host: String,
        /// The port.
        port: u16,
        /// The error of the system.
        cause: String,
    },
    /// The data folder cannot be made or opened.
    #[error("cannot use the data folder {}: {cause}; choose another one with --data, or none with --in-memory", folder.display())]
    Data {
        /// The folder.
        folder: PathBuf,
        /// The error of the system.
        cause: String,
    },
    /// Another process has it.
    #[error("the data folder {} is in use by another vestibule: stop it, or choose another folder with --data", .0.display())]
    DataInUse(PathBuf),
    /// A file of it cannot be read or written.
    #[error("cannot use {}: {cause}; repair the file, or choose another folder with --data", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        cause: String,
    },
    /// `SQLite` cannot open the table.
    #[error(
        "cannot open the table in the data folder: {0}; repair it, or choose another folder with --data"
    )]
    Database(String),
    /// The table that was there is not there any more.
    #[error("{} is gone or empty, and with it every account: restore it; to begin anew, delete the whole folder", .0.display())]
    TableLost(PathBuf),
    /// The secrets that the accounts of the table need are not there any more.
    #[error("{} is gone, and without it no password of the accounts in the table is known again: restore it; to begin anew, delete the whole folder", .0.display())]
    SecretsLost(PathBuf),
    /// The signing key is not one.
    #[error(
        "signing-key.pem in the data folder is not an RSA key in PKCS#8: delete it, and a new one is made"
    )]
    SigningKey,
    /// The secrets are not as we wrote them.
    #[error(
        "secrets.json in the data folder is not as it was written: restore it, or choose another folder with --data"
    )]
    Secrets,
    /// No randomness.
    #[error("the system gives no random bytes")]
    Random,
    /// The organisation file cannot be read, parsed or applied.
    #[error("{0}")]
    Organisation(String),
    /// The folder has no widget in it.
    #[error("there is no js/okta-sign-in.min.js in {}: name the folder where npm put @okta/okta-signin-widget with --widget", .0.display())]
    Widget(PathBuf),
    /// A function does not start.
    #[error("{0}")]
    Function(String),
}
