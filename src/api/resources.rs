//! Resource vectors: what a pod asks for and a node offers, as one fixed array of integers.

use std::ops::{Add, AddAssign, Index, IndexMut, Sub, SubAssign};

use super::Quantity;

/// A kind of resource and its place in [`Resources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Resource {
    /// Millicores.
    Cpu,
    /// Bytes.
    Memory,
    /// Pods; every pod asks for one.
    Pods,
    /// Bytes.
    EphemeralStorage,
    /// `nvidia.com/gpu`, whole devices.
    NvidiaGpu,
    /// `amd.com/gpu`, whole devices.
    AmdGpu,
    /// `aws.amazon.com/neuron`, whole devices.
    Neuron,
    /// `aws.amazon.com/neuroncore`, cores.
    NeuronCore,
    /// `habana.ai/gaudi`, whole devices.
    Gaudi,
    /// `vpc.amazonaws.com/efa`, interfaces.
    Efa,
    /// `vpc.amazonaws.com/pod-eni`, branch interfaces.
    PodEni,
    /// `vpc.amazonaws.com/PrivateIPv4Address`, addresses.
    PrivateIpv4,
}

/// How many kinds of resource there are.
pub const RESOURCE_KINDS: usize = 12;

impl Resource {
    /// All kinds in the order of their places.
    pub const ALL: [Self; RESOURCE_KINDS] = [
        Self::Cpu,
        Self::Memory,
        Self::Pods,
        Self::EphemeralStorage,
        Self::NvidiaGpu,
        Self::AmdGpu,
        Self::Neuron,
        Self::NeuronCore,
        Self::Gaudi,
        Self::Efa,
        Self::PodEni,
        Self::PrivateIpv4,
    ];

    /// The name Kubernetes knows it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Pods => "pods",
            Self::EphemeralStorage => "ephemeral-storage",
            Self::NvidiaGpu => "nvidia.com/gpu",
            Self::AmdGpu => "amd.com/gpu",
            Self::Neuron => "aws.amazon.com/neuron",
            Self::NeuronCore => "aws.amazon.com/neuroncore",
            Self::Gaudi => "habana.ai/gaudi",
            Self::Efa => "vpc.amazonaws.com/efa",
            Self::PodEni => "vpc.amazonaws.com/pod-eni",
            Self::PrivateIpv4 => "vpc.amazonaws.com/PrivateIPv4Address",
        }
    }

    /// The kind with this Kubernetes name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is an extended resource: whole devices that are never overcommitted and may be absent from a node.
    #[must_use]
    pub const fn is_extended(self) -> bool {
        self as u8 >= Self::NvidiaGpu as u8
    }

    /// A quantity in the unit of this kind: millicores for CPU, whole units for all else.
    #[must_use]
    pub fn amount(self, quantity: Quantity) -> i64 {
        match self {
            Self::Cpu => quantity.millis(),
            _ => quantity.units(),
        }
    }

    /// The quantity of an amount in the unit of this kind.
    #[must_use]
    pub const fn quantity(self, amount: i64) -> Quantity {
        match self {
            Self::Cpu => Quantity::from_millis(amount),
            _ => Quantity::from_units(amount),
        }
    }
}

/// An amount of every kind of resource. May be negative (what is left of an overcommitted node).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Resources([i64; RESOURCE_KINDS]);

impl Resources {
    /// Nothing of anything.
    pub const ZERO: Self = Self([0; RESOURCE_KINDS]);

    /// CPU in millicores and memory in bytes, nothing else.
    #[must_use]
    pub fn cpu_memory(cpu_millis: i64, memory_bytes: i64) -> Self {
        Self::ZERO
            .with(Resource::Cpu, cpu_millis)
            .with(Resource::Memory, memory_bytes)
    }

    /// The same with one kind set.
    #[must_use]
    pub fn with(mut self, kind: Resource, amount: i64) -> Self {
        self[kind] = amount;
        self
    }

    /// Whether every amount is at most the other's: `requests.fits(allocatable)`.
    #[must_use]
    pub fn fits(&self, within: &Self) -> bool {
        let mut exceeds = false;
        for kind in 0..RESOURCE_KINDS {
            exceeds |= self.0[kind] > within.0[kind];
        }
        !exceeds
    }

    /// How many times these requests fit within what is there. Requests of nothing fit endlessly.
    #[must_use]
    pub fn times_in(&self, within: &Self) -> u64 {
        let asked = self
            .0
            .iter()
            .zip(&within.0)
            .filter(|&(&request, _)| request > 0);
        let times = asked.map(|(request, room)| (room / request).max(0) as u64);
        times.min().unwrap_or(u64::MAX >> 32)
    }

    /// Whether any amount is below zero.
    #[must_use]
    pub fn any_negative(&self) -> bool {
        self.0.iter().any(|&amount| amount < 0)
    }

    /// Whether every amount is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|&amount| amount == 0)
    }

    /// The larger of each kind.
    #[must_use]
    pub fn max(&self, other: &Self) -> Self {
        let mut most = *self;
        for kind in 0..RESOURCE_KINDS {
            most.0[kind] = most.0[kind].max(other.0[kind]);
        }
        most
    }

    /// The smaller of each kind.
    #[must_use]
    pub fn min(&self, other: &Self) -> Self {
        let mut least = *self;
        for kind in 0..RESOURCE_KINDS {
            least.0[kind] = least.0[kind].min(other.0[kind]);
        }
        least
    }

    /// Kinds with a non-zero amount, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Resource, i64)> + '_ {
        Resource::ALL
            .into_iter()
            .map(|kind| (kind, self[kind]))
            .filter(|&(_, amount)| amount != 0)
    }
}

impl Index<Resource> for Resources {
    type Output = i64;
    fn index(&self, kind: Resource) -> &i64 {
        &self.0[kind as usize]
    }
}

impl IndexMut<Resource> for Resources {
    fn index_mut(&mut self, kind: Resource) -> &mut i64 {
        &mut self.0[kind as usize]
    }
}

impl AddAssign for Resources {
    fn add_assign(&mut self, other: Self) {
        for kind in 0..RESOURCE_KINDS {
            self.0[kind] += other.0[kind];
        }
    }
}

impl SubAssign for Resources {
    fn sub_assign(&mut self, other: Self) {
        for kind in 0..RESOURCE_KINDS {
            self.0[kind] -= other.0[kind];
        }
    }
}

impl Add for Resources {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sub for Resources {
    type Output = Self;
    fn sub(mut self, other: Self) -> Self {
        self -= other;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_place_and_name() {
        for (place, kind) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(Resource::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn fitting_is_componentwise() {
        let node = Resources::cpu_memory(1930, 1 << 30).with(Resource::Pods, 29);
        let pod = Resources::cpu_memory(1930, 1 << 29).with(Resource::Pods, 1);
        assert!(pod.fits(&node));
        assert!(!(pod + pod).fits(&node));
        assert!(!pod.with(Resource::NvidiaGpu, 1).fits(&node));
        assert!((node - pod - pod).any_negative());
    }

    #[test]
    fn the_scarcest_resource_says_how_many_fit() {
        let pod = Resources::cpu_memory(500, 1 << 28).with(Resource::Pods, 1);
        let room = Resources::cpu_memory(1_900, 1 << 30).with(Resource::Pods, 29);
        assert_eq!(pod.times_in(&room), 3);
        assert_eq!(pod.with(Resource::NvidiaGpu, 1).times_in(&room), 0);
        assert_eq!(pod.times_in(&(room - room - pod)), 0);
    }
}
