//! In which order are the claims of a pass tried? By pod count; and among equals as Go's `sort.Slice` leaves them (0.3 item 1).
//!
//! Upstream sorts before each look at the claims, with a sort that is not stable but does the same to the same input every time: a quicksort
//! that watches for patterns. Where it leaves equals decides where pods go, so it is done here step by step.

/// A claim and its pods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ranked {
    /// How many pods it has.
    pub(super) pods: u32,
    /// Its place among the claims.
    pub(super) claim: u32,
}

/// Up to this many are sorted by insertion.
const SHORT: usize = 12;
/// From this many on the pivot is a median of medians, and what is nearly sorted is put right by shifting.
const LONG: usize = 50;
/// Pairs out of order that are put right by shifting before the whole is sorted after all.
const SHIFTS: usize = 5;
/// Comparisons of a pivot's choice; when all of them find the larger first, the slice is taken for descending.
const COMPARISONS: u32 = 12;

/// Sorts by pods.
pub(super) fn sort(all: &mut [Ranked]) {
    let bad_pivots = usize::BITS - all.len().leading_zeros();
    let end = all.len();
    quicksort(all, 0, end, bad_pivots);
}

/// Whether shifting alone will sort a slice of which one claim at most is out of place: then equals keep their order. From the comparisons
/// that choose a pivot, without looking at the rest.
pub(super) fn is_shifted(all: &[Ranked]) -> bool {
    all.len() <= SHORT
        || (all.len() >= LONG && choose_pivot(all, 0, all.len()).1 == Looks::Ascending)
}

/// What the comparisons of a pivot's choice make a slice look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Looks {
    Ascending,
    Descending,
    Mixed,
}

fn less(all: &[Ranked], a: usize, b: usize) -> bool {
    all[a].pods < all[b].pods
}

/// Sorts `from..to`. `bad_pivots`: how many may split badly before a heap sorts the rest.
fn quicksort(all: &mut [Ranked], mut from: usize, mut to: usize, mut bad_pivots: u32) {
    let (mut balanced, mut partitioned) = (true, true);
    loop {
        let length = to - from;
        if length <= SHORT {
            insert_each(all, from, to);
            return;
        }
        if bad_pivots == 0 {
            heap_sort(&mut all[from..to]);
            return;
        }
        if !balanced {
            scatter(all, from, to);
            bad_pivots -= 1;
        }
        let (mut pivot, mut looks) = choose_pivot(all, from, to);
        if looks == Looks::Descending {
            all[from..to].reverse();
            pivot = (to - 1) - (pivot - from);
            looks = Looks::Ascending;
        }
        if balanced && partitioned && looks == Looks::Ascending && shift(all, from, to) {
            return;
        }
        if from > 0 && !less(all, from - 1, pivot) {
            from = split_off_equals(all, from, to, pivot);
            continue;
        }
        let (middle, was_partitioned) = partition(all, from, to, pivot);
        partitioned = was_partitioned;
        let (left, right) = (middle - from, to - middle);
        balanced = left.min(right) >= length / 8;
        if left < right {
            quicksort(all, from, middle, bad_pivots);
            from = middle + 1;
        } else {
            quicksort(all, middle + 1, to, bad_pivots);
            to = middle;
        }
    }
}

fn insert_each(all: &mut [Ranked], from: usize, to: usize) {
    for place in from + 1..to {
        sink(all, place, from);
    }
}

/// Moves an element down past all that are larger, no further than `floor`.
fn sink(all: &mut [Ranked], mut place: usize, floor: usize) {
    while place > floor && less(all, place, place - 1) {
        all.swap(place, place - 1);
        place -= 1;
    }
}

fn heap_sort(all: &mut [Ranked]) {
    for root in (0..=(all.len() - 1) / 2).rev() {
        sift_down(all, root);
    }
    for last in (0..all.len()).rev() {
        all.swap(0, last);
        sift_down(&mut all[..last], 0);
    }
}

fn sift_down(all: &mut [Ranked], mut root: usize) {
    loop {
        let mut child = 2 * root + 1;
        if child >= all.len() {
            return;
        }
        if child + 1 < all.len() && less(all, child, child + 1) {
            child += 1;
        }
        if !less(all, root, child) {
            return;
        }
        all.swap(root, child);
        root = child;
    }
}

/// Exchanges three elements in the middle with others, so that a pattern does not defeat the next pivot as well.
fn scatter(all: &mut [Ranked], from: usize, to: usize) {
    let length = to - from;
    let mut random = length as u64;
    let mask = (1_usize << (usize::BITS - length.leading_zeros())) - 1;
    let middle = from + length / 4 * 2;
    for place in middle - 1..=middle + 1 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let other = random as usize & mask;
        let other = if other >= length {
            other - length
        } else {
            other
        };
        all.swap(place, from + other);
    }
}

