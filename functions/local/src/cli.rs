//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::configuration::{self, Table};
use crate::plan;
use crate::server::{self, Limits, Options, Patience, Running};
use crate::terminal::{complain, say};
use crate::users;

/// Sign-up, sign-in and progressive enrollment in one process, with a DynamoDB and a mailbox of its
/// own. Nothing leaves this machine.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Args)]
struct Serve {
    /// Port of the pages and the API
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Address of the pages and the API, if others shall reach them; this is a server for
    /// development, so only in a network that you trust
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
    /// Keep the limits per client address as the organisation has them. Without this they are far:
    /// on your machine, one address is everybody
    #[arg(long)]
    deployed_limits: bool,
    /// Folder that keeps accounts, mail and keys
    #[arg(long, value_name = "DIR", default_value = ".vestibule")]
    data: PathBuf,
    /// Keep nothing beyond this run
    #[arg(long, conflicts_with = "data")]
    in_memory: bool,
    /// Organisation file to apply, now and whenever it changes (without: a demo)
    #[arg(long, value_name = "FILE")]
    organisation: Option<PathBuf>,
    /// Also listen here for tests: mails, table, clock and faults. No protection: never where
    /// others can reach it
    #[arg(long, value_name = "PORT")]
    test_control: Option<u16>,
    /// Write a line of JSON per request
    #[arg(long)]
    log: bool,
    /// Folder of an installed @okta/okta-signin-widget
    #[arg(long, value_name = "DIR")]
    widget: Option<PathBuf>,
}

const CREDENTIALS: &str = "Credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN); \
                           a table at http://localhost needs none.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with an organisation file, if anything
    Check {
        /// The file
        file: PathBuf,
    },
    /// Put an organisation file into a table; it takes effect at the next step of any sign-in
    #[command(after_help = CREDENTIALS)]
    Apply {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        table: TableArgs,
    },
    /// Say whom an organisation file would ask for what, whom it would stop, and change nothing
    #[command(after_help = CREDENTIALS)]
    Plan {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        table: TableArgs,
    },
    /// Make, find, change and delete accounts
    #[command(subcommand, after_help = CREDENTIALS)]
    User(users::Command),
}

// What follows each is for people at a terminal, so names stand there without backticks.
#[allow(clippy::doc_markdown, reason = "help texts, not documentation")]
#[derive(Debug, Args)]
struct TableArgs {
    /// Name of the DynamoDB table
    #[arg(long, value_name = "NAME")]
    table: String,
    /// Another address than AWS's, e.g. the one that a local server prints
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Region; otherwise AWS_REGION
    #[arg(long)]
    region: Option<String>,
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        match cli.command {
            None => serve(cli.serve).await,
            Some(Command::Check { file }) => done(
                configuration::read(&file).map(|_| format!("{}: nothing is wrong", file.display())),
            ),
            Some(Command::Apply { file, table }) => {
                done(configuration::apply(&file, &table.into()).await)
            }
            Some(Command::Plan { file, table }) => done(plan::plan(&file, &table.into()).await),
            Some(Command::User(command)) => users::run(command).await,
        }
    })
}

impl From<TableArgs> for Table {
    fn from(args: TableArgs) -> Self {
        Self { name: args.table, endpoint_url: args.endpoint_url, region: args.region }
    }
}

async fn serve(args: Serve) -> ExitCode {
    if args.log {
        runtime::start_logs();
    }
    let folder = args.data.display().to_string();
    let kept = (!args.in_memory).then_some(args.data);
    let in_memory = kept.is_none();
    let limits = if args.deployed_limits { Limits::Deployed } else { Limits::OneDeveloper };
    let options = Options {
        host: args.host,
        port: args.port,
        data: kept,
        organisation: args.organisation,
        test_control: args.test_control,
        widget: args.widget,
        limits,
        // Who orders AWS to be silent wants to see what the functions do about it.
        deadlines: if args.test_control.is_some() { Patience::Deployed } else { Patience::Far },
    };
    let running = match server::start(options).await {
        Ok(running) => running,
        Err(error) => return failed(&error),
    };
    say(&greeting(&running, (!in_memory).then_some(folder.as_str()), limits));
    if let Some(warning) = reachable_by_others(&running) {
        complain(&warning);
    }
    if let Err(error) = stopped().await {
        return failed(&error);
    }
    say("\nStopping.");
    running.shutdown().await;
    ExitCode::SUCCESS
}

/// That others reach a server that is made for one person.
fn reachable_by_others(running: &Running) -> Option<String> {
    let listens = running.listens.ip();
    if listens.is_loopback() {
        return None;
    }
    let how = if listens.is_unspecified() {
        "its addresses lead to localhost, as where a container's port is forwarded; name one address for others to sign in at it".into()
    } else {
        format!(
            "browsers give pages at {} no cryptography, so sign in by Okta's clients, or put https in front",
            running.base_url
        )
    };
    Some(format!(
        "\nWARNING: everybody who reaches {listens} reads the mailbox, and with it signs in as anybody, and changes the policy on the People page. \
         Never in a network that you do not trust.\nWhat is sent is not encrypted; {how}."
    ))
}

fn greeting(running: &Running, folder: Option<&str>, limits: Limits) -> String {
    let limits = match limits {
        Limits::Deployed => "as in the organisation".into(),
        Limits::OneDeveloper => {
            format!(
                "per client address at least {} (--deployed-limits for the organisation's)",
                crate::functions::LEAST_PER_SOURCE
            )
        }
    };
    let base = &running.base_url;
    let data = folder.map_or_else(
        || "in memory, gone when this stops".into(),
        |folder| format!("in the folder {folder}"),
    );
    let control = running
        .test_control_url
        .as_ref()
        .map(|url| format!("  Test control   {url}\n"))
        .unwrap_or_default();
    format!(
        "Vestibule is running: open {base}\n\n\
         \x20 Sign in        {base}/signin\n\
         \x20 Demo app       {base}/demo\n\
         \x20 Mailbox        {base}/mailbox\n\
         \x20 People         {base}/people\n\
         \x20 Okta widget    {base}/widget\n\n\
         \x20 Issuer         {base}/oauth2/default\n\
         \x20 DynamoDB       {dynamodb}  (table {table}, region {region}, any credentials)\n\
         \x20 SES, KMS       {services}\n\
         {control}\
         \x20 Data           {data}\n\
         \x20 Organisation   {organisation}\n\
         \x20 Limits         {limits}\n\n\
         Ctrl-C stops it.",
        dynamodb = running.dynamodb_url,
        table = crate::functions::TABLE,
        region = crate::emulators::REGION,
        services = running.services_url,
        organisation = running.organisation,
    )
}

/// Resolves at Ctrl-C, and where there is such a thing, at SIGTERM.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminated =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn done<E: std::fmt::Display>(result: Result<String, E>) -> ExitCode {
    match result {
        Ok(said) => {
            say(&said);
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

/// What went wrong, as it is: it says what to do.
fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    complain(&error.to_string());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_folder_and_no_folder_at_once_is_refused() {
        assert!(Cli::try_parse_from(["vestibule", "--in-memory", "--data", "x"]).is_err());
        assert!(Cli::try_parse_from(["vestibule", "--in-memory", "--port", "1"]).is_ok());
    }
}
