//! Which values of Karpenter's chart does the simulation heed, and which does it carry to the export? (spec/karpenter.md 7, 13.4)

use crate::api::{GoDuration, Quantity};
use crate::des::SimDuration;
use crate::karpenter::Version;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::release::since;
use crate::scenario::spec::karpenter::KarpenterSettingsSpec;
use crate::scenario::tree::{Node, Value, child};

const SETTINGS: &str = "cluster.karpenter.settings";
const VALUES_AT: &str = "cluster.karpenter.values";
/// `settings.batchIdleDuration` where absent.
const BATCH_IDLE: GoDuration = GoDuration::from_secs(1);
/// `settings.batchMaxDuration` where absent.
const BATCH_MAX: GoDuration = GoDuration::from_secs(10);
/// `settings.vmMemoryOverheadPercent` where absent.
const VM_MEMORY_OVERHEAD: f64 = 0.075;
/// The least `settings.amiRefreshInterval` and `settings.subnetRefreshInterval`.
const LEAST_REFRESH: GoDuration = GoDuration::from_secs(60);

/// What becomes of a key.
enum Fate {
    /// The simulation heeds it.
    Heeded,
    /// It is carried to the export. Whoever states the default states nothing, and is not warned.
    Carried(Absent),
}

/// What a carried key says where it is absent.
enum Absent {
    Flag(bool),
    Text(&'static str),
}

use Absent::{Flag, Text};
use Fate::{Carried, Heeded};

/// Every key of the chart's `settings`: the minor version that brought it, and its fate.
const KEYS: [(&str, u16, Fate); 24] = [
    ("batchIdleDuration", 0, Heeded),
    ("batchMaxDuration", 0, Heeded),
    ("preferencePolicy", 4, Heeded),
    ("minValuesPolicy", 6, Heeded),
    ("vmMemoryOverheadPercent", 0, Heeded),
    ("reservedENIs", 0, Heeded),
    ("interruptionQueue", 0, Heeded),
    ("featureGates.spotToSpotConsolidation", 0, Heeded),
    ("featureGates.nodeRepair", 1, Heeded),
    ("featureGates.reservedCapacity", 3, Heeded),
    ("featureGates.nodeOverlay", 7, Carried(Flag(false))),
    ("featureGates.staticCapacity", 8, Heeded),
    ("featureGates.capacityBuffer", 14, Carried(Flag(false))),
    ("clusterName", 0, Carried(Text(""))),
    ("clusterEndpoint", 0, Carried(Text(""))),
    ("clusterCABundle", 0, Carried(Text(""))),
    ("isolatedVPC", 0, Carried(Flag(false))),
    ("eksControlPlane", 1, Carried(Flag(false))),
    ("disableDryRun", 7, Carried(Flag(false))),
    ("disableClusterStateObservability", 8, Carried(Flag(false))),
    ("ignoreDRARequests", 8, Carried(Flag(true))),
    ("enableZonalShift", 12, Carried(Flag(false))),
    ("amiRefreshInterval", 13, Carried(Text("1m"))),
    ("subnetRefreshInterval", 13, Carried(Text("1m"))),
];

/// The chart's top level besides `settings`.
const VALUES: [&str; 33] = [
    "additionalAnnotations",
    "additionalClusterRoleRules",
    "additionalLabels",
    "affinity",
    "controller",
    "dnsConfig",
    "dnsPolicy",
    "extraVolumes",
    "fullnameOverride",
    "hostNetwork",
    "imagePullPolicy",
    "imagePullSecrets",
    "initContainers",
    "logErrorOutputPaths",
    "logLevel",
    "logOutputPaths",
    "nameOverride",
    "nodeSelector",
    "podAnnotations",
    "podDisruptionBudget",
    "podLabels",
    "podSecurityContext",
    "priorityClassName",
    "replicas",
    "revisionHistoryLimit",
    "schedulerName",
    "service",
    "serviceAccount",
    "serviceMonitor",
    "strategy",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
];

/// The settings the simulation heeds.
pub(super) struct Settings {
    pub(super) batch_idle: SimDuration,
    pub(super) batch_max: SimDuration,
    pub(super) respect_preferences: bool,
    pub(super) best_effort_min_values: bool,
    pub(super) vm_memory_overhead_ppm: u32,
    pub(super) reserved_enis: u32,
    pub(super) interruption_queue: bool,
    pub(super) spot_to_spot: bool,
    pub(super) reserved_capacity: bool,
    pub(super) static_capacity: bool,
    pub(super) node_repair: bool,
}

/// Reads the settings, and says of every value that is too new for the release or of no effect what becomes of it.
pub(super) fn settings(
    cx: &mut Context<'_>,
    settings: &KarpenterSettingsSpec,
    version: Version,
) -> Settings {
    for (key, first, fate) in &KEYS {
        let at = format!("{SETTINGS}.{key}");
        let Some(node) = cx.node(&at).filter(|node| !node.is_null()) else {
            continue;
        };
        since(cx, &at, &at, Version::minor(*first));
        if let Carried(absent) = fate
            && version >= Version::minor(*first)
            && !absent.is(node)
        {
            carried(cx, &at);
        }
    }
    for (field, interval) in [
        ("amiRefreshInterval", settings.ami_refresh_interval),
        ("subnetRefreshInterval", settings.subnet_refresh_interval),
    ] {
        let fits = interval.is_none_or(|interval| interval >= LEAST_REFRESH);
        let at = format!("{SETTINGS}.{field}");
        cx.require(fits, &at, "is too short", "expected at least `1m`");
    }
    let (batch_idle, batch_max) = batch(cx, settings);
    let reserved_enis = settings
        .reserved_enis
        .map_or(0, |enis| reserved_enis(cx, enis));
    let overhead = settings
        .vm_memory_overhead_percent
        .unwrap_or(VM_MEMORY_OVERHEAD);
    let overhead = cx.share(&format!("{SETTINGS}.vmMemoryOverheadPercent"), overhead);
    let queue = settings.interruption_queue.as_deref();
    Settings {
        batch_idle,
        batch_max,
        respect_preferences: choice(
            cx,
            "preferencePolicy",
            settings.preference_policy.as_deref(),
            [("Respect", true), ("Ignore", false)],
        ),
        best_effort_min_values: choice(
            cx,
            "minValuesPolicy",
            settings.min_values_policy.as_deref(),
            [("Strict", false), ("BestEffort", true)],
        ),
        vm_memory_overhead_ppm: (overhead * 1e6).round() as u32,
        reserved_enis,
        interruption_queue: queue.is_some_and(|queue| !queue.is_empty()),
        spot_to_spot: settings
            .feature_gates
            .spot_to_spot_consolidation
            .unwrap_or(false),
        reserved_capacity: settings
            .feature_gates
            .reserved_capacity
            .unwrap_or(version.reserves_capacity()),
        static_capacity: settings.feature_gates.static_capacity.unwrap_or(false),
        node_repair: settings.feature_gates.node_repair.unwrap_or(false),
    }
}

/// The chart's other values: names it has, each carried.
pub(super) fn values(cx: &mut Context<'_>, values: Option<&Node>) {
    for (key, _) in values.map_or(&[][..], Node::entries) {
        let at = child(VALUES_AT, &key.text);
        if key.text == "settings" {
            cx.expected(
                &at,
                "does not belong here",
                format!("expected under `{SETTINGS}`"),
            );
        } else if VALUES.contains(&key.text.as_str()) {
            carried(cx, &at);
        } else {
            cx.unknown(&at, "value of the chart", &key.text, VALUES);
        }
    }
}

fn carried(cx: &mut Context<'_>, path: &str) {
    let message = format!("`{path}` is not modelled: carried to the export unchanged");
    cx.push(Diagnostic::warning(cx.span(path), message));
}

impl Absent {
    /// Whether a value says what its absence says.
    fn is(&self, node: &Node) -> bool {
        match (self, &node.value) {
            (Flag(default), Value::Bool(stated)) => stated == default,
            (Text(default), Value::Str(stated)) => stated == default,
            _ => false,
        }
    }
}

fn batch(cx: &mut Context<'_>, settings: &KarpenterSettingsSpec) -> (SimDuration, SimDuration) {
    let idle = settings.batch_idle_duration.unwrap_or(BATCH_IDLE);
    let most = settings.batch_max_duration.unwrap_or(BATCH_MAX);
    let at = format!("{SETTINGS}.batchMaxDuration");
    let expected = format!("expected at least `{idle}`");
    cx.require(idle <= most, &at, "is below `batchIdleDuration`", &expected);
    let idle = cx.positive_time(&format!("{SETTINGS}.batchIdleDuration"), idle);
    (idle, cx.positive_time(&at, most))
}

fn reserved_enis(cx: &mut Context<'_>, enis: Quantity) -> u32 {
    let enis = cx.units(&format!("{SETTINGS}.reservedENIs"), enis, 0);
    u32::try_from(enis).unwrap_or(u32::MAX)
}

/// A setting of two words; the first where absent.
fn choice(
    cx: &mut Context<'_>,
    field: &str,
    word: Option<&str>,
    choices: [(&str, bool); 2],
) -> bool {
    let default = choices[0].1;
    let word = word.unwrap_or(choices[0].0);
    let at = format!("{SETTINGS}.{field}");
    cx.choice(&at, "policy", word, &choices).unwrap_or(default)
}
