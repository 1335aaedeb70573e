//! Which capacity reservations does the account have, and which does a node class select (spec/karpenter.md 3.10)?

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned};

use super::node_class::Defaults;
use super::zone;
use crate::api::Symbol;
use crate::api::objects::karpenter::CapacityReservationSelectorTerm;
use crate::cloud::reservation::Labels;
use crate::cloud::{CapacityReservation, CapacityType, Catalog, InstanceTypeId};
use crate::des::{SimDuration, SimTime};
use crate::scenario::decode::Part;
use crate::scenario::resolve::context::Context;
use crate::scenario::spec::cluster::CapacityReservationSpec;

/// Values of `instanceMatchCriteria`.
const CRITERIA: [(&str, bool); 2] = [("open", true), ("targeted", false)];

/// A reservation with what it can be selected by.
pub(super) struct Known {
    pub(super) reservation: CapacityReservation,
    id: String,
    open: bool,
    owner: Option<String>,
    tags: BTreeMap<String, String>,
}

/// The reservations of the account, by id; `None` where one is broken.
pub(super) fn reservations(
    cx: &mut Context<'_>,
    specs: &[Part<CapacityReservationSpec>],
    catalog: &Catalog,
    zones: &[Symbol],
    start: Option<&Zoned>,
) -> Option<Vec<Known>> {
    let at = |place: usize| format!("cluster.capacityReservations[{place}]");
    let read: Vec<Option<Known>> = specs
        .iter()
        .enumerate()
        .map(|(place, spec)| known(cx, &at(place), spec.get()?, catalog, zones, start))
        .collect();
    let ids = specs.iter().enumerate().filter_map(|(place, spec)| {
        let id = spec.get()?.id.clone();
        Some((format!("{}.id", at(place)), id))
    });
    cx.unique("capacity reservation", &ids.collect::<Vec<_>>());
    let mut all = read.into_iter().collect::<Option<Vec<_>>>()?;
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Some(all)
}

