//! Latency attribution: every microsecond of a request's life belongs to exactly one part, so the parts add up to the whole, per request
//! and so per percentile.

use super::result::{AttributionBand, AttributionResult};

/// Where time goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Part {
    /// Own CPU work at full speed, own waits, own accelerator time.
    Service,
    /// CPU work slowed by neighbours or by the pod's own limit.
    CpuContention,
    /// In a queue although every wanted pod was ready: more work than pods.
    QueueWait,
    /// In a queue while pods were wanted that no autoscaler had asked for yet.
    AutoscalerReaction,
    /// In a queue while pods were Pending and no node was on its way for them.
    PodPending,
    /// In a queue while pods waited for a node that was launching.
    NodeLaunch,
    /// In a queue while pods were pulling images, loading models or warming up.
    PodStart,
    /// Lost to a pod that went away: work done again, and the wait until it was tried again.
    Retry,
}

/// How many parts there are.
pub const PARTS: usize = 8;

impl Part {
    /// All parts in the order of their places.
    pub const ALL: [Self; PARTS] = [
        Self::Service,
        Self::CpuContention,
        Self::QueueWait,
        Self::AutoscalerReaction,
        Self::PodPending,
        Self::NodeLaunch,
        Self::PodStart,
        Self::Retry,
    ];

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Service => "service time",
            Self::CpuContention => "CPU contention",
            Self::QueueWait => "queue wait",
            Self::AutoscalerReaction => "autoscaler reaction",
            Self::PodPending => "pod pending",
            Self::NodeLaunch => "node launch",
            Self::PodStart => "image pull and start",
            Self::Retry => "retry after interruption",
        }
    }
}

/// Microseconds by part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attribution(pub [u64; PARTS]);

impl Attribution {
    /// Adds to a part.
    pub fn add(&mut self, part: Part, micros: u64) {
        self.0[part as usize] += micros;
    }

    /// The whole.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Buckets per doubling of latency: the bands below are exact to within 6 %.
const PER_OCTAVE: u32 = 16;
const BUCKETS: usize = (64 * PER_OCTAVE) as usize;

/// Sums of parts by latency bucket.
#[derive(Clone, Debug)]
pub struct AttributionRecorder {
    counts: Vec<u64>,
    sums: Vec<Attribution>,
}

impl Default for AttributionRecorder {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            sums: vec![Attribution::default(); BUCKETS],
        }
    }
}

/// The bucket of a latency: its exponent and the next four binary digits.
fn bucket_of(micros: u64) -> usize {
    if micros < u64::from(PER_OCTAVE) {
        return micros as usize;
    }
    let exponent = micros.ilog2();
    let digits = (micros >> (exponent - PER_OCTAVE.ilog2())) as u32 - PER_OCTAVE;
    ((exponent - 3) * PER_OCTAVE + digits) as usize
}

impl AttributionRecorder {
    /// Books one finished request.
    pub fn record(&mut self, parts: &Attribution) {
        let bucket = bucket_of(parts.total());
        self.counts[bucket] += 1;
        for (sum, micros) in self.sums[bucket].0.iter_mut().zip(parts.0) {
            *sum += micros;
        }
    }

    /// Totals, and the mean request of the slowest bands.
    #[must_use]
    pub fn result(&self) -> AttributionResult {
        let bands = [
            ("all", 1.0),
            ("slowest 10 %", 0.1),
            ("slowest 1 %", 0.01),
            ("slowest 0.1 %", 0.001),
        ];
        AttributionResult {
            parts: Part::ALL.iter().map(|part| part.label()).collect(),
            total_us: self.slowest(1.0).1.0.to_vec(),
            bands: bands
                .into_iter()
                .map(|(band, share)| self.band(band, share))
                .collect(),
        }
    }

    /// The slowest requests that make up at least `share` of all, whole buckets at a time.
    fn slowest(&self, share: f64) -> (u64, Attribution) {
        let all: u64 = self.counts.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let (mut count, mut sum) = (0, Attribution::default());
        for bucket in (0..BUCKETS).rev() {
            if count >= wanted {
                break;
            }
            count += self.counts[bucket];
            for (total, micros) in sum.0.iter_mut().zip(self.sums[bucket].0) {
                *total += micros;
            }
        }
        (count, sum)
    }

    fn band(&self, band: &'static str, share: f64) -> AttributionBand {
        let (count, sum) = self.slowest(share);
        AttributionBand {
            band,
            count,
            mean_us: sum
                .0
                .iter()
                .map(|&micros| micros.checked_div(count).unwrap_or(0))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_with_latency_and_stay_in_range() {
        let samples: Vec<u64> = (0..200)
            .chain((1..44).flat_map(|e| [(1 << e) - 1, 1 << e, (1 << e) + 1]))
            .collect();
        let mut sorted = samples.clone();
        sorted.sort_unstable();
        let buckets: Vec<_> = sorted.iter().map(|&micros| bucket_of(micros)).collect();
        assert!(buckets.is_sorted());
        assert!(bucket_of(u64::MAX) < BUCKETS);
        assert_ne!(bucket_of(1_000), bucket_of(1_100));
    }

    #[test]
    fn parts_add_up_to_the_whole_in_every_band() {
        let mut recorder = AttributionRecorder::default();
        for n in 0..1_000 {
            let mut parts = Attribution::default();
            parts.add(Part::Service, 10_000);
            parts.add(Part::QueueWait, n * 10);
            recorder.record(&parts);
        }
        let result = recorder.result();
        assert_eq!(
            result.total_us.iter().sum::<u64>(),
            10_000 * 1_000 + 10 * 999 * 1_000 / 2
        );
        let slowest = &result.bands[2];
        assert!(slowest.count >= 10 && slowest.mean_us[Part::QueueWait as usize] > 9_000);
    }
}
