//! Order, backoff, events and sweeps of the queue (spec/kubernetes.md 1.12).

use super::*;
use crate::kube::scheduler::Plugin;

const FIT: PluginSet = PluginSet::EMPTY.with(Plugin::NodeResourcesFit);
const TAINT: PluginSet = PluginSet::EMPTY.with(Plugin::TaintToleration);

fn queue(minor: u32) -> SchedulingQueue {
    SchedulingQueue::new(Profile::new(minor))
}

fn millis(millis: u64) -> SimTime {
    SimTime::from_micros(millis * 1_000)
}

/// Adds pods of a template each, with these priorities, at these instants.
fn add(queue: &mut SchedulingQueue, pods: &[(u32, i32, u64)]) {
    for &(pod, priority, at) in pods {
        queue.add(pod, TemplateId(pod), priority, millis(at));
    }
}

fn fail(queue: &mut SchedulingQueue, pod: u32, at: u64) {
    assert_eq!(queue.pop(millis(at)), Some(pod));
    queue.unschedulable(pod, FIT, millis(at));
}

#[test]
fn priority_then_time_then_arrival() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 0, 0), (2, 5, 10), (3, 0, 10), (4, 0, 10)]);
    let order: Vec<_> = std::iter::from_fn(|| queue.pop(millis(20))).collect();
    assert_eq!(order, [2, 1, 3, 4]);
}

#[test]
fn a_failure_costs_the_place_in_line() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 0, 0), (2, 0, 1)]);
    fail(&mut queue, 1, 5);
    queue.on_event(millis(60_000), |_| FIT);
    assert_eq!(queue.pop(millis(60_000)), Some(2));
    assert_eq!(queue.pop(millis(60_000)), Some(1));
}

#[test]
fn backoff_doubles_up_to_ten_seconds() {
    let waits: Vec<_> = (1..=7).map(|n| backoff(n).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 10, 10, 10]);
}

#[test]
fn backoff_ends_on_the_next_whole_second() {
    for (minor, release) in [(36, 12_000), (32, 12_000)] {
        assert_eq!(queue(minor).release(millis(10_300), 1), millis(release));
    }
    for (minor, release) in [(36, 12_000), (32, 11_000)] {
        assert_eq!(queue(minor).release(millis(10_000), 1), millis(release));
    }
}

#[test]
fn an_idle_scheduler_ends_backoff_early_from_1_33() {
    for (minor, popped) in [(33, Some(1)), (32, None)] {
        let mut queue = queue(minor);
        add(&mut queue, &[(1, 0, 0)]);
        fail(&mut queue, 1, 300);
        assert_eq!(
            queue.pop(millis(400)),
            None,
            "it waits for an event, not for time"
        );
        queue.on_event(millis(400), |_| FIT);
        let wake = popped.map_or(millis(2_000), |_| millis(400));
        assert_eq!(queue.next_wake(millis(400)), Some(wake));
        assert_eq!(queue.pop(millis(400)), popped);
        assert_eq!(queue.pop(millis(2_000)).or(popped), Some(1));
    }
}

#[test]
fn under_load_backoff_holds() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 5, 0), (2, 0, 0), (3, 0, 0)]);
    fail(&mut queue, 1, 300);
    queue.on_event(millis(400), |_| FIT);
    assert_eq!(
        queue.pop(millis(400)),
        Some(2),
        "priority does not shorten backoff"
    );
    add(&mut queue, &[(4, 0, 400)]);
    assert_eq!(
        queue.pop(millis(2_000)),
        Some(1),
        "but counts once it is over"
    );
}

#[test]
fn events_wake_only_whom_they_concern() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 0, 0), (2, 0, 1)]);
    fail(&mut queue, 1, 5);
    fail(&mut queue, 2, 5);
    assert!(!queue.on_event(millis(60_000), |_| TAINT));
    assert!(queue.on_event(millis(60_000), |template| match template.0 {
        2 => FIT,
        _ => PluginSet::EMPTY,
    }));
    assert_eq!(
        (queue.pop(millis(60_000)), queue.pop(millis(60_000))),
        (Some(2), None)
    );
}

#[test]
fn events_during_the_attempt_are_not_lost() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 0, 0), (2, 0, 1)]);
    assert_eq!(
        (queue.pop(millis(5)), queue.pop(millis(5))),
        (Some(1), Some(2))
    );
    queue.on_event(millis(6), |_| FIT);
    queue.unschedulable(1, FIT, millis(7));
    queue.unschedulable(2, TAINT, millis(7));
    assert_eq!(
        (queue.pop(millis(8)), queue.pop(millis(8))),
        (Some(1), None)
    );
}

#[test]
fn the_sweep_takes_pods_after_five_minutes() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 0, 0), (2, 0, 0)]);
    fail(&mut queue, 1, 0);
    fail(&mut queue, 2, 1);
    assert_eq!(queue.next_wake(millis(2)), Some(millis(330_000)));
    assert_eq!(queue.pop(millis(329_999)), None);
    assert_eq!(queue.pop(millis(330_000)), Some(1));
    assert_eq!(queue.pop(millis(330_000)), Some(2));
}

#[test]
fn errors_retry_on_their_own_and_never_early() {
    let mut queue = queue(36);
    add(&mut queue, &[(1, 0, 0)]);
    let mut now = millis(0);
    let mut waits = Vec::new();
    for _ in 0..6 {
        assert_eq!(queue.pop(now), Some(1));
        queue.errored(1, now);
        queue.on_event(now, |_| FIT);
        assert_eq!(queue.pop(now), None);
        let next = queue.next_wake(now).expect("a retry");
        waits.push(next.since(now).as_secs());
        now = next;
    }
    assert_eq!(waits, [2, 3, 5, 9, 11, 11]);
    assert_eq!(queue.pop(now), Some(1));
    queue.unschedulable(1, FIT, now);
    queue.on_event(now, |_| FIT);
    assert_eq!(queue.pop(now), Some(1));
    queue.errored(1, now);
    assert_eq!(
        queue.next_wake(now).map(|at| at.since(now).as_secs()),
        Some(2),
        "errors count in a row"
    );
}

#[test]
fn removed_pods_leave_no_trace() {
    let mut queue = queue(36);
    add(
        &mut queue,
        &[(1, 9, 0), (2, 8, 0), (3, 7, 0), (4, 6, 0), (5, 5, 0)],
    );
    fail(&mut queue, 1, 1);
    fail(&mut queue, 2, 1);
    queue.on_event(millis(2), |template| {
        if template.0 == 2 {
            FIT
        } else {
            PluginSet::EMPTY
        }
    });
    assert_eq!(queue.pop(millis(2)), Some(3));
    assert_eq!(queue.pop(millis(2)), Some(4));
    queue.errored(4, millis(2));
    assert_eq!(queue.len(), 5);
    assert!((1..=5).all(|pod| queue.remove(pod)));
    assert!(queue.is_empty() && !queue.remove(1));
    assert_eq!(
        (queue.next_wake(millis(3)), queue.pop(millis(600_000))),
        (None, None)
    );
}
