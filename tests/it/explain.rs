//! Does the journal name the one cause that a scene was made with, and does writing it change nothing?

mod scene;

use karpsim::des::SimTime;
use karpsim::metrics::RunResult;
use karpsim::metrics::journal::{About, Decision, ENTRIES_MAX, Journal, Subject};
use karpsim::report::explain::{self, Question, Topic};
use karpsim::scenario::Scenario;
use karpsim::sim;
use serde_json::Value;

use crate::lab::fleet::Fleet;
use crate::lab::scenario;
use crate::town::a_busy_town;
use scene::Scene;

fn recorded(scenario: &Scenario, about: About) -> (RunResult, Journal) {
    let end = SimTime::ZERO + scenario.duration;
    sim::recorded(scenario, scenario.seed, Journal::new(about), end, |_| {})
}

fn everything(scenario: &Scenario) -> String {
    let (result, journal) = recorded(scenario, About::Everything);
    let question = Question {
        topic: Topic::Everything,
        window: Some((SimTime::ZERO, SimTime::ZERO + scenario.duration)),
    };
    explain::text(scenario, &result, &journal, &question)
}

#[test]
fn a_journal_changes_nothing_and_is_the_same_each_time() {
    let town = scenario(&a_busy_town().yaml());
    let bytes = |result: &RunResult| serde_json::to_vec(result).expect("a result is plain data");
    let plain = sim::run(&town, town.seed, |_| {});
    let (result, journal) = recorded(&town, About::Everything);
    assert!(bytes(&plain) == bytes(&result));
    assert!(journal.entries().len() > 300 && journal.left_out() == 0);
    assert!(journal.nodes().len() >= plain.nodes.len());
    assert!(everything(&town) == everything(&town));
}

#[test]
fn a_run_that_ends_early_begins_the_same() {
    let town = scenario(&a_busy_town().yaml());
    let (_, whole) = recorded(&town, About::Everything);
    let hour = SimTime::from_secs(3_600);
    let (_, part) = sim::recorded(
        &town,
        town.seed,
        Journal::new(About::Everything),
        hour,
        |_| {},
    );
    let begun = |journal: &Journal| -> Vec<_> {
        let entries = journal.entries().iter().filter(|entry| entry.until < hour);
        entries
            .map(|entry| (entry.at, entry.subject, entry.decision.clone()))
            .collect()
    };
    assert!(!begun(&part).is_empty());
    assert!(begun(&whole) == begun(&part));
}

/// Less is written down if less is asked, and of that the same.
#[test]
fn a_question_about_one_pod_has_the_same_answer_in_a_smaller_journal() {
    let town = scenario(&a_busy_town().yaml());
    let (result, whole) = recorded(&town, About::Everything);
    let pod = whole
        .entries()
        .iter()
        .find_map(|entry| match entry.subject {
            karpsim::metrics::journal::Subject::Pod(pod) => Some(pod),
            _ => None,
        });
    let pod = pod.expect("a town has pods");
    let question = Question {
        topic: Topic::Pod(pod),
        window: None,
    };
    let (_, part) = recorded(&town, About::Pod(pod));
    assert!(part.entries().len() < whole.entries().len());
    let answer = |journal: &Journal| explain::text(&town, &result, journal, &question);
    assert_eq!(answer(&whole), answer(&part));
}