/// The place of a pivot for `from..to`, which has more than [`SHORT`] elements.
fn choose_pivot(all: &[Ranked], from: usize, to: usize) -> (usize, Looks) {
    let quarter = (to - from) / 4;
    let mut places = [1, 2, 3].map(|quarters| from + quarter * quarters);
    let mut exchanges = 0;
    if to - from >= LONG {
        places = places.map(|at| median(all, [at - 1, at, at + 1], &mut exchanges));
    }
    let pivot = median(all, places, &mut exchanges);
    let looks = match exchanges {
        0 => Looks::Ascending,
        COMPARISONS => Looks::Descending,
        _ => Looks::Mixed,
    };
    (pivot, looks)
}

fn median(all: &[Ranked], [mut a, mut b, mut c]: [usize; 3], exchanges: &mut u32) -> usize {
    let mut order = |low: &mut usize, high: &mut usize| {
        if less(all, *high, *low) {
            *exchanges += 1;
            std::mem::swap(low, high);
        }
    };
    order(&mut a, &mut b);
    order(&mut b, &mut c);
    order(&mut a, &mut b);
    b
}

/// Puts a few pairs right; whether that sorted the slice.
fn shift(all: &mut [Ranked], from: usize, to: usize) -> bool {
    let mut place = from + 1;
    for _ in 0..SHIFTS {
        while place < to && !less(all, place, place - 1) {
            place += 1;
        }
        if place == to {
            return true;
        }
        if to - from < LONG {
            return false;
        }
        all.swap(place, place - 1);
        if place - from >= 2 {
            sink(all, place - 1, 0);
        }
        let mut larger = place;
        while larger + 1 < to && less(all, larger + 1, larger) {
            all.swap(larger, larger + 1);
            larger += 1;
        }
    }
    false
}

/// Splits into what is below the pivot and what is not; where the pivot came to stand, and whether nothing had to move.
fn partition(all: &mut [Ranked], from: usize, to: usize, pivot: usize) -> (usize, bool) {
    all.swap(from, pivot);
    let below = |all: &[Ranked], place: usize| less(all, place, from);
    let (mut low, mut high) = (from + 1, to - 1);
    let mut moved = false;
    loop {
        while low <= high && below(all, low) {
            low += 1;
        }
        while low <= high && !below(all, high) {
            high -= 1;
        }
        if low > high {
            break;
        }
        all.swap(low, high);
        moved = true;
        low += 1;
        high -= 1;
    }
    all.swap(high, from);
    (high, !moved)
}

/// Moves what equals the pivot, than which nothing is smaller, to the front; where the rest begins.
fn split_off_equals(all: &mut [Ranked], from: usize, to: usize, pivot: usize) -> usize {
    all.swap(from, pivot);
    let above = |all: &[Ranked], place: usize| less(all, from, place);
    let (mut low, mut high) = (from + 1, to - 1);
    loop {
        while low <= high && !above(all, low) {
            low += 1;
        }
        while low <= high && above(all, high) {
            high -= 1;
        }
        if low > high {
            return low;
        }
        all.swap(low, high);
        low += 1;
        high -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(pods: impl Iterator<Item = u32>) -> Vec<Ranked> {
        (0..)
            .zip(pods)
            .map(|(claim, pods)| Ranked { pods, claim })
            .collect()
    }

    /// A fixed disorder with many equals.
    fn disorder(length: u64) -> Vec<Ranked> {
        ranked((0..length).map(|place| (place * place * 7919 % 13) as u32))
    }

    #[test]
    fn whatever_the_length_it_sorts() {
        for length in 0..300 {
            let mut all = disorder(length);
            sort(&mut all);
            assert!(all.is_sorted_by_key(|claim| claim.pods), "{length}");
            let mut claims: Vec<_> = all.iter().map(|claim| claim.claim).collect();
            claims.sort_unstable();
            assert!(claims.into_iter().eq(0..length as u32), "{length}");
        }
    }

    #[test]
    fn descending_and_equal_slices_are_sorted_too() {
        for length in [13, 49, 50, 200] {
            let mut all = ranked((0..length).rev());
            sort(&mut all);
            assert!(all.is_sorted_by_key(|claim| claim.pods), "{length}");
            let equal = ranked((0..length).map(|_| 1));
            let mut sorted = equal.clone();
            sort(&mut sorted);
            assert_eq!(sorted, equal);
        }
    }

    #[test]
    fn a_few_claims_keep_the_order_of_equals() {
        let mut all = ranked([2, 1, 2, 1, 1, 3, 2].into_iter());
        sort(&mut all);
        let claims: Vec<_> = all.iter().map(|claim| claim.claim).collect();
        assert_eq!(claims, [1, 3, 4, 0, 2, 6, 5]);
    }

    #[test]
    fn a_heap_sorts_when_pivots_keep_splitting_badly() {
        let mut all = disorder(100);
        heap_sort(&mut all);
        assert!(all.is_sorted_by_key(|claim| claim.pods));
    }
}
