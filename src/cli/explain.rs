//! `karpsim explain`: simulate a scenario and tell why everything was decided as it was.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::api::GoDuration;
use crate::des::{SimDuration, SimTime};
use crate::metrics::journal::{About, Journal, PodId};
use crate::report::explain::{self, Question, Topic};
use crate::scenario::Scenario;
use crate::scenario::diagnostic::{did_you_mean, one_of};
use crate::scenario::model::ServiceId;
use crate::sim;

use super::open::{Reading, open};
use super::{Format, WRONG_INPUT, complain, progress, say};

/// Arguments of `karpsim explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario
    scenario: PathBuf,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    subject: Subject,
    /// What was the matter then: a date and time, or so long after the start (2d6h)
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"])]
    at: Option<String>,
    /// Only what holds from then on
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only what holds until then; the simulation ends there
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Whom the question is about; everything where nobody is named.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Subject {
    /// A pod, such as `api-00012`
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// The pods of a service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// A node, as `nodes.csv` names it
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// The nodes of a NodePool
    #[arg(long, value_name = "NAME")]
    nodepool: Option<String>,
}

pub(super) fn explain(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(scenario) = open(&arguments.scenario, arguments.reading, arguments.format) else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    let answer =
        question(arguments, &scenario).and_then(|question| answer(arguments, &scenario, &question));
    Ok(match answer {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(mistake) => {
            complain(&format!("error: {mistake}"));
            ExitCode::from(WRONG_INPUT)
        }
    })
}

fn question(arguments: &Arguments, scenario: &Scenario) -> Result<Question, String> {
    Ok(Question {
        topic: topic(&arguments.subject, scenario)?,
        window: window(arguments, scenario)?,
    })
}

fn answer(
    arguments: &Arguments,
    scenario: &Scenario,
    question: &Question,
) -> Result<String, String> {
    let about = match question.topic {
        Topic::Service(id) => About::Workload(scenario.services[id.index()].template),
        Topic::Pod(pod) => About::Pod(pod),
        Topic::Everything | Topic::Node(_) | Topic::NodePool(_) => About::Everything,
    };
    let end = SimTime::ZERO + scenario.duration;
    let until = question.window.map_or(end, |(_, to)| to);
    let mut progress = progress::over_time(&scenario.name, until.since(SimTime::ZERO));
    let (result, journal) = sim::recorded(
        scenario,
        scenario.seed,
        Journal::new(about),
        until,
        &mut progress,
    );
    progress(until);
    exists(question, scenario, &journal)?;
    Ok(match arguments.format {
        Format::Text => explain::text(scenario, &result, &journal, question),
        Format::Json => explain::json(scenario, &result, &journal, question),
    })
}

fn topic(subject: &Subject, scenario: &Scenario) -> Result<Topic, String> {
    if let Some(name) = &subject.pod {
        return pod(name, scenario).map(Topic::Pod);
    }
    if let Some(name) = &subject.service {
        let services = || {
            scenario
                .services
                .iter()
                .map(|service| service.name.as_str())
        };
        let place = place(name, "service", services)?;
        return Ok(Topic::Service(ServiceId(place as u16)));
    }
    if let Some(name) = &subject.nodepool {
        let karpenter = scenario.cluster.karpenter.as_ref();
        let pools = || karpenter.into_iter().flat_map(|karpenter| &karpenter.pools);
        let names = || pools().map(|pool| pool.name.as_str());
        return place(name, "NodePool", names).map(Topic::NodePool);
    }
    Ok(match &subject.node {
        Some(name) => Topic::Node(name.clone()),
        None => Topic::Everything,
    })
}

fn place<'n, I: Iterator<Item = &'n str>>(
    name: &str,
    kind: &str,
    names: impl Fn() -> I,
) -> Result<usize, String> {
    names()
        .position(|known| known == name)
        .ok_or_else(|| unknown(name, kind, names()))
}

/// `` no service `ap`: did you mean `api`? ``
fn unknown<'n>(name: &str, kind: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let hint =
        did_you_mean(name, names.iter().copied()).unwrap_or_else(|| match names.as_slice() {
            [] => "there is none".to_owned(),
            few => format!("expected {}", one_of(few.iter().copied())),
        });
    format!("no {kind} `{name}`: {hint}")
}

