//! Taints and tolerations (spec/kubernetes.md 1.7).

use serde::Deserialize;

/// What a taint does to a pod that does not tolerate it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
pub enum Effect {
    /// Not scheduled there.
    NoSchedule,
    /// Scheduled there only if nothing better is found.
    PreferNoSchedule,
    /// Not scheduled there, and removed if running there.
    NoExecute,
}

/// A taint of a node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taint {
    /// Label-like key.
    pub key: String,
    /// Empty where the manifest gives none.
    #[serde(default)]
    pub value: String,
    /// What it does.
    pub effect: Effect,
}

/// How a toleration compares its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Deserialize)]
pub enum TolerationOperator {
    /// Key and value are those of the taint.
    #[default]
    Equal,
    /// The key is that of the taint; an absent key tolerates every taint.
    Exists,
}

/// A toleration of a pod.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// Empty with operator `Exists` means every key.
    #[serde(default)]
    pub key: String,
    /// `Equal` unless given.
    #[serde(default)]
    pub operator: TolerationOperator,
    /// Compared by `Equal`.
    #[serde(default)]
    pub value: String,
    /// Every effect where absent.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// How long a `NoExecute` taint is borne; forever where absent.
    #[serde(default)]
    pub toleration_seconds: Option<i64>,
}

impl Toleration {
    /// Whether this toleration covers the taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let effect = self.effect.is_none_or(|effect| effect == taint.effect);
        let key = self.key == taint.key
            || (self.key.is_empty() && self.operator == TolerationOperator::Exists);
        let value = self.operator == TolerationOperator::Exists || self.value == taint.value;
        effect && key && value
    }
}

/// Whether some toleration covers the taint.
#[must_use]
pub fn tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations
        .iter()
        .any(|toleration| toleration.tolerates(taint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str, effect: Effect) -> Taint {
        Taint {
            key: key.into(),
            value: value.into(),
            effect,
        }
    }

    #[test]
    fn equal_compares_key_value_and_effect() {
        let gpu = taint("nvidia.com/gpu", "true", Effect::NoSchedule);
        let toleration = Toleration {
            key: "nvidia.com/gpu".into(),
            value: "true".into(),
            ..Toleration::default()
        };
        assert!(toleration.tolerates(&gpu));
        assert!(!toleration.tolerates(&taint("nvidia.com/gpu", "", Effect::NoSchedule)));
        let only_execute = Toleration {
            effect: Some(Effect::NoExecute),
            ..toleration
        };
        assert!(!only_execute.tolerates(&gpu));
    }

    #[test]
    fn exists_without_key_tolerates_everything() {
        let all = Toleration {
            operator: TolerationOperator::Exists,
            ..Toleration::default()
        };
        assert!(all.tolerates(&taint("a", "b", Effect::NoExecute)));
        assert!(!Toleration::default().tolerates(&taint("a", "b", Effect::NoExecute)));
    }
}
