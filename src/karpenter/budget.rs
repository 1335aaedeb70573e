//! How many nodes of a pool may a disruption method take now? (spec/karpenter.md 4.12)
//!
//! Only the graceful and eventual methods ask. Expiration, interruption, liveness and manual deletes do not.

pub mod cron;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::api::objects::karpenter::{Budget as Manifest, DisruptionReason};
use crate::des::{SimDuration, SimTime};

pub use cron::{Cron, CronError};

/// What a pool has whose manifest lists no budgets (0.1).
pub const DEFAULT_NODES: BudgetNodes = BudgetNodes::Percent(10);

/// A disruption budget of a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// How many nodes may be disrupted at once.
    pub nodes: BudgetNodes,
    /// For which reasons; none is every reason.
    pub reasons: Option<Vec<DisruptionReason>>,
    /// When it holds; none is always.
    pub window: Option<Window>,
}

/// `nodes` of a budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BudgetNodes {
    /// So many.
    Count(u32),
    /// So many in a hundred of the pool's nodes, rounded up.
    Percent(u32),
}

/// `schedule` and `duration` of a budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// When it opens, UTC.
    pub schedule: Cron,
    /// How long it stays open.
    pub duration: SimDuration,
}

/// The nodes of a pool, as budgets count them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolNodes {
    /// Initialized managed nodes whose instance is not being terminated (N).
    pub counted: u32,
    /// Those of them that are not Ready or marked for deletion, for whatever reason (D).
    pub disrupted: u32,
}

/// What the budgets of a pool leave to a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// The least that an active budget allows at once, with its place among the pool's budgets; none if no budget is active.
    pub limit: Option<(u32, usize)>,
    /// Nodes that count against it already.
    pub disrupted: u32,
}

/// Why a budget of a manifest is none. The real controller lets such a pool disrupt nothing at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BudgetError {
    /// `nodes` is neither a number nor a percentage.
    #[error("`{0}` is not a number of nodes, expected one such as `5` or `10%`")]
    Nodes(String),
    /// One of `schedule` and `duration` is missing.
    #[error("`schedule` and `duration` are only understood together")]
    HalfAWindow,
    /// The schedule is no cron expression.
    #[error(transparent)]
    Schedule(#[from] CronError),
}

impl Budget {
    /// The budget a pool has whose manifest lists none.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            nodes: DEFAULT_NODES,
            reasons: None,
            window: None,
        }
    }

    /// Reads a budget of a manifest.
    ///
    /// # Errors
    /// Which of its fields is wrong.
    pub fn from_manifest(manifest: &Manifest) -> Result<Self, BudgetError> {
        let window = match (&manifest.schedule, manifest.duration) {
            (None, None) => None,
            (Some(schedule), Some(duration)) => Some(Window {
                schedule: Cron::parse(schedule)?,
                duration: SimDuration::from_micros(duration.micros()),
            }),
            _ => return Err(BudgetError::HalfAWindow),
        };
        Ok(Self {
            nodes: match &manifest.nodes {
                None => DEFAULT_NODES,
                Some(text) => BudgetNodes::parse(text)?,
            },
            reasons: manifest.reasons.clone(),
            window,
        })
    }

    /// Whether it limits `reason` at `utc`.
    #[must_use]
    pub fn applies(&self, reason: DisruptionReason, utc: DateTime) -> bool {
        let reasons = self.reasons.as_ref();
        reasons.is_none_or(|reasons| reasons.contains(&reason))
            && self.window.as_ref().is_none_or(|w| w.is_open(utc))
    }
}

impl BudgetNodes {
    fn parse(text: &str) -> Result<Self, BudgetError> {
        let wrong = || BudgetError::Nodes(text.to_owned());
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| wrong());
        match text.strip_suffix('%') {
            None => number(text).map(Self::Count),
            Some(percent) => match number(percent)? {
                percent @ 0..=100 => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            },
        }
    }

    /// The number it means in a pool of `counted` nodes.
    #[must_use]
    pub fn of(self, counted: u32) -> u32 {
        match self {
            Self::Count(nodes) => nodes,
            Self::Percent(percent) => {
                let nodes = (u64::from(counted) * u64::from(percent)).div_ceil(100);
                u32::try_from(nodes).expect("a part of a u32")
            }
        }
    }
}

impl Window {
    /// Whether the schedule fires after `utc - duration` and not after `utc`. The first bound is strict: at the very end of a window it
    /// is closed. A schedule that never fires counts as open, because upstream compares against the zero time it gets for "never".
    #[must_use]
    pub fn is_open(&self, utc: DateTime) -> bool {
        let next = self.schedule.next_after(before(utc, self.duration));
        next.is_none_or(|next| next <= utc)
    }
}

impl Allowance {
    /// How many more nodes may be disrupted; [`u32::MAX`] if no budget is active.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.limit
            .map_or(u32::MAX, |(most, _)| most.saturating_sub(self.disrupted))
    }
}

