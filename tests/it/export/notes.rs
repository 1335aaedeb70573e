//! What an export cannot say truthfully, it names.

use karpsim::export::{Gap, export};

use super::files;
use crate::lab::scenario;

const SMALL: &str = include_str!("../../../scenarios/minimal.yaml");

/// What is noted of a scenario, by kind of gap.
fn notes(text: &str, gap: Gap) -> Vec<String> {
    let export = export(&scenario(text), None);
    let of_kind = export.notes.into_iter().filter(|note| note.gap == gap);
    of_kind
        .map(|note| format!("{}: {}", note.about, note.text))
        .collect()
}

#[track_caller]
fn assert_noted(text: &str, gap: Gap, words: &[&str]) {
    let notes = notes(text, gap);
    for word in words {
        assert!(
            notes.iter().any(|note| note.contains(word)),
            "`{word}` is not in {notes:#?}"
        );
    }
}

#[test]
fn a_plain_scenario_is_exported_whole() {
    assert_eq!(notes(SMALL, Gap::NotExported), [""; 0]);
}

#[test]
fn weather_and_agreements_are_not_exported() {
    let text = format!(
        "{SMALL}\nprices: {{discount: 10%}}\nmarket:\n  spot: {{interruptionScale: 3, droughts: [{{from: 1h, for: 1h}}]}}\n  \
         latency: {{launch: 5s}}\n"
    );
    let words = [
        "prices.discount",
        "market.spot",
        "market.spot.droughts",
        "market.latency",
    ];
    assert_noted(&text, Gap::NotExported, &words);
}

#[test]
fn one_zone_is_too_few() {
    let text = SMALL.replace("[aps1-az1, aps1-az2]", "[aps1-az1]");
    assert_noted(&text, Gap::NotExported, &["only aps1-az1 was simulated"]);
}

#[test]
fn what_an_account_has_is_named() {
    let karpenter = "
  karpenter:
    manifests:
      - apiVersion: karpenter.sh/v1
        kind: NodePool
        metadata: {name: burst}
        spec:
          template:
            spec:
              nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: mine}
              requirements: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]
      - apiVersion: karpenter.k8s.aws/v1
        kind: EC2NodeClass
        metadata: {name: mine}
        spec:
          amiSelectorTerms: [{alias: al2023@latest}]
          instanceProfile: mine
          subnetSelectorTerms: [{id: subnet-0123}]
          securityGroupSelectorTerms: [{tags: {team: \"*\"}}]
";
    let text = SMALL.replace("\nservices:\n", &format!("{karpenter}services:\n"));
    let words = [
        "subnetSelectorTerms has a term without tags",
        "an instance profile of one's own",
    ];
    assert_noted(&text, Gap::NotExported, &words);
    assert_noted(
        &text,
        Gap::NotSimulated,
        &["EC2NodeClass mine: takes the latest image"],
    );
    assert_noted(&text, Gap::Added, &["any value of a tag"]);
    let export = export(&scenario(&text), None);
    let files = files(&export);
    let tfvars = files["terraform/terraform.tfvars"];
    assert!(tfvars.contains("  team = \"true\""), "{tfvars}");
    assert!(!tfvars.contains("interruption"), "{tfvars}");
    assert!(files["terraform/karpenter_interruption.tf"].contains("hears of no interruption"));
}

#[test]
fn the_readme_says_what_the_notes_say() {
    let export = export(&scenario(SMALL), None);
    let files = files(&export);
    for note in &export.notes {
        let line = format!("- **{}**: {}.", note.about, note.text);
        assert!(files["README.md"].contains(&line), "{line}");
        assert!(files["PROVENANCE.json"].contains(&note.about));
    }
}

#[test]
fn what_is_carried_and_not_modelled_is_said_again() {
    let text = SMALL.replacen(
        "        spec:\n",
        "        spec:\n          revisionHistoryLimit: 7\n",
        1,
    );
    assert_ne!(text, SMALL);
    let carried = "field `revisionHistoryLimit` in";
    assert_noted(&text, Gap::NotSimulated, &[carried]);
    let export = export(&scenario(&text), None);
    assert!(files(&export)["README.md"].contains(carried));
}
