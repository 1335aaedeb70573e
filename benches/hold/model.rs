//! How long does a pending-event set take for a pop and a push? The classic hold model, with two
//! heaps to compare against.
//!
//! Shared by the benchmark and by the integration tests, which run it small: all designs must
//! return the same sequence.

pub(crate) mod heaps;

use karpsim::des::{Class, Dist, EventQueue, Purpose, SimDuration, SimTime, StreamKey};

/// What an event carries: as large as a simulator's event, and recognisable.
pub(crate) type Payload = [u64; 2];

/// A pending-event set under test.
pub(crate) trait PendingSet {
    /// An empty set at time zero.
    fn empty() -> Self;
    /// Adds an event.
    fn push(&mut self, at: SimTime, class: Class, payload: Payload);
    /// Takes the earliest event, if it is not later than `horizon`.
    fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, Payload)>;
}

impl PendingSet for EventQueue<Payload> {
    fn empty() -> Self {
        Self::new()
    }

    fn push(&mut self, at: SimTime, class: Class, payload: Payload) {
        Self::push(self, at, class, payload);
    }

    fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, Payload)> {
        Self::pop_until(self, horizon)
    }
}

/// How far ahead events are scheduled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mix {
    /// Exponential, mean 1 s.
    Exponential,
    /// Rönngren and Ayani's bimodal mix: 90 % within 0.95 s, 10 % 9.52 s later.
    Bimodal,
    /// Ties and a heavy tail, as in a cluster: 15 % at once, 35 % within about 2 s, 15 % after
    /// exactly 10 s, 10 % after 15 s, 5 % after 30 s, and 20 % runs of 30 s to a day.
    Kubernetes,
}

impl Mix {
    /// All mixes.
    pub(crate) const ALL: [Self; 3] = [Self::Exponential, Self::Bimodal, Self::Kubernetes];

    fn increment(self, draw: u64) -> SimDuration {
        let key = StreamKey {
            seed: 1,
            purpose: Purpose::Phase,
            entity: draw,
        };
        let (pick, u) = (key.uniform(0), key.uniform(1));
        let secs = match self {
            Self::Exponential => Dist::Exponential { mean: 1.0 }.quantile(u),
            Self::Bimodal if pick < 0.9 => 0.95 * u,
            Self::Bimodal => 9.52 + 0.95 * u,
            Self::Kubernetes => match pick {
                ..0.15 => 0.0,
                ..0.5 => 0.05 + 2.0 * u,
                ..0.65 => 10.0,
                ..0.75 => 15.0,
                ..0.8 => 30.0,
                _ => Dist::Pareto {
                    scale: 30.0,
                    shape: 1.5,
                }
                .quantile(u)
                .min(86_400.0),
            },
        };
        SimDuration::from_secs_f64(secs)
    }
}

const INCREMENTS: usize = 1 << 14;

/// A pending-event set held at a constant size.
pub(crate) struct Hold<S> {
    set: S,
    increments: Vec<(SimDuration, Class)>,
    pushed: u64,
    hash: u64,
}

impl<S: PendingSet> Hold<S> {
    /// Fills a set with `size` events.
    pub(crate) fn new(mix: Mix, size: u64) -> Self {
        let increments = (0..INCREMENTS as u64)
            .map(|draw| {
                (
                    mix.increment(draw),
                    Class::ALL[draw as usize % Class::ALL.len()],
                )
            })
            .collect();
        let mut hold = Self {
            set: S::empty(),
            increments,
            pushed: 0,
            hash: 0,
        };
        for _ in 0..size {
            hold.push_after(SimTime::ZERO);
        }
        hold
    }

    /// One hold: pops the earliest event and pushes another.
    #[inline]
    pub(crate) fn step(&mut self) {
        let (now, [id, _]) = self
            .set
            .pop_until(SimTime::MAX)
            .expect("the set is held at its size");
        self.hash =
            (self.hash.rotate_left(5) ^ now.as_micros() ^ id).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.push_after(now);
    }

    /// A hash of all events popped so far, in order.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    #[inline]
    fn push_after(&mut self, now: SimTime) {
        let (increment, class) = self.increments[self.pushed as usize % INCREMENTS];
        self.set.push(now + increment, class, [self.pushed, 0]);
        self.pushed += 1;
    }
}
