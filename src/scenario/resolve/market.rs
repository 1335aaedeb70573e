//! What does the cloud do of itself, and what does it cost?

use super::cluster::zone;
use super::context::Context;
use super::dist::{Unit, optional};
use crate::cloud::Catalog;
use crate::cloud::market::{Drought, MarketSettings};
use crate::des::SimTime;
use crate::scenario::model::{LatencyModel, MarketModel, PricesModel};
use crate::scenario::spec::cluster::{DroughtSpec, LatencySpec, MarketSpec, PricesSpec};

/// A market that goes down more often than so many times the calibration is a slip of the pen.
const SCALE_MAX: f64 = 10_000.0;

pub(super) fn market(cx: &mut Context<'_>, spec: &MarketSpec, catalog: &Catalog) -> MarketModel {
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
    let droughts = spec.spot.droughts.iter().enumerate();
    let hazard_scale = if calm == Some(true) { 0.0 } else { scale };
    let settings = MarketSettings {
        hazard_scale,
        droughts: droughts
            .map(|(place, spec)| {
                drought(cx, &format!("market.spot.droughts[{place}]"), spec, catalog)
            })
            .collect(),
        ..MarketSettings::default()
    };
    MarketModel {
        settings,
        latency: latency(cx, &spec.latency),
    }
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
