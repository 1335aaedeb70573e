//! Where arrivals come from: the replayed trace and the generated backgrounds, each one arrival ahead.

use crate::des::{SimDuration, SimTime};
use crate::scenario::model::{JourneyId, Profile, Scenario};
use crate::workload::{
    Arrival, Background, BackgroundSpec, Replay, ReplaySpec, WeeklyProfile, since_monday,
};

/// An arrival, and what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    pub(super) journey: JourneyId,
    pub(super) entity: u64,
    pub(super) category: u16,
}

#[derive(Clone, Debug)]
enum Stream<'s> {
    Replay(Box<Replay<'s>>),
    Background(Box<Background>),
}

impl Stream<'_> {
    fn next(&mut self) -> Option<Arrival> {
        match self {
            Self::Replay(replay) => replay.next(),
            Self::Background(background) => background.next(),
        }
    }
}

#[derive(Clone, Debug)]
struct Source<'s> {
    journey: JourneyId,
    stream: Stream<'s>,
    next: Option<Arrival>,
}

/// All sources of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Sources<'s>(Vec<Source<'s>>);

impl<'s> Sources<'s> {
    /// The replay first, then the backgrounds in their order.
    pub(super) fn new(scenario: &'s Scenario, seed: u64) -> Self {
        let local = scenario.start.datetime();
        let since_midnight =
            local.duration_since(local.date().to_datetime(jiff::civil::Time::midnight()));
        let replay = scenario.traffic.replay.iter().map(|replay| {
            let start =
                SimDuration::from_micros(u64::try_from(since_midnight.as_micros()).unwrap_or(0));
            let spec = ReplaySpec {
                source: 0,
                scale: replay.scale,
                jitter: replay.jitter,
                start,
            };
            (
                replay.journey,
                Stream::Replay(Box::new(Replay::new(
                    &replay.trace,
                    &replay.categories,
                    spec,
                    seed,
                ))),
            )
        });
        let background = scenario
            .traffic
            .background
            .iter()
            .zip(1..)
            .map(|(background, source)| {
                let spec = BackgroundSpec {
                    source,
                    rate: background.per_hour / 3_600.0,
                    profile: match background.profile {
                        Profile::Flat => WeeklyProfile::preset("flat"),
                        Profile::HourOfWeek => WeeklyProfile::preset("hour-of-week"),
                        Profile::OfficeHours => WeeklyProfile::preset("office-hours"),
                    }
                    .expect("every profile is a preset"),
                    overdispersion: background.overdispersion,
                    category: background.category,
                    start: since_monday(local),
                    end: SimTime::ZERO + scenario.duration,
                };
                (
                    background.journey,
                    Stream::Background(Box::new(Background::new(spec, seed))),
                )
            });
        let sources = replay.chain(background).map(|(journey, mut stream)| {
            let next = stream.next();
            Source {
                journey,
                stream,
                next,
            }
        });
        Self(sources.collect())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// When the next arrival of a source comes.
    pub(super) fn next_at(&self, source: usize) -> Option<SimTime> {
        self.0[source].next.map(|arrival| arrival.at)
    }

    /// Takes the next arrival of a source.
    pub(super) fn take(&mut self, source: usize) -> Visit {
        let source = &mut self.0[source];
        let arrival = source
            .next
            .expect("only sources with an arrival ahead are asked");
        source.next = source.stream.next();
        Visit {
            journey: source.journey,
            entity: arrival.id.entity(),
            category: arrival.category,
        }
    }
}
