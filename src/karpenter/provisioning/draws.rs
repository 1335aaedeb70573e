//! Which of several equals does upstream's unordered iteration meet first? Seeded draws in its place (0.3 items 2 to 4).

use crate::des::StreamKey;

/// The draws of a pass. What a place answers depends on the attempt, the place and the demand, so what is skipped does not change what is
/// chosen.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    ties: StreamKey,
    attempt: Attempt,
    place: u64,
    next: u64,
    made: u64,
    made_before: u64,
}

/// One look at all places for one pod: which attempt, and how often it was relaxed before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Attempt {
    number: u64,
    step: u64,
}

/// Steps an attempt may take, places it may look at in each, demands a place may meet, and draws a demand may make, as powers of two.
const STEPS: u64 = 8;
const PLACES: u64 = 24;
const DEMANDS: u64 = 4;
const DRAWS: u64 = 4;

impl Draws {
    /// The draws of a pass.
    pub(super) fn new(ties: StreamKey) -> Self {
        Self {
            ties,
            attempt: Attempt::default(),
            place: 0,
            next: 0,
            made: 0,
            made_before: 0,
        }
    }

    /// Begins the next attempt to place a pod.
    pub(super) fn next_attempt(&mut self) {
        let number = self.attempt.number + 1;
        self.attempt = Attempt { number, step: 0 };
        self.made_before = self.made;
    }

    /// Begins the next step of the attempt.
    pub(super) fn next_step(&mut self) {
        self.attempt.step += 1;
    }

    /// Where the pass is.
    pub(super) fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Draws once more as in an earlier attempt.
    pub(super) fn return_to(&mut self, attempt: Attempt) {
        self.attempt = attempt;
    }

    /// Begins the draws of a place.
    pub(super) fn at(&mut self, place: u64) {
        self.place = place;
    }

    /// Begins the draws of the demand with this place in the attempt.
    pub(super) fn begin(&mut self, demand: usize) {
        let look = self.attempt.number << STEPS | self.attempt.step;
        self.next = ((look << PLACES | self.place) << DEMANDS | demand as u64) << DRAWS;
    }

    /// Uniform in `0..n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.made += u64::from(n > 1);
        self.next += 1;
        self.ties.below(self.next, n as u64) as usize
    }

    /// How many draws had more than one outcome.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// Whether some draw of this attempt had more than one outcome, so that another attempt may go otherwise.
    pub(super) fn drew(&self) -> bool {
        self.made > self.made_before
    }

    /// Where a type stands among types of equal price.
    pub(super) fn rank_of_type(&self, instance_type: usize) -> u64 {
        self.ties.bits(instance_type as u64)
    }
}
