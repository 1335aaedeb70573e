//! Which of several equals does upstream's unordered iteration meet first? Seeded draws in its place (0.3 items 2 to 4).

use crate::des::StreamKey;

/// The draws of a pass. Every place an attempt looks at sees the same draws, so what is skipped does not change what is chosen.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    ties: StreamKey,
    attempt: u64,
    next: u64,
    drew: bool,
}

/// Draws an attempt may make.
const PER_ATTEMPT: u64 = 1 << 20;
/// Draws a demand may make.
const PER_DEMAND: u64 = 1 << 4;

impl Draws {
    /// The draws of a pass.
    pub(super) fn new(ties: StreamKey) -> Self {
        Self {
            ties,
            attempt: 0,
            next: 0,
            drew: false,
        }
    }

    /// Begins the next attempt to place a pod.
    pub(super) fn next_attempt(&mut self) {
        self.attempt += 1;
        self.drew = false;
    }

    /// Begins the draws of the demand with this place in the attempt.
    pub(super) fn begin(&mut self, demand: usize) {
        self.next = self.attempt * PER_ATTEMPT + demand as u64 * PER_DEMAND;
    }

    /// Uniform in `0..n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.drew |= n > 1;
        self.next += 1;
        self.ties.below(self.next, n as u64) as usize
    }

    /// Whether some draw of this attempt had more than one outcome, so that another attempt may go otherwise.
    pub(super) fn drew(&self) -> bool {
        self.drew
    }

    /// Where a type stands among types of equal price.
    pub(super) fn rank_of_type(&self, instance_type: usize) -> u64 {
        self.ties.bits(instance_type as u64)
    }
}
