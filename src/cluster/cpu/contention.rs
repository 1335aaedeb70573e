//! CPU starvation: who wanted cores that a neighbour had.
//!
//! A workload that fills a node by itself starves nobody, not even itself: what its own pods have of what it wants more is not counted.

use crate::des::SimDuration;

/// Core time missed and taken, by template, in microcore-microseconds.
#[derive(Clone, Debug)]
pub struct Contention {
    templates: usize,
    missed: Vec<u128>,
    /// Row: who missed; column: who had it.
    taken: Vec<u128>,
    wants: Vec<u64>,
    has: Vec<u64>,
}

impl Contention {
    pub(super) fn new(templates: usize) -> Self {
        Self {
            templates,
            missed: vec![0; templates],
            taken: vec![0; templates * templates],
            wants: vec![0; templates],
            has: vec![0; templates],
        }
    }

    /// What pods of the template wanted beyond what they got while their node was contended and pods of other templates had it.
    #[must_use]
    pub fn missed(&self, template: usize) -> u128 {
        self.missed[template]
    }

    /// The part of [`Self::missed`] of `victim` that pods of `neighbour` had: what was missed is split as the cores were.
    #[must_use]
    pub fn taken(&self, victim: usize, neighbour: usize) -> u128 {
        self.taken[victim * self.templates + neighbour]
    }

    /// Books a span of one contended node, given (template, demand, grant) of its pods.
    pub(super) fn book(
        &mut self,
        span: SimDuration,
        pods: impl Iterator<Item = (usize, u64, u64)>,
    ) {
        let micros = u128::from(span.as_micros());
        if micros == 0 {
            return;
        }
        self.wants.fill(0);
        self.has.fill(0);
        for (template, demand, grant) in pods {
            self.wants[template] += demand - grant;
            self.has[template] += grant;
        }
        let all: u128 = self.has.iter().map(|&grant| u128::from(grant)).sum();
        for victim in 0..self.templates {
            let missed = u128::from(self.wants[victim]) * micros;
            if missed == 0 || all == 0 {
                continue;
            }
            for neighbour in (0..self.templates).filter(|&neighbour| neighbour != victim) {
                let taken = missed * u128::from(self.has[neighbour]) / all;
                self.taken[victim * self.templates + neighbour] += taken;
                self.missed[victim] += taken;
            }
        }
    }
}
