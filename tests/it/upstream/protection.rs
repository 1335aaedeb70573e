//! Whether a pod asks not to be disrupted, by its annotation and age.

use karpsim::cluster::template::DoNotDisrupt;
use karpsim::des::SimTime;
use serde::Deserialize;

use super::case_files::text;
use super::replay;

pub(super) const KIND: &str = "protection";

const MINUTE: u64 = 60 * 1_000_000;

#[derive(Deserialize)]
struct Pod {
    /// None where empty.
    #[serde(deserialize_with = "text")]
    annotation: String,
    /// Minutes since it started; none before it has.
    age: Option<u64>,
    protected: bool,
}

#[test]
fn pods_are_protected_as_upstream_says() {
    let now = SimTime::from_micros(1_000 * MINUTE);
    replay(KIND, |_, pod: &Pod| {
        let asks = match pod.annotation.as_str() {
            "" => DoNotDisrupt::No,
            text => DoNotDisrupt::parse(text),
        };
        let started = pod
            .age
            .map(|age| SimTime::from_micros((1_000 - age) * MINUTE));
        let protected = asks.until(started).is_some_and(|end| now < end);
        match protected == pod.protected {
            true => String::new(),
            false => format!("    protected is {protected}\n"),
        }
    });
}
