//! The event queue keeps the exact order (time, class, order of arrival), whatever is asked of it
//! in between.

#[path = "../../benches/hold/model.rs"]
mod hold;

use hold::heaps::{QuadHeap, StdHeap};
use hold::{Hold, Mix, Payload, PendingSet};
use karpsim::des::{Class, EventQueue, SimDuration, SimTime};
use proptest::prelude::*;

#[test]
fn all_designs_hold_the_same_sequence() {
    for mix in Mix::ALL {
        for size in [1, 10, 100, 1_000] {
            let wheel = hash_of_holds::<EventQueue<Payload>>(mix, size);
            assert_eq!(
                wheel,
                hash_of_holds::<StdHeap>(mix, size),
                "{mix:?} with {size} pending, std"
            );
            assert_eq!(
                wheel,
                hash_of_holds::<QuadHeap>(mix, size),
                "{mix:?} with {size} pending, quad"
            );
        }
    }
}

fn hash_of_holds<S: PendingSet>(mix: Mix, size: u64) -> u64 {
    let mut hold = Hold::<S>::new(mix, size);
    for _ in 0..5_000 {
        hold.step();
    }
    hold.hash()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push { delay: SimDuration, class: Class },
    Pop,
    PopWithin { reach: SimDuration },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = prop::sample::select(Class::ALL.to_vec());
    let step = prop_oneof![
        5 => (delay(), class).prop_map(|(delay, class)| Step::Push { delay, class }),
        2 => Just(Step::Pop),
        3 => delay().prop_map(|reach| Step::PopWithin { reach }),
    ];
    prop::collection::vec(step, 1..400)
}

/// Ties, neighbours, the seams between digits of the wheel, and distances of every magnitude.
fn delay() -> impl Strategy<Value = SimDuration> {
    let micros = prop_oneof![
        3 => Just(0),
        3 => 0..4_u64,
        3 => prop::sample::select(vec![1_000_000, 10_000_000, 15_000_000]),
        3 => (1..10_u32, 0..3_u64).prop_map(|(digit, offset)| (1 << (6 * digit)) + offset - 1),
        3 => (0..58_u32).prop_flat_map(|magnitude| 1_u64 << magnitude..2 << magnitude),
    ];
    micros.prop_map(SimDuration::from_micros)
}

proptest! {
    #[test]
    fn any_script_gives_the_oracles_order(steps in steps()) {
        let mut queue = EventQueue::new();
        let mut oracle = QuadHeap::empty();
        let mut now = SimTime::ZERO;
        let mut pending = 0;
        for (step, id) in steps.into_iter().zip(0..) {
            let horizon = match step {
                Step::Push { delay, class } => {
                    queue.push(now.saturating_add(delay), class, [id, 0]);
                    oracle.push(now.saturating_add(delay), class, [id, 0]);
                    pending += 1;
                    prop_assert_eq!(queue.len(), pending);
                    continue;
                }
                Step::Pop => SimTime::MAX,
                Step::PopWithin { reach } => now.saturating_add(reach),
            };
            let expected = oracle.pop_until(horizon);
            prop_assert_eq!(queue.pop_until(horizon), expected);
            if let Some((at, _)) = expected {
                now = at;
                pending -= 1;
            }
            prop_assert_eq!((queue.now(), queue.len()), (now, pending));
        }
        while let Some(next) = oracle.pop_until(SimTime::MAX) {
            prop_assert_eq!(queue.next_at(), Some(next.0));
            prop_assert_eq!(queue.pop(), Some(next));
        }
        prop_assert_eq!(queue.next_at(), None);
        prop_assert_eq!(queue.pop(), None);
        prop_assert!(queue.is_empty());
    }
}
