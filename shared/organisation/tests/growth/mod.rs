//! The work of a check grows with the file, not with its square. By the thread's own clock, which
//! runs only while it works, and as a ratio: how fast the machine is does not matter.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod shapes;

use shapes::{SHAPES, of_size, work};

const SMALL: usize = 24 * 1024;

/// Four times the file is four times the work, and would be sixteen times with the square. A little
/// more is for memory that no longer fits, and for sorting.
const TIMES: usize = 4;
const MOST: u32 = 8;

#[test]
fn four_times_the_file_is_not_much_more_than_four_times_the_work() {
    for (name, shape) in SHAPES {
        let [small, large] = [SMALL, SMALL * TIMES].map(|bytes| work(&of_size(shape, bytes)));
        assert!(
            large < small * MOST,
            "{name}: {small:?} for {SMALL} bytes, {large:?} for {TIMES} times as many"
        );
    }
}

/// What is told of a file that is wrong throughout can be read.
#[test]
fn no_more_than_a_hundred_problems_are_told() {
    for (name, shape) in SHAPES {
        let text = of_size(shape, SMALL * TIMES);
        let Err(problems) = organisation::parse("organisation.yaml", &text) else { continue };
        let told = problems.to_string();
        assert!(problems.iter().count() <= 101, "{name}");
        assert!(problems.iter().all(|problem| problem.message.len() < 500), "{name}: {told:.3000}");
        if problems.iter().count() > 100 {
            assert!(told.starts_with("organisation.yaml:1:1: there are more than 100 problems; the first 100 are listed"), "{told:.3000}");
        }
    }
}

/// Those that are meant to be right are, so that the check has looked at all of them.
#[test]
fn what_grows_is_looked_at() {
    let right: Vec<&str> = SHAPES
        .iter()
        .filter(|(_, shape)| organisation::parse("f", &of_size(*shape, SMALL)).is_ok())
        .map(|(name, _)| *name)
        .collect();
    let expected = [
        "options of an attribute",
        "options with titles",
        "attributes",
        "attributes and forms that ask for others",
        "groups and apps",
        "groups of one app",
        "apps with a policy each",
        "rules of a policy",
        "addresses of an app",
    ];
    assert_eq!(right, expected);
}
