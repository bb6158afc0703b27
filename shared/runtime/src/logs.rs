//! Logs: JSON lines on standard output, which Lambda keeps.

use std::panic;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields};

/// Starts logging; a second call does nothing. A panic is logged by its place alone, because its
/// message may quote what the code was working on.
pub fn start() {
    let subscriber = lines().finish();
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
            tracing::error!(place, "panic");
        }));
    }
}

/// One object per event, its fields beside `timestamp`, `level` and `message`.
///
/// The level is fixed: below `INFO` the SDKs and Lambda's runtime write requests and bodies, and no
/// variable of the environment shall be able to switch that on (security.md R-L1). Spans are left
/// out, because those of other crates are not ours to vouch for.
pub fn lines() -> SubscriberBuilder<JsonFields, Format<Json>, LevelFilter> {
    tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
}
