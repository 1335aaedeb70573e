//! Which feasible node is best? The score plugins, each a loop over the feasible nodes that finds its normalised
//! score of 0 to 100 (spec/kubernetes.md 1.5 to 1.11).

use super::class::Spread;
use super::columns::Images;
use super::constants::{IMAGE_BYTES_MAX, IMAGE_BYTES_MIN, MAX_NODE_SCORE};
use super::filter::View;
use super::plugin::ScorePlugin;
use super::tally::TallyId;
use super::topology::{NO_DOMAIN, Topology};
use crate::api::Resource;

const CPU: usize = Resource::Cpu as usize;
const MEMORY: usize = Resource::Memory as usize;

/// What scoring reads beside the view.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) view: View<'a>,
    /// Who holds which image.
    pub(super) images: &'a Images,
    /// Nodes in the cluster.
    pub(super) nodes: usize,
    /// Whether balance is scored by its improvement (1.6).
    pub(super) balance_gain: bool,
}

/// Buffers of the scoring loops, parallel to the feasible nodes but for `seen`.
#[derive(Clone, Debug, Default)]
pub(super) struct Scores {
    pub(super) totals: Vec<i64>,
    pub(super) raw: Vec<i64>,
    skew: Vec<f64>,
    ignored: Vec<bool>,
    /// By domain.
    seen: Vec<bool>,
}

/// Fills `scores.totals` for the feasible slots. Plugins that skip the pod leave every total as it is.
pub(super) fn score(inputs: &Inputs<'_>, feasible: &[u32], scores: &mut Scores) {
    scores.totals.clear();
    scores.totals.resize(feasible.len(), 0);
    for plugin in ScorePlugin::ALL {
        if score_by(plugin, inputs, feasible, scores) {
            for (total, &score) in scores.totals.iter_mut().zip(&scores.raw) {
                *total += plugin.weight() * score;
            }
        }
    }
}

/// Fills `scores.raw` with what one plugin says of the feasible slots, 0 to 100. False if it skips the pod.
pub(super) fn score_by(
    plugin: ScorePlugin,
    inputs: &Inputs<'_>,
    feasible: &[u32],
    scores: &mut Scores,
) -> bool {
    let view = &inputs.view;
    let class = view.class;
    let raw = &mut scores.raw;
    match plugin {
        ScorePlugin::TaintToleration => {
            fill(raw, feasible, |slot| class.unwelcome[slot]);
            normalise_reversed(raw);
        }
        ScorePlugin::NodeAffinity if class.prefers_nodes => {
            fill(raw, feasible, |slot| class.preference[slot]);
            normalise(raw);
        }
        ScorePlugin::NodeResourcesFit => least_allocated(inputs, feasible, raw),
        ScorePlugin::PodTopologySpread if !class.soft_spread.is_empty() => {
            spread(view, feasible, scores);
        }
        ScorePlugin::InterPodAffinity if !class.company.is_empty() => {
            fill(raw, feasible, |slot| company(view, &class.company, slot));
            normalise_range(raw);
        }
        ScorePlugin::NodeResourcesBalancedAllocation => {
            return balanced_allocation(inputs, feasible, raw);
        }
        ScorePlugin::ImageLocality => return image_locality(inputs, feasible, raw),
        _ => return false,
    }
    true
}

fn fill(raw: &mut Vec<i64>, feasible: &[u32], value: impl Fn(usize) -> i64) {
    raw.clear();
    raw.extend(feasible.iter().map(|&slot| value(slot as usize)));
}

/// 100 for the highest, in proportion below it; all 0 if the highest is (1.8).
fn normalise(raw: &mut [i64]) {
    let most = raw.iter().copied().max().unwrap_or(0);
    if most > 0 {
        raw.iter_mut()
            .for_each(|score| *score = MAX_NODE_SCORE * *score / most);
    }
}

/// 0 for the highest, 100 for 0 (1.7).
fn normalise_reversed(raw: &mut [i64]) {
    normalise(raw);
    raw.iter_mut()
        .for_each(|score| *score = MAX_NODE_SCORE - *score);
}

/// 100 for the highest, 0 for the lowest; all 0 if they are equal (1.10). The quotient is a float as in the original.
fn normalise_range(raw: &mut [i64]) {
    let least = raw.iter().copied().min().unwrap_or(0);
    let range = raw.iter().copied().max().unwrap_or(0) - least;
    for score in raw {
        *score = match range {
            0 => 0,
            _ => (MAX_NODE_SCORE as f64 * ((*score - least) as f64 / range as f64)) as i64,
        };
    }
}

