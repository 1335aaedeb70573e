//! Labels, and the label keys that Kubernetes, Karpenter and its AWS provider know (spec/karpenter.md 1.8).

use super::Symbol;

macro_rules! well_known {
    ($($name:ident = $index:literal, $text:literal;)*) => {
        /// The well-known label keys as symbols: fixed places in every [`super::Symbols`].
        pub mod key {
            use super::Symbol;
            $(#[doc = $text] pub const $name: Symbol = Symbol::fixed($index);)*
        }
        /// The well-known keys in the order of their symbols.
        pub const WELL_KNOWN: &[&str] = &[$($text),*];
    };
}

well_known! {
    HOSTNAME = 0, "kubernetes.io/hostname";
    ZONE = 1, "topology.kubernetes.io/zone";
    REGION = 2, "topology.kubernetes.io/region";
    INSTANCE_TYPE = 3, "node.kubernetes.io/instance-type";
    ARCH = 4, "kubernetes.io/arch";
    OS = 5, "kubernetes.io/os";
    CAPACITY_TYPE = 6, "karpenter.sh/capacity-type";
    NODEPOOL = 7, "karpenter.sh/nodepool";
    WINDOWS_BUILD = 8, "node.kubernetes.io/windows-build";
    ZONE_ID = 9, "topology.k8s.aws/zone-id";
    INSTANCE_CATEGORY = 10, "karpenter.k8s.aws/instance-category";
    INSTANCE_FAMILY = 11, "karpenter.k8s.aws/instance-family";
    INSTANCE_GENERATION = 12, "karpenter.k8s.aws/instance-generation";
    INSTANCE_SIZE = 13, "karpenter.k8s.aws/instance-size";
    INSTANCE_CPU = 14, "karpenter.k8s.aws/instance-cpu";
    INSTANCE_CPU_MANUFACTURER = 15, "karpenter.k8s.aws/instance-cpu-manufacturer";
    INSTANCE_CPU_CLOCK = 16, "karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz";
    INSTANCE_MEMORY = 17, "karpenter.k8s.aws/instance-memory";
    INSTANCE_EBS_BANDWIDTH = 18, "karpenter.k8s.aws/instance-ebs-bandwidth";
    INSTANCE_NETWORK_BANDWIDTH = 19, "karpenter.k8s.aws/instance-network-bandwidth";
    INSTANCE_HYPERVISOR = 20, "karpenter.k8s.aws/instance-hypervisor";
    INSTANCE_ENCRYPTION = 21, "karpenter.k8s.aws/instance-encryption-in-transit-supported";
    INSTANCE_CAPABILITY_FLEX = 22, "karpenter.k8s.aws/instance-capability-flex";
    INSTANCE_LOCAL_NVME = 23, "karpenter.k8s.aws/instance-local-nvme";
    INSTANCE_GPU_NAME = 24, "karpenter.k8s.aws/instance-gpu-name";
    INSTANCE_GPU_MANUFACTURER = 25, "karpenter.k8s.aws/instance-gpu-manufacturer";
    INSTANCE_GPU_COUNT = 26, "karpenter.k8s.aws/instance-gpu-count";
    INSTANCE_GPU_MEMORY = 27, "karpenter.k8s.aws/instance-gpu-memory";
    INSTANCE_ACCELERATOR_NAME = 28, "karpenter.k8s.aws/instance-accelerator-name";
    INSTANCE_ACCELERATOR_MANUFACTURER = 29, "karpenter.k8s.aws/instance-accelerator-manufacturer";
    INSTANCE_ACCELERATOR_COUNT = 30, "karpenter.k8s.aws/instance-accelerator-count";
    INSTANCE_TENANCY = 31, "karpenter.k8s.aws/instance-tenancy";
    CAPACITY_RESERVATION_ID = 32, "karpenter.k8s.aws/capacity-reservation-id";
    CAPACITY_RESERVATION_TYPE = 33, "karpenter.k8s.aws/capacity-reservation-type";
    CAPACITY_RESERVATION_INTERRUPTIBLE = 34, "karpenter.k8s.aws/capacity-reservation-interruptible";
    NITRO_SANDBOX = 35, "karpenter.k8s.aws/nitro-sandbox";
    PLACEMENT_GROUP_ID = 36, "karpenter.k8s.aws/placement-group-id";
    PLACEMENT_GROUP_PARTITION = 37, "karpenter.k8s.aws/placement-group-partition";
    REGISTERED = 38, "karpenter.sh/registered";
    INITIALIZED = 39, "karpenter.sh/initialized";
    NODE_GROUP = 40, "eks.amazonaws.com/nodegroup";
    EKS_CAPACITY_TYPE = 41, "eks.amazonaws.com/capacityType";
}

/// Labels that tell of the capacity reservation an instance is in.
pub const OF_RESERVATION: [Symbol; 3] = [
    key::CAPACITY_RESERVATION_ID,
    key::CAPACITY_RESERVATION_TYPE,
    key::CAPACITY_RESERVATION_INTERRUPTIBLE,
];

/// Keys of [`WELL_KNOWN`] that Karpenter's algebra does not treat as well known (they may not be left undefined by a node).
const NOT_WELL_KNOWN_TO_KARPENTER: [Symbol; 5] = [
    key::HOSTNAME,
    key::REGISTERED,
    key::INITIALIZED,
    key::NODE_GROUP,
    key::EKS_CAPACITY_TYPE,
];

/// Whether Karpenter's "allow undefined well-known labels" covers this key (spec/karpenter.md 1.8).
#[must_use]
pub fn is_well_known(key: Symbol) -> bool {
    key < Symbol::fixed(WELL_KNOWN.len() as u32) && !NOT_WELL_KNOWN_TO_KARPENTER.contains(&key)
}

/// The same of a key by its text.
#[must_use]
pub fn is_well_known_name(key: &str) -> bool {
    let place = WELL_KNOWN.iter().position(|known| *known == key);
    place.is_some_and(|place| is_well_known(Symbol::fixed(place as u32)))
}

/// The stable key for a deprecated one (spec/karpenter.md 1.8).
#[must_use]
pub fn normalized(key: &str) -> &str {
    match key {
        "failure-domain.beta.kubernetes.io/zone" | "topology.ebs.csi.aws.com/zone" => {
            "topology.kubernetes.io/zone"
        }
        "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
        "beta.kubernetes.io/arch" => "kubernetes.io/arch",
        "beta.kubernetes.io/os" => "kubernetes.io/os",
        "beta.kubernetes.io/instance-type" => "node.kubernetes.io/instance-type",
        other => other,
    }
}

/// Labels of one object: key and value symbols, sorted by key, each key once.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct LabelSet(Vec<(Symbol, Symbol)>);

impl LabelSet {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: Symbol) -> Option<Symbol> {
        self.0
            .binary_search_by_key(&key, |&(k, _)| k)
            .ok()
            .map(|at| self.0[at].1)
    }

    /// Sets `key`, replacing what it was.
    pub fn insert(&mut self, key: Symbol, value: Symbol) {
        match self.0.binary_search_by_key(&key, |&(k, _)| k) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// Takes `key` away.
    pub fn remove(&mut self, key: Symbol) {
        if let Ok(at) = self.0.binary_search_by_key(&key, |&(k, _)| k) {
            self.0.remove(at);
        }
    }

    /// Key and value pairs in key order.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, Symbol)> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Symbol, Symbol)> for LabelSet {
    fn from_iter<I: IntoIterator<Item = (Symbol, Symbol)>>(pairs: I) -> Self {
        let mut labels = Self::default();
        for (key, value) in pairs {
            labels.insert(key, value);
        }
        labels
    }
}
