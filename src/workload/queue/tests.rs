//! The time lines of spec/kubernetes.md 7.2.

use super::*;

const CONFIG: QueueConfig = QueueConfig {
    visibility_timeout: SimDuration::from_secs(300),
    max_receive_count: Some(2),
    ..QueueConfig::STANDARD
};

fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

fn queue(config: QueueConfig, messages: u64) -> MessageQueue<u64> {
    let mut queue = MessageQueue::new(config, Discipline::Fifo);
    (0..messages).for_each(|message| queue.send(at(message), message, 0));
    queue
}

#[track_caller]
fn receive(queue: &mut MessageQueue<u64>, secs: u64, message: u64) -> Receipt {
    let delivery = queue.receive(at(secs)).expect("a visible message");
    assert_eq!(delivery.message, message);
    delivery.receipt
}

#[test]
fn messages_come_in_the_order_they_became_visible() {
    let mut queue = queue(CONFIG, 3);
    for message in 0..3 {
        receive(&mut queue, 10, message);
    }
    assert_eq!(queue.receive(at(10)), None);
    assert_eq!(
        queue.counts(at(10)),
        Counts {
            sent: 3,
            in_flight: 3,
            ..Counts::default()
        }
    );
}

#[test]
fn work_of_a_killed_worker_comes_back_at_the_timeout_and_not_before() {
    let mut queue = queue(CONFIG, 1);
    receive(&mut queue, 10, 0);
    assert_eq!(queue.next_visible_at(), Some(at(310)));
    // The worker dies at 20 s; nobody tells the queue.
    assert_eq!(queue.receive(SimTime::from_micros(309_999_999)), None);
    let again = queue.receive(at(310)).expect("visible again");
    assert_eq!((again.message, again.receives, again.sent), (0, 2, at(0)));
    assert_eq!(queue.next_visible_at(), Some(at(610)));
}