/// NodeResourcesFit with the LeastAllocated strategy (1.5).
fn least_allocated(inputs: &Inputs<'_>, feasible: &[u32], raw: &mut Vec<i64>) {
    let columns = inputs.view.columns;
    let (cpu, memory) = inputs.view.class.nonzero;
    fill(raw, feasible, |slot| {
        let of_cpu = free_share(
            columns.allocatable[CPU][slot],
            columns.nonzero[0][slot] + cpu,
        );
        let of_memory = free_share(
            columns.allocatable[MEMORY][slot],
            columns.nonzero[1][slot] + memory,
        );
        match (of_cpu, of_memory) {
            (Some(cpu), Some(memory)) => (cpu + memory) / 2,
            (one, other) => one.or(other).unwrap_or(0),
        }
    });
}

/// Percentage left free; none of a resource the node does not have.
fn free_share(allocatable: i64, requested: i64) -> Option<i64> {
    match allocatable {
        0 => None,
        _ if requested > allocatable => Some(0),
        _ => Some((allocatable - requested) * MAX_NODE_SCORE / allocatable),
    }
}

/// NodeResourcesBalancedAllocation (1.6); it skips pods that ask for neither CPU nor memory.
fn balanced_allocation(inputs: &Inputs<'_>, feasible: &[u32], raw: &mut Vec<i64>) -> bool {
    let columns = inputs.view.columns;
    let request = |kind| {
        let requests = &inputs.view.class.requests;
        requests
            .iter()
            .find(|&&(asked, _)| asked == kind)
            .map_or(0, |&(_, amount)| amount)
    };
    let (cpu, memory) = (request(Resource::Cpu), request(Resource::Memory));
    if cpu == 0 && memory == 0 {
        return false;
    }
    fill(raw, feasible, |slot| {
        let allocatable = (
            columns.allocatable[CPU][slot],
            columns.allocatable[MEMORY][slot],
        );
        let before = (
            columns.requested(Resource::Cpu, slot),
            columns.requested(Resource::Memory, slot),
        );
        let with_pod = balance(allocatable, (before.0 + cpu, before.1 + memory));
        if inputs.balance_gain {
            balance_gain(balance(allocatable, before), with_pod)
        } else {
            with_pod
        }
    });
    true
}

/// 100 less the standard deviation of the shares of CPU and memory in use; 50 to 100.
fn balance(allocatable: (i64, i64), requested: (i64, i64)) -> i64 {
    if allocatable.0 == 0 || allocatable.1 == 0 {
        return MAX_NODE_SCORE;
    }
    let share = |requested: i64, allocatable: i64| (requested as f64 / allocatable as f64).min(1.0);
    let difference = share(requested.0, allocatable.0) - share(requested.1, allocatable.1);
    ((1.0 - (difference / 2.0).abs()) * MAX_NODE_SCORE as f64) as i64
}

/// 75 where the pod leaves balance as it was (1.36).
fn balance_gain(before: i64, with_pod: i64) -> i64 {
    MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + with_pod - before) / 2
}

/// ImageLocality (1.11); where no node holds any of the images every score is 0, as if it skipped the pod.
fn image_locality(inputs: &Inputs<'_>, feasible: &[u32], raw: &mut Vec<i64>) -> bool {
    let (wanted, images) = (&inputs.view.class.images, inputs.images);
    if wanted.iter().all(|&image| images.holders[image] == 0) {
        return false;
    }
    fill(raw, feasible, |slot| {
        let bytes = wanted.iter().map(|&image| {
            let holding_share = images.holders[image] as f64 / inputs.nodes as f64;
            scaled(images.bytes[image][slot], holding_share)
        });
        locality(bytes.sum(), wanted.len())
    });
    true
}

/// Bytes of an image for what they are worth on a node: an image that few nodes hold draws less.
fn scaled(bytes: i64, holding_share: f64) -> i64 {
    (bytes as f64 * holding_share) as i64
}

fn locality(bytes: i64, containers: usize) -> i64 {
    let most = IMAGE_BYTES_MAX * containers as i64;
    let clamped = bytes.clamp(IMAGE_BYTES_MIN, most);
    MAX_NODE_SCORE * (clamped - IMAGE_BYTES_MIN) / (most - IMAGE_BYTES_MIN)
}

/// InterPodAffinity (1.10) before it is normalised.
fn company(view: &View<'_>, terms: &[(i64, TallyId)], slot: usize) -> i64 {
    let terms = terms.iter();
    terms
        .map(|&(weight, tally)| weight * i64::from(view.count_at(tally, slot)))
        .sum()
}

