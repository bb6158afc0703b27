//! `vestibule`, for tests that start and kill it.

fn main() -> std::process::ExitCode {
    local::cli::main()
}
