//! `vestibule` as a process of its own: started, read, killed.
#![allow(dead_code, reason = "each test uses its part")]

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The path of the program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_vestibule-under-test");

/// A running process.
pub struct Server {
    /// Its public address.
    pub base: String,
    /// Its test control, if it was asked for one.
    pub control: Option<String>,
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts it on a free port and waits until it says where.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_by(Command::new(PROGRAM), arguments)
    }

    /// Starts it by a command that becomes it: [`PROGRAM`], or something that is given it.
    pub fn start_by(mut command: Command, arguments: &[&str]) -> Self {
        command.args(["--port", "0"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let errors = collect(child.stderr.take().unwrap(), &output);
        // Made at once: dropping it ends the process, whatever comes.
        let mut server =
            Self { base: String::new(), control: None, child, output, readers: vec![errors] };
        let mut line = String::new();
        while stdout.read_line(&mut line).unwrap() > 0 {
            if let Some((_, url)) = line.split_once("open ") {
                server.base = url.trim().into();
            }
            if let Some(url) = line.trim().strip_prefix("Test control") {
                server.control = Some(url.trim().to_owned());
            }
            let ready = line.contains("Ctrl-C");
            server.output.lock().unwrap().push_str(&line);
            line.clear();
            if ready {
                let rest = collect(stdout, &server.output);
                server.readers.push(rest);
                return server;
            }
        }
        panic!("it did not start: {}", server.stopped());
    }

    /// Kills it (SIGKILL: no handler runs, nothing is flushed) and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in good order (SIGTERM) and waits until it is gone.
    pub fn ended(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it; everything that it has written.
    pub fn stopped(mut self) -> String {
        self.kill();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        let output = self.output.lock().unwrap();
        output.clone()
    }
}

/// What it says when it does not start: one line on standard error, and exit code 1, within some
/// seconds.
pub fn refusal(mut command: Command, arguments: &[&str]) -> String {
    command.args(["--port", "0"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            // It runs, where it should not have started.
            child.kill().unwrap();
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let (said, greeting) = (String::from_utf8(stderr).unwrap(), String::from_utf8(stdout).unwrap());
    assert_eq!(
        (status.code(), said.lines().count(), greeting.as_str()),
        (Some(1), 1, ""),
        "{said}"
    );
    said
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(source: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = into.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            let mut output = into.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    })
}
