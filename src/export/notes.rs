//! What is in the files that nobody simulated, and what was simulated that is in no file?
//!
//! An export is only as true as what it says of itself. Every note names its thing.

use super::data::Data;
use super::helm::images;
use super::objects::{Object, Objects};
use super::platform::{Feature, Platform};
use crate::scenario::Scenario;

/// Zones that EKS wants subnets in.
const ZONES_MIN: usize = 2;

/// What kind of gap a note is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Gap {
    /// Simulated, but in no file: it cannot be, or not truthfully.
    NotExported,
    /// In the files, but nobody wrote or simulated it.
    Added,
    /// It will cost or take something that the simulation left out.
    NotSimulated,
}

/// A gap between what was simulated and what is exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Its kind.
    pub gap: Gap,
    /// The thing.
    pub about: String,
    /// What is the matter with it.
    pub text: String,
}

struct Notes(Vec<Note>);

impl Notes {
    fn add(&mut self, gap: Gap, about: impl Into<String>, text: impl Into<String>) {
        self.0.push(Note {
            gap,
            about: about.into(),
            text: text.into(),
        });
    }
}

/// Every gap, by kind.
#[must_use]
pub fn notes(scenario: &Scenario, objects: &Objects, platform: &Platform) -> Vec<Note> {
    let mut notes = Notes(Vec::new());
    market(&mut notes, scenario, platform);
    node_groups(&mut notes, platform);
    node_classes(&mut notes, objects);
    services(&mut notes, objects);
    added(&mut notes, objects, platform);
    not_simulated(&mut notes, scenario, objects, platform);
    for warning in &scenario.warnings {
        notes.add(Gap::NotSimulated, "the scenario", warning);
    }
    notes.0.sort_by_key(|note| note.gap);
    notes.0
}

fn market(notes: &mut Notes, scenario: &Scenario, platform: &Platform) {
    let mut not_exported = |about: &str, text: &str| notes.add(Gap::NotExported, about, text);
    if scenario.prices.discount_ppm > 0 {
        not_exported(
            "prices.discount",
            "an agreement with AWS; applying this does not bring it about",
        );
    }
    let market = &scenario.market;
    if market.settings.hazard_scale != 1.0 {
        not_exported(
            "market.spot",
            "how often spot capacity goes is weather: simulated, and nothing to apply",
        );
    }
    if !scenario.events.is_empty() {
        not_exported(
            "events",
            "what happens while the cluster runs; the files have the cluster as it begins",
        );
    }
    if !market.settings.droughts.is_empty() {
        not_exported(
            "market.spot.droughts",
            "weather: simulated, and nothing to apply",
        );
    }
    let latency = &market.latency;
    let own = [
        &latency.launch,
        &latency.registration,
        &latency.readiness,
        &latency.device_plugin,
    ];
    if own.iter().any(|dist| dist.is_some()) {
        not_exported(
            "market.latency",
            "figures of the scenario's own for how long machines take; AWS has its own",
        );
    }
    if platform.zones.len() < ZONES_MIN {
        let zones = platform.zones.join(", ");
        not_exported(
            "cluster.availabilityZones",
            &format!(
                "only {zones} was simulated, and EKS wants two: Terraform refuses it until there is a second"
            ),
        );
    }
}

fn node_groups(notes: &mut Notes, platform: &Platform) {
    for group in &platform.node_groups {
        if group.ami_type == "CUSTOM" {
            let text = "images of one's own need a launch template that names them: Terraform refuses it until there is an amiType of EKS";
            notes.add(Gap::NotExported, format!("node group {}", group.name), text);
        }
    }
}

fn node_classes(notes: &mut Notes, objects: &Objects) {
    for class in &objects.node_classes {
        let about = format!("EC2NodeClass {}", class.name);
        let terms = |field: &str| class.body.list_at(&["spec", field]).to_vec();
        for field in ["subnetSelectorTerms", "securityGroupSelectorTerms"] {
            if terms(field).iter().any(|term| term.at(&["tags"]).is_none()) {
                let text = format!(
                    "{field} has a term without tags: it names something of an account, which Terraform here does not make"
                );
                notes.add(Gap::NotExported, &about, text);
            }
        }
        if class.body.at(&["spec", "instanceProfile"]).is_some() {
            let text = "has an instance profile of one's own: neither it nor the access entry of its role is made here";
            notes.add(Gap::NotExported, &about, text);
        }
        let aliases = terms("amiSelectorTerms");
        let mut aliases = aliases.iter().filter_map(|term| term.text_at(&["alias"]));
        if aliases.any(|alias| alias.ends_with("@latest")) {
            let text = "takes the latest image, as written: its nodes are replaced whenever AWS releases one, which was not simulated";
            notes.add(Gap::NotSimulated, &about, text);
        }
    }
}

