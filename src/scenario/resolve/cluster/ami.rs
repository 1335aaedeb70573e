//! Which images do the `amiType`s of managed node groups stand for?

use crate::cloud::AmiFamily;

/// An `amiType`.
#[derive(Clone, Copy, Debug)]
pub(super) struct AmiType {
    pub(super) family: AmiFamily,
    /// `amd64` or `arm64`; any where the images are one's own.
    pub(super) arch: Option<&'static str>,
}

const fn ami(family: AmiFamily, arch: &'static str) -> AmiType {
    AmiType {
        family,
        arch: Some(arch),
    }
}

/// Every `amiType` of the EKS API that is modelled.
pub(super) const AMI_TYPES: [(&str, AmiType); 18] = [
    ("AL2023_x86_64_STANDARD", ami(AmiFamily::Al2023, "amd64")),
    ("AL2023_ARM_64_STANDARD", ami(AmiFamily::Al2023, "arm64")),
    ("AL2023_x86_64_NEURON", ami(AmiFamily::Al2023, "amd64")),
    ("AL2023_x86_64_NVIDIA", ami(AmiFamily::Al2023, "amd64")),
    ("AL2023_ARM_64_NVIDIA", ami(AmiFamily::Al2023, "arm64")),
    ("AL2_x86_64", ami(AmiFamily::Al2, "amd64")),
    ("AL2_x86_64_GPU", ami(AmiFamily::Al2, "amd64")),
    ("AL2_ARM_64", ami(AmiFamily::Al2, "arm64")),
    ("BOTTLEROCKET_x86_64", ami(AmiFamily::Bottlerocket, "amd64")),
    ("BOTTLEROCKET_ARM_64", ami(AmiFamily::Bottlerocket, "arm64")),
    (
        "BOTTLEROCKET_x86_64_NVIDIA",
        ami(AmiFamily::Bottlerocket, "amd64"),
    ),
    (
        "BOTTLEROCKET_ARM_64_NVIDIA",
        ami(AmiFamily::Bottlerocket, "arm64"),
    ),
    (
        "BOTTLEROCKET_x86_64_FIPS",
        ami(AmiFamily::Bottlerocket, "amd64"),
    ),
    (
        "BOTTLEROCKET_ARM_64_FIPS",
        ami(AmiFamily::Bottlerocket, "arm64"),
    ),
    ("WINDOWS_CORE_2019_x86_64", ami(AmiFamily::Windows, "amd64")),
    ("WINDOWS_CORE_2022_x86_64", ami(AmiFamily::Windows, "amd64")),
    ("WINDOWS_FULL_2022_x86_64", ami(AmiFamily::Windows, "amd64")),
    (
        "CUSTOM",
        AmiType {
            family: AmiFamily::Custom,
            arch: None,
        },
    ),
];

/// What an absent `amiType` means: Amazon Linux 2023 for whatever the instance types are.
pub(super) const DEFAULT: AmiType = AmiType {
    family: AmiFamily::Al2023,
    arch: None,
};

/// The name of [`DEFAULT`] for an architecture.
pub(super) fn default_name(arch: &str) -> &'static str {
    if arch == "arm64" {
        "AL2023_ARM_64_STANDARD"
    } else {
        "AL2023_x86_64_STANDARD"
    }
}
