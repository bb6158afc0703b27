//! Load on the local server: `bash .ci/load` builds both, puts the server on one core and this on
//! the other, and prints tables of tests/README.md.
//!
//! The server is everything in one process: the five functions, the table (`SQLite` in memory),
//! SES, KMS (RSA in software) and the mailbox. What a journey costs here is therefore more than
//! what the functions cost, and the waits for AWS are missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement says what it expects by failing"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of a few digits, to be read by people"
)]

mod endpoints;
mod journey;
mod server;
#[path = "../../shared/engine/benches/stopwatch/mod.rs"]
mod stopwatch;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use journey::{Journey, Person, Visitor};
use server::Server;
use stopwatch::Stopwatch;

/// The number of people at once.
const AT_ONCE: [usize; 3] = [1, 8, 32];

/// The measurements of one phase.
struct Phase {
    journeys: usize,
    wall: Duration,
    cpu: Duration,
    requests: Vec<Duration>,
    whole: Vec<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().expect("the server's program");
    let seconds = arguments.next().map_or(10, |text| text.parse().expect("seconds per row"));

    let mut starts: Vec<_> = (0..5).map(|_| Server::start(&program).took).collect();
    let server = Server::start(&program);
    let hash = cpu_of_a_hash();
    let idle = server.memory();

    println!(
        "| journey | requests | at once | journeys/s | CPU per journey | journeys/s and core | request p50 | p99 | journey p50 | p99 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let people = Arc::new(Mutex::new(Vec::new()));
    let mut cpu = Vec::new();
    for journey in [Journey::SignUp, Journey::SignIn, Journey::Progressive] {
        if journey == Journey::Progressive {
            server.ask_for_more().await;
        }
        for at_once in AT_ONCE {
            let phase = run(&server, journey, at_once, Duration::from_secs(seconds), &people).await;
            println!("{}", row(journey, at_once, &phase));
            cpu.push((journey, phase.cpu.as_secs_f64() / phase.journeys as f64));
        }
    }

    println!(
        "\n| Argon2id | CPU |\n| --- | --- |\n| one hash, alone | {} |",
        stopwatch::text(hash)
    );
    for journey in [Journey::SignUp, Journey::SignIn, Journey::Progressive] {
        let mut each: Vec<_> =
            cpu.iter().filter(|(one, _)| *one == journey).map(|(_, cpu)| *cpu).collect();
        each.sort_by(f64::total_cmp);
        println!(
            "| its share of {} | {:.0} % |",
            journey.name(),
            100.0 * hash.as_secs_f64() / each[each.len() / 2]
        );
    }

    let (now, peak) = (server.memory(), server.peak_memory());
    println!("\n| process | |\n| --- | --- |");
    println!("| start until it listens | {} |", millis(quantile(&mut starts, 0.5)));
    println!("| memory, idle | {idle:.0} MiB |");
    println!(
        "| memory, after {} accounts and all mail and rows in it | {now:.0} MiB |",
        people.lock().unwrap().len()
    );
    println!("| memory, peak | {peak:.0} MiB |");

    drop(server);
    endpoints::measure(&Server::start(&program), seconds).await;
}

/// People who make the journey one after another, `at_once` at a time.
async fn run(
    server: &Server,
    journey: Journey,
    at_once: usize,
    time: Duration,
    people: &Arc<Mutex<Vec<Person>>>,
) -> Phase {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let (cpu, began) = (server.cpu(), Instant::now());
    let mut visitors = tokio::task::JoinSet::new();
    let next = Arc::new(AtomicUsize::new(0));
    // Each person can be asked for something more once: the phases share them.
    let (known, share) =
        (people.lock().unwrap().clone(), AT_ONCE.iter().position(|one| *one == at_once).unwrap());
    let known: Arc<Vec<Person>> = match journey {
        Journey::Progressive => {
            Arc::new(known.into_iter().skip(share).step_by(AT_ONCE.len()).collect())
        }
        _ => Arc::new(known),
    };
    for _ in 0..at_once {
        let (base, people, known, next) =
            (server.base.clone(), people.clone(), known.clone(), next.clone());
        visitors.spawn(async move {
            let mut visitor = Visitor::new(&base);
            let mut whole = Vec::new();
            while began.elapsed() < time {
                let start = Instant::now();
                let turn = next.fetch_add(1, Ordering::SeqCst);
                match journey {
                    Journey::SignUp => {
                        let person = visitor.sign_up(NUMBER.fetch_add(1, Ordering::SeqCst)).await;
                        people.lock().unwrap().push(person);
                    }
                    Journey::SignIn => visitor.sign_in(&known[turn % known.len()]).await,
                    Journey::Progressive => match known.get(turn) {
                        Some(person) => visitor.answer_what_is_missing(person).await,
                        None => break,
                    },
                }
                whole.push(start.elapsed());
            }
            (visitor.took, whole)
        });
    }
    let (mut requests, mut whole) = (Vec::new(), Vec::new());
    while let Some(done) = visitors.join_next().await {
        let (of_requests, of_journeys) = done.unwrap();
        requests.extend(of_requests);
        whole.extend(of_journeys);
    }
    Phase {
        journeys: whole.len(),
        wall: began.elapsed(),
        cpu: server.cpu().saturating_sub(cpu),
        requests,
        whole,
    }
}

fn row(journey: Journey, at_once: usize, phase: &Phase) -> String {
    let Phase { journeys, wall, cpu, requests, whole } = phase;
    let (journeys, mut requests, mut whole) = (*journeys as f64, requests.clone(), whole.clone());
    let per_second = journeys / wall.as_secs_f64();
    let per_core = journeys / cpu.as_secs_f64();
    let count = requests.len() as f64 / journeys;
    let [p50, p99] = [0.5, 0.99].map(|share| millis(quantile(&mut requests, share)));
    let [whole_p50, whole_p99] = [0.5, 0.99].map(|share| millis(quantile(&mut whole, share)));
    let each = millis(Duration::from_secs_f64(cpu.as_secs_f64() / journeys));
    let name = journey.name();
    format!(
        "| {name} | {count:.0} | {at_once} | {per_second:.1} | {each} | {per_core:.1} | {p50} | {p99} | {whole_p50} | {whole_p99} |"
    )
}

/// The cost of one hash on a core that does nothing else.
fn cpu_of_a_hash() -> Duration {
    let peppers =
        password::Pepper::parse(&policy::secret::Secret::new("0123456789abcdef0123456789abcdef"))
            .unwrap();
    let passwords = password::Argon2Passwords::new(peppers, password::Cost::default()).unwrap();
    let secret = policy::secret::Secret::new(journey::PASSWORD);
    let mut stopwatch = Stopwatch::default();
    stopwatch.add("one hash", || drop(passwords.hash_blocking(&secret).unwrap()));
    stopwatch.medians()[0].1
}

fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len() as f64 * share) as usize;
    times[place.min(times.len() - 1)]
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{millis:.1} ms") }
}
