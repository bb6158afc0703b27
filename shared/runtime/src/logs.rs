//! Logs: JSON lines on standard output, which Lambda keeps.

use std::panic;

use tracing::Level;

/// Starts logging; a second call does nothing.
///
/// The level is fixed: below `INFO` the SDKs and Lambda's runtime write requests and bodies, and no variable of the environment shall be able to
/// switch that on (security.md R-L1). A panic is logged by its place alone, because its message may quote what the code was working on.
pub fn start() {
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_current_span(false).with_span_list(false);
    if lines.with_max_level(Level::INFO).try_init().is_ok() {
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
            tracing::error!(place, "panic");
        }));
    }
}
