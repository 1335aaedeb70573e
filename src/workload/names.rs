//! Which number stands for this name? Categories, wards and channels as small integers.

use std::collections::BTreeMap;

/// Names, numbered in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<String>,
    places: BTreeMap<String, u16>,
}

impl Names {
    /// How many names there may be.
    pub(super) const MAX: usize = 1 << 16;

    /// The number of `name`, the next one if it is new; `None` if all are taken.
    pub(super) fn intern(&mut self, name: &str) -> Option<u16> {
        if let Some(&place) = self.places.get(name) {
            return Some(place);
        }
        let place = u16::try_from(self.names.len()).ok()?;
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        Some(place)
    }

    /// The number of `name`, if it has one.
    pub(super) fn get(&self, name: &str) -> Option<u16> {
        self.places.get(name).copied()
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_as_they_appear_until_numbers_run_out() {
        let mut names = Names::default();
        assert_eq!(names.intern("Snow"), Some(0));
        assert_eq!(names.intern("Road"), Some(1));
        assert_eq!(
            (names.intern("Snow"), names.get("Road"), names.get("Tree")),
            (Some(0), Some(1), None)
        );
        (2..Names::MAX).for_each(|i| assert!(names.intern(&i.to_string()).is_some()));
        assert_eq!(
            (names.intern("Tree"), names.intern("Snow")),
            (None, Some(0))
        );
    }
}