/// PodTopologySpread (1.9), normalised into `scores.raw`.
fn spread(view: &View<'_>, feasible: &[u32], scores: &mut Scores) {
    let class = view.class;
    let topology = |spread: &Spread| &view.topologies[spread.topology];
    let ignored = |&slot: &u32| {
        class.soft_spread_needs_labels
            && !class
                .soft_spread
                .iter()
                .all(|spread| topology(spread).has(slot as usize))
    };
    scores.ignored.clear();
    scores.ignored.extend(feasible.iter().map(ignored));
    scores.skew.clear();
    scores.skew.resize(feasible.len(), 0.0);
    for spread in &class.soft_spread {
        let considered = feasible
            .iter()
            .zip(&scores.ignored)
            .filter(|&(_, ignored)| !ignored);
        let domains = if spread.over_hosts {
            considered.count()
        } else {
            distinct_domains(
                topology(spread),
                considered.map(|(slot, _)| *slot),
                &mut scores.seen,
            )
        };
        let per_pod = libm::log(domains as f64 + 2.0);
        let slack = f64::from(spread.max_skew) - 1.0;
        for (skew, &slot) in scores.skew.iter_mut().zip(feasible) {
            if topology(spread).has(slot as usize) {
                *skew += f64::from(view.count_at(spread.tally, slot as usize)) * per_pod + slack;
            }
        }
    }
    scores.raw.clear();
    scores
        .raw
        .extend(scores.skew.iter().map(|skew| skew.round() as i64));
    normalise_spread(&mut scores.raw, &scores.ignored);
}

/// How many domains the slots lie in; lacking the label counts as one more, as the original has it.
fn distinct_domains(
    topology: &Topology,
    slots: impl Iterator<Item = u32>,
    seen: &mut Vec<bool>,
) -> usize {
    seen.clear();
    seen.resize(topology.domains() + 1, false);
    slots
        .filter(|&slot| {
            let domain = topology.domain_of[slot as usize];
            let place = if domain == NO_DOMAIN {
                topology.domains()
            } else {
                domain as usize
            };
            !std::mem::replace(&mut seen[place], true)
        })
        .count()
}

fn normalise_spread(raw: &mut [i64], ignored: &[bool]) {
    let considered = raw.iter().zip(ignored).filter(|&(_, ignored)| !ignored);
    let (least, most) = considered.fold((i64::MAX, 0), |(least, most), (&score, _)| {
        (least.min(score), most.max(score))
    });
    for (score, &ignored) in raw.iter_mut().zip(ignored) {
        *score = match most {
            _ if ignored => 0,
            0 => MAX_NODE_SCORE,
            _ => MAX_NODE_SCORE * (most + least - *score) / most,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    #[test]
    fn least_allocated_truncates_at_each_step() {
        assert_eq!(free_share(4_000, 2_000), Some(50));
        assert_eq!(free_share(16_384 * MIB, 5_120 * MIB), Some(68));
        assert_eq!(free_share(100, 101), Some(0));
        assert_eq!(free_share(0, 1), None);
    }

    #[test]
    fn balance_by_version() {
        let allocatable = (4_000, 16_384 * MIB);
        let before = balance(allocatable, (1_500, 4_096 * MIB));
        let with_pod = balance(allocatable, (2_000, 5_120 * MIB));
        assert_eq!((before, with_pod), (93, 90));
        assert_eq!(balance_gain(before, with_pod), 73);
        assert_eq!(balance_gain(80, 80), 75);
        assert_eq!((balance_gain(100, 50), balance_gain(50, 100)), (50, 100));
    }

    #[test]
    fn three_taints_score_zero_only_relative_to_the_candidates() {
        let normalised = |counts: &[i64]| {
            let mut raw = counts.to_vec();
            normalise_reversed(&mut raw);
            raw
        };
        assert_eq!(normalised(&[3, 0, 1]), [0, 100, 67]);
        assert_eq!(normalised(&[3, 6]), [50, 0]);
        assert_eq!(normalised(&[0, 0]), [100, 100]);
    }

    #[test]
    fn preferred_terms_scale_to_the_best() {
        let mut raw = [0, 30, 80];
        normalise(&mut raw);
        assert_eq!(raw, [0, 37, 100]);
        let mut none = [0, 0];
        normalise(&mut none);
        assert_eq!(none, [0, 0]);
    }

    #[test]
    fn ranges_scale_from_the_worst_to_the_best() {
        let mut raw = [-10, 0, 90];
        normalise_range(&mut raw);
        assert_eq!(raw, [0, 10, 100]);
        let mut equal = [7, 7];
        normalise_range(&mut equal);
        assert_eq!(equal, [0, 0]);
    }

    #[test]
    fn spread_scores_normalise_against_the_fullest() {
        let mut raw = [11, 9, 10, 8, 6, 99];
        normalise_spread(&mut raw, &[false, false, false, false, false, true]);
        assert_eq!(raw, [54, 72, 63, 81, 100, 0]);
        let mut empty = [0, 0];
        normalise_spread(&mut empty, &[false, false]);
        assert_eq!(empty, [100, 100]);
    }

    #[test]
    fn a_big_image_on_one_node_of_twenty_is_worth_48() {
        assert_eq!(locality(scaled(10_000 * MIB, 1.0 / 20.0), 1), 48);
        assert_eq!(locality(20 * MIB, 1), 0);
        assert_eq!(locality(2_000 * MIB, 1), 100);
        assert_eq!(locality(1_000 * MIB, 2), 49);
    }
}
