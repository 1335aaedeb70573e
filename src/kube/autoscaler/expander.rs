//! Which of the groups that would help grows? (spec/kubernetes.md 4.2)

use super::estimate::Estimate;
use super::snapshot::TemplateNode;
use crate::api::Resource;
use crate::cluster::PodTemplate;
use crate::des::Stream;

/// `expander`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expander {
    /// Any of them; the default up to Kubernetes 1.32.
    Random,
    /// The one whose new nodes would be left emptiest goes last.
    LeastWaste,
    /// The one that helps most pods.
    MostPods,
}

impl Expander {
    /// The place of the best option; ties are drawn.
    pub(super) fn best(
        self,
        options: &[(Estimate, &TemplateNode)],
        templates: &[PodTemplate],
        ties: &mut Stream,
    ) -> Option<usize> {
        let loss = |(estimate, node): &(Estimate, &TemplateNode)| match self {
            Self::Random => 0.0,
            Self::LeastWaste => waste(estimate, node, templates),
            Self::MostPods => -(estimate.pods.len() as f64),
        };
        let losses: Vec<f64> = options.iter().map(loss).collect();
        let least = losses.iter().copied().min_by(f64::total_cmp)?;
        let best: Vec<usize> = (0..losses.len())
            .filter(|&place| losses[place] <= least)
            .collect();
        match best[..] {
            [only] => Some(only),
            _ => Some(best[(ties.uniform() * best.len() as f64) as usize]),
        }
    }
}

/// The share of CPU and of memory that the pods would leave over, of what the nodes have and not only of what pods may use.
fn waste(estimate: &Estimate, node: &TemplateNode, templates: &[PodTemplate]) -> f64 {
    let of = |kind: Resource| {
        let available = node.capacity[kind] as f64 * f64::from(estimate.nodes);
        let requested = estimate
            .pods
            .iter()
            .map(|pod| templates[pod.template.index()].requests[kind]);
        (available - requested.sum::<i64>() as f64) / available
    };
    of(Resource::Cpu) + of(Resource::Memory)
}
