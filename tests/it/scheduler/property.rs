//! Whatever happens to the cluster, the cache decides as the naive scheduler does, and never overcommits a node.

use karpsim::api::{Symbols, key};
use karpsim::cluster::TemplateId;
use karpsim::des::{Purpose, StreamKey};
use karpsim::kube::scheduler::{
    Attempt, Cache, Chosen, Failure, NodeTree, PluginSet, Profile, TieBreak, feasible_nodes_wanted,
};
use proptest::prelude::*;

use super::fleet::{Dice, pod, populate, random_node, random_templates};
use super::naive::{Cluster, Refusal};

/// Both schedulers, side by side.
struct Pair<'a> {
    cache: Cache<'a>,
    cluster: Cluster<'a>,
    tree: NodeTree,
    next_start: usize,
    next_pod: u32,
    minor: u32,
}

/// What happens next; numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    AddNode,
    ChangeNode(usize),
    RemoveNode(usize),
    Schedule(usize),
    RemovePod(usize),
    Terminate(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::AddNode),
        2 => any::<usize>().prop_map(Step::ChangeNode),
        1 => any::<usize>().prop_map(Step::RemoveNode),
        12 => any::<usize>().prop_map(Step::Schedule),
        3 => any::<usize>().prop_map(Step::RemovePod),
        2 => any::<usize>().prop_map(Step::Terminate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_cache_decides_as_the_naive_scheduler(
        seed in any::<u64>(),
        minor in 32_u32..=36,
        steps in proptest::collection::vec(step(), 1..160),
    ) {
        let (mut symbols, mut dice) = (Symbols::new(), Dice::new(seed));
        let templates = random_templates(&mut symbols, &mut dice, 10);
        // Interned up front, because the cache borrows the table.
        let spare: Vec<_> = (0..64).map(|slot| random_node(&mut symbols, &mut dice, slot)).collect();
        let mut pair = Pair {
            cache: Cache::new(&templates, &symbols, Profile { minor, tie_break: TieBreak::First }),
            cluster: Cluster { templates: &templates, symbols: &symbols, nodes: Vec::new(), pods: Vec::new() },
            tree: NodeTree::default(),
            next_start: 0,
            next_pod: 0,
            minor,
        };
        for step in steps {
            pair.take(step, &spare, &mut dice);
        }
    }
}

/// Large enough for the search to stop before all nodes were seen.
#[test]
fn sampling_rotates_as_in_the_naive_scheduler() {
    let (mut symbols, mut dice) = (Symbols::new(), Dice::new(7));
    let templates = random_templates(&mut symbols, &mut dice, 6);
    let spare: Vec<_> = (0..260)
        .map(|slot| random_node(&mut symbols, &mut dice, slot))
        .collect();
    let mut pair = Pair {
        cache: Cache::new(
            &templates,
            &symbols,
            Profile {
                minor: 36,
                tie_break: TieBreak::First,
            },
        ),
        cluster: Cluster {
            templates: &templates,
            symbols: &symbols,
            nodes: Vec::new(),
            pods: Vec::new(),
        },
        tree: NodeTree::default(),
        next_start: 0,
        next_pod: 0,
        minor: 36,
    };
    (0..260).for_each(|_| pair.take(Step::AddNode, &spare, &mut dice));
    (0..120).for_each(|n| pair.take(Step::Schedule(n), &spare, &mut dice));
    assert!(pair.next_start > 0);
}

/// The bench's generator at a small size: filling is within what is allocatable, and the same seed makes the same decisions.
#[test]
fn the_benchs_cluster_is_reproducible() {
    let decide = || {
        let (mut symbols, mut dice) = (Symbols::new(), Dice::new(1));
        let templates = random_templates(&mut symbols, &mut dice, 12);
        let nodes: Vec<_> = (0..30)
            .map(|slot| random_node(&mut symbols, &mut dice, slot))
            .collect();
        let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
        populate(&mut cache, nodes, &templates, 10, &mut dice);
        assert!((0..30).all(|slot| {
            cache
                .requested(slot)
                .fits(&cache.node(slot).expect("a node").allocatable)
        }));
        let mut tie = StreamKey {
            seed: 1,
            purpose: Purpose::TieBreak,
            entity: 0,
        }
        .stream();
        (0..120_u32)
            .map(|n| {
                let template = TemplateId(n % 12);
                cache
                    .schedule(
                        Attempt {
                            pod: 1_000 + n,
                            template,
                            pinned: None,
                        },
                        &mut tie,
                    )
                    .ok()
            })
            .collect::<Vec<_>>()
    };
    let decisions = decide();
    assert_eq!(decisions, decide());
    assert!(decisions.iter().flatten().count() > 20);
}

