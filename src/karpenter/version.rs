//! What did which release of Karpenter change? (spec/karpenter.md 13.4)

use std::fmt;

use crate::des::SimDuration;

/// A release of Karpenter 1, the profile of rules that was true in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version {
    minor: u16,
    patch: u16,
}

/// Most types on a claim before 1.7, and since.
const CLAIM_TYPES: (usize, usize) = (60, 600);
/// A claim that has no instance by then is deleted; since 1.7 (0.1).
const LAUNCH_TIMEOUT: SimDuration = SimDuration::from_secs(5 * 60);

/// Why a text is no version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VersionError {
    /// Not of the form.
    #[error("is `{0}`, which is no version")]
    Form(String),
    /// A release whose rules are not known.
    #[error("is `{0}`, whose rules are not known")]
    Unknown(String),
}

impl Version {
    /// The newest one whose rules are known, and the one meant where none is said.
    pub const NEWEST: Self = Self::new(14, 1);

    /// Release `1.minor.patch`.
    #[must_use]
    pub const fn new(minor: u16, patch: u16) -> Self {
        Self { minor, patch }
    }

    /// The first release of a minor version.
    #[must_use]
    pub const fn minor(minor: u16) -> Self {
        Self::new(minor, 0)
    }

    /// Reads `1.14.1`, `v1.14.1` or `1.14`.
    ///
    /// # Errors
    /// It is no version, or not between 1.0 and [`Self::NEWEST`]'s minor version.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let wrong = || VersionError::Form(text.to_owned());
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok())?
        };
        let parts: Option<Vec<u16>> = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split('.')
            .map(number)
            .collect();
        let (major, version) = match *parts.ok_or_else(wrong)?.as_slice() {
            [major, minor] => (major, Self::minor(minor)),
            [major, minor, patch] => (major, Self::new(minor, patch)),
            _ => return Err(wrong()),
        };
        let known = major == 1 && version.minor <= Self::NEWEST.minor;
        known
            .then_some(version)
            .ok_or_else(|| VersionError::Unknown(text.to_owned()))
    }

    /// Whether Emptiness is tried before Drift; before 1.5 Drift was the first method (4.1).
    #[must_use]
    pub fn looks_for_empty_nodes_first(self) -> bool {
        self >= Self::minor(5)
    }

    /// Whether there are static NodePools and StaticDrift (1.16, 4.1).
    #[must_use]
    pub fn has_static_pools(self) -> bool {
        self >= Self::minor(8)
    }

    /// The most types a claim lists (1.14).
    #[must_use]
    pub fn claim_types(self) -> usize {
        if self >= Self::minor(7) {
            CLAIM_TYPES.1
        } else {
            CLAIM_TYPES.0
        }
    }

    /// How long a claim may wait for an instance; without a timeout of its own, as long as its node may wait to join (3.7).
    #[must_use]
    pub fn launch_timeout(self) -> Option<SimDuration> {
        (self >= Self::minor(7)).then_some(LAUNCH_TIMEOUT)
    }

    /// Whether a command may wait the longer for its replacements the more candidates are queued; before 1.7 each had ten minutes (4.13).
    #[must_use]
    pub fn stretches_the_queue(self) -> bool {
        self >= Self::minor(7)
    }

    /// Whether a pod's `karpenter.sh/do-not-disrupt` may be a duration since its start (4.3).
    #[must_use]
    pub fn knows_do_not_disrupt_durations(self) -> bool {
        self >= Self::minor(12)
    }

    /// Whether candidates go by price per disruption, and a node whose pods nobody would miss counts as empty; before 1.14 they went by
    /// disruption cost and remaining lifetime, and an empty node had no reschedulable pods (4.4).
    #[must_use]
    pub fn weighs_price_against_disruption(self) -> bool {
        self >= Self::minor(14)
    }

    /// Whether nodes inside their `consolidateAfter` window take no pods of a consolidation (1.9).
    #[must_use]
    pub fn protects_destinations(self) -> bool {
        self >= Self::minor(14)
    }

    /// Whether the gate ReservedCapacity is on where nothing is said (13.4).
    #[must_use]
    pub fn reserves_capacity(self) -> bool {
        self >= Self::minor(6)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}.{}", self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_releases() {
        for (text, version) in [
            ("1.14.1", Version::NEWEST),
            ("v1.14.1", Version::NEWEST),
            ("1.14", Version::minor(14)),
            ("1.0.9", Version::new(0, 9)),
        ] {
            assert_eq!(Version::parse(text), Ok(version), "{text}");
        }
        assert_eq!(Version::NEWEST.to_string(), "1.14.1");
        assert!(Version::minor(5) < Version::minor(14));
        for text in ["", "1", "1.", "1.x", "1.2.3.4", "1.+4", "latest", "1.99999"] {
            let error = Version::parse(text);
            assert!(matches!(error, Err(VersionError::Form(_))), "{text}");
        }
        for text in ["0.37.0", "1.15.0", "2.0.0"] {
            let error = Version::parse(text);
            assert!(matches!(error, Err(VersionError::Unknown(_))), "{text}");
        }
    }

    /// By minor version 0, 5, 8 and 14.
    #[test]
    fn the_profiles_of_four_releases() {
        let of = |rule: fn(Version) -> bool| [0, 5, 8, 14].map(|minor| rule(Version::minor(minor)));
        assert_eq!(
            of(Version::looks_for_empty_nodes_first),
            [false, true, true, true]
        );
        assert_eq!(of(Version::has_static_pools), [false, false, true, true]);
        assert_eq!(of(Version::stretches_the_queue), [false, false, true, true]);
        assert_eq!(of(Version::reserves_capacity), [false, false, true, true]);
        let durations = Version::knows_do_not_disrupt_durations;
        assert_eq!(of(durations), [false, false, false, true]);
        let price = Version::weighs_price_against_disruption;
        assert_eq!(of(price), [false, false, false, true]);
        let protected = Version::protects_destinations;
        assert_eq!(of(protected), [false, false, false, true]);
        let types = [0, 5, 8, 14].map(|minor| Version::minor(minor).claim_types());
        assert_eq!(types, [60, 60, 600, 600]);
        assert_eq!(Version::minor(6).launch_timeout(), None);
        assert_eq!(Version::minor(7).launch_timeout(), Some(LAUNCH_TIMEOUT));
    }
}
