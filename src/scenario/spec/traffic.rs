//! Traffic, as written in a scenario: who comes when, and what they do.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::service::DistSpec;
use crate::api::GoDuration;
use crate::scenario::decode::Part;

/// Who comes, and what they do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficSpec {
    /// A trace of real arrivals.
    #[serde(default)]
    pub replay: Part<Option<ReplaySpec>>,
    /// Generated arrivals.
    #[serde(default)]
    pub background: Part<Vec<Part<BackgroundSpec>>>,
    /// What an arrival does, by name.
    pub journeys: Part<BTreeMap<String, Part<Vec<StepSpec>>>>,
}

/// A trace of real arrivals.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplaySpec {
    /// CSV, plain or gzip, relative to this file.
    pub path: String,
    /// Which column is what.
    pub columns: TraceColumnsSpec,
    /// IANA zone of stamps without offset. The local hour is kept: 09:00 there is 09:00 here.
    pub timezone: String,
    /// strftime pattern of the time column; recognised where absent.
    #[serde(default)]
    pub time_format: Option<String>,
    /// First local date to replay, `2015-01-26`; it falls on the day of `start`. The first in the file where absent.
    #[serde(default)]
    pub from: Option<String>,
    /// Keep only rows in which each named column has one of these values.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// Times as many arrivals, by superposing copies displaced by up to `jitter`; 1 where absent.
    #[serde(default)]
    pub scale: Option<f64>,
    /// How far a copy may be displaced; 30 min where absent.
    #[serde(default)]
    pub jitter: Option<GoDuration>,
    /// What each arrival does; `complaint` where absent.
    #[serde(default)]
    pub journey: Option<String>,
    /// The scenario's categories.
    #[serde(default)]
    pub categories: CategoriesSpec,
    /// `fail` (where absent) or `skip`.
    #[serde(default)]
    pub on_bad_row: Option<String>,
    /// Put rows that are out of order in order; where absent they are a mistake.
    #[serde(default)]
    pub sort: bool,
}

/// Which column is what.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceColumnsSpec {
    /// When; the date alone if `clock` is given.
    pub time: String,
    /// Time of day, where the file keeps it in a column of its own.
    #[serde(default)]
    pub clock: Option<String>,
    /// What about.
    #[serde(default)]
    pub category: Option<String>,
}

/// How the trace's categories become the scenario's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CategoriesSpec {
    /// Trace category to one of ours; those not named go by `mix`, or keep their name where there is no mix.
    pub rename: BTreeMap<String, String>,
    /// Our categories with their weights, drawn for each arrival that was not renamed.
    pub mix: BTreeMap<String, f64>,
}

/// Generated arrivals.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackgroundSpec {
    /// Name, unique among the backgrounds.
    pub name: String,
    /// Mean, such as `8/s`, `30/m` or `1200/h`.
    pub rate: String,
    /// `flat` (where absent), `hour-of-week` or `office-hours`.
    #[serde(default)]
    pub profile: Option<String>,
    /// Negative-binomial `k` of hourly counts; pure Poisson where absent.
    #[serde(default)]
    pub overdispersion: Option<f64>,
    /// What each arrival does.
    pub journey: String,
    /// What all of them are about; without category where absent.
    #[serde(default)]
    pub category: Option<String>,
}

/// One step of a journey.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepSpec {
    /// Loads pages of the frontend: served by CloudFront, never by the cluster.
    Page(PageSpec),
    /// Calls a service and waits for the answer.
    Call(CallSpec),
    /// Puts a message on a queue and goes on at once.
    Enqueue(EnqueueSpec),
    /// Does several things side by side and goes on when the last of them has ended.
    Parallel(ParallelSpec),
    /// Comes back another time.
    Later(LaterSpec),
}

/// Pages of the frontend.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageSpec {
    /// How many.
    pub views: u32,
}

/// A call.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallSpec {
    /// The service.
    pub service: String,
    /// How many in a row; 1 where absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// Between one answer and the next call; none where absent.
    #[serde(default)]
    pub think: Option<DistSpec>,
    /// CPU time on one core.
    pub cpu: DistSpec,
    /// Waiting on databases and other services, without CPU; none where absent.
    #[serde(default)]
    pub wait: Option<DistSpec>,
    /// The caller gives up after this; never where absent.
    #[serde(default)]
    pub timeout: Option<GoDuration>,
    /// What the caller does about a failure; nothing where absent.
    #[serde(default)]
    pub retry: Option<RetrySpec>,
    /// For whom; everybody where absent.
    #[serde(default)]
    pub when: WhenSpec,
}

/// Retries with exponential backoff: `backoff`, twice that, ... up to `maxBackoff`, each with full jitter.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetrySpec {
    /// Further tries after the first.
    pub attempts: u32,
    /// Before the first further try.
    pub backoff: GoDuration,
    /// 20 s where absent.
    #[serde(default)]
    pub max_backoff: Option<GoDuration>,
}

/// A message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnqueueSpec {
    /// The queue.
    pub queue: String,
    /// How many messages; 1 where absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// CPU time on one core that each costs its worker; none where absent.
    #[serde(default)]
    pub cpu: Option<DistSpec>,
    /// Waiting without CPU; none where absent.
    #[serde(default)]
    pub wait: Option<DistSpec>,
    /// Items for the accelerator; 1 where the worker has one.
    #[serde(default)]
    pub items: Option<u32>,
    /// For whom; everybody where absent.
    #[serde(default)]
    pub when: WhenSpec,
    /// What follows when the message has been worked off.
    #[serde(default)]
    pub then: Vec<StepSpec>,
}

/// Things that are done side by side, as a page that asks for its parts at once. One that fails does not stop the others, and fails the
/// journey when all have ended.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParallelSpec {
    /// The steps of each.
    pub branches: Vec<Vec<StepSpec>>,
    /// For whom; everybody where absent.
    #[serde(default)]
    pub when: WhenSpec,
}

/// A later visit.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaterSpec {
    /// How much later.
    pub after: DistSpec,
    /// For whom; everybody where absent.
    #[serde(default)]
    pub when: WhenSpec,
    /// What they do then.
    pub steps: Vec<StepSpec>,
}

/// Who takes a step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WhenSpec {
    /// Share of arrivals, 0 to 1; all where absent.
    pub probability: Option<f64>,
    /// Only these categories; every one where empty.
    pub category: Vec<String>,
}
