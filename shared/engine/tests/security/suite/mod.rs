//! The scenarios. Whoever includes this module says beside it what `stage` is: the engine in memory, a server, or functions in Lambda.

use super::stage;

mod abuse;
mod accounts;
mod codes;
mod enumeration;
mod flow;
mod input;
mod oauth;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// Runs `work` on so many threads at once and collects what each returns.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|index| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(index)
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

/// A code that is not `code`.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// A stage on which Ada has an account at the demo app.
fn with_ada() -> stage::Stage {
    with_ada_in(&stage::demo())
}

fn with_ada_in(organisation: &policy::organisation::Organisation) -> stage::Stage {
    let stage = stage::Stage::with(organisation);
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    // Budgets of the sign-up do not matter to what is tested.
    stage.advance(2 * 24 * 3_600);
    stage
}
