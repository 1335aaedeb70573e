//! Journeys as one table of steps that point at each other.

use std::collections::BTreeMap;

use crate::api::GoDuration;
use crate::des::SimDuration;
use crate::scenario::decode::Part;
use crate::scenario::model::{
    CallStep, EnqueueStep, Filter, Journey, JourneyId, Step, StepId, StepKind,
};
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::dist::{Unit, dist, optional};
use crate::scenario::resolve::names::Names;
use crate::scenario::spec::traffic::{CallSpec, EnqueueSpec, RetrySpec, StepSpec, WhenSpec};
use crate::scenario::tree::{Node, child};

/// `retry.maxBackoff` where absent.
const MAX_BACKOFF: GoDuration = GoDuration::from_secs(20);

/// All journeys with their steps.
pub(super) struct Journeys {
    pub(super) journeys: Vec<Journey>,
    pub(super) steps: Vec<Step>,
}

/// Flattens the journeys; `None` where one of them is broken. `categories` is what there is to choose from, if that is known.
pub(super) fn journeys(
    cx: &mut Context<'_>,
    specs: &BTreeMap<String, Part<Vec<StepSpec>>>,
    categories: Option<&[String]>,
    names: &Names,
) -> Option<Journeys> {
    let mut table = Table {
        steps: Vec::new(),
        names,
        categories,
    };
    let mut journeys = Vec::new();
    for (place, (name, steps)) in specs.iter().enumerate() {
        let path = child("traffic.journeys", name);
        let id = JourneyId(u16::try_from(place).unwrap_or(u16::MAX));
        let first = steps
            .get()
            .and_then(|steps| table.some(cx, &path, id, steps));
        journeys.push(first.map(|first| Journey {
            name: name.clone(),
            first,
        }));
    }
    let most = usize::from(u16::MAX);
    if table.steps.len() > most || specs.len() > most {
        cx.error("traffic.journeys", format!("have more than {most} steps"));
    }
    Some(Journeys {
        journeys: journeys.into_iter().collect::<Option<_>>()?,
        steps: table.steps.into_iter().collect::<Option<_>>()?,
    })
}

struct Table<'n> {
    /// None is a step that is broken.
    steps: Vec<Option<Step>>,
    names: &'n Names,
    categories: Option<&'n [String]>,
}

