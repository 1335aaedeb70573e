//! Who is called what? Names are read from the tree, so that a reference to something broken is not a second mistake.

use super::context::Context;
use crate::scenario::model::{JourneyId, QueueId, ServiceId};

/// Names of the things a scenario refers to, by their places.
pub(super) struct Names {
    services: Vec<String>,
    queues: Vec<String>,
    journeys: Vec<String>,
}

impl Names {
    /// Reads all names and reports those that are given twice.
    pub(super) fn read(cx: &mut Context<'_>) -> Self {
        let journeys = cx.node("traffic.journeys");
        let mut journeys: Vec<String> = journeys
            .map(|node| node.entries().iter().map(|(key, _)| key.text.clone()))
            .into_iter()
            .flatten()
            .collect();
        journeys.sort();
        Self {
            services: unique_names(cx, "services", "service"),
            queues: unique_names(cx, "queues", "queue"),
            journeys,
        }
    }

    pub(super) fn service(
        &self,
        cx: &mut Context<'_>,
        path: &str,
        name: &str,
    ) -> Option<ServiceId> {
        find(cx, path, "service", name, &self.services).map(ServiceId)
    }

    pub(super) fn queue(&self, cx: &mut Context<'_>, path: &str, name: &str) -> Option<QueueId> {
        find(cx, path, "queue", name, &self.queues).map(QueueId)
    }

    pub(super) fn journey(
        &self,
        cx: &mut Context<'_>,
        path: &str,
        name: &str,
    ) -> Option<JourneyId> {
        find(cx, path, "journey", name, &self.journeys).map(JourneyId)
    }

    /// Whether a service consumes a queue that does not exist: perhaps it means one that nobody consumes.
    pub(super) fn has_stray_consumer(&self, cx: &Context<'_>) -> bool {
        (0..self.services.len())
            .filter_map(|place| cx.text(&format!("services[{place}].consumes")))
            .any(|queue| self.queues.iter().all(|known| known != queue))
    }

    /// The names of the services, by [`ServiceId`]; empty where one has none.
    pub(super) fn services(&self) -> &[String] {
        &self.services
    }
}

fn find(cx: &mut Context<'_>, path: &str, kind: &str, name: &str, names: &[String]) -> Option<u16> {
    let place = names.iter().position(|known| known == name);
    if place.is_none() {
        let known = names.iter().map(String::as_str);
        cx.unknown(path, kind, name, known.filter(|known| !known.is_empty()));
    }
    place.and_then(|place| u16::try_from(place).ok())
}

/// The names of the items of a list.
fn unique_names(cx: &mut Context<'_>, list: &str, kind: &str) -> Vec<String> {
    let count = cx.node(list).map_or(0, |node| node.items().len());
    if count > usize::from(u16::MAX) {
        cx.error(
            list,
            format!("has {count} items, at most {} are possible", u16::MAX),
        );
    }
    let names: Vec<(String, String)> = (0..count)
        .map(|place| format!("{list}[{place}].name"))
        .map(|path| {
            let name = cx.text(&path).unwrap_or_default().to_owned();
            (path, name)
        })
        .collect();
    let named: Vec<_> = names
        .iter()
        .filter(|(_, name)| !name.is_empty())
        .cloned()
        .collect();
    cx.unique(kind, &named);
    names.into_iter().map(|(_, name)| name).collect()
}
