//! The state that survives a restart: the data folder.
//!
//! ```text
//! .vestibule/
//!   table.db          the DynamoDB table (SQLite)
//!   mails.jsonl       mails that were sent, one JSON object per line
//!   signing-key.pem   the key that signs tokens
//!   secrets.json      what Secrets Manager would hold
//!   functions.env     what `cargo lambda watch` needs to reach this process; anew at each start
//!   lock              held while the server runs
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::StartError;

/// The data folder, or nothing of the kind with `--in-memory`.
#[derive(Debug)]
pub struct Data {
    folder: Option<PathBuf>,
    /// Two processes on one folder would each believe in their own mails and keys; the lock ends
    /// with the process, however it ends.
    lock: Option<File>,
}

impl Data {
    /// Keeps nothing beyond the process.
    pub fn in_memory() -> Self {
        Self { folder: None, lock: None }
    }

    /// Opens the folder, making it if need be, and locks it.
    pub fn open(folder: &Path) -> Result<Self, StartError> {
        let failed = |cause: &std::io::Error| StartError::Data {
            folder: folder.to_owned(),
            cause: cause.to_string(),
        };
        private_folder(folder).map_err(|cause| failed(&cause))?;
        let lock = private_file()
            .append(true)
            .open(folder.join("lock"))
            .map_err(|cause| failed(&cause))?;
        lock.try_lock().map_err(|_| StartError::DataInUse(folder.to_owned()))?;
        Ok(Self { folder: Some(folder.to_owned()), lock: Some(lock) })
    }

    /// Lets another server have the folder, also while a task of this one has not ended.
    pub fn unlock(&self) {
        if let Some(lock) = &self.lock {
            // It ends with the process at the latest.
            let _ = lock.unlock();
        }
    }

    /// The path of a file of this name, if there is a folder.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    /// The text of a file; made and kept at the first call, readable by the owner only. Without a
    /// folder: made.
    pub fn keep(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, StartError>,
    ) -> Result<String, StartError> {
        let Some(path) = self.path(name) else { return make() };
        let failed = |cause: std::io::Error| StartError::File {
            path: path.clone(),
            cause: cause.to_string(),
        };
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(text),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let text = make()?;
        self.put(name, &text)?;
        Ok(text)
    }

    /// Writes a file anew, readable by the owner only. Without a folder: nothing.
    pub fn put(&self, name: &str, text: &str) -> Result<(), StartError> {
        let Some(path) = self.path(name) else { return Ok(()) };
        let failed = |cause: std::io::Error| StartError::File {
            path: path.clone(),
            cause: cause.to_string(),
        };
        // Written beside and renamed: a crash leaves the whole file or none, never half a key.
        let beside = path.with_extension("new");
        let mut file = private_file().write(true).truncate(true).open(&beside).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&beside, &path).map_err(failed)
    }

    /// Opens a file to append to.
    pub fn append_to(&self, name: &str) -> Result<Option<File>, StartError> {
        let Some(path) = self.path(name) else { return Ok(None) };
        let file = private_file()
            .append(true)
            .open(&path)
            .map_err(|cause| StartError::File { path, cause: cause.to_string() })?;
        Ok(Some(file))
    }
}

/// Options for a file that only its owner may read: it holds keys, or codes.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("vestibule-data-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn what_was_made_once_stays() {
        let folder = folder("keep");
        let data = Data::open(&folder).unwrap();
        assert_eq!(data.keep("a", || Ok("first".into())).unwrap(), "first");
        assert_eq!(data.keep("a", || Ok("second".into())).unwrap(), "first");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(folder.join("a")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn one_process_per_folder() {
        let folder = folder("lock");
        let first = Data::open(&folder).unwrap();
        assert!(matches!(Data::open(&folder), Err(StartError::DataInUse(_))));
        drop(first);
        assert!(Data::open(&folder).is_ok());
        fs::remove_dir_all(folder).unwrap();
    }
}
