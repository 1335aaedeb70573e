//! What is true of an instance type everywhere: the hardware and network facts Karpenter's labels and formulas read
//! (spec/karpenter.md 2.1, 2.6). Where they come from stands in `data/SOURCE.md`.

use std::io::Read;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::api::{Resource, Resources};

/// The facts of one type. What a type does not have is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct TypeFacts {
    /// `m7g.large`.
    pub instance_type: String,
    /// Leading letters of the name, such as `m`.
    pub category: String,
    /// The name before the dot, such as `m7g`.
    pub family: String,
    /// The number in the family's name.
    pub generation: u32,
    /// The name after the dot.
    pub size: String,
    /// Virtual CPUs.
    pub vcpu: u32,
    /// Nominal memory in MiB.
    pub memory_mib: i64,
    /// `amd64` or `arm64`.
    pub arch: String,
    /// `intel`, `amd` or `aws`.
    pub cpu_manufacturer: String,
    /// Sustained clock in MHz.
    pub clock_mhz: Option<u32>,
    /// `nitro` or `xen`; empty for bare metal.
    pub hypervisor: String,
    /// Whether the CPU is shared below full use (`m7i-flex`, ...).
    pub flex: bool,
    /// Whether traffic between instances is encrypted.
    pub encryption_in_transit: bool,
    /// Most EBS throughput in Mbps.
    pub ebs_mbps: Option<u32>,
    /// Baseline network bandwidth in Mbps.
    pub network_mbps: Option<u32>,
    /// Local NVMe in decimal GB.
    pub local_nvme_gb: Option<u32>,
    /// Local disks of any kind in decimal GB.
    pub instance_store_gb: Option<u32>,
    /// `t4`, `a10g`, `l4`, ...
    pub gpu_name: Option<String>,
    /// `nvidia` or `amd`.
    pub gpu_manufacturer: Option<String>,
    /// Whole GPUs; 0 for a fraction of one.
    pub gpu_count: Option<u32>,
    /// Memory of one GPU in MiB.
    pub gpu_memory_mib: Option<u32>,
    /// `inferentia2`, `trainium`, ...
    pub accelerator_name: Option<String>,
    /// `aws`, ...
    pub accelerator_manufacturer: Option<String>,
    /// Accelerators.
    pub accelerator_count: Option<u32>,
    /// Network interfaces of the default card.
    pub enis: u32,
    /// IPv4 addresses of one interface.
    pub ipv4_per_eni: u32,
    /// Branch interfaces for pods with security groups of their own.
    pub branch_enis: Option<i64>,
    nvidia_gpu: Option<i64>,
    amd_gpu: Option<i64>,
    neuron: Option<i64>,
    neuroncore: Option<i64>,
    efa: Option<i64>,
}

impl TypeFacts {
    /// Every known type, by name.
    pub(super) fn all() -> Vec<Self> {
        rows(include_bytes!("../data/types.csv.gz"))
    }

    /// The extended resources the type offers (spec/karpenter.md 2.1).
    #[must_use]
    pub fn devices(&self) -> Resources {
        let mut devices = Resources::ZERO;
        for (kind, count) in [
            (Resource::NvidiaGpu, self.nvidia_gpu),
            (Resource::AmdGpu, self.amd_gpu),
            (Resource::Neuron, self.neuron),
            (Resource::NeuronCore, self.neuroncore),
            (Resource::Efa, self.efa),
            (Resource::PodEni, self.branch_enis),
        ] {
            devices[kind] = count.unwrap_or(0);
        }
        devices
    }
}

/// The rows of an embedded, compressed table.
pub(crate) fn rows<T: DeserializeOwned>(compressed: &[u8]) -> Vec<T> {
    let mut text = String::new();
    GzDecoder::new(compressed)
        .read_to_string(&mut text)
        .expect("embedded tables are whole");
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("embedded tables have the columns of their rows")
}
