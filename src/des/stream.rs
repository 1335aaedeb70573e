//! Which random number does this entity see? Addressed randomness: (seed, purpose, entity, k) →
//! number.
//!
//! One shared generator would tie every draw to all the draws before it: a configuration that
//! starts one pod more would see other requests from then on. Here a number depends on nothing but
//! what it is for, so configurations compared under the same seed see the same world, and their
//! difference is theirs.
//!
//! Two ways to read a key. [`StreamKey::uniform`] and its siblings are stateless: the `k`-th number
//! of the key, two multiplications away. [`StreamKey::stream`] seeds a generator, for samplers that
//! use up a varying count of numbers.

use std::convert::Infallible;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng, TryRng};

/// What a random number is for. The discriminants enter the numbers: they are never changed and
/// never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u32)]
pub enum Purpose {
    /// Instants at which citizens arrive.
    Arrival = 1,
    /// Where inside its recorded period a traced arrival falls.
    TraceJitter = 2,
    /// The random intensity that makes counts vary more than Poisson's.
    Overdispersion = 3,
    /// CPU time a request needs.
    ServiceDemand = 4,
    /// Time a request waits for something other than CPU.
    ServiceWait = 5,
    /// The steps a citizen takes through the service.
    Journey = 6,
    /// Whether and when a citizen comes back.
    FollowUp = 7,
    /// The replica a balancer picks.
    Routing = 8,
    /// Launch-to-ready latency of a node.
    NodeBoot = 9,
    /// Start-up latency of a pod's containers.
    PodStart = 10,
    /// Duration of an image pull.
    ImagePull = 11,
    /// The path of the spot market.
    SpotMarket = 12,
    /// The hazard a spot node withstands before it is reclaimed.
    SpotReclaim = 13,
    /// Whether a launch meets insufficient capacity.
    IceDraw = 14,
    /// Choices the scheduler makes at random among equals.
    TieBreak = 15,
    /// Phases of periodic loops.
    Phase = 16,
    /// Identifiers that stand for a pod's UID.
    PodUid = 17,
    /// Choices Karpenter leaves to unordered iteration.
    KarpenterTie = 18,
    /// Surges of demand.
    Surge = 19,
    /// The category of a complaint.
    Category = 20,
}

/// The address of a sequence of random numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamKey {
    /// The seed of the run.
    pub seed: u64,
    /// What the numbers are for.
    pub purpose: Purpose,
    /// Whose they are: an identity that exists whatever the policies do, such as the ordinal of a
    /// request.
    pub entity: u64,
}

/// The increment of SplitMix64, 2⁶⁴ divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Keeps the seeds of [`StreamKey::stream`] apart from the numbers of [`StreamKey::bits`].
const STREAM_DOMAIN: u64 = 0x7374_7265_616d_0001;

impl StreamKey {
    /// A generator of its own for this key.
    pub fn stream(self) -> Stream {
        Stream(Xoshiro256PlusPlus::seed_from_u64(absorb(
            self.root(),
            STREAM_DOMAIN,
        )))
    }

    /// The `k`-th number of this key, uniform over all 64-bit words: the `k`-th output of a
    /// SplitMix64 generator.
    #[inline]
    pub fn bits(self, k: u64) -> u64 {
        finalise(
            self.root()
                .wrapping_add(GAMMA.wrapping_mul(k.wrapping_add(1))),
        )
    }

    /// The `k`-th number of this key, uniform in the open interval (0, 1): safe under a logarithm
    /// from either end.
    #[inline]
    pub fn uniform(self, k: u64) -> f64 {
        open_unit(self.bits(k))
    }

    /// The `k`-th number of this key, uniform in `0..n`. `n` must be positive. The bias is at most
    /// `n` / 2⁶⁴.
    #[inline]
    pub fn below(self, k: u64, n: u64) -> u64 {
        assert!(n > 0, "{self:?} draws below zero");
        ((u128::from(self.bits(k)) * u128::from(n)) >> 64) as u64
    }

    fn root(self) -> u64 {
        absorb(
            absorb(absorb(0, self.seed), self.purpose as u64),
            self.entity,
        )
    }
}

/// A generator private to one key, for the distributions of `rand_distr`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The next number, uniform in the open interval (0, 1).
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        open_unit(self.next_u64())
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    #[inline]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

/// The midpoint of one of 2⁵² equal cells of the unit interval: 0 and 1 are excluded, and the
/// mirror image `1 - u` is exact.
#[inline]
fn open_unit(bits: u64) -> f64 {
    const CELL: f64 = 1.0 / (1_u64 << 52) as f64;
    ((bits >> 12) as f64 + 0.5) * CELL
}

#[inline]
fn absorb(state: u64, word: u64) -> u64 {
    finalise(state.wrapping_add(GAMMA) ^ word)
}

