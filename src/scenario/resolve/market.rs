//! What does the cloud do of itself, and what does it cost?

mod replay;

use jiff::Zoned;

use super::cluster::zone;
use super::context::Context;
use super::dist::{Unit, optional};
use super::files::Files;
use super::traffic::time_of_day;
use crate::cloud::Catalog;
use crate::cloud::market::{BusinessHours, Drought, MarketSettings};
use crate::des::{SimDuration, SimTime};
use crate::scenario::model::{LatencyModel, MarketModel, PricesModel};
use crate::scenario::spec::cluster::{DroughtSpec, LatencySpec, MarketSpec, PricesSpec};

/// A market that goes down more often than so many times the calibration is a slip of the pen.
const SCALE_MAX: f64 = 10_000.0;
/// No machine keeps more of its memory.
const MEMORY_OVERHEAD_MAX: f64 = 0.2;
/// The same of business hours.
const BUSINESS_MAX: f64 = 100.0;

/// What machines really keep of their memory, in parts per million.
pub(super) fn memory_overhead(cx: &mut Context<'_>, share: f64) -> u32 {
    let path = "market.memoryOverhead";
    let fits = (0.0..=MEMORY_OVERHEAD_MAX).contains(&share);
    let expected = format!("expected 0 to {MEMORY_OVERHEAD_MAX}");
    cx.require(fits, path, &format!("is {share}"), &expected);
    if fits {
        (share * 1e6).round() as u32
    } else {
        0
    }
}

/// The market; `None` where a recorded one cannot be read.
pub(super) fn market(
    cx: &mut Context<'_>,
    spec: &MarketSpec,
    catalog: &Catalog,
    start: Option<&Zoned>,
    files: &mut Files<'_>,
) -> Option<MarketModel> {
    let models = [("calibrated", false), ("calm", true)];
    let model = spec.spot.model.as_deref().unwrap_or("calibrated");
    let calm = cx.choice(
        "market.spot.model",
        "model of the spot market",
        model,
        &models,
    );
    let scale = spec.spot.interruption_scale.unwrap_or(1.0);
    cx.require(
        (0.0..=SCALE_MAX).contains(&scale),
        "market.spot.interruptionScale",
        &format!("is {scale}"),
        &format!("expected 0 to {SCALE_MAX}"),
    );
    let multiplier = spec.spot.business_hours.unwrap_or(1.0);
    cx.require(
        multiplier > 0.0 && multiplier <= BUSINESS_MAX,
        "market.spot.businessHours",
        &format!("is {multiplier}"),
        &format!("expected above 0 and at most {BUSINESS_MAX}"),
    );
    let records = match &spec.spot.replay {
        Some(spec) => replay::records(cx, spec, catalog, files),
        None => Some(Vec::new()),
    };
    let droughts = spec.spot.droughts.iter().enumerate();
    let hazard_scale = if calm == Some(true) { 0.0 } else { scale };
    let settings = MarketSettings {
        hazard_scale,
        droughts: droughts
            .map(|(place, spec)| {
                drought(cx, &format!("market.spot.droughts[{place}]"), spec, catalog)
            })
            .collect(),
        business_hours: BusinessHours {
            multiplier,
            week_at_start: start.map_or(SimDuration::ZERO, since_monday),
            ..BusinessHours::default()
        },
        records: records?,
        ..MarketSettings::default()
    };
    Some(MarketModel {
        settings,
        latency: latency(cx, &spec.latency),
    })
}

/// Time on the wall since Monday began.
fn since_monday(start: &Zoned) -> SimDuration {
    let days = u64::try_from(start.weekday().to_monday_zero_offset()).unwrap_or(0);
    SimDuration::from_secs(days * 86_400) + time_of_day(start)
}

fn drought(cx: &mut Context<'_>, path: &str, spec: &DroughtSpec, catalog: &Catalog) -> Drought {
    let from = SimTime::ZERO + cx.span_of_time(&format!("{path}.from"), spec.from);
    let until = from + cx.positive_time(&format!("{path}.for"), spec.lasts);
    let mut families = Vec::new();
    for (place, name) in spec.families.iter().enumerate() {
        let known = || catalog.ids().map(|id| catalog.facts(id).family.as_str());
        if known().any(|family| family == name) {
            families.push(name.clone());
        } else {
            let mut known: Vec<&str> = known().collect();
            known.sort_unstable();
            known.dedup();
            let path = format!("{path}.families[{place}]");
            cx.unknown(&path, "family of instance types", name, known);
        }
    }
    let mut zones = Vec::new();
    for (place, name) in spec.zones.iter().enumerate() {
        let zone = zone(cx, &format!("{path}.zones[{place}]"), name, catalog);
        zones.extend(zone.map(|zone| cx.symbols.name(zone).into_owned()));
    }
    Drought {
        from,
        until,
        families,
        types: Vec::new(),
        zones,
        on_demand_too: false,
    }
}

fn latency(cx: &mut Context<'_>, spec: &LatencySpec) -> LatencyModel {
    let mut stage = |field, spec| optional(cx, "market.latency", field, spec, Unit::Secs);
    LatencyModel {
        launch: stage("launch", spec.launch.as_ref()),
        registration: stage("registration", spec.registration.as_ref()),
        readiness: stage("readiness", spec.readiness.as_ref()),
        device_plugin: stage("devicePlugin", spec.device_plugin.as_ref()),
    }
}

pub(super) fn prices(cx: &mut Context<'_>, spec: &PricesSpec) -> PricesModel {
    let mut ppm = |path, text: Option<&String>| text.map_or(0, |text| cx.percentage(path, text));
    PricesModel {
        discount_ppm: ppm("prices.discount", spec.discount.as_ref()),
        tax_ppm: ppm("prices.tax.gst", spec.tax.gst.as_ref()),
    }
}
