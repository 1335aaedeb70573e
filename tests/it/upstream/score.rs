//! Scores of the policy `Balanced`: what upstream's arithmetic says of a move.

use karpsim::karpenter::cost::DisruptionCost;
use karpsim::karpenter::disruption::Score;
use serde::Deserialize;

use super::replay;

pub(super) const KIND: &str = "score";

/// A move: prices in any unit, disruptions in ordinary pods, of which a node counts as one more.
#[derive(Deserialize)]
struct Case {
    saves: i64,
    pool_price: i64,
    disrupts: usize,
    pool_disruption: usize,
    /// The ratio of the shares, to the fourth digit; none where it is infinite, which JSON has no word for.
    score: Option<f64>,
    passes: bool,
}

impl Case {
    fn score(&self) -> Score {
        let pods = |count| vec![DisruptionCost::ONE; count].into_iter().sum();
        Score {
            pool: 0,
            saved: self.saves.into(),
            pool_price: self.pool_price.into(),
            disrupted: pods(self.disrupts),
            pool_disruption: pods(self.pool_disruption),
        }
    }
}

#[test]
fn moves_are_weighed_as_upstream_says() {
    replay(KIND, |_, case: &Case| {
        let score = case.score();
        let (value, passes) = (score.value(), score.passes());
        let same = match case.score {
            Some(wanted) => (value - wanted).abs() < 5e-5,
            None => value == f64::INFINITY,
        };
        match same && passes == case.passes {
            true => String::new(),
            false => format!("    {value}, passes: {passes}\n"),
        }
    });
}
