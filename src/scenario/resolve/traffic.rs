//! Who comes, and what do they do?

mod journey;
mod mistakes;
mod replay;

use super::context::Context;
use super::files::Files;
use super::names::Names;
use crate::scenario::decode::Part;
use crate::scenario::model::{Background, Profile, Traffic};
use crate::scenario::spec::traffic::{BackgroundSpec, TrafficSpec};
use crate::workload::OVERDISPERSION_MAX;

pub(super) use replay::{TraceWindow, time_of_day};

/// The name of arrivals without a category, and its place among the categories.
const NO_CATEGORY: &str = "-";

/// Words of a rate, and how many of their time go into an hour.
const PER: [(&str, f64); 4] = [("s", 3_600.0), ("m", 60.0), ("h", 1.0), ("d", 1.0 / 24.0)];
/// More arrivals than this an hour are a slip of the pen.
const RATE_MAX: f64 = 1e9;

/// Traffic; `None` where a part of it is broken, which is reported.
pub(super) fn traffic(
    cx: &mut Context<'_>,
    spec: &TrafficSpec,
    window: Option<&TraceWindow<'_>>,
    names: &Names,
    files: &mut Files<'_>,
) -> Option<Traffic> {
    let replay_spec = spec.replay.get();
    let mut categories = vec![NO_CATEGORY.to_owned()];
    let replay = match replay_spec {
        Some(Some(spec)) => {
            let replay = replay::replay(cx, spec, window, names, files, &mut categories);
            replay.map(Some)
        }
        Some(None) => Some(None),
        None => None,
    };
    if let Some(backgrounds) = spec.background.get() {
        let of_background = backgrounds.iter().filter_map(Part::get);
        for name in of_background.filter_map(|background| background.category.as_deref()) {
            category(name, &mut categories);
        }
    }
    // Without the trace nobody knows which categories there are.
    let known = replay.is_some().then_some(categories.as_slice());
    let journeys = spec
        .journeys
        .get()
        .and_then(|journeys| journey::journeys(cx, journeys, known, names));
    let background = backgrounds(cx, spec.background.get()?, names, &mut categories);
    if let (Some(None), Some([])) = (replay_spec, background.as_deref()) {
        cx.expected(
            "traffic",
            "brings nobody",
            "expected `replay` or `background`",
        );
    }
    let journeys = journeys?;
    Some(Traffic {
        replay: replay?,
        background: background?,
        journeys: journeys.journeys,
        steps: journeys.steps,
        categories,
    })
}

fn backgrounds(
    cx: &mut Context<'_>,
    specs: &[Part<BackgroundSpec>],
    names: &Names,
    categories: &mut Vec<String>,
) -> Option<Vec<Background>> {
    let mut named = Vec::new();
    let mut backgrounds = Vec::new();
    for (place, spec) in specs.iter().enumerate() {
        let path = format!("traffic.background[{place}]");
        let Some(spec) = spec.get() else {
            backgrounds.push(None);
            continue;
        };
        named.push((format!("{path}.name"), spec.name.clone()));
        backgrounds.push(background(cx, &path, spec, names, categories));
    }
    cx.unique("background", &named);
    backgrounds.into_iter().collect()
}

fn background(
    cx: &mut Context<'_>,
    path: &str,
    spec: &BackgroundSpec,
    names: &Names,
    categories: &mut Vec<String>,
) -> Option<Background> {
    let journey = names.journey(cx, &format!("{path}.journey"), &spec.journey);
    let per_hour = per_hour(&spec.rate);
    if per_hour.is_none() {
        cx.expected(
            &format!("{path}.rate"),
            format!("is `{}`, which is no rate", spec.rate),
            "expected one above 0 such as `8/s`, `30/m`, `1200/h` or `50/d`",
        );
    }
    let profiles = [
        ("flat", Profile::Flat),
        ("hour-of-week", Profile::HourOfWeek),
        ("office-hours", Profile::OfficeHours),
    ];
    let profile = spec.profile.as_deref().unwrap_or("flat");
    let profile = cx.choice(&format!("{path}.profile"), "profile", profile, &profiles);
    if let Some(k) = spec.overdispersion {
        cx.require(
            k > 0.0 && k <= OVERDISPERSION_MAX,
            &format!("{path}.overdispersion"),
            &format!("is {k}"),
            &format!("expected above 0 and at most {OVERDISPERSION_MAX}"),
        );
    }
    Some(Background {
        name: spec.name.clone(),
        per_hour: per_hour?,
        profile: profile?,
        overdispersion: spec.overdispersion,
        journey: journey?,
        category: spec
            .category
            .as_deref()
            .map_or(0, |name| category(name, categories)),
    })
}

/// The place of a category, which joins the others if it is new.
fn category(name: &str, categories: &mut Vec<String>) -> u16 {
    let known = categories.iter().position(|category| category == name);
    let place = known.unwrap_or_else(|| {
        categories.push(name.to_owned());
        categories.len() - 1
    });
    u16::try_from(place).unwrap_or(u16::MAX)
}

fn per_hour(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once('/')?;
    let (_, factor) = PER.iter().find(|(word, _)| *word == unit.trim())?;
    let rate = number.trim().parse::<f64>().ok()? * factor;
    (rate > 0.0 && rate <= RATE_MAX).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_something() {
        for (text, expected) in [
            ("8/s", Some(28_800.0)),
            ("0.5 / m", Some(30.0)),
            ("1200/h", Some(1_200.0)),
            ("48/d", Some(2.0)),
            ("8", None),
            ("8/w", None),
            ("-1/s", None),
            ("0/s", None),
            ("inf/s", None),
            ("NaN/s", None),
        ] {
            assert_eq!(per_hour(text), expected, "{text}");
        }
    }
}