#[test]
fn a_message_received_too_often_is_a_dead_letter_at_the_next_attempt() {
    let mut queue = queue(CONFIG, 1);
    receive(&mut queue, 0, 0);
    receive(&mut queue, 300, 0);
    assert_eq!(
        queue.counts(at(700)),
        Counts {
            sent: 1,
            visible: 1,
            ..Counts::default()
        }
    );
    assert_eq!(queue.receive(at(700)), None);
    assert_eq!(
        queue.dead_letters(),
        [DeadLetter {
            message: 0,
            sent: at(0),
            since: at(700)
        }]
    );
    assert_eq!(
        queue.counts(at(700)),
        Counts {
            sent: 1,
            dead: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn a_dead_letter_does_not_stop_those_behind_it() {
    let mut queue = queue(
        QueueConfig {
            max_receive_count: Some(1),
            ..CONFIG
        },
        1,
    );
    receive(&mut queue, 0, 0);
    queue.send(at(400), 1, 0);
    receive(&mut queue, 400, 1);
    assert_eq!(queue.dead_letters().len(), 1);
}

#[test]
fn only_the_latest_receipt_deletes() {
    let mut queue = queue(CONFIG, 1);
    let first = receive(&mut queue, 0, 0);
    let second = receive(&mut queue, 300, 0);
    assert!(!queue.delete(at(310), first));
    assert!(queue.delete(at(320), second));
    assert!(!queue.delete(at(320), second));
    // The slot is used again; the old receipts mean nothing to the new message.
    queue.send(at(330), 7, 0);
    assert!(!queue.delete(at(330), first));
    assert!(!queue.delete(at(330), second));
    assert_eq!(
        queue.counts(at(330)),
        Counts {
            sent: 2,
            visible: 1,
            deleted: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn a_receipt_outlives_the_timeout_until_the_next_receive() {
    let mut queue = queue(CONFIG, 2);
    let receipt = receive(&mut queue, 0, 0);
    assert_eq!(queue.counts(at(301)).visible, 2);
    assert!(queue.delete(at(301), receipt));
    receive(&mut queue, 301, 1);
    assert_eq!(queue.receive(at(301)), None);
}

#[test]
fn a_heartbeat_keeps_a_message_hidden_for_twelve_hours_at_most() {
    let mut queue = queue(CONFIG, 1);
    let receipt = receive(&mut queue, 100, 0);
    assert!(queue.change_visibility(at(200), receipt, SimDuration::from_secs(600)));
    assert_eq!(queue.next_visible_at(), Some(at(800)));
    assert!(queue.change_visibility(at(700), receipt, SimDuration::from_secs(86_400)));
    assert_eq!(queue.next_visible_at(), Some(at(100 + 12 * 3_600)));
    assert!(queue.change_visibility(at(700), receipt, SimDuration::ZERO));
    assert_eq!(queue.counts(at(700)).visible, 1);
    assert!(!queue.change_visibility(at(700), receipt, SimDuration::from_secs(1)));
}

#[test]
fn retention_counts_from_the_send_wherever_the_message_is() {
    let mut queue = queue(
        QueueConfig {
            retention: SimDuration::from_secs(60),
            ..CONFIG
        },
        2,
    );
    let receipt = receive(&mut queue, 50, 0);
    assert_eq!(queue.counts(at(59)).in_flight, 1);
    assert_eq!(
        queue.counts(at(60)),
        Counts {
            sent: 2,
            visible: 1,
            expired: 1,
            ..Counts::default()
        }
    );
    assert!(!queue.delete(at(60), receipt));
    assert_eq!(queue.take_expired(at(60)), [0]);
    assert_eq!(queue.counts(at(61)).expired, 2);
    assert_eq!(queue.take_expired(at(61)), [1]);
}

#[test]
fn the_age_of_the_oldest_passes_over_messages_received_often() {
    let mut queue = queue(
        QueueConfig {
            max_receive_count: None,
            ..CONFIG
        },
        1,
    );
    assert_eq!(queue.oldest_age(at(5)), Some(SimDuration::from_secs(5)));
    for receive_at in [5, 305, 605] {
        receive(&mut queue, receive_at, 0);
    }
    queue.send(at(610), 1, 0);
    assert_eq!(queue.oldest_age(at(615)), Some(SimDuration::from_secs(5)));
    let receipt = receive(&mut queue, 615, 1);
    queue.delete(at(620), receipt);
    assert_eq!(queue.oldest_age(at(620)), Some(SimDuration::from_secs(620)));
    assert_eq!(
        MessageQueue::<u64>::new(CONFIG, Discipline::Fifo).oldest_age(at(1)),
        None
    );
}

#[test]
fn too_many_in_flight_leave_nothing_to_receive() {
    let mut queue = queue(
        QueueConfig {
            in_flight_max: 2,
            ..CONFIG
        },
        3,
    );
    let receipt = receive(&mut queue, 3, 0);
    receive(&mut queue, 3, 1);
    assert_eq!(queue.receive(at(3)), None);
    queue.delete(at(4), receipt);
    receive(&mut queue, 4, 2);
}

#[test]
fn fair_turns_count_what_is_in_flight() {
    let mut queue = MessageQueue::new(CONFIG, Discipline::Fair);
    (0..4).for_each(|message| queue.send(at(0), message, 0));
    queue.send(at(1), 4, 1);
    queue.send(at(1), 5, 1);
    let first = receive(&mut queue, 2, 0);
    receive(&mut queue, 2, 4);
    receive(&mut queue, 2, 1);
    // One job of the first category ends: both have one in hand, and the second was served longer ago.
    assert!(queue.delete(at(3), first));
    receive(&mut queue, 3, 5);
    receive(&mut queue, 3, 2);
    // At 302 s the first two of those in flight are visible again. Each category has one in hand, and the second was served longer ago;
    // then the first, whose message that was never received stands before the one that came back.
    receive(&mut queue, 302, 4);
    receive(&mut queue, 302, 3);
}