/// What a scene's journal says, for machines.
fn told(scene: &Scene) -> Value {
    let scenario = scenario(&scene.yaml());
    let (result, journal) = recorded(&scenario, About::Everything);
    let window = Some((SimTime::ZERO, SimTime::ZERO + scenario.duration));
    let ask = |window| {
        let topic = Topic::Everything;
        let text = explain::json(&scenario, &result, &journal, &Question { topic, window });
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let mut answer = ask(None);
    answer["entries"] = ask(window)["entries"].clone();
    answer
}

/// The different things said of one kind, with the notes below them.
fn said(told: &Value, decision: &str) -> Vec<String> {
    let mut said = Vec::new();
    for entry in told["entries"].as_array().expect("entries") {
        if entry["decision"] == decision {
            let notes = entry["notes"].as_array().expect("notes").iter();
            let parts = std::iter::once(&entry["text"]).chain(notes);
            let parts: Vec<&str> = parts.filter_map(Value::as_str).collect();
            said.push(parts.join(" | "));
        }
    }
    said.sort();
    said.dedup();
    said
}

/// A scene in which one pod fills the node that is there, and the other never finds a place, for this reason alone.
#[track_caller]
fn no_place(scene: &Scene, why: &str) {
    let told = told(scene);
    let asks = format!(
        "Karpenter: no place for it (asks for cpu {}, memory 256Mi)",
        scene.cpu
    );
    assert_eq!(
        said(&told, "pod without place"),
        [format!(
            "{asks} | {why} | existing nodes: 1 without enough room"
        )]
    );
    let causes: Vec<&str> = told["waits"]
        .as_array()
        .expect("sums")
        .iter()
        .filter_map(|sum| sum["cause"].as_str())
        .collect();
    assert_eq!(causes[0], asks, "the longest wait");
}

/// A scene whose nodes stay for this reason, longer than for any other.
#[track_caller]
fn stays(scene: &Scene, why: &str) -> Value {
    let told = told(scene);
    let sum = &told["stays"][0];
    assert_eq!(sum["cause"], why, "{told:#}");
    assert!(sum["node_us"].as_u64() > Some(10 * 60_000_000) && sum["nano_usd"].as_u64() > Some(0));
    told
}

#[test]
fn an_architecture_that_the_nodepool_excludes() {
    let scene = Scene {
        group: Some("m7i.large"),
        pod: ", nodeSelector: {kubernetes.io/arch: amd64}",
        template: "
                - {key: kubernetes.io/arch, operator: In, values: [arm64]}",
        ..Scene::default()
    };
    no_place(
        &scene,
        "NodePool burst: the pod asks for kubernetes.io/arch In [amd64], the NodePool says In [arm64]",
    );
}

#[test]
fn an_architecture_that_no_type_has() {
    let scene = Scene {
        group: Some("m7i.large"),
        pod: ", nodeSelector: {kubernetes.io/arch: amd64}",
        types: "[c7g.large, c7g.xlarge]",
        ..Scene::default()
    };
    no_place(
        &scene,
        "NodePool burst: none of 2 instance types passes: 2 against its requirements; no type of the NodePool has kubernetes.io/arch In [amd64]",
    );
}

#[test]
fn a_taint_that_the_pod_does_not_tolerate() {
    let scene = Scene {
        group: Some("m7g.large"),
        template: "
              taints: [{key: dedicated, value: ai, effect: NoSchedule}]",
        ..Scene::default()
    };
    no_place(
        &scene,
        "NodePool burst: the pod does not tolerate its taint dedicated=ai:NoSchedule",
    );
}

#[test]
fn a_pod_that_is_larger_than_every_type() {
    let scene = Scene {
        group: Some("m7g.xlarge"),
        cpu: "3",
        ..Scene::default()
    };
    no_place(
        &scene,
        "NodePool burst: none of 1 instance type passes: 1 too small",
    );
}

#[test]
fn a_limit_that_is_reached() {
    let scene = Scene {
        replicas: 3,
        pool: "
          limits: {cpu: 4}",
        ..Scene::default()
    };
    let told = told(&scene);
    let said = said(&told, "pod without place");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains(
            "NodePool burst: limits.cpu 4 leaves no room for any instance type that the pod could use"
        ),
        "{said:?}"
    );
}

