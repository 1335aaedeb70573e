//! When is an image on a node? (spec/kubernetes.md 5.2, 9.2)

use crate::api::Symbol;
use crate::des::{SimDuration, SimTime};
use crate::kube::rate::TokenBucket;

use super::Timing;

/// What a node lets through, in bytes per second, positive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PullLimits {
    /// Of the network, shared by the pulls in progress.
    pub network: f64,
    /// Of the disk that images are unpacked to, shared likewise.
    pub disk: f64,
}

/// The images of one node: those it has and those on their way. Pulls run in parallel, as EKS sets
/// its kubelets.
#[derive(Clone, Debug)]
pub struct NodeImages {
    /// (image, when it is complete); completed ones stay.
    images: Vec<(Symbol, SimTime)>,
    limits: PullLimits,
    registry: TokenBucket,
}

impl NodeImages {
    /// A node without images.
    #[must_use]
    pub fn new(limits: PullLimits, timing: &Timing) -> Self {
        assert!(
            limits.network > 0.0 && limits.disk > 0.0,
            "{limits:?} lets nothing through"
        );
        Self {
            images: Vec::new(),
            limits,
            registry: TokenBucket::new(timing.registry_limits),
        }
    }

    /// Bytes per second that the node's disk lets through.
    #[must_use]
    pub fn disk(&self) -> f64 {
        self.limits.disk
    }

    /// Whether the image is complete.
    #[must_use]
    pub fn has(&self, now: SimTime, image: Symbol) -> bool {
        self.images
            .iter()
            .any(|&(other, complete)| other == image && complete <= now)
    }

    /// A container needs an image of `bytes` compressed bytes: when it is complete. Starts a pull
    /// unless the image is there or on its way. A pull keeps the rate it starts with: its own,
    /// or its share of what the node lets through, whichever is less.
    pub fn need(
        &mut self,
        now: SimTime,
        image: Symbol,
        bytes: u64,
        u: f64,
        timing: &Timing,
    ) -> SimTime {
        if let Some(&(_, complete)) = self.images.iter().find(|&&(other, _)| other == image) {
            return complete.max(now);
        }
        let start = self.registry.take(now);
        let in_progress = self
            .images
            .iter()
            .filter(|&&(_, complete)| complete > start)
            .count();
        let rate = self.rate(in_progress + 1, u, timing);
        let complete = start + SimDuration::from_secs_f64(bytes as f64 / rate);
        self.images.push((image, complete));
        complete
    }

    /// Compressed bytes per second of one of so many parallel pulls: unpacking goes as fast as the
    /// disk, and all share both.
    fn rate(&self, pulls: usize, u: f64, timing: &Timing) -> f64 {
        let (low, high) = timing.pull_rate;
        let unpacking = (low + u * (high - low)) * self.limits.disk / timing.reference_disk;
        unpacking.min(self.limits.network) / pulls as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::kubelet::TIMING;

    const GP3: PullLimits = PullLimits {
        network: 1.25e9,
        disk: 125e6,
    };
    const A: Symbol = Symbol::fixed(1);
    const B: Symbol = Symbol::fixed(2);
    const NOW: SimTime = SimTime::from_secs(100);

    fn need(images: &mut NodeImages, now: SimTime, image: Symbol, bytes: u64) -> SimDuration {
        images.need(now, image, bytes, 0.0, &TIMING).since(now)
    }

    #[test]
    fn a_large_image_takes_minutes_on_a_default_disk() {
        let mut images = NodeImages::new(GP3, &TIMING);
        let slowest = images.need(NOW, A, 15_000_000_000, 0.0, &TIMING).since(NOW);
        assert_eq!(slowest, SimDuration::from_secs(300));
        let mut fast = NodeImages::new(PullLimits { disk: 500e6, ..GP3 }, &TIMING);
        assert_eq!(
            need(&mut fast, NOW, A, 15_000_000_000),
            SimDuration::from_secs(75)
        );
    }

    #[test]
    fn the_network_caps_what_the_disk_would_take() {
        let mut images = NodeImages::new(
            PullLimits {
                network: 25e6,
                disk: 500e6,
            },
            &TIMING,
        );
        assert_eq!(
            need(&mut images, NOW, A, 100_000_000),
            SimDuration::from_secs(4)
        );
    }

    #[test]
    fn an_image_is_pulled_once_per_node() {
        let mut images = NodeImages::new(GP3, &TIMING);
        assert_eq!(
            need(&mut images, NOW, A, 100_000_000),
            SimDuration::from_secs(2)
        );
        let joined = NOW + SimDuration::from_secs(1);
        assert_eq!(
            need(&mut images, joined, A, 100_000_000),
            SimDuration::from_secs(1)
        );
        let done = NOW + SimDuration::from_secs(2);
        assert!(!images.has(joined, A) && images.has(done, A) && !images.has(done, B));
        assert_eq!(need(&mut images, done, A, 100_000_000), SimDuration::ZERO);
    }

    #[test]
    fn parallel_pulls_share_the_node() {
        let mut images = NodeImages::new(GP3, &TIMING);
        assert_eq!(
            need(&mut images, NOW, A, 100_000_000),
            SimDuration::from_secs(2)
        );
        assert_eq!(
            need(&mut images, NOW, B, 100_000_000),
            SimDuration::from_secs(4)
        );
    }

    #[test]
    fn the_eleventh_pull_waits_for_the_registry() {
        let mut images = NodeImages::new(GP3, &TIMING);
        let starts: Vec<_> = (0..12)
            .map(|n| need(&mut images, NOW, Symbol::fixed(n), 0))
            .collect();
        assert!(starts[..10].iter().all(|&start| start == SimDuration::ZERO));
        assert_eq!(
            starts[10..],
            [SimDuration::from_millis(200), SimDuration::from_millis(400)]
        );
    }
}
