//! The data folder on a disk that is full or read-only, held by another program, or broken: a clear
//! word, never a new database in the place of the old one, and everything that was acknowledged is
//! there when the disk is well again (security.md F-40).

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::{Browser, Control, demo, without_budgets};
use tokio::sync::OnceCell;

use crate::process::{PROGRAM, Server, refusal};

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "a poet of numbers";

/// A folder with Ada's account, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    /// A copy of one that is made once.
    async fn with_ada(name: &str) -> Self {
        static MADE: OnceCell<Vec<(PathBuf, Vec<u8>)>> = OnceCell::const_new();
        let made = MADE.get_or_init(|| async {
            let folder = Self::new("made");
            let (server, control) = folder.started().await;
            sign_up(&server, &control, ADA).await.unwrap();
            server.ended();
            folder.contents()
        });
        let (made, copy) = (made.await, Self::new(name));
        fs::create_dir(&copy.0).unwrap();
        copy.restore(made);
        copy
    }

    fn new(name: &str) -> Self {
        let folder = Self(
            std::env::temp_dir().join(format!("vestibule-outages-{name}-{}", std::process::id())),
        );
        let _ = fs::remove_dir_all(&folder.0);
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn table(&self) -> PathBuf {
        self.0.join("table.db")
    }

    async fn started(&self) -> (Server, Control) {
        self.started_by(Command::new(PROGRAM)).await
    }

    async fn started_by(&self, command: Command) -> (Server, Control) {
        let server = Server::start_by(command, &["--test-control", "0", "--data", self.path()]);
        let control = Control::new(server.control.as_ref().unwrap());
        // The address is another one at each start.
        control.apply(without_budgets(&demo(&server.base))).await;
        (server, control)
    }

    fn refused(&self) -> String {
        refusal(without_rights_over_files(), &["--data", self.path()])
    }

    /// Names and contents of the files.
    fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path());
        let mut contents: Vec<_> = files
            .map(|file| (file.file_name().unwrap().into(), fs::read(&file).unwrap()))
            .collect();
        contents.sort();
        contents
    }

    /// Just these files.
    fn restore(&self, contents: &[(PathBuf, Vec<u8>)]) {
        for file in fs::read_dir(&self.0).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        for (name, bytes) in contents {
            fs::write(self.0.join(name), bytes).unwrap();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The program, for whom the rights of files hold: for root they do not, unless that is taken away.
fn without_rights_over_files() -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return Command::new(PROGRAM);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-dac_override,-dac_read_search", PROGRAM]);
    command
}

/// The program, with a limit on the length of its files: for it, the disk is full then.
fn on_a_small_disk(blocks: u64) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh", PROGRAM]);
    command
}

/// Signs up to the end. The status of what was not acknowledged.
async fn sign_up(server: &Server, control: &Control, email: &str) -> Result<(), u16> {
    let mut browser = Browser::new(&server.base);
    let first = browser.try_begin().await.unwrap();
    if first.status != 200 {
        return Err(first.status);
    }
    let sent = browser.step("/idp/idx/enroll", Value::Object(<_>::default())).await;
    if sent.status != 200 {
        return Err(sent.status);
    }
    let sent = browser.send_form(email, PASSWORD).await;
    let mails = control.mails(email).await;
    let Some(code) = mails.last().and_then(|mail| mail["code"].as_str()) else {
        return Err(sent.status);
    };
    let done = browser.answer_code(code).await;
    if done.interaction_code().is_some() { Ok(()) } else { Err(done.status) }
}

