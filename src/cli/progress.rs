//! Progress on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::des::{SimDuration, SimTime};

/// A bar over simulated time.
pub(super) fn over_time(name: &str, duration: SimDuration) -> impl FnMut(SimTime) + use<> {
    let bar = bar(
        duration.as_secs(),
        "{msg} {wide_bar} {percent:>3} % · {eta} left",
    );
    bar.set_message(name.to_owned());
    move |now: SimTime| {
        let at = now.since(SimTime::ZERO).as_secs();
        bar.set_position(at);
        if at >= bar.length().unwrap_or(0) {
            bar.finish_and_clear();
        }
    }
}

/// A bar over a number of runs.
pub(super) fn over_runs(runs: u64) -> ProgressBar {
    let bar = bar(runs, "{pos}/{len} runs {wide_bar} {eta} left");
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(length), target).with_style(style)
}
