//! The mail that was sent: in memory, and in a file of one JSON object per line.

use std::fs::{self, File};
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use policy::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::StartError;
use crate::data::Data;

const FILE: &str = "mails.jsonl";

/// So many of the newest mails are kept in memory; the file has them all.
const KEPT: usize = 1_000;

/// One mail, as SES was given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// The `MessageId` that was answered; also its place, from 1.
    pub id: u64,
    /// The time it was accepted.
    pub at: Timestamp,
    /// `From`.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// The newest mail, oldest first.
#[derive(Debug)]
pub struct Mailbox {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mails: Vec<Mail>,
    file: Option<File>,
    /// The file may end with the beginning of a mail that was not taken.
    cut_short: bool,
}

impl Mailbox {
    /// The mail that the data folder holds.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(data: &Data) -> Result<Self, StartError> {
        let mails = match data.path(FILE).map(fs::read_to_string) {
            // A line that a crash cut short was never answered with success: it is passed over.
            Some(Ok(text)) => {
                text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
            }
            _ => Vec::new(),
        };
        let mut file = data.append_to(FILE)?;
        // After such a cut the next mail must not continue the broken line.
        if let Some(file) = &mut file {
            let _ = file.write_all(b"\n");
        }
        Ok(Self { state: Mutex::new(State { mails, file, cut_short: false }) })
    }

    /// Takes a mail; its id. It is in the file before this returns.
    ///
    /// # Errors
    /// If it cannot be written; then it is not taken.
    pub fn put(&self, mail: impl FnOnce(u64) -> Mail) -> std::io::Result<u64> {
        let State { mails, file, cut_short } = &mut *self.state();
        let id = mails.last().map_or(1, |mail| mail.id + 1);
        let mail = mail(id);
        let mut line = serde_json::to_string(&mail)?;
        line.push('\n');
        if let Some(file) = file {
            // On a disk that is full for a while, the next mail must not continue the broken line.
            if *cut_short {
                line.insert(0, '\n');
            }
            *cut_short = true;
            file.write_all(line.as_bytes())?;
            *cut_short = false;
        }
        mails.push(mail);
        // Rarely, because it moves the rest.
        if mails.len() >= 2 * KEPT {
            let old = mails.len() - KEPT;
            mails.drain(..old);
        }
        Ok(id)
    }

    /// The mails to this address (all, if none is named), oldest first.
    pub fn to(&self, address: Option<&str>) -> Vec<Mail> {
        self.state()
            .mails
            .iter()
            .filter(|mail| address.is_none_or(|address| mail.to.eq_ignore_ascii_case(address)))
            .cloned()
            .collect()
    }

    /// The mails after the one with this id, oldest first.
    pub fn after(&self, id: u64) -> Vec<Mail> {
        self.state().mails.iter().filter(|mail| mail.id > id).cloned().collect()
    }

    /// The mail with this id.
    pub fn mail(&self, id: u64) -> Option<Mail> {
        self.state().mails.iter().find(|mail| mail.id == id).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    /// The code in it, if it has one: what stands in bold after "enter this code:" (idx.md §16.7).
    pub fn code(&self) -> Option<&str> {
        let (_, after) = self.html.split_once("enter this code:")?;
        let (_, after) = after.split_once("<b")?;
        let (_, after) = after.split_once('>')?;
        after.split_once("</b>").map(|(code, _)| code.trim())
    }

    /// The link in it, if it has one: the first address in the text part.
    pub fn link(&self) -> Option<&str> {
        self.text
            .split_whitespace()
            .find(|word| word.starts_with("http://") || word.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(id: u64, to: &str) -> Mail {
        Mail {
            id,
            at: Timestamp(1),
            from: "no-reply@example.com".into(),
            to: to.into(),
            subject: "Activate".into(),
            text: "Open\nhttp://localhost:8787/email/verify/x?t=1\nor enter 012345".into(),
            html: "<p>Or enter this code: <b>012345</b></p>".into(),
        }
    }

    #[test]
    fn mail_survives_a_restart_and_a_line_cut_short() {
        let folder = std::env::temp_dir().join(format!("vestibule-mail-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        {
            let data = Data::open(&folder).unwrap();
            let mailbox = Mailbox::open(&data).unwrap();
            assert_eq!(mailbox.put(|id| mail(id, "ada@example.com")).unwrap(), 1);
            data.append_to(FILE).unwrap().unwrap().write_all(br#"{"id":2,"at":1,"fr"#).unwrap();
        }
        let data = Data::open(&folder).unwrap();
        Mailbox::open(&data).unwrap().put(|id| mail(id, "bob@example.com")).unwrap();
        let mailbox = Mailbox::open(&data).unwrap();
        assert_eq!(mailbox.to(None), [mail(1, "ada@example.com"), mail(2, "bob@example.com")]);
        assert_eq!(mailbox.to(Some("BOB@example.com")).len(), 1);
        assert_eq!(mailbox.after(1).len(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn f_40_a_mail_after_one_that_found_the_disk_full_survives_a_restart() {
        let folder = std::env::temp_dir().join(format!("vestibule-full-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        {
            let data = Data::open(&folder).unwrap();
            let mailbox = Mailbox::open(&data).unwrap();
            // A file that is always full stands in for the real one.
            let real = mailbox
                .state()
                .file
                .replace(File::options().write(true).open("/dev/full").unwrap());
            assert!(mailbox.put(|id| mail(id, "ada@example.com")).is_err());
            assert!(mailbox.to(None).is_empty(), "it is not taken");
            data.append_to(FILE).unwrap().unwrap().write_all(br#"{"id":1,"at":1,"fr"#).unwrap();
            mailbox.state().file = real;
            assert_eq!(mailbox.put(|id| mail(id, "ada@example.com")).unwrap(), 1);
        }
        let mailbox = Mailbox::open(&Data::open(&folder).unwrap()).unwrap();
        assert_eq!(mailbox.to(None), [mail(1, "ada@example.com")]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn code_and_link_are_found() {
        let mail = mail(1, "ada@example.com");
        assert_eq!(mail.code(), Some("012345"));
        assert_eq!(mail.link(), Some("http://localhost:8787/email/verify/x?t=1"));
    }
}