async fn assert_signs_in(server: &Server, email: &str) {
    let answer = Browser::new(&server.base).sign_in(email, PASSWORD).await;
    assert!(answer.interaction_code().is_some(), "{email}: {answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_40_a_folder_that_must_not_be_written_to_is_refused_and_left_as_it_is() {
    let folder = Folder::with_ada("read-only").await;
    let before = folder.contents();
    for (path, mode) in [
        (folder.0.clone(), 0o500),
        (folder.table(), 0o400),
        (folder.0.join("mails.jsonl"), 0o400),
        (folder.0.clone(), 0o000),
    ] {
        let was = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let said = folder.refused();
        fs::set_permissions(&path, was).unwrap();
        let why = ["Permission denied", "readonly database"].iter().any(|why| said.contains(why));
        assert!(why && said.contains("--data"), "{mode:o}: {said}");
        assert_eq!(names(&folder.contents()), names(&before), "{mode:o}");
        // Each start begins a new line in the mails; nothing else is touched.
        let changed = before
            .iter()
            .zip(folder.contents())
            .filter(|(before, now)| before.1 != now.1)
            .map(|(before, _)| before.0.clone());
        assert!(changed.into_iter().all(|name| name == Path::new("mails.jsonl")), "{mode:o}");
    }
    let (server, _control) = folder.started().await;
    assert_signs_in(&server, ADA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_40_a_table_that_is_broken_or_gone_is_refused_and_no_new_one_is_made() {
    let folder = Folder::with_ada("broken").await;
    let table = folder.table();
    let good = folder.contents();
    // All in one file, as after a proper end.
    assert!(!names(&good).iter().any(|name| name.ends_with("-wal")), "{:?}", names(&good));
    let bytes = fs::read(&table).unwrap();
    let garbage = vec![0xa7; bytes.len()];
    let half_garbage = [&bytes[..100], &garbage[100..]].concat();
    for (name, broken, told) in [
        ("something else", Some(garbage.clone()), "not an SQLite database"),
        ("a text", Some(b"hello\n".repeat(1_000)), "not an SQLite database"),
        ("cut short", Some(bytes[..bytes.len() / 2].to_vec()), "malformed"),
        ("broken behind its head", Some(half_garbage), "malformed"),
        ("empty", Some(Vec::new()), "gone or empty"),
        ("gone", None, "gone or empty"),
    ] {
        folder.restore(&good);
        match &broken {
            Some(broken) => fs::write(&table, broken).unwrap(),
            None => fs::remove_file(&table).unwrap(),
        }
        let said = folder.refused();
        assert!(said.contains(told), "{name}: {said}");
        assert_eq!(fs::read(&table).ok(), broken, "{name}: it is left as it is");
    }
    // Restored, everything is there.
    folder.restore(&good);
    let (server, _control) = folder.started().await;
    assert_signs_in(&server, ADA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_40_a_folder_that_another_process_has_is_refused_and_the_other_goes_on() {
    let folder = Folder::with_ada("locked").await;
    let (server, _control) = folder.started().await;
    for _ in 0..2 {
        let said = refusal(Command::new(PROGRAM), &["--data", folder.path()]);
        assert!(
            said.contains("in use by another vestibule") && said.contains(folder.path()),
            "{said}"
        );
    }
    assert_signs_in(&server, ADA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_40_on_a_full_disk_nothing_more_is_acknowledged_and_nothing_that_was_is_lost() {
    let folder = Folder::with_ada("full").await;
    // SQLite's files may grow by some dozens of kilobytes: some people fit, many do not. (`ulimit`
    // counts in 512 bytes here, in 1,024 elsewhere.)
    let blocks = size(&folder.table()) / 512 + 400;
    let (server, control) = folder.started_by(on_a_small_disk(blocks)).await;
    assert_signs_in(&server, ADA).await;
    let (mut acknowledged, mut refused) = (vec![ADA.to_owned()], Vec::new());
    for person in 0..60 {
        let email = format!("person{person}@example.com");
        match sign_up(&server, &control, &email).await {
            Ok(()) => acknowledged.push(email),
            Err(status) => refused.push(status),
        }
        if refused.len() == 3 {
            break;
        }
    }
    assert!(
        refused.len() == 3 && refused.iter().all(|status| *status == 503),
        "{} fit, then {refused:?}",
        acknowledged.len()
    );
    drop(server);
    // On a disk with room again.
    let (server, control) = folder.started().await;
    let accounts = control.items("USER").await.len();
    assert!(
        (acknowledged.len()..=acknowledged.len() + 3).contains(&accounts),
        "{accounts} accounts, {} acknowledged",
        acknowledged.len()
    );
    for email in &acknowledged {
        assert_eq!(control.users(email).await.len(), 1, "{email} is lost");
    }
    for email in acknowledged.iter().rev().take(2).chain([&ADA.to_owned()]) {
        assert_signs_in(&server, email).await;
    }
    sign_up(&server, &control, "afterwards@example.com").await.unwrap();
}

fn names(contents: &[(PathBuf, Vec<u8>)]) -> Vec<String> {
    contents.iter().map(|(name, _)| name.display().to_string()).collect()
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}