/// The pod behind `namespace/workload-00012`, or without its namespace where that is enough.
fn pod(name: &str, scenario: &Scenario) -> Result<PodId, String> {
    let services = || {
        scenario
            .services
            .iter()
            .map(|service| scenario.template(service.template))
    };
    let (workload, ordinal) = name
        .rsplit_once('-')
        .and_then(|(workload, ordinal)| Some((workload, ordinal.parse().ok()?)))
        .ok_or_else(|| {
            format!("`{name}` is no pod, expected a workload and a number, such as `api-00012`")
        })?;
    let known = services().map(|template| template.name.as_str());
    let short = |full: &str| full.rsplit('/').next().unwrap_or_default().to_owned();
    let matching: Vec<&str> = known
        .filter(|full| *full == workload || short(full) == workload)
        .collect();
    match matching.as_slice() {
        [one] => {
            let place = scenario
                .templates
                .iter()
                .position(|template| template.name == *one);
            let template = place.map(|place| crate::cluster::TemplateId(place as u32));
            template
                .map(|template| PodId { template, ordinal })
                .ok_or_else(|| format!("no workload `{one}`"))
        }
        [] => {
            let names: Vec<String> = services().map(|template| short(&template.name)).collect();
            Err(unknown(
                workload,
                "workload",
                names.iter().map(String::as_str),
            ))
        }
        several => Err(format!(
            "`{name}` is ambiguous, expected {}",
            one_of(several.iter().copied())
        )),
    }
}

/// Whether the run had the pod or node asked about.
fn exists(question: &Question, scenario: &Scenario, journal: &Journal) -> Result<(), String> {
    match &question.topic {
        Topic::Node(name) => {
            let names = || journal.nodes().iter().map(|node| node.name.as_str());
            place(name, "node", names).map(|_| ())
        }
        Topic::Pod(pod) => {
            let born = journal.born(pod.template);
            let workload = &scenario.template(pod.template).name;
            match born {
                0 => Err(format!("`{workload}` never had a pod")),
                _ if pod.ordinal < born => Ok(()),
                _ => Err(format!(
                    "`{workload}` had the pods 00000 to {:05} only",
                    born - 1
                )),
            }
        }
        Topic::Everything | Topic::Service(_) | Topic::NodePool(_) => Ok(()),
    }
}

/// The time asked about, clipped to the run.
fn window(
    arguments: &Arguments,
    scenario: &Scenario,
) -> Result<Option<(SimTime, SimTime)>, String> {
    let end = SimTime::ZERO + scenario.duration;
    let read = |text: &Option<String>| {
        text.as_ref()
            .map(|text| instant(text, scenario))
            .transpose()
    };
    if let Some(at) = read(&arguments.at)? {
        return Ok(Some((at, at)));
    }
    let (from, to) = (read(&arguments.from)?, read(&arguments.to)?);
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let (from, to) = (from.unwrap_or(SimTime::ZERO), to.unwrap_or(end));
    if from > to {
        return Err("`--from` lies after `--to`".to_owned());
    }
    Ok(Some((from, to)))
}

/// An instant of the run: a date with its zone, a date in the scenario's zone, or a span since the start.
fn instant(text: &str, scenario: &Scenario) -> Result<SimTime, String> {
    let start = &scenario.start;
    let date = || text.parse::<jiff::Timestamp>().ok();
    let local = || {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        Some(civil.to_zoned(start.time_zone().clone()).ok()?.timestamp())
    };
    let span = match date().or_else(local) {
        Some(at) => {
            let micros = at.duration_since(start.timestamp()).as_micros();
            u64::try_from(micros).ok().map(SimDuration::from_micros)
        }
        None => {
            let elapsed = GoDuration::parse(text).map_err(|_| {
                format!("`{text}` is no time, expected a date such as `{}` or a span since the start such as `2d6h`", start.strftime("%F %H:%M"))
            })?;
            Some(SimDuration::from_micros(elapsed.micros()))
        }
    };
    let inside = span.filter(|&span| span <= scenario.duration);
    inside.map(|span| SimTime::ZERO + span).ok_or_else(|| {
        let end = start.saturating_add(jiff::SignedDuration::from_micros(
            scenario.duration.as_micros() as i64,
        ));
        format!(
            "`{text}` is outside the run, which is from {} to {}",
            start.strftime("%F %T"),
            end.strftime("%F %T")
        )
    })
}
