//! The arguments of `vestibule user`.

use clap::{Args, Subcommand, ValueEnum};

use super::list::Filter;
use super::place::Place;

/// What to do.
// What follows each is for people at a terminal, so names stand there without backticks.
#[allow(clippy::doc_markdown, reason = "help texts, not documentation")]
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account: its owner gets a mail, proves the mailbox and sets a password; or give a
    /// password now
    Create {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        mail: MailArgs,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// List accounts; reads the whole table
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// Show accounts, but never what opens them
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// Let deactivated people sign in again; who has not taken the account over yet is mailed again
    Activate {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        mail: MailArgs,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// End sign-ins: tokens, codes, flows and known browsers of before stay void, also after
    /// activation
    Deactivate {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// Set the groups of people, by id or name
    Groups {
        #[command(flatten)]
        who: Who,
        /// Exactly these groups; --set "" for none
        #[arg(long = "set", value_name = "GROUP,…", value_delimiter = ',', conflicts_with_all = ["add", "remove"])]
        #[arg(required_unless_present_any = ["add", "remove"])]
        exactly: Option<Vec<String>>,
        /// Into these groups
        #[arg(long, value_name = "GROUP,…", value_delimiter = ',')]
        add: Vec<String>,
        /// Out of these groups
        #[arg(long, value_name = "GROUP,…", value_delimiter = ',')]
        remove: Vec<String>,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// Delete accounts for good; their names are free again
    Delete {
        #[command(flatten)]
        who: Who,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
}

/// The account to make.
#[allow(clippy::doc_markdown, reason = "help texts, not documentation")]
#[derive(Debug, Args)]
pub struct Account {
    /// Username; where it is an email address, it is the email too
    pub login: String,
    /// A value of the profile; its type is the schema's
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub values: Vec<(String, String)>,
    /// Groups to be in, by id or name
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Read a password from standard input; it obeys the password policy
    #[arg(long)]
    pub password_stdin: bool,
    /// Vouch for the mailbox: it need not be proven
    #[arg(long)]
    pub email_verified: bool,
    /// The secret with the deployment's pepper, for --password-stdin; otherwise PEPPER_SECRET_ID
    #[arg(long, value_name = "ID")]
    pub pepper_secret_id: Option<String>,
}

/// The accounts that it is about.
#[derive(Debug, Args)]
pub struct Who {
    /// Usernames, email addresses or ids
    #[arg(required = true, value_name = "LOGIN")]
    pub logins: Vec<String>,
}

/// How it is said.
#[derive(Clone, Copy, Debug, Args)]
pub struct Output {
    /// One line of JSON for each account
    #[arg(long)]
    pub json: bool,
}

/// What is mailed.
#[allow(clippy::doc_markdown, reason = "help texts, not documentation")]
#[derive(Debug, Args)]
pub struct MailArgs {
    /// Mail nothing
    #[arg(long)]
    pub no_mail: bool,
    /// The app that the mail leads to, by its id (without: the first that lets the person in)
    #[arg(long, value_name = "ID")]
    pub app: Option<String>,
    /// Where the mail leads (without: the app's initiate_login_uri)
    #[arg(long, value_name = "URL")]
    pub link: Option<String>,
}

/// Okta's words for where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Standing {
    /// May sign in
    Active,
    /// Made by an administrator; its owner has not come yet
    Provisioned,
    /// Deactivated
    Deprovisioned,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

impl Standing {
    /// As it is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Provisioned => "PROVISIONED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }
}
