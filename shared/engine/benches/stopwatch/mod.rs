//! CPU time of a piece of work, as rows of a table. By the thread's own clock: what else runs on
//! the machine hardly adds to it.

use std::time::Duration;

/// How long one sample takes at least.
const SAMPLE: Duration = Duration::from_millis(20);

/// Samples of each piece of work.
const SAMPLES: usize = 25;

/// Pieces of work that are measured in turn, so that they have the same machine.
#[derive(Default)]
pub struct Stopwatch<'a>(Vec<(&'static str, Work<'a>)>);

type Work<'a> = Box<dyn FnMut() + 'a>;

impl<'a> Stopwatch<'a> {
    pub fn add(&mut self, name: &'static str, work: impl FnMut() + 'a) {
        self.0.push((name, Box::new(work)));
    }

    /// The median CPU time of each.
    pub fn medians(mut self) -> Vec<(&'static str, Duration)> {
        let rounds: Vec<u32> = self.0.iter_mut().map(|(_, work)| rounds(work)).collect();
        let mut samples = vec![Vec::new(); self.0.len()];
        for _ in 0..SAMPLES {
            for (((_, work), rounds), samples) in self.0.iter_mut().zip(&rounds).zip(&mut samples) {
                samples.push(time(work, *rounds) / *rounds);
            }
        }
        let names = self.0.iter().map(|(name, _)| *name);
        names
            .zip(samples.iter_mut().map(|samples| *samples.select_nth_unstable(SAMPLES / 2).1))
            .collect()
    }
}

/// As people read it.
pub fn text(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1e3) }
}

fn rounds(work: &mut dyn FnMut()) -> u32 {
    let mut rounds = 1;
    while time(work, rounds) < SAMPLE {
        rounds *= 2;
    }
    rounds
}

fn time(work: &mut dyn FnMut(), rounds: u32) -> Duration {
    let before = now();
    for _ in 0..rounds {
        work();
    }
    now().saturating_sub(before)
}

/// What this thread has computed so far.
#[cfg(unix)]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// Elsewhere, the time of the clock.
#[cfg(not(unix))]
fn now() -> Duration {
    static BEGAN: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    BEGAN.elapsed()
}
