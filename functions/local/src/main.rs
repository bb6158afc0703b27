//! `vestibule`: everything in one process.

fn main() -> std::process::ExitCode {
    local::cli::main()
}