impl Table<'_> {
    /// As [`Table::chain`], of at least one step.
    fn some(
        &mut self,
        cx: &mut Context<'_>,
        path: &str,
        journey: JourneyId,
        specs: &[StepSpec],
    ) -> Option<StepId> {
        if specs.is_empty() {
            cx.expected(path, "has no steps", "expected at least one");
        }
        self.chain(cx, path, journey, specs)
    }

    /// Adds steps that follow each other, and all below them; the first of them.
    fn chain(
        &mut self,
        cx: &mut Context<'_>,
        path: &str,
        journey: JourneyId,
        specs: &[StepSpec],
    ) -> Option<StepId> {
        let mut next = None;
        for (place, spec) in specs.iter().enumerate().rev() {
            let path = format!("{path}[{place}]");
            let step = self.step(cx, &path, journey, spec);
            let step = step.map(|(filter, kind)| Step {
                journey,
                filter,
                kind,
                next,
            });
            next = Some(StepId(u16::try_from(self.steps.len()).unwrap_or(u16::MAX)));
            self.steps.push(step);
        }
        next
    }

    fn step(
        &mut self,
        cx: &mut Context<'_>,
        path: &str,
        journey: JourneyId,
        spec: &StepSpec,
    ) -> Option<(Filter, StepKind)> {
        match spec {
            StepSpec::Page(page) => {
                if cx.node("frontend").is_none_or(Node::is_null) {
                    cx.expected(
                        path,
                        "loads pages of no frontend",
                        "expected `frontend` in the scenario",
                    );
                }
                let views = cx.at_least_one(&format!("{path}.page.views"), page.views);
                Some((Filter::everybody(), StepKind::Page { views }))
            }
            StepSpec::Call(call) => {
                let path = &format!("{path}.call");
                let filter = self.filter(cx, path, &call.when);
                let call = self.call(cx, path, call)?;
                Some((filter, StepKind::Call(call)))
            }
            StepSpec::Enqueue(enqueue) => {
                let path = &format!("{path}.enqueue");
                let filter = self.filter(cx, path, &enqueue.when);
                let then = self.chain(cx, &format!("{path}.then"), journey, &enqueue.then);
                let enqueue = self.enqueue(cx, path, enqueue, then)?;
                Some((filter, StepKind::Enqueue(enqueue)))
            }
            StepSpec::Parallel(parallel) => {
                let path = &format!("{path}.parallel");
                let filter = self.filter(cx, path, &parallel.when);
                let at = format!("{path}.branches");
                if parallel.branches.is_empty() {
                    cx.expected(&at, "has no branches", "expected at least one");
                }
                let branches = parallel.branches.iter().enumerate();
                let branches: Vec<Option<StepId>> = branches
                    .map(|(place, steps)| self.some(cx, &format!("{at}[{place}]"), journey, steps))
                    .collect();
                let branches = branches.into_iter().collect::<Option<_>>()?;
                Some((filter, StepKind::Parallel { branches }))
            }
            StepSpec::Later(later) => {
                let path = &format!("{path}.later");
                let filter = self.filter(cx, path, &later.when);
                let after = dist(cx, &format!("{path}.after"), &later.after, Unit::Micros);
                let first = self.some(cx, &format!("{path}.steps"), journey, &later.steps)?;
                Some((filter, StepKind::Later { after, first }))
            }
        }
    }

    fn call(&self, cx: &mut Context<'_>, path: &str, spec: &CallSpec) -> Option<CallStep> {
        let at = |field: &str| format!("{path}.{field}");
        let service = self.names.service(cx, &at("service"), &spec.service);
        let times = spec
            .times
            .map_or(1, |times| cx.at_least_one(&at("times"), times));
        let timeout = spec.timeout;
        let (retries, backoff, max_backoff) = match &spec.retry {
            Some(retry) => retries(cx, &at("retry"), retry),
            None => (0, SimDuration::ZERO, SimDuration::ZERO),
        };
        Some(CallStep {
            times,
            think: optional(cx, path, "think", spec.think.as_ref(), Unit::Micros),
            cpu: dist(cx, &at("cpu"), &spec.cpu, Unit::Micros),
            wait: optional(cx, path, "wait", spec.wait.as_ref(), Unit::Micros),
            timeout: timeout.map(|timeout| cx.positive_time(&at("timeout"), timeout)),
            retries,
            backoff,
            max_backoff,
            service: service?,
        })
    }

    fn enqueue(
        &self,
        cx: &mut Context<'_>,
        path: &str,
        spec: &EnqueueSpec,
        then: Option<StepId>,
    ) -> Option<EnqueueStep> {
        let at = |field: &str| format!("{path}.{field}");
        let queue = self.names.queue(cx, &at("queue"), &spec.queue);
        let count = |cx: &mut Context<'_>, field: &str, count: Option<u32>| {
            count.map_or(1, |count| cx.at_least_one(&at(field), count))
        };
        Some(EnqueueStep {
            times: count(cx, "times", spec.times),
            cpu: optional(cx, path, "cpu", spec.cpu.as_ref(), Unit::Micros),
            wait: optional(cx, path, "wait", spec.wait.as_ref(), Unit::Micros),
            items: count(cx, "items", spec.items),
            then,
            queue: queue?,
        })
    }

    fn filter(&self, cx: &mut Context<'_>, path: &str, when: &WhenSpec) -> Filter {
        let at = format!("{path}.when");
        let share = when.probability;
        let probability = share.map_or(1.0, |p| cx.share(&format!("{at}.probability"), p));
        let mut categories = Vec::new();
        if let (Some(known), false) = (self.categories, when.category.is_empty()) {
            categories.resize(known.len(), false);
            for (place, name) in when.category.iter().enumerate() {
                match known.iter().position(|category| category == name) {
                    Some(category) => categories[category] = true,
                    None => {
                        let at = format!("{at}.category[{place}]");
                        cx.unknown(&at, "category", name, known.iter().map(String::as_str));
                    }
                }
            }
        }
        Filter {
            probability,
            categories,
        }
    }
}

impl Filter {
    fn everybody() -> Self {
        Filter {
            probability: 1.0,
            categories: Vec::new(),
        }
    }
}

fn retries(cx: &mut Context<'_>, path: &str, retry: &RetrySpec) -> (u32, SimDuration, SimDuration) {
    let backoff = cx.span_of_time(&format!("{path}.backoff"), retry.backoff);
    let at = format!("{path}.maxBackoff");
    let most = cx.span_of_time(&at, retry.max_backoff.unwrap_or(MAX_BACKOFF));
    cx.require(
        retry.max_backoff.is_none() || most >= backoff,
        &at,
        "is below `backoff`",
        &format!("expected at least `{}`", retry.backoff),
    );
    (retry.attempts, backoff, most.max(backoff))
}