impl Pair<'_> {
    fn take(&mut self, step: Step, spare: &[karpsim::kube::scheduler::NodeInfo], dice: &mut Dice) {
        let slots: Vec<_> = (0..self.cluster.nodes.len())
            .filter(|&slot| self.cluster.nodes[slot].is_some())
            .collect();
        let pods = self.cluster.pods.len();
        match step {
            Step::AddNode => {
                let free = self.cluster.nodes.iter().position(Option::is_none);
                let slot = free.unwrap_or_else(|| {
                    self.cluster.nodes.push(None);
                    self.cluster.nodes.len() - 1
                });
                let info = spare[slot % spare.len()].clone();
                self.cache.add_node(slot as u32, info.clone());
                self.tree.insert(info.labels.get(key::ZONE), slot as u32);
                self.cluster.nodes[slot] = Some(info);
            }
            Step::ChangeNode(n) if !slots.is_empty() => {
                self.change(slots[n % slots.len()], spare, dice)
            }
            Step::RemoveNode(n) if !slots.is_empty() => {
                let slot = slots[n % slots.len()];
                self.cache.remove_node(slot as u32);
                let info = self.cluster.nodes[slot].take().expect("a node");
                self.tree.remove(info.labels.get(key::ZONE), slot as u32);
                self.cluster.pods.retain(|&(at, _)| at as usize != slot);
            }
            Step::Schedule(n) => self.schedule(n % self.cluster.templates.len()),
            Step::RemovePod(n) if pods > 0 => {
                let (slot, gone) = self.cluster.pods.remove(n % pods);
                assert_eq!(self.cache.remove_pod(gone.key), (slot, gone));
            }
            Step::Terminate(n) if pods > 0 => {
                let pod = &mut self.cluster.pods[n % pods].1;
                pod.terminating = true;
                self.cache.mark_terminating(pod.key);
            }
            _ => {}
        }
    }

    fn change(
        &mut self,
        slot: usize,
        spare: &[karpsim::kube::scheduler::NodeInfo],
        dice: &mut Dice,
    ) {
        let before = self.cluster.nodes[slot].clone().expect("a node");
        let mut info = before.clone();
        let other = dice.one_of(spare);
        match dice.below(4) {
            0 => info.taints = other.taints,
            1 => info.unschedulable = !info.unschedulable,
            2 => info.images = other.images,
            _ => {
                let zone = other.labels.get(key::ZONE);
                zone.into_iter()
                    .for_each(|zone| info.labels.insert(key::ZONE, zone));
            }
        }
        let zones = [&before, &info].map(|node| node.labels.get(key::ZONE));
        if zones[0] != zones[1] {
            self.tree.remove(zones[0], slot as u32);
            self.tree.insert(zones[1], slot as u32);
        }
        assert_eq!(self.cache.update_node(slot as u32, info.clone()), before);
        self.cluster.nodes[slot] = Some(info);
    }

    fn schedule(&mut self, place: usize) {
        let template = TemplateId(place as u32);
        let attempt = Attempt {
            pod: self.next_pod,
            template,
            pinned: None,
        };
        let mut tie = StreamKey {
            seed: 0,
            purpose: Purpose::TieBreak,
            entity: 0,
        }
        .stream();
        let decided = self.cache.schedule(attempt, &mut tie);
        let expected = self.expected(place);
        match (&decided, &expected) {
            (Ok(chosen), Ok(expected)) => assert_eq!(chosen, expected),
            (Err(failure), Err(refusals)) => self.compare(failure, refusals),
            (decided, expected) => panic!("{decided:?} instead of {expected:?}"),
        }
        if let Ok(chosen) = decided {
            let placed = pod(self.next_pod, place as u32);
            self.next_pod += 1;
            self.cache.add_pod(chosen.node, placed);
            self.cluster.pods.push((chosen.node, placed));
            let node = self.cache.node(chosen.node).expect("a node");
            assert_eq!(
                self.cache.requested(chosen.node),
                self.cluster.requested(chosen.node)
            );
            assert!(
                self.cache.requested(chosen.node).fits(&node.allocatable),
                "overcommitted"
            );
        }
    }

    fn expected(&mut self, place: usize) -> Result<Chosen, Vec<(u32, Refusal)>> {
        let template = &self.cluster.templates[place];
        let order = self.tree.order();
        let wanted = feasible_nodes_wanted(order.len());
        let (mut feasible, mut refusals) = (Vec::new(), Vec::new());
        for n in 0..order.len() {
            let slot = order[(self.next_start + n) % order.len()];
            match self.cluster.filter(template, slot) {
                // That there are enough shows when one more is found.
                Ok(()) if feasible.len() == wanted => break,
                Ok(()) => feasible.push(slot),
                Err(refusal) => refusals.push((slot, refusal)),
            }
        }
        let evaluated = feasible.len() + refusals.len();
        self.next_start = (self.next_start + evaluated) % order.len().max(1);
        let scores = self.cluster.scores(template, place, &feasible, self.minor);
        let best = scores.iter().copied().max();
        let node = scores.iter().position(|&score| Some(score) == best);
        node.map(|at| Chosen {
            node: feasible[at],
            score: best.filter(|_| feasible.len() > 1),
            evaluated,
            feasible: feasible.len(),
        })
        .ok_or(refusals)
    }

    fn compare(&self, failure: &Failure, refusals: &[(u32, Refusal)]) {
        assert_eq!(failure.nodes as usize, refusals.len());
        let mut resolvable: Vec<_> = refusals
            .iter()
            .filter(|(_, why)| why.1)
            .map(|&(slot, _)| slot)
            .collect();
        resolvable.sort_unstable();
        let mut claimed = failure.resolvable.clone();
        claimed.sort_unstable();
        assert_eq!(claimed, resolvable);
        let plugins = refusals
            .iter()
            .fold(PluginSet::EMPTY, |set, (_, why)| set.with(plugin(why.0)));
        assert_eq!(failure.plugins, plugins);
    }
}

fn plugin(refusal: &str) -> karpsim::kube::scheduler::Plugin {
    use karpsim::kube::scheduler::Plugin;
    match refusal {
        "cordoned" => Plugin::NodeUnschedulable,
        "taint" => Plugin::TaintToleration,
        "node affinity" => Plugin::NodeAffinity,
        "ports" => Plugin::NodePorts,
        "fit" => Plugin::NodeResourcesFit,
        "skew" | "spread label" => Plugin::PodTopologySpread,
        _ => Plugin::InterPodAffinity,
    }
}