fn services(notes: &mut Notes, objects: &Objects) {
    for service in &objects.services {
        let about = format!("service {}", service.name);
        if service.port_assumed {
            notes.add(
                Gap::Added,
                &about,
                "its container declares no port; the Service asks for 8080",
            );
        }
        if service.trigger_authentication.is_some() {
            notes.add(
                Gap::Added,
                &about,
                "KEDA asks for the queue's length in the name of its own operator, and names the queue without the account",
            );
        }
    }
}

fn added(notes: &mut Notes, objects: &Objects, platform: &Platform) {
    for (image, pinned) in images(objects) {
        let text = format!(
            "has no tag in the scenario; {pinned} stands for what you released (variable images)"
        );
        notes.add(Gap::Added, format!("image {image}"), text);
    }
    for queue in &platform.queues {
        let senders = match queue.senders.as_slice() {
            [] => "nobody; no journey says which service sends to it".to_owned(),
            senders => format!(
                "{}, the services that the same journeys call",
                senders.join(", ")
            ),
        };
        notes.add(
            Gap::Added,
            format!("queue {}", queue.name),
            format!("may be sent to by {senders}"),
        );
    }
    let tagged = objects.node_classes.iter().any(wildcard);
    if tagged {
        notes.add(
            Gap::Added,
            "subnets and security group",
            "a selector takes any value of a tag; they get the value true",
        );
    }
    notes.add(
        Gap::Added,
        "network",
        "the address range 10.0.0.0/16, of which each zone gets a /19 for nodes and pods and a /24 for load balancers",
    );
    if !platform.has(Feature::Ingress) {
        return;
    }
    notes.add(
        Gap::Added,
        "Ingresses",
        "answer on port 80 until certificate_arns has a certificate for their host; the hosts' DNS records are yours to make",
    );
}

fn wildcard(class: &Object) -> bool {
    ["subnetSelectorTerms", "securityGroupSelectorTerms"]
        .iter()
        .any(|field| {
            let terms = class.body.list_at(&["spec", field]).iter();
            let mut tags = terms.flat_map(|term| term.at(&["tags"]).map_or(&[][..], Data::entries));
            tags.any(|(_, value)| value.as_text() == Some("*"))
        })
}

fn not_simulated(notes: &mut Notes, scenario: &Scenario, objects: &Objects, platform: &Platform) {
    let mut controllers = vec!["CoreDNS"];
    let optional = [
        ("Karpenter", Feature::Karpenter),
        ("Cluster Autoscaler", Feature::ClusterAutoscaler),
        ("KEDA", Feature::Keda),
        ("the load balancer controller", Feature::Ingress),
    ];
    let there = optional
        .into_iter()
        .filter(|(_, feature)| platform.has(*feature));
    controllers.extend(there.map(|(name, _)| name));
    if objects.needs_metrics_server() {
        controllers.push("the metrics server");
    }
    notes.add(
        Gap::NotSimulated,
        "controllers",
        format!(
            "{} run on the managed nodes, about a core in all, and were not simulated",
            controllers.join(", ")
        ),
    );
    let daemons = ["aws-node", "kube-proxy", "eks-pod-identity-agent"];
    let missing: Vec<&str> = daemons
        .into_iter()
        .filter(|name| !objects.has_addon(name))
        .collect();
    if !missing.is_empty() {
        notes.add(
            Gap::NotSimulated,
            "DaemonSets",
            format!("{} run on every node of EKS; the scenario does not list them, so their requests were not simulated", missing.join(", ")),
        );
    }
    notes.add(
        Gap::NotSimulated,
        "cost",
        "logs and their storage, KMS, traffic between zones, NAT traffic other than image pulls, snapshots, support and tax \
         are not in the figures above",
    );
    if scenario.frontend.is_some() {
        notes.add(
            Gap::NotSimulated,
            "frontend",
            "uploading the pages, and invalidating them after a release",
        );
    }
}
