//! In which order do pods take the work that waits for them?

use crate::scenario::decode::Part;
use crate::scenario::model::Service;
use crate::scenario::resolve::context::Context;
use crate::scenario::spec::service::{PodQueueSpec, ServiceSpec};
use crate::workload::Discipline;

/// Disciplines as a scenario writes them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Fifo,
    Priority,
    Fair,
}

/// Puts the disciplines into the services. `categories` are all there are, if that is known.
pub(in crate::scenario::resolve) fn disciplines(
    cx: &mut Context<'_>,
    specs: &[Part<ServiceSpec>],
    categories: Option<&[String]>,
    services: &mut [Option<Service>],
) {
    for (place, (spec, service)) in specs.iter().zip(services).enumerate() {
        let runtime = spec.get().and_then(|spec| spec.runtime.get());
        let path = format!("services[{place}].runtime.queue");
        let queue = runtime.map(|runtime| &runtime.queue);
        let discipline = queue.and_then(|queue| discipline(cx, &path, queue, categories));
        if let Some((service, discipline)) = service.as_mut().zip(discipline) {
            service.discipline = discipline;
        }
    }
}

fn discipline(
    cx: &mut Context<'_>,
    path: &str,
    spec: &PodQueueSpec,
    categories: Option<&[String]>,
) -> Option<Discipline> {
    let words = [
        ("fifo", Word::Fifo),
        ("priority", Word::Priority),
        ("fair", Word::Fair),
    ];
    let word = spec.discipline.as_deref().unwrap_or("fifo");
    let word = cx.choice(&format!("{path}.discipline"), "discipline", word, &words)?;
    let order = format!("{path}.order");
    if word == Word::Priority {
        let what = "names no category";
        cx.require(
            !spec.order.is_empty(),
            &order,
            what,
            "expected at least one",
        );
    } else {
        let what = "is not looked at";
        let expected = "expected it with `discipline: priority`";
        cx.require(spec.order.is_empty(), &order, what, expected);
    }
    Some(match word {
        Word::Fifo => Discipline::Fifo,
        Word::Fair => Discipline::Fair,
        Word::Priority => priority(cx, &order, &spec.order, categories?),
    })
}

/// Ranks by category: its place in the order, or behind all of them.
fn priority(
    cx: &mut Context<'_>,
    path: &str,
    order: &[String],
    categories: &[String],
) -> Discipline {
    let mut ranks = vec![u16::try_from(order.len()).unwrap_or(u16::MAX); categories.len()];
    for (rank, name) in order.iter().enumerate() {
        match categories.iter().position(|category| category == name) {
            Some(category) => ranks[category] = u16::try_from(rank).unwrap_or(u16::MAX),
            None => {
                let at = format!("{path}[{rank}]");
                cx.unknown(&at, "category", name, categories.iter().map(String::as_str));
            }
        }
    }
    Discipline::Priority(ranks.into())
}
