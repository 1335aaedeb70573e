//! Would the API server and Karpenter take an object, and how is it said if not?

use super::context::Context;
use super::release;
use crate::api::label::WELL_KNOWN;
use crate::scenario::admission::{Cause, Kind, Refusal, admit};
use crate::scenario::diagnostic::{Diagnostic, did_you_mean, one_of};

/// What a field may say whose rule is a pattern, by its name.
const EXAMPLES: [(&str, &str); 10] = [
    ("consolidateAfter", "`1m` or `Never`"),
    ("expireAfter", "`720h` or `Never`"),
    ("terminationGracePeriod", "`1h30m`"),
    ("nodes", "`5` or `10%`"),
    ("schedule", "`0 9 * * mon-fri` or `@daily`"),
    ("duration", "`8h` or `1h30m`"),
    ("volumeSize", "`50Gi`"),
    ("alias", "`al2023@latest`"),
    ("memory.available", "`5%` or `200Mi`"),
    ("nodefs.available", "`10%` or `5Gi`"),
];

/// Whether the object at `path` is taken; what is wrong with it is reported.
pub(super) fn admitted(cx: &mut Context<'_>, path: &str, kind: Kind) -> bool {
    let version = release::version(cx);
    let refusals = cx.node(path).map(|node| admit(kind, node, version));
    let refusals = refusals.unwrap_or_default();
    for refusal in &refusals {
        say(cx, path, refusal);
    }
    refusals.is_empty()
}

/// The well-known label that may have been meant by one in a restricted domain.
fn near_label(label: &str) -> Option<String> {
    let known = WELL_KNOWN.iter().copied();
    let known = known.filter(|known| known.contains("karpenter"));
    did_you_mean(label, known).filter(|_| label.contains('/'))
}

fn say(cx: &mut Context<'_>, path: &str, refusal: &Refusal) {
    let at = &refusal.at.below(path);
    let inside = refusal.at.parent().below(path);
    let name = refusal.at.name().unwrap_or_default();
    let text = cx.text(at).map(str::to_owned);
    match &refusal.cause {
        Cause::Unknown { known } => {
            let known = known.iter().map(String::as_str);
            let key = cx.node(&inside).and_then(|map| map.entry(name));
            let span = key.map_or(cx.span(at), |(key, _)| key.span);
            let message = format!("unknown field `{name}` in `{inside}`");
            let expected = format!("expected {}", one_of(known.clone()));
            let diagnostic = Diagnostic::error(span, message).expected(expected);
            cx.push(Diagnostic {
                help: did_you_mean(name, known),
                ..diagnostic
            });
        }
        Cause::Required => {
            let message = format!("missing field `{name}` in `{inside}`");
            let expected = format!("expected `{name}` among these fields");
            cx.push(Diagnostic::error(cx.span(at), message).expected(expected));
        }
        Cause::NotSupported(words) => {
            let words = words.iter().map(String::as_str);
            let text = text.unwrap_or_default();
            let message = format!("`{at}` is `{text}`, an unsupported value");
            let expected = format!("supported values: {}", one_of(words.clone()));
            let diagnostic = Diagnostic::error(cx.span(at), message).expected(expected);
            cx.push(Diagnostic {
                help: did_you_mean(&text, words),
                ..diagnostic
            });
        }
        Cause::Since(first) => release::since(cx, at, text.as_deref().unwrap_or(at), *first),
        Cause::Runtime(reason) => {
            let message = format!("`{at}`: {reason}");
            let diagnostic = Diagnostic::error(cx.span(at), message)
                .expected("admitted by the API server, but Karpenter does not take it");
            cx.push(diagnostic);
        }
        cause => {
            let diagnostic = Diagnostic::error(cx.span(at), format!("`{at}`: {cause}"));
            let example = EXAMPLES.iter().find(|(field, _)| *field == name);
            cx.push(Diagnostic {
                expected: example
                    .filter(|_| text.is_some())
                    .map(|(_, example)| format!("expected one such as {example}")),
                help: near_label(text.as_deref().unwrap_or(name)),
                ..diagnostic
            });
        }
    }
}