#[test]
fn spot_capacity_that_ec2_does_not_have() {
    let scene = Scene {
        capacity_types: "[spot]",
        droughts: "{from: 0s, for: 1h}",
        ..Scene::default()
    };
    let told = told(&scene);
    let launches = said(&told, "node not launched");
    // The second claim of the first pass already knows what the first has met.
    assert_eq!(
        launches[0],
        "not launched, EC2 was not asked: of 1 instance type none fits and has an available offering"
    );
    let met = "not launched: EC2 has no spot capacity in any of 1 offering; the claim is deleted | insufficient capacity: c7g.large in aps1-az1, left alone until";
    assert!(
        launches[1..].iter().all(|launch| launch.starts_with(met)),
        "{launches:?}"
    );
    assert!(launches.len() > 3);
    let places = said(&told, "pod without place");
    let cached = "NodePool burst: none of 1 instance type passes: 1 without an available offering";
    assert!(
        places.iter().any(|place| place.ends_with(cached)),
        "{places:?}"
    );
    assert_eq!(said(&told, "node launched"), [""; 0]);
}

#[test]
fn a_replacement_that_is_not_cheaper_with_both_prices() {
    let scene = Scene::default();
    let price = {
        let scenario = scenario(&scene.yaml());
        let kinds = &scenario
            .cluster
            .karpenter
            .as_ref()
            .expect("Karpenter")
            .classes[0]
            .types;
        let named = |name: &str| kinds.iter().find(|kind| scenario.text(kind.name) == name);
        let large = named("c7g.large").expect("a type of the catalogue");
        let offered = large
            .offerings
            .iter()
            .filter(|offering| offering.capacity_type.label() == "on-demand");
        offered
            .map(|offering| offering.price.dollars_per_hour())
            .next()
            .expect("an offering")
    };
    let told = stays(
        &scene,
        &format!(
            "stays (alone): can't replace with a cheaper node: it costs ${price:.4}/h, the nearest replacement, c7g.large, may cost ${price:.4}/h"
        ),
    );
    let entries = told["entries"].as_array().expect("entries");
    let stay = entries
        .iter()
        .find(|entry| entry["reason"] == "NotCheaper")
        .expect("a stay");
    assert_eq!(stay["usd_per_hour"]["now"], price);
    assert_eq!(stay["usd_per_hour"]["nearest_replacement"], price);
}

#[test]
fn spot_that_only_spot_could_replace() {
    let scene = Scene {
        capacity_types: "[spot]",
        ..Scene::default()
    };
    let told = told(&scene);
    let cause = told["stays"][0]["cause"].as_str().expect("a cause");
    let ends =
        "could only be replaced by spot, and the feature gate SpotToSpotConsolidation is off";
    assert!(
        cause.starts_with("stays (alone): spot at $") && cause.ends_with(ends),
        "{cause}"
    );
}

#[test]
fn a_pod_disruption_budget_without_allowance() {
    let scene = Scene {
        pdb: Some("maxUnavailable: 0"),
        ..Scene::default()
    };
    let told = told(&scene);
    let cause = told["stays"][0]["cause"].as_str().expect("a cause");
    assert!(
        cause.starts_with(
            "stays: PodDisruptionBudget town/api allows no disruption of pod town/api-0000"
        ),
        "{cause}"
    );
}

/// Why the first node stays.
fn cause(scene: &Scene) -> String {
    let told = told(scene);
    let cause = told["stays"][0]["cause"].as_str();
    cause.unwrap_or_default().to_owned()
}

#[test]
fn a_pod_disruption_budget_over_a_daemonset() {
    let guarded = |tolerations| Scene {
        agent: Some(tolerations),
        ..Scene::default()
    };
    let about_agent = "stays: PodDisruptionBudget town/agent allows no disruption";
    let cause = |tolerations| cause(&guarded(tolerations));
    assert!(cause("[]").starts_with(about_agent), "{}", cause("[]"));
    let borne = "[{operator: Exists}]";
    assert!(
        !cause(borne).contains("PodDisruptionBudget"),
        "{}",
        cause(borne)
    );
}

