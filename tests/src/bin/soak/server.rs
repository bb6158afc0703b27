//! The bundle as a process of its own, and its memory.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::journey::World;

/// This very program is the server if the environment says so: one thing to build.
const ROLE: &str = "VESTIBULE_SOAK_ROLE";

/// The embedded DynamoDB remembers the token of each transaction for ten minutes, as DynamoDB does:
/// for so long, memory grows with every write. In seconds.
const FILLS: usize = 600;

/// More growth than this from one half of the time after that to the other is no longer called
/// flat.
const FLAT: f64 = 1.10;

/// A running server on a folder of its own; dropping it ends both.
pub struct Server {
    pub base: String,
    pub control: String,
    child: Child,
    folder: PathBuf,
}

/// Resident memory in MiB, second by second.
pub struct Memory(Vec<u64>);

/// True if this process was started to be the server.
pub fn is_the_server() -> bool {
    std::env::var(ROLE).is_ok()
}

impl Server {
    /// Starts it and waits until it says where it is.
    pub fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("vestibule-soak-{}", std::process::id()));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env(ROLE, "server")
            .args(["--port", "0", "--test-control", "0", "--data"])
            .arg(&folder);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Self { base: String::new(), control: String::new(), child, folder };
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some((_, url)) = line.split_once("open ") {
                url.trim().clone_into(&mut server.base);
            }
            if let Some(url) = line.trim().strip_prefix("Test control") {
                url.trim().clone_into(&mut server.control);
            }
            if line.contains("Ctrl-C") {
                std::thread::spawn(move || lines.for_each(drop));
                return server;
            }
        }
        panic!("the server did not start");
    }

    /// Notes the memory each second, and says now and then how it goes.
    pub async fn watch(&self, began: Instant, lasts: Duration, world: &World) -> Memory {
        let mut memory = Vec::new();
        while began.elapsed() < lasts {
            tokio::time::sleep(Duration::from_secs(1)).await;
            memory.extend(resident(self.child.id()));
            if memory.len().is_multiple_of(30) {
                let (ends, wrong) = (
                    world.ends.lock().unwrap().clone(),
                    world.log.violations.lock().unwrap().len(),
                );
                let statuses = world.log.statuses.lock().unwrap().clone();
                println!(
                    "  {:4} s: {ends:?}, {statuses:?}, {wrong} violations, {} MiB",
                    began.elapsed().as_secs(),
                    memory.last().unwrap_or(&0)
                );
            }
        }
        Memory(memory)
    }

    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Memory {
    /// What is wrong with it, if it grows.
    #[allow(clippy::cast_precision_loss, reason = "a count is small")]
    pub fn growth(&self) -> Option<String> {
        let [first, second] = self.halves()?;
        (second as f64 > first as f64 * FLAT)
            .then(|| format!("memory grows: from {first} to {second} MiB"))
    }

    /// Medians of the two halves of the time in which it must be flat; `None`: the run is too short
    /// for that.
    fn halves(&self) -> Option<[u64; 2]> {
        let rest = self.0.get(FILLS..).filter(|rest| rest.len() >= 60)?;
        let (first, second) = rest.split_at(rest.len() / 2);
        Some([median(first), median(second)])
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(least), Some(most)) = (self.0.iter().min(), self.0.iter().max()) else {
            return f.write_str("not known on this system");
        };
        write!(f, "{least} to {most} MiB, median {} MiB; ", median(&self.0))?;
        match self.halves() {
            Some([first, second]) => write!(
                f,
                "of the time after ten minutes, medians of the halves: {first} and {second} MiB"
            ),
            None => f.write_str(
                "whether it is flat was not judged: that takes more than eleven minutes",
            ),
        }
    }
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}

/// Resident memory of a process in MiB, where the system says.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1_024)
}
