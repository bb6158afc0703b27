//! The server under load: a process on core 0.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Of `/proc/PID/stat`: Linux counts CPU time in hundredths of a second on every architecture we
/// run on.
const TICK: Duration = Duration::from_millis(10);

pub struct Server {
    pub base: String,
    /// From the start of the process until it listened.
    pub took: Duration,
    child: Child,
    organisation: std::path::PathBuf,
}

impl Server {
    /// Starts `program` with everything in memory and no budget that load would use up.
    pub fn start(program: &str) -> Self {
        // A port of our own choice, since the organisation file names it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base = format!("http://localhost:{port}");
        let organisation =
            std::env::temp_dir().join(format!("vestibule-load-{}-{port}.yaml", std::process::id()));
        std::fs::write(&organisation, tests::without_budgets(&tests::demo(&base))).unwrap();
        let began = Instant::now();
        let mut command = Command::new("taskset");
        command
            .args([
                "-c",
                "0",
                program,
                "--in-memory",
                "--port",
                &port.to_string(),
                "--organisation",
            ])
            .arg(&organisation);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("taskset (util-linux)");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines.next().is_some_and(|line| line.unwrap().contains("running")),
            "the server did not start"
        );
        Self { base, took: began.elapsed(), child, organisation }
    }

    /// From now on the demo app asks for an attribute that no user has.
    pub async fn ask_for_more(&self) {
        std::fs::write(
            &self.organisation,
            tests::asking_for_shoe_size(&tests::without_budgets(&tests::demo(&self.base))),
        )
        .unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
    }

    /// CPU time of all its threads, ended ones too.
    pub fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // The name in parentheses may hold anything; user and system time are the 12th and 13th
        // field after it.
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
        TICK * ticks
    }

    /// Resident memory in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most it ever had.
    pub fn peak_memory(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.organisation);
    }
}