#[test]
fn a_pod_disruption_budget_that_spares_no_unready_pod() {
    let unready = |pdb| Scene {
        pdb: Some(pdb),
        container: ", readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 3000}",
        ..Scene::default()
    };
    let strict = cause(&unready("maxUnavailable: 0"));
    assert!(strict.contains("PodDisruptionBudget"), "{strict}");
    let lax = cause(&unready(
        "maxUnavailable: 0, unhealthyPodEvictionPolicy: AlwaysAllow",
    ));
    assert!(!lax.contains("PodDisruptionBudget"), "{lax}");
}

#[test]
fn a_pod_that_must_not_be_disturbed() {
    let scene = Scene {
        metadata: ", annotations: {karpenter.sh/do-not-disrupt: \"true\"}",
        ..Scene::default()
    };
    let told = told(&scene);
    let cause = told["stays"][0]["cause"].as_str().expect("a cause");
    assert!(
        cause.starts_with("stays: pod town/api-0000")
            && cause.ends_with(" has karpenter.sh/do-not-disrupt"),
        "{cause}"
    );
}

#[test]
fn a_disruption_budget_of_nothing() {
    let scene = Scene {
        budget: "0",
        ..Scene::default()
    };
    stays(
        &scene,
        "stays (alone): disruption budget 0 (nodes: 0) allows 0, and 0 are disrupted",
    );
}

#[test]
fn wishes_that_are_given_up() {
    let scene = Scene {
        pod: ", affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 10, preference: {matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}}]}}",
        ..Scene::default()
    };
    let nominated = said(&told(&scene), "pod nominated");
    let claimed = "Karpenter: to go on the new NodeClaim burst-00000 | after giving up 1 preferred node affinity term";
    assert!(
        nominated.iter().any(|told| told == claimed),
        "{nominated:?}"
    );
}

#[test]
fn a_drain_that_a_pod_disruption_budget_holds_up() {
    let scene = Scene {
        pdb: Some("maxUnavailable: 0"),
        expire_after: "5m",
        ..Scene::default()
    };
    let told = told(&scene);
    assert!(said(&told, "node deleted").contains(&"deleted: expired".to_owned()));
    assert_eq!(
        said(&told, "pod not evicted"),
        ["not evicted: PodDisruptionBudget town/api allows no disruption"]
    );
}

#[test]
fn a_drain_that_a_pod_must_not_be_evicted_for() {
    let scene = Scene {
        metadata: ", annotations: {karpenter.sh/do-not-disrupt: \"true\"}",
        expire_after: "5m",
        ..Scene::default()
    };
    assert_eq!(
        said(&told(&scene), "pod not evicted"),
        ["not evicted: it has karpenter.sh/do-not-disrupt"]
    );
}

#[test]
fn autoscalers_say_what_they_saw() {
    let text = everything(&scenario(&a_busy_town().yaml()));
    for said in [
        " replicas: HPA, cpu utilization (target ",
        " of its target proposes ",
        ", the stabilization window makes it ",
        "from 0 to 1 replicas: KEDA, queue worker has ",
    ] {
        assert!(text.contains(said), "`{said}` is not said");
    }
}

#[test]
fn a_node_pool_is_quoted_as_it_was_then() {
    let limited = |pool| Fleet {
        pool,
        types: "[m7g.large]",
        replicas: 3,
        ..Fleet::default()
    };
    let (before, after) = (limited("limits: {cpu: 2},"), limited("limits: {cpu: 4},"));
    let event = format!("[{{at: 1h, apply: {}}}]", after.node_pool());
    let fleet = Fleet {
        duration: "2h",
        events: Box::leak(event.into_boxed_str()),
        ..before
    };
    let said = everything(&scenario(&fleet.to_string()));
    for limit in ["limits.cpu 2 leaves no room", "limits.cpu 4 leaves no room"] {
        assert!(said.contains(limit), "{limit}: {said}");
    }
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let mut journal = Journal::new(About::Everything);
    for _ in 0..ENTRIES_MAX + 3 {
        journal.note(SimTime::ZERO, Subject::Disruption, Decision::Created);
    }
    assert_eq!(
        (journal.entries().len(), journal.left_out()),
        (ENTRIES_MAX, 3)
    );
}
