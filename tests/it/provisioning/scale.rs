//! The micro-benchmark of 8.1 in small, so that `benches/provisioning.rs` cannot rot.

use karpsim::karpenter::Version;
use karpsim::karpenter::provisioning::Plan;

use super::fake::{diverse, diverse_in_mumbai, fingerprint};

#[test]
fn every_pod_of_the_diverse_mix_finds_a_place_and_anti_affinity_dictates_the_nodes() {
    for (pods, nodes) in [(50, 10), (100, 20), (500, 100)] {
        let plan = diverse(pods).solve();
        assert!(
            plan.errors.is_empty() && plan.unreached.is_empty(),
            "{pods} pods: {:?}",
            plan.errors
        );
        assert_eq!(plan.claims.len(), nodes, "claims for {pods} pods");
        assert_eq!(
            plan.claims
                .iter()
                .map(|claim| claim.pods.len())
                .sum::<usize>(),
            pods
        );
    }
}

#[test]
fn the_same_problem_has_the_same_plan() {
    assert_eq!(
        fingerprint(&diverse(200).solve()),
        fingerprint(&diverse(200).solve())
    );
}

#[test]
fn the_real_catalogue_takes_them_all_too() {
    let plan = diverse_in_mumbai(100).solve();
    assert!(plan.errors.is_empty(), "{:?}", plan.errors);
    assert_eq!(plan.claims.len(), 20);
    let most = |plan: &Plan| plan.claims.iter().map(|claim| claim.types.len()).max();
    let new = most(&plan).expect("claims");
    assert!((61..=600).contains(&new), "{new}");

    let mut old = diverse_in_mumbai(100);
    old.options.claim_types = Version::minor(6).claim_types();
    assert_eq!(most(&old.solve()), Some(60));
}