/// The finaliser of SplitMix64: a bijection in which every input bit flips every output bit with
/// probability one half.
#[inline]
fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: StreamKey = StreamKey {
        seed: 42,
        purpose: Purpose::Arrival,
        entity: 7,
    };

    #[test]
    fn the_finaliser_is_splitmix64s() {
        // First outputs of the reference implementation seeded with 1234567.
        let outputs = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        for (k, expected) in (1..).zip(outputs) {
            assert_eq!(
                finalise(GAMMA.wrapping_mul(k).wrapping_add(1_234_567)),
                expected
            );
        }
    }

    #[test]
    fn numbers_are_frozen() {
        // From an independent implementation of the two generators and of the mixing.
        let bits: Vec<_> = (0..4).map(|k| KEY.bits(k)).collect();
        assert_eq!(
            bits,
            [
                3_358_785_439_986_972_125,
                6_342_310_609_452_596_707,
                13_820_329_769_286_357_162,
                11_663_468_169_459_827_155
            ]
        );
        let mut stream = KEY.stream();
        let words: Vec<_> = (0..4).map(|_| stream.next_u64()).collect();
        assert_eq!(
            words,
            [
                10_237_669_771_484_616_500,
                14_743_278_339_320_750_076,
                13_663_663_877_210_642_685,
                5_236_395_288_673_479_267
            ]
        );
        assert_eq!(KEY.uniform(0), 0.182_080_123_547_327_83);
        assert_eq!(KEY.stream().uniform(), 0.554_985_190_371_64);
        assert_eq!(
            (0..8).map(|k| KEY.below(k, 10)).collect::<Vec<_>>(),
            [1, 3, 7, 6, 6, 5, 7, 9]
        );
    }

    #[test]
    fn purposes_are_frozen() {
        let purposes = [
            Purpose::Arrival,
            Purpose::ServiceDemand,
            Purpose::SpotMarket,
            Purpose::Category,
        ];
        assert_eq!(purposes.map(|purpose| purpose as u32), [1, 4, 12, 20]);
        let bits = purposes.map(|purpose| StreamKey { purpose, ..KEY }.bits(0));
        assert_eq!(
            bits,
            [
                3_358_785_439_986_972_125,
                17_700_476_478_426_009_938,
                1_038_204_946_004_411_780,
                12_508_458_015_519_536_546
            ]
        );
    }

    #[test]
    fn every_part_of_the_address_counts() {
        let keys = [
            KEY,
            StreamKey { seed: 43, ..KEY },
            StreamKey {
                purpose: Purpose::Journey,
                ..KEY
            },
            StreamKey { entity: 8, ..KEY },
            StreamKey {
                seed: 7,
                entity: 42,
                ..KEY
            },
        ];
        let mut seen: Vec<_> = keys
            .iter()
            .flat_map(|key| {
                [
                    key.bits(0),
                    key.bits(1),
                    key.bits(u64::MAX),
                    key.stream().next_u64(),
                ]
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4 * keys.len());
    }

    #[test]
    fn the_unit_interval_is_open_and_symmetric() {
        assert_eq!(open_unit(0), f64::EPSILON / 2.0);
        assert_eq!(open_unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(1.0 - open_unit(!12_345), open_unit(12_345));
    }

    #[test]
    fn numbers_are_uniform_along_k_and_along_entities() {
        const DRAWS: u64 = 100_000;
        const CELLS: u64 = 100;
        let by_k = |i| KEY.below(i, CELLS);
        let by_entity = |i| StreamKey { entity: i, ..KEY }.below(0, CELLS);
        let by_stream =
            |i| (StreamKey { entity: i, ..KEY }.stream().uniform() * CELLS as f64) as u64;
        for draw in [&by_k as &dyn Fn(u64) -> u64, &by_entity, &by_stream] {
            let mut counts = [0_u64; CELLS as usize];
            (0..DRAWS).for_each(|i| counts[draw(i) as usize] += 1);
            let expected = (DRAWS / CELLS) as f64;
            let chi_square: f64 = counts
                .iter()
                .map(|&count| (count as f64 - expected).powi(2) / expected)
                .sum();
            // The 0.0001 and 0.9999 quantiles at 99 degrees of freedom.
            assert!(
                (53.0..160.0).contains(&chi_square),
                "chi-square {chi_square}"
            );
        }
    }

    #[test]
    fn a_stream_feeds_rand_distr() {
        use rand_distr::{Distribution, StandardNormal};
        let mut stream = KEY.stream();
        let draws = 10_000;
        let sum: f64 = (0..draws)
            .map(|_| -> f64 { StandardNormal.sample(&mut stream) })
            .sum();
        assert!((sum / f64::from(draws)).abs() < 0.04);
    }
}
