//! Which of a pool's types, or of the nodes and claims of a pass? Sets of small indices as words.

/// A set of indices.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set, with room for indices below `len`.
    pub(super) fn none(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// The indices below `len` that `holds` accepts.
    pub(super) fn of(len: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut set = Self::none(len);
        (0..len)
            .filter(|&index| holds(index))
            .for_each(|index| set.insert(index));
        set
    }

    /// Adds an index; the set grows where it must.
    pub(super) fn insert(&mut self, index: usize) {
        if index / 64 >= self.0.len() {
            self.0.resize(index / 64 + 1, 0);
        }
        self.0[index / 64] |= 1 << (index % 64);
    }

    /// Whether the index is in the set.
    #[inline]
    pub(super) fn has(&self, index: usize) -> bool {
        self.0
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// Becomes what `a` and `b` share.
    pub(super) fn set_to_shared(&mut self, a: &Self, b: &Self) {
        self.0.clear();
        self.0.extend(a.0.iter().zip(&b.0).map(|(a, b)| a & b));
    }

    /// Takes away the indices `keeps` refuses.
    #[inline]
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(usize) -> bool) {
        for (place, word) in self.0.iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                if !keeps(place * 64 + bit) {
                    *word &= !(1 << bit);
                }
                rest &= rest - 1;
            }
        }
    }

    /// The indices in the set, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, &word)| {
            std::iter::successors((word != 0).then_some(word), |&rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| place * 64 + rest.trailing_zeros() as usize)
        })
    }

    /// The first index from `from` on, below `len`, that is not in the set.
    #[inline]
    pub(super) fn next_absent(&self, from: usize, len: usize) -> Option<usize> {
        let mut index = from;
        while index < len {
            let Some(word) = self.0.get(index / 64) else {
                return Some(index);
            };
            let open = !word >> (index % 64);
            if open != 0 {
                index += open.trailing_zeros() as usize;
                return (index < len).then_some(index);
            }
            index = (index / 64 + 1) * 64;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_order_and_can_be_taken_away() {
        let mut set = Bits::of(200, |index| index % 63 == 0);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 126, 189]);
        set.retain(|index| index > 100);
        assert_eq!(set.iter().collect::<Vec<_>>(), [126, 189]);
        assert!(set.has(126) && !set.has(63) && !set.has(10_000));
        let mut shared = Bits::default();
        shared.set_to_shared(&set, &Bits::of(200, |index| index < 150));
        assert_eq!(shared.iter().collect::<Vec<_>>(), [126]);
        shared.retain(|_| false);
        assert!(shared.is_empty());
    }

    #[test]
    fn the_next_absent_index_skips_full_words() {
        let mut set = Bits::of(130, |index| index != 128);
        assert_eq!(set.next_absent(0, 130), Some(128));
        assert_eq!(set.next_absent(0, 128), None);
        set.insert(128);
        assert_eq!(set.next_absent(0, 130), None);
        assert_eq!(set.next_absent(300, 301), Some(300));
    }
}
