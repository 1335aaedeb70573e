//! What an EC2NodeClass says about every instance launched under it (spec/karpenter.md 2.2-2.5, 6.4).

use crate::api::{Quantity, Resource, Symbol};

/// Bytes in a Mi.
pub const MIB: i64 = 1 << 20;
/// Bytes in a Gi.
pub const GIB: i64 = 1 << 30;

/// The settings of a node class, and of the controller behind it, that decide what its nodes offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeClassParams {
    /// The image family.
    pub ami_family: AmiFamily,
    /// Zones that have a matching subnet; every zone of the region where `None`.
    pub zones: Option<Vec<Symbol>>,
    /// Settings of the kubelet.
    pub kubelet: Kubelet,
    /// Volumes in manifest order; the family's default volume where empty.
    pub block_devices: Vec<BlockDevice>,
    /// `instanceStorePolicy: RAID0`.
    pub instance_store_raid0: bool,
    /// `networkInterfaces`; as the type has them where `None`.
    pub interfaces: Option<Interfaces>,
    /// Network interfaces Karpenter leaves out of its pod count (`RESERVED_ENIS`).
    pub reserved_enis: u32,
    /// Share of memory the hypervisor is taken to keep, in parts per million (`VM_MEMORY_OVERHEAD_PERCENT`, 0.075).
    pub vm_memory_overhead_ppm: u32,
}

impl Default for NodeClassParams {
    fn default() -> Self {
        Self {
            ami_family: AmiFamily::Al2023,
            zones: None,
            kubelet: Kubelet::default(),
            block_devices: Vec::new(),
            instance_store_raid0: false,
            interfaces: None,
            reserved_enis: 0,
            vm_memory_overhead_ppm: 75_000,
        }
    }
}

/// The EFA interfaces among `networkInterfaces`, which give pods no addresses (spec/karpenter.md 2.1, 2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Interfaces {
    /// On every card.
    pub efa_only: u32,
    /// On the first card, whose addresses are the pods'.
    pub efa_only_on_first_card: u32,
}

/// A family of machine images and its rules (spec/karpenter.md 2.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AmiFamily {
    /// Amazon Linux 2.
    Al2,
    /// Amazon Linux 2023.
    Al2023,
    /// Bottlerocket.
    Bottlerocket,
    /// Windows Server 2019, 2022 and 2025.
    Windows,
    /// The user's own images.
    Custom,
}

impl AmiFamily {
    /// The family an `amiFamily`, or the part of an alias before `@`, names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "al2" => Some(Self::Al2),
            "al2023" => Some(Self::Al2023),
            "bottlerocket" => Some(Self::Bottlerocket),
            "windows2019" | "windows2022" | "windows2025" => Some(Self::Windows),
            "custom" => Some(Self::Custom),
            _ => None,
        }
    }

    /// Whether the number of pods follows from the network interfaces.
    #[must_use]
    pub const fn eni_limited_density(self) -> bool {
        !matches!(self, Self::Windows)
    }

    /// Whether reserved memory follows from the network interfaces even where `maxPods` is set.
    #[must_use]
    pub const fn eni_limited_memory_overhead(self) -> bool {
        matches!(self, Self::Al2 | Self::Al2023 | Self::Custom)
    }

    /// Whether `podsPerCore` is heeded.
    #[must_use]
    pub const fn pods_per_core(self) -> bool {
        !matches!(self, Self::Bottlerocket)
    }

    /// The device that carries pods' ephemeral storage, where the family has one of its own.
    #[must_use]
    pub const fn ephemeral_device(self) -> Option<&'static str> {
        match self {
            Self::Al2 | Self::Al2023 => Some("/dev/xvda"),
            Self::Bottlerocket => Some("/dev/xvdb"),
            Self::Windows => Some("/dev/sda1"),
            Self::Custom => None,
        }
    }

    /// Size in bytes of that device where no block device is given.
    #[must_use]
    pub const fn default_ephemeral_bytes(self) -> i64 {
        match self {
            Self::Windows => 50 * GIB,
            Self::Al2 | Self::Al2023 | Self::Bottlerocket | Self::Custom => 20 * GIB,
        }
    }

    /// The value of `kubernetes.io/os`.
    #[must_use]
    pub const fn os(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Al2 | Self::Al2023 | Self::Bottlerocket | Self::Custom => "linux",
        }
    }

    /// Whether images of the family boot on instance family `family` (`m7g`, ...).
    #[must_use]
    pub fn boots_on(self, family: &str) -> bool {
        !(self == Self::Al2023 && family == "a1")
    }
}

/// `kubelet` of a node class.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kubelet {
    /// Most pods, instead of what the network interfaces allow.
    pub max_pods: Option<u32>,
    /// Most pods per vCPU; zero means no such limit.
    pub pods_per_core: Option<u32>,
    /// What Kubernetes keeps: each kind given replaces the computed amount of that kind. Units of [`Resource`].
    pub kube_reserved: Vec<(Resource, i64)>,
    /// What the system keeps; nothing where absent. Units of [`Resource`].
    pub system_reserved: Vec<(Resource, i64)>,
    /// `evictionHard` `memory.available`; 100 Mi where absent.
    pub evict_memory_below: Option<Threshold>,
    /// `evictionHard` `nodefs.available`; 10 % where absent.
    pub evict_storage_below: Option<Threshold>,
}

/// An eviction threshold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Threshold {
    /// Bytes.
    Bytes(i64),
    /// Parts per million of capacity; `100%` switches the threshold off and reads as zero.
    Ppm(u32),
}

impl Threshold {
    /// Reads `5%`, `7.5%` or a quantity such as `200Mi`.
    ///
    /// # Errors
    /// A sentence that says what was wrong and what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no eviction threshold, expected one such as `5%` or `200Mi`");
        let (number, percent) = match text.trim().strip_suffix('%') {
            Some(number) => (number, true),
            None => (text, false),
        };
        let quantity = Quantity::parse(number).map_err(|_| wrong())?;
        match (percent, quantity.millis()) {
            (_, ..0) => Err(wrong()),
            (false, _) => Ok(Self::Bytes(quantity.units())),
            (true, 100_000) => Ok(Self::Ppm(0)),
            (true, thousandths @ 0..100_000) => Ok(Self::Ppm(thousandths as u32 * 10)),
            (true, _) => Err(wrong()),
        }
    }

    /// The threshold in bytes for a capacity in bytes, rounded up.
    #[must_use]
    pub fn of(self, capacity: i64) -> i64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Ppm(ppm) => share_ppm(capacity, ppm),
        }
    }
}

/// `ppm` parts per million of `amount`, rounded up. Neither may be negative.
pub(super) fn share_ppm(amount: i64, ppm: u32) -> i64 {
    let millionths = i128::from(amount) * i128::from(ppm);
    ((millionths + 999_999) / 1_000_000) as i64
}

/// One `blockDeviceMappings` entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockDevice {
    /// `/dev/xvda`, ...
    pub name: String,
    /// Whether it is marked `rootVolume`.
    pub root_volume: bool,
    /// Size in bytes, where given.
    pub bytes: Option<i64>,
}