fn known(
    cx: &mut Context<'_>,
    path: &str,
    spec: &CapacityReservationSpec,
    catalog: &Catalog,
    zones: &[Symbol],
    start: Option<&Zoned>,
) -> Option<Known> {
    let numbered = |id: &str| {
        id.strip_prefix("cr-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    cx.require(
        numbered(&spec.id),
        &format!("{path}.id"),
        &format!("is `{}`", spec.id),
        "expected `cr-` and then letters and digits",
    );
    let kind = instance_type(cx, &format!("{path}.instanceType"), spec, catalog);
    let zone_at = format!("{path}.availabilityZone");
    let zone = zone(cx, &zone_at, &spec.availability_zone, catalog);
    if zone.is_some_and(|zone| !zones.contains(&zone)) {
        let what = "is a zone the cluster is not in";
        cx.expected(
            &zone_at,
            what,
            "expected one of `cluster.availabilityZones`",
        );
    }
    if let Some((kind, zone)) = kind.zip(zone) {
        let sold = |offering: &crate::cloud::Offering| {
            offering.zone == zone && offering.capacity_type == CapacityType::OnDemand
        };
        let sold = catalog.get(kind).offerings.iter().any(sold);
        let what = format!("is `{}`, which this zone does not have", spec.instance_type);
        let expected = "expected a type that is sold there on demand";
        cx.require(sold, &format!("{path}.instanceType"), &what, expected);
    }
    let criteria = spec.instance_match_criteria.as_deref().unwrap_or("open");
    let criteria_at = format!("{path}.instanceMatchCriteria");
    let open = cx.choice(&criteria_at, "criteria", criteria, &CRITERIA);
    let ends = match &spec.end_date {
        None => Some(None),
        Some(text) => ends(cx, &format!("{path}.endDate"), text, start).map(Some),
    };
    let count = cx.at_least_one(&format!("{path}.instanceCount"), spec.instance_count);
    Some(Known {
        reservation: CapacityReservation {
            id: cx.intern(&spec.id),
            instance_type: kind?,
            zone: zone?,
            count,
            ends: ends?,
        },
        id: spec.id.clone(),
        open: open?,
        owner: spec.owner_id.clone(),
        tags: spec.tags.clone(),
    })
}

fn instance_type(
    cx: &mut Context<'_>,
    path: &str,
    spec: &CapacityReservationSpec,
    catalog: &Catalog,
) -> Option<InstanceTypeId> {
    let symbol = cx.symbols.get(&spec.instance_type);
    let found = symbol.and_then(|symbol| catalog.id_of(symbol));
    if found.is_none() {
        let names = catalog.types.iter().map(|kind| cx.symbols.name(kind.name));
        let names: Vec<String> = names.map(|name| name.into_owned()).collect();
        let known = names.iter().map(String::as_str);
        let kind = format!("instance type of {}", cx.symbols.name(catalog.region));
        cx.unknown(path, &kind, &spec.instance_type, known);
    }
    found
}

/// An instant after the start of the simulation.
fn ends(cx: &mut Context<'_>, path: &str, text: &str, start: Option<&Zoned>) -> Option<SimTime> {
    let Ok(instant) = text.parse::<Timestamp>() else {
        let expected = "expected one such as `2026-06-15T00:00:00Z`";
        cx.expected(path, format!("is `{text}`, which is no instant"), expected);
        return None;
    };
    let after = instant.as_microsecond() - start?.timestamp().as_microsecond();
    let after = u64::try_from(after).ok().filter(|&after| after > 0);
    if after.is_none() {
        let what = "is no instant after the start: there is no such reservation any more";
        cx.expected(path, what, "expected a later one");
    }
    Some(SimTime::ZERO + SimDuration::from_micros(after?))
}

/// Places of the reservations that any of the terms selects.
pub(super) fn selected(
    cx: &mut Context<'_>,
    path: &str,
    terms: &[CapacityReservationSelectorTerm],
    defaults: &Defaults,
    all: &[Known],
) -> Vec<usize> {
    let at = format!("{path}.capacityReservationSelectorTerms");
    if !terms.is_empty() && !defaults.reserved_capacity {
        let what = "selects nothing: the feature gate is off";
        let expected = "expected `cluster.karpenter.settings.featureGates.reservedCapacity: true`";
        cx.warn(&at, what, expected);
        return Vec::new();
    }
    let mut chosen: Vec<usize> = Vec::new();
    for (place, term) in terms.iter().enumerate() {
        let before = chosen.len();
        chosen.extend((0..all.len()).filter(|&known| all[known].is_selected(term)));
        if chosen.len() == before {
            let what = "selects no capacity reservation";
            let expected = "expected what one of `cluster.capacityReservations` has";
            cx.warn(&format!("{at}[{place}]"), what, expected);
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

impl Known {
    fn is_selected(&self, term: &CapacityReservationSelectorTerm) -> bool {
        if let Some(id) = &term.id {
            return self.id == *id;
        }
        let criteria = |wanted: &String| {
            CRITERIA
                .iter()
                .any(|(name, open)| name == wanted && *open == self.open)
        };
        let tagged = |(key, wanted): (&String, &String)| {
            let value = self.tags.get(key);
            value.is_some_and(|value| wanted == "*" || value == wanted)
        };
        term.owner_id
            .as_ref()
            .is_none_or(|owner| self.owner.as_ref() == Some(owner))
            && term.instance_match_criteria.as_ref().is_none_or(criteria)
            && term.tags.iter().all(tagged)
    }
}

/// What every offering out of a reservation is labelled with.
pub(super) fn labels(cx: &mut Context<'_>) -> Labels {
    Labels {
        reserved: cx.intern(CapacityType::Reserved.label()),
        kind: cx.intern("default"),
        interruptible: cx.intern("false"),
    }
}