/// What `budgets` leave to `reason` at `utc`; the first of equally tight budgets is named.
#[must_use]
pub fn allowance(
    budgets: &[Budget],
    reason: DisruptionReason,
    nodes: PoolNodes,
    utc: DateTime,
) -> Allowance {
    let limit = (0..)
        .zip(budgets)
        .filter(|(_, budget)| budget.applies(reason, utc))
        .map(|(place, budget)| (budget.nodes.of(nodes.counted), place))
        .min();
    Allowance {
        limit,
        disrupted: nodes.disrupted,
    }
}

/// The wall clock in UTC at `now`, for a simulation whose zero is at `zero`.
#[must_use]
pub fn utc(zero: DateTime, now: SimTime) -> DateTime {
    zero.saturating_add(span(SimDuration::from_micros(now.as_micros())))
}

fn before(utc: DateTime, duration: SimDuration) -> DateTime {
    utc.saturating_sub(span(duration))
}

fn span(duration: SimDuration) -> SignedDuration {
    SignedDuration::from_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::api::GoDuration;

    const ALL: DisruptionReason = DisruptionReason::Underutilized;

    fn manifest(nodes: &str) -> Manifest {
        Manifest {
            nodes: Some(nodes.into()),
            reasons: None,
            schedule: None,
            duration: None,
        }
    }

    fn windowed(nodes: &str, schedule: &str, hours: u64) -> Budget {
        let manifest = Manifest {
            schedule: Some(schedule.into()),
            duration: Some(GoDuration::from_secs(hours * 3600)),
            ..manifest(nodes)
        };
        Budget::from_manifest(&manifest).unwrap()
    }

    fn left(budgets: &[Budget], counted: u32, disrupted: u32, utc: DateTime) -> u32 {
        let nodes = PoolNodes { counted, disrupted };
        allowance(budgets, ALL, nodes, utc).left()
    }

    const MONDAY: DateTime = date(2026, 11, 23).at(12, 0, 0, 0);

    #[test]
    fn percentages_round_up() {
        let ten = [Budget::standard()];
        let allowed = [1, 9, 10, 11, 20, 21].map(|n| left(&ten, n, 0, MONDAY));
        assert_eq!(allowed, [1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn nodes_that_are_down_already_count_against_the_budget() {
        assert_eq!(left(&[Budget::standard()], 30, 3, MONDAY), 0);
        assert_eq!(left(&[Budget::standard()], 30, 5, MONDAY), 0);
        assert_eq!(left(&[Budget::standard()], 30, 1, MONDAY), 2);
    }

    #[test]
    fn a_window_closes_at_its_last_instant() {
        let office = [windowed("0", "0 9 * * mon-fri", 8)];
        let at = |hour, minute, second| date(2026, 11, 23).at(hour, minute, second, 0);
        assert_eq!(left(&office, 10, 0, at(8, 59, 59)), u32::MAX);
        assert_eq!(left(&office, 10, 0, at(9, 0, 0)), 0);
        assert_eq!(left(&office, 10, 0, at(16, 59, 59)), 0);
        assert_eq!(left(&office, 10, 0, at(17, 0, 0)), u32::MAX);
        assert_eq!(left(&office, 10, 0, at(17, 1, 0)), u32::MAX);
    }

    #[test]
    fn windows_that_overlap_never_close() {
        let daily = [windowed("1", "@daily", 48)];
        for hour in 0..24 {
            let utc = date(2026, 11, 23).at(hour, 30, 0, 0);
            assert_eq!(left(&daily, 10, 0, utc), 1, "{utc}");
        }
    }

    #[test]
    fn the_tightest_active_budget_of_the_reason_rules_and_is_named() {
        let only_empty = Budget {
            reasons: Some(vec![DisruptionReason::Empty]),
            ..Budget::from_manifest(&manifest("1")).unwrap()
        };
        let budgets = [
            Budget::standard(),
            only_empty,
            windowed("0", "0 9 * * *", 1),
        ];
        let nodes = PoolNodes {
            counted: 100,
            disrupted: 4,
        };
        let of = |reason| allowance(&budgets, reason, nodes, MONDAY);
        assert_eq!(of(DisruptionReason::Empty).limit, Some((1, 1)));
        assert_eq!(of(DisruptionReason::Empty).left(), 0);
        assert_eq!(of(DisruptionReason::Underutilized).limit, Some((10, 0)));
        assert_eq!(of(DisruptionReason::Underutilized).left(), 6);
    }

    #[test]
    fn a_schedule_that_never_fires_is_always_open() {
        assert_eq!(left(&[windowed("2", "0 0 30 2 *", 1)], 50, 0, MONDAY), 2);
    }

    #[test]
    fn refuses_what_is_no_budget() {
        for nodes in ["", "-1", "101%", "5.5", "ten", "10 %"] {
            assert!(Budget::from_manifest(&manifest(nodes)).is_err(), "{nodes}");
        }
        let half = Manifest {
            schedule: Some("@daily".into()),
            ..manifest("1")
        };
        assert_eq!(Budget::from_manifest(&half), Err(BudgetError::HalfAWindow));
    }

    #[test]
    fn simulated_time_has_a_wall_clock() {
        let day = SimTime::from_secs(86_400) + SimDuration::from_millis(1_500);
        let utc = utc(MONDAY, day);
        assert_eq!(utc, date(2026, 11, 24).at(12, 0, 1, 500_000_000));
    }
}
