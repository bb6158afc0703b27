//! The log of one test among many that run at the same time.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of its thread, where a test collects it.
#[derive(Clone, Copy, Debug)]
pub struct ThreadLog;

impl io::Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES
            .with_borrow_mut(|lines| lines.iter_mut().for_each(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects the log of this thread until [`ended`](Self::ended).
///
/// One subscriber serves the whole process: one for each test would lose events. While there is
/// only one, `tracing` asks the thread that comes to an event first whether anything listens, and
/// keeps its answer for all threads.
#[derive(Debug)]
#[must_use]
pub struct Collecting(());

impl Collecting {
    /// Begins. The first call in a process makes the subscriber, which writes to [`ThreadLog`].
    ///
    /// # Panics
    /// If the process has another subscriber of its own.
    pub fn begun<S: tracing::Subscriber + Send + Sync>(subscriber: impl FnOnce() -> S) -> Self {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| tracing::subscriber::set_global_default(subscriber()).unwrap());
        LINES.set(Some(Vec::new()));
        Self(())
    }

    /// The text that was logged since.
    ///
    /// # Panics
    /// If it is not UTF-8.
    pub fn ended(self) -> String {
        String::from_utf8(LINES.take().unwrap_or_default()).unwrap()
    }
}
