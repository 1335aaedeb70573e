//! What holds for any traffic: no arrival is lost in a replay, no message in a queue, and no file
//! makes the reader fail.

use karpsim::des::{SimDuration, SimTime};
use karpsim::workload::{
    CategoryMap, Columns, Counts, Discipline, MessageQueue, OnBadRow, QueueConfig, Receipt, Replay,
    ReplaySpec, TimeColumn, Trace, TraceSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Call {
    Send,
    Receive,
    Delete { receipt: usize },
    ChangeVisibility { receipt: usize, secs: u64 },
    Wait { secs: u64 },
}

fn call() -> impl Strategy<Value = Call> {
    let receipt = 0..64_usize;
    prop_oneof![
        3 => Just(Call::Send),
        4 => Just(Call::Receive),
        2 => receipt.clone().prop_map(|receipt| Call::Delete { receipt }),
        1 => (receipt, 0..90_u64).prop_map(|(receipt, secs)| Call::ChangeVisibility { receipt, secs }),
        3 => (0..40_u64).prop_map(|secs| Call::Wait { secs }),
    ]
}

/// What a consumer may know of a message.
#[derive(Clone, Copy, Debug)]
struct Message {
    sent: SimTime,
    receives: u32,
    /// When it is visible from, as far as anybody has said.
    visible_from: SimTime,
    deleted: bool,
}

const VISIBILITY: SimDuration = SimDuration::from_secs(30);
const RETENTION: SimDuration = SimDuration::from_secs(400);
const RECEIVES_MAX: u32 = 3;

/// A queue and what its users remember of it.
struct Scene {
    now: SimTime,
    queue: MessageQueue<usize>,
    messages: Vec<Message>,
    /// Receipts in order of their issue, with the message and the number of its receive.
    receipts: Vec<(Receipt, usize, u32)>,
}

impl Scene {
    fn new() -> Self {
        let config = QueueConfig {
            visibility_timeout: VISIBILITY,
            retention: RETENTION,
            max_receive_count: Some(RECEIVES_MAX),
            in_flight_max: 8,
        };
        let queue = MessageQueue::new(config, Discipline::Fifo);
        Self {
            now: SimTime::ZERO,
            queue,
            messages: Vec::new(),
            receipts: Vec::new(),
        }
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::Wait { secs } => self.now += SimDuration::from_secs(secs),
            Call::Send => {
                self.queue.send(self.now, self.messages.len(), 0);
                let (sent, visible_from) = (self.now, self.now);
                self.messages.push(Message {
                    sent,
                    receives: 0,
                    visible_from,
                    deleted: false,
                });
            }
            Call::Receive => self.receive(),
            Call::Delete { receipt } => {
                if let Some((receipt, id, receives)) = self.receipt(receipt) {
                    let deleted = self.queue.delete(self.now, receipt);
                    assert_eq!(deleted, self.is_current(id, receives), "message {id}");
                    self.messages[id].deleted |= deleted;
                }
            }
            Call::ChangeVisibility { receipt, secs } => {
                if let Some((receipt, id, receives)) = self.receipt(receipt) {
                    let timeout = SimDuration::from_secs(secs);
                    let changed = self.queue.change_visibility(self.now, receipt, timeout);
                    let in_flight = self.messages[id].visible_from > self.now;
                    assert_eq!(
                        changed,
                        in_flight && self.is_current(id, receives),
                        "message {id}"
                    );
                    if changed {
                        self.messages[id].visible_from = self.now + timeout;
                    }
                }
            }
        }
    }

    fn receive(&mut self) {
        let Some(delivery) = self.queue.receive(self.now) else {
            return;
        };
        let id = delivery.message;
        let waiting = self.messages[id].visible_from;
        assert!(
            self.is_alive(id) && waiting <= self.now,
            "message {id} is not visible"
        );
        let longer = (0..self.messages.len()).filter(|&other| {
            let message = self.messages[other];
            self.is_alive(other)
                && message.receives < RECEIVES_MAX
                && message.visible_from < waiting
        });
        assert_eq!(
            longer.count(),
            0,
            "another message was visible before message {id}"
        );
        let message = &mut self.messages[id];
        message.receives += 1;
        assert!(message.receives == delivery.receives && message.receives <= RECEIVES_MAX);
        message.visible_from = self.now + VISIBILITY;
        self.receipts
            .push((delivery.receipt, id, delivery.receives));
    }

    fn receipt(&self, number: usize) -> Option<(Receipt, usize, u32)> {
        let count = self.receipts.len();
        (count > 0).then(|| self.receipts[number % count])
    }

    fn is_alive(&self, id: usize) -> bool {
        let message = self.messages[id];
        let dead = self
            .queue
            .dead_letters()
            .iter()
            .any(|letter| letter.message == id);
        !message.deleted && !dead && self.now.since(message.sent) < RETENTION
    }

    fn is_current(&self, id: usize, receives: u32) -> bool {
        self.is_alive(id) && self.messages[id].receives == receives
    }

    fn check(&mut self) {
        let counts = self.queue.counts(self.now);
        let alive: Vec<_> = (0..self.messages.len())
            .filter(|&id| self.is_alive(id))
            .collect();
        let hidden = alive
            .iter()
            .filter(|&&id| self.messages[id].visible_from > self.now)
            .count();
        let deleted = self
            .messages
            .iter()
            .filter(|message| message.deleted)
            .count();
        let dead = self.queue.dead_letters().len();
        let expected = Counts {
            sent: self.messages.len() as u64,
            visible: (alive.len() - hidden) as u64,
            in_flight: hidden as u64,
            deleted: deleted as u64,
            dead: dead as u64,
            expired: (self.messages.len() - alive.len() - deleted - dead) as u64,
        };
        assert_eq!(counts, expected);
        let reappear = alive.iter().map(|&id| self.messages[id].visible_from);
        let next = reappear.filter(|&at| at > self.now).min();
        assert_eq!(self.queue.next_visible_at(), next);
    }
}

