//! What the scenario makes happen.

use crate::des::SimTime;
use crate::scenario::model::events::EventKind;

use super::{Queue, World};

impl World<'_> {
    /// An event of the scenario has come.
    pub(super) fn scripted(&mut self, now: SimTime, place: u16, queue: &mut Queue) {
        match self.scenario.events[usize::from(place)].kind {
            EventKind::Apply(change) => self.apply_manifest(now, change, queue),
            EventKind::Interruption { pool, nodes, kind } => {
                for key in self.oldest_nodes(pool, nodes) {
                    self.announce(now, key, kind, queue);
                }
            }
            EventKind::NodeFailure {
                pool,
                nodes,
                condition,
            } => {
                for key in self.oldest_nodes(pool, nodes) {
                    self.fall_ill(now, key, condition, queue);
                }
            }
            EventKind::ZoneLoss(zone, lasts) => self.lose_zone(now, zone, lasts, queue),
            EventKind::ImageRelease(family) => self.images_released(now, family, queue),
            EventKind::NodeGroupUpdate { group, force } => {
                self.update_group(now, group, force, queue);
            }
            EventKind::MetricsOutage(source, lasts) => self.lose_metrics(now, source, lasts),
            EventKind::Crash(service, pods) => self.crash(now, service, pods, queue),
            EventKind::Rollout(service, image) => self.roll_out(now, service, image, queue),
        }
    }
}
