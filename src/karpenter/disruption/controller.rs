//! What does the disruption loop do now, and when is it to be woken next? (spec/karpenter.md 4.1)

use crate::des::{SimDuration, SimTime};

use super::candidate::{Candidate, candidates};
use super::command::{Command, Finding, Method, Unconsolidatable};
use super::memo::{ClusterState, Memo};
use super::single_node::Rounds;
use super::validation::{self, Validated};
use super::view::View;
use super::what_if::{NoEligiblePool, Simulate};
use super::{drift, emptiness, multi_node, static_drift};

/// The wait after a pass that did nothing (0.1).
pub const POLL: SimDuration = SimDuration::from_secs(10);
/// The wait while a claim has no instance yet (0.1).
pub const UNSYNCED_RETRY: SimDuration = SimDuration::from_secs(1);
/// How long a decision has to last before it is carried out (0.1). Nothing else is looked at meanwhile.
pub const VALIDATION_WAIT: SimDuration = SimDuration::from_secs(15);

/// The disruption loop.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Controller {
    /// The only method it tries; none tries all.
    only: Option<Method>,
    /// The command that waits for its validation.
    proposal: Option<Command>,
    multi_node: Memo,
    single_node: Memo,
    rounds: Rounds,
}

/// An answer of the loop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What to do.
    pub act: Act,
    /// When to wake the loop again.
    pub wake: SimTime,
    /// What was found out about nodes that stay.
    pub findings: Vec<Finding>,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Nothing.
    Nothing,
    /// Nothing yet: a decision waits for its validation.
    Wait,
    /// Start these commands, now: taint their candidates, create their replacements, mark the candidates for deletion, nominate their
    /// destinations, and hand them to the queue (4.13).
    Start(Vec<Command>),
}

/// What a method found.
#[derive(Debug)]
pub(super) struct Search {
    /// What it decided; one at most if it has to be validated.
    pub(super) commands: Vec<Command>,
    /// Whether there is nothing to find until the cluster changes.
    pub(super) settled: bool,
    pub(super) took: SimDuration,
}

impl Search {
    pub(super) fn found_nothing(took: SimDuration) -> Self {
        Self {
            commands: Vec::new(),
            settled: false,
            took,
        }
    }
}

impl Controller {
    /// A loop that tries this method alone.
    #[must_use]
    pub fn only(method: Method) -> Self {
        Self {
            only: Some(method),
            ..Self::default()
        }
    }

    fn methods(&self, view: &View<'_>) -> Vec<Method> {
        let order = Method::order(view.version).iter().copied();
        order
            .filter(|&m| self.only.is_none_or(|only| only == m))
            .collect()
    }

    /// Looks at the cluster. `state` says when it last changed.
    pub fn wake(
        &mut self,
        view: &View<'_>,
        state: &mut ClusterState,
        simulate: &mut dyn Simulate,
    ) -> Step {
        let Some(command) = self.proposal.take() else {
            if !view.synced {
                return Step {
                    act: Act::Nothing,
                    wake: view.now + UNSYNCED_RETRY,
                    findings: Vec::new(),
                };
            }
            let methods = self.methods(view);
            return self.pass(view, &methods, SimDuration::ZERO, state, simulate);
        };
        let Validated { result, took } = validation::validate(view, &command, simulate);
        match result {
            Ok(command) => Step {
                act: Act::Start(vec![command]),
                wake: view.now + took,
                findings: Vec::new(),
            },
            Err(why) => {
                let methods = self.methods(view);
                let tried = methods.iter().position(|&method| method == command.method);
                let later = &methods[tried.map_or(0, |tried| tried + 1)..];
                let mut step = self.pass(view, later, took, state, simulate);
                let command = Box::new(command);
                step.findings.insert(0, Finding::Dropped { command, why });
                step
            }
        }
    }

    /// Tries the methods in order until one has a proposal; `took` has passed already.
    fn pass(
        &mut self,
        view: &View<'_>,
        methods: &[Method],
        mut took: SimDuration,
        state: &mut ClusterState,
        simulate: &mut dyn Simulate,
    ) -> Step {
        let mut findings = Vec::new();
        for &method in methods {
            let search = self.search(method, view, state, simulate, &mut findings);
            let Ok(search) = search else {
                findings.push(Finding::NoEligiblePool);
                break;
            };
            took += search.took;
            if search.commands.is_empty() {
                continue;
            }
            let (act, wait) = if method.is_validated() {
                self.proposal = search.commands.into_iter().next();
                (Act::Wait, VALIDATION_WAIT)
            } else {
                (Act::Start(search.commands), SimDuration::ZERO)
            };
            return Step {
                act,
                wake: view.now + took + wait,
                findings,
            };
        }
        Step {
            act: Act::Nothing,
            wake: view.now + took + POLL,
            findings,
        }
    }

    fn search(
        &mut self,
        method: Method,
        view: &View<'_>,
        state: &mut ClusterState,
        simulate: &mut dyn Simulate,
        findings: &mut Vec<Finding>,
    ) -> Result<Search, NoEligiblePool> {
        let memo = match method {
            Method::Emptiness => {
                return Ok(Search {
                    commands: emptiness::propose(view, findings).into_iter().collect(),
                    ..Search::found_nothing(SimDuration::ZERO)
                });
            }
            Method::StaticDrift => {
                return Ok(Search {
                    commands: static_drift::propose(view, findings),
                    ..Search::found_nothing(SimDuration::ZERO)
                });
            }
            Method::Drift => return drift::propose(view, simulate, findings),
            Method::MultiNode => &mut self.multi_node,
            Method::SingleNode => &mut self.single_node,
        };
        if memo.holds(state, view.now) {
            findings.extend(nothing_changed(method, view, state));
            return Ok(Search::found_nothing(SimDuration::ZERO));
        }
        let search = match method {
            Method::SingleNode => self.rounds.propose(view, simulate, findings),
            _ => multi_node::propose(view, simulate, findings)?,
        };
        if search.settled {
            memo.set(state, view.now);
        }
        Ok(search)
    }
}

