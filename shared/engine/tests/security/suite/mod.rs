//! The scenarios. Whoever includes this module says beside it what `stage` is: the engine in
//! memory, a server, or functions in Lambda.

use super::stage;

mod abuse;
mod accounts;
mod codes;
mod enumeration;
mod flow;
mod guesses;
mod hands;
mod http;
mod input;
mod links;
mod lockout;
mod manners;
mod names;
mod oauth;
mod steps;
mod typing;
mod waiting;

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

/// What clients do who are told that now is not the time: the same again, a little later.
fn until_decided(mut request: impl FnMut() -> stage::Answer) -> stage::Answer {
    let mut answer = request();
    for _ in 0..50 {
        if answer.status != 503 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        answer = request();
    }
    answer
}

/// A code that is not `code`.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// A stage on which Ada has an account at the demo app.
fn with_ada() -> stage::Stage {
    with_ada_in(&stage::demo())
}

pub fn with_ada_in(organisation: &policy::organisation::Organisation) -> stage::Stage {
    let stage = stage::Stage::with(organisation);
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let done = browser.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    // Budgets of the sign-up do not matter to what is tested.
    stage.advance(2 * 24 * 3_600);
    stage
}

/// The demo organisation, where whoever signs in chooses between password and mailbox.
pub fn by_password_or_mail() -> policy::organisation::Organisation {
    let mut organisation = stage::demo();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor =
            policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    organisation
}