fn trace_of(seconds: &[u32]) -> Trace {
    let mut seconds = seconds.to_vec();
    seconds.sort_unstable();
    let rows: String = seconds
        .iter()
        .map(|second| format!("{}\n", 1_423_000_000 + second))
        .collect();
    let columns = Columns::new(TimeColumn::Stamp("t".into()));
    match Trace::read(
        format!("t\n{rows}").as_bytes(),
        &TraceSpec::new(columns, "Asia/Kolkata"),
    ) {
        Ok(trace) => trace,
        Err(errors) => panic!("{errors}"),
    }
}

proptest! {
    #[test]
    fn every_message_is_in_exactly_one_place(calls in vec(call(), 0..200)) {
        let mut scene = Scene::new();
        for call in calls {
            scene.call(call);
            scene.check();
        }
    }

    #[test]
    fn a_replay_is_in_order_and_complete(
        seconds in vec(0..300_000_u32, 1..60),
        scale in 0..12_u16,
        jitter_secs in 0..7_200_u64,
        seed: u64,
    ) {
        let trace = trace_of(&seconds);
        let categories = CategoryMap::identity(&trace);
        let jitter = SimDuration::from_secs(jitter_secs);
        let spec = ReplaySpec { source: 0, scale: scale.into(), jitter, start: SimDuration::ZERO };
        let arrivals: Vec<_> = Replay::new(&trace, &categories, spec, seed).collect();
        prop_assert_eq!(arrivals.len(), trace.events.len() * usize::from(scale));
        prop_assert!(arrivals.is_sorted_by_key(|arrival| (arrival.at, arrival.id)));
        let mut ids: Vec<_> = arrivals.iter().map(|arrival| arrival.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), arrivals.len());
        for arrival in arrivals {
            let row = (arrival.id.entity() >> 16) as usize;
            let (at, original) = (arrival.at - SimTime::ZERO, trace.events[row].at);
            let moved = at.saturating_sub(original) + original.saturating_sub(at);
            prop_assert!(moved <= jitter && at < trace.span);
        }
    }

    #[test]
    fn no_file_makes_the_reader_fail(
        bytes in vec(any::<u8>(), 0..200),
        stamps in vec("[-0-9/:TZ +.APM]{0,25}|2015-0[1-3]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]", 0..20),
        skip: bool,
        format in proptest::option::of("(%[a-zA-Z%][-/: ]){0,6}"),
    ) {
        let columns = Columns::new(TimeColumn::Stamp("t".into())).category("c");
        let on_bad_row = if skip { OnBadRow::Skip } else { OnBadRow::Fail };
        let spec = TraceSpec { time_format: format, on_bad_row, sort: skip, ..TraceSpec::new(columns, "America/New_York") };
        let rows: String = stamps.iter().map(|stamp| format!("{stamp},x\n")).collect();
        let mut text = format!("t,c\n{rows}").into_bytes();
        if let Ok(trace) = Trace::read(&text, &spec) {
            let report = &trace.report;
            prop_assert_eq!(report.kept + report.skipped.total(), report.rows);
            prop_assert!(trace.events.iter().all(|event| event.at < trace.span));
        }
        text.extend(&bytes);
        for file in [&text, &bytes] {
            if let Err(errors) = Trace::read(file, &spec) {
                prop_assert!(!errors.is_empty());
            }
        }
    }
}
