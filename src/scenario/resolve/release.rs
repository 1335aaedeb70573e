//! Which release of Karpenter is it, and what does it not have yet?

use super::context::Context;
use crate::karpenter::Version;
use crate::scenario::diagnostic::Diagnostic;

const VERSION: &str = "cluster.karpenter.version";

/// The release a scenario names; the newest where it names none, or one that nobody knows.
pub(super) fn version(cx: &Context<'_>) -> Version {
    let named = cx.text(VERSION).and_then(|text| Version::parse(text).ok());
    named.unwrap_or(Version::NEWEST)
}

/// Reports a release that nobody knows.
pub(super) fn check(cx: &mut Context<'_>) {
    if let Some(Err(mistake)) = cx.text(VERSION).map(Version::parse) {
        let expected = format!("expected a release from `1.0.0` to `{}`", Version::NEWEST);
        cx.expected(VERSION, mistake.to_string(), expected);
    }
}

/// Reports `what`, which stands at `path`, if the release is older than the first that had it.
pub(super) fn since(cx: &mut Context<'_>, path: &str, what: &str, first: Version) {
    let version = version(cx);
    if version < first {
        let message =
            format!("`{what}` is there since Karpenter {first}, and `{VERSION}` is `{version}`");
        let diagnostic = Diagnostic::error(cx.span(path), message)
            .expected("expected nothing that is newer than the release")
            .help(format!(
                "leave it out, or set `{VERSION}: {first}` or later"
            ));
        cx.push(diagnostic);
    }
}