fn nothing_changed(method: Method, view: &View<'_>, state: &ClusterState) -> Option<Finding> {
    let nodes: Vec<_> = candidates(view, method).iter().map(Candidate::id).collect();
    let until = state.forced_at();
    let why = Unconsolidatable::NothingChanged { until };
    (!nodes.is_empty()).then(|| Finding::kept(method, nodes, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::fixture::{Fake, World};
    use crate::karpenter::disruption::validation::ValidationFailure;
    use crate::karpenter::disruption::view::NodeId;
    use crate::karpenter::disruption::what_if::Stranded;
    use crate::karpenter::fixture::ON_DEMAND;

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    /// A loop over a world that is woken when it asks to be.
    struct Run {
        world: World,
        controller: Controller,
        state: ClusterState,
        now: u64,
    }

    impl Run {
        fn new(pods: &[usize]) -> Self {
            let mut world = World::new();
            world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
            for &pods in pods {
                world.node("m5.large", pods);
            }
            Self {
                world,
                controller: Controller::default(),
                state: ClusterState::new(SimTime::ZERO),
                now: 0,
            }
        }

        fn wake(&mut self, fake: &mut Fake) -> Step {
            let pools = self.world.pools();
            let view = self.world.view(&pools, self.now);
            let step = self.controller.wake(&view, &mut self.state, fake);
            self.now = step.wake.as_micros() / 1_000_000;
            step
        }
    }

    fn nothing_fits() -> Fake {
        Fake::new(|_| Err(Stranded::Unreached { pod: 0 }))
    }

    fn everything_fits() -> Fake {
        Fake::answering(Vec::new())
    }

    #[test]
    fn emptiness_goes_first_and_starts_after_its_validation() {
        let mut run = Run::new(&[0, 1, 0]);
        let step = run.wake(&mut everything_fits());
        assert_eq!((step.act, step.wake), (Act::Wait, at(15)));
        let step = run.wake(&mut everything_fits());
        assert_eq!(step.wake, at(15), "and at once again");
        let Act::Start(commands) = step.act else {
            panic!("{step:?}")
        };
        assert_eq!(commands[0].method, Method::Emptiness);
        assert_eq!(commands[0].candidates, [NodeId(0), NodeId(2)]);
    }

    #[test]
    fn nothing_to_do_is_remembered_until_something_changes() {
        let mut run = Run::new(&[1, 1]);
        let mut fake = nothing_fits();
        let step = run.wake(&mut fake);
        assert_eq!((step.act, step.wake), (Act::Nothing, at(10)));
        assert_eq!(fake.asked, [2, 1, 1]);
        let step = run.wake(&mut fake);
        assert_eq!(fake.asked.len(), 3, "the memo holds");
        assert!(matches!(
            step.findings[0],
            Finding::Kept {
                why: Unconsolidatable::NothingChanged { .. },
                ..
            }
        ));
        run.state.mark(at(20));
        run.wake(&mut fake);
        assert_eq!(fake.asked.len(), 6);
        while run.now < 320 {
            run.wake(&mut fake);
        }
        assert_eq!(fake.asked.len(), 6);
        run.wake(&mut fake);
        assert_eq!(fake.asked.len(), 9, "five minutes after the change");
    }

    #[test]
    fn a_dropped_command_gives_the_next_method_its_turn() {
        let mut run = Run::new(&[1, 1]);
        run.wake(&mut everything_fits());
        // Together they no longer fit, alone they do.
        let mut alone = Fake::new(|nodes| match nodes {
            [_] => Ok(Vec::new()),
            _ => Err(Stranded::Unreached { pod: 0 }),
        });
        let step = run.wake(&mut alone);
        assert_eq!((step.act, step.wake), (Act::Wait, at(30)));
        assert!(matches!(
            step.findings[0],
            Finding::Dropped {
                why: ValidationFailure::Stranded(_),
                ..
            }
        ));
        let step = run.wake(&mut nothing_fits());
        assert_eq!((step.act, step.wake), (Act::Nothing, at(40)));
        // A failed validation is no reason to believe that there is nothing to do.
        let mut fake = nothing_fits();
        run.wake(&mut fake);
        assert_eq!(fake.asked, [2, 1, 1]);
    }

    #[test]
    fn an_unsynced_cluster_is_looked_at_every_second() {
        let mut run = Run::new(&[0]);
        run.world.synced = false;
        let step = run.wake(&mut everything_fits());
        assert_eq!((step.act, step.wake), (Act::Nothing, at(1)));
        run.world.synced = true;
        assert_eq!(run.wake(&mut everything_fits()).act, Act::Wait);
    }

    #[test]
    fn no_pool_no_consolidation() {
        let mut run = Run::new(&[1, 1]);
        let mut fake = everything_fits();
        fake.eligible_pool = false;
        let step = run.wake(&mut fake);
        assert_eq!(step.findings, [Finding::NoEligiblePool]);
        assert_eq!(fake.asked, [2], "single-node is not tried");
    }

    #[test]
    fn computing_takes_time() {
        let mut run = Run::new(&[1, 1]);
        let mut fake = nothing_fits();
        fake.takes = SimDuration::from_secs(2);
        assert_eq!(run.wake(&mut fake).wake, at(3 * 2 + 10));
    }
}
