//! A panic in a function is logged by its place; what it says is not (security.md R-L1).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use std::process::Command;

/// Not a test of its own: what the test below runs in another process, because logging starts once
/// per process.
#[test]
#[ignore = "run by the other test"]
fn a_function_that_panics() {
    runtime::start_logs();
    panic!("canary");
}

#[test]
fn r_l1_a_panic_is_logged_by_its_place_alone() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "panics::a_function_that_panics",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let written = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        written.contains(
            r#""level":"ERROR","message":"panic","place":"shared/runtime/tests/panics.rs:"#
        ),
        "{written}"
    );
    assert!(!written.contains("canary"), "{written}");
}
