//! Why did this pod wait, why is this node still there? A journal as sentences in the order of time, and added up by cause.

mod names;
mod nodes;
mod pods;
mod scaling;
mod story;
mod summary;

use serde_json::{Value, json};

use super::clock::Clock;
use super::units::counted;
use crate::des::SimTime;
use crate::metrics::RunResult;
use crate::metrics::journal::{Journal, PodId};
use crate::scenario::model::{Scenario, ServiceId};
use names::Names;

/// What is asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Topic {
    /// The run as a whole.
    Everything,
    /// The pods of a service.
    Service(ServiceId),
    /// A pod.
    Pod(PodId),
    /// A node, by its name.
    Node(String),
    /// The nodes of a NodePool, by its place.
    NodePool(usize),
}

/// A question to a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// About what.
    pub topic: Topic,
    /// About which time, both ends included; none is all of it.
    pub window: Option<(SimTime, SimTime)>,
}

/// What answers are made of.
#[derive(Clone, Debug)]
struct Book<'a> {
    names: Names<'a>,
    clock: Clock,
    journal: &'a Journal,
}

impl<'a> Book<'a> {
    fn new(scenario: &'a Scenario, result: &'a RunResult, journal: &'a Journal) -> Self {
        Self {
            names: Names {
                scenario,
                journal,
                at: SimTime::ZERO,
            },
            clock: Clock::new(&result.provenance),
            journal,
        }
    }

    /// The same, to tell of something that was found at an instant.
    fn at(&self, at: SimTime) -> Self {
        let mut book = self.clone();
        book.names.at = at;
        book
    }
}

/// The answer for people.
#[must_use]
pub fn text(
    scenario: &Scenario,
    result: &RunResult,
    journal: &Journal,
    question: &Question,
) -> String {
    let book = Book::new(scenario, result, journal);
    let provenance = &result.provenance;
    let mut text = format!(
        "{} · seed {} · from {} to {}\n",
        provenance.scenario,
        provenance.seed,
        book.clock.second(0),
        book.clock.second(provenance.duration_us)
    );
    if tells_sums(question) {
        text += &summary::text(&book, &question.topic);
    }
    if tells_story(question) {
        text.push('\n');
        text += &story::text(&book, question);
    }
    if journal.left_out() > 0 {
        text += &format!(
            "\n{} left out for want of room: ask about less\n",
            counted(journal.left_out(), "later decision")
        );
    }
    text
}

/// The answer for machines, as indented JSON with a line feed at the end.
#[must_use]
pub fn json(
    scenario: &Scenario,
    result: &RunResult,
    journal: &Journal,
    question: &Question,
) -> String {
    let book = Book::new(scenario, result, journal);
    let mut answer = json!({ "provenance": result.provenance });
    if tells_sums(question) {
        answer["waits"] = summary::waits_json(&book, &question.topic);
        answer["stays"] = summary::stays_json(&book, &question.topic);
    }
    if tells_story(question) {
        answer["entries"] = Value::Array(story::json(&book, question));
    }
    answer["left_out"] = json!(journal.left_out());
    format!("{answer:#}\n")
}

/// Sums are over the whole run.
fn tells_sums(question: &Question) -> bool {
    let many = !matches!(question.topic, Topic::Pod(_) | Topic::Node(_));
    many && question.window.is_none()
}

fn tells_story(question: &Question) -> bool {
    question.topic != Topic::Everything || question.window.is_some()
}
