//! Is this a name that Kubernetes takes?

use std::sync::LazyLock;

use regex_lite::Regex;

/// Longest name of an object, and of the prefix of a label key.
const LONGEST_SUBDOMAIN: usize = 253;
/// Longest label value, and name part of a label key.
const LONGEST_LABEL: usize = 63;

static SUBDOMAIN: LazyLock<Regex> =
    LazyLock::new(|| whole(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"));
static LABEL: LazyLock<Regex> = LazyLock::new(|| whole("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"));

fn whole(pattern: &str) -> Regex {
    Regex::new(&format!("^{pattern}$")).expect("a pattern of this file")
}

/// Why an object may not have this name.
pub(super) fn of_object(name: &str) -> Option<String> {
    let fits = name.len() <= LONGEST_SUBDOMAIN && SUBDOMAIN.is_match(name);
    let wanted = "must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    (!fits).then(|| format!("a lowercase RFC 1123 subdomain {wanted}"))
}

/// Why a label or a taint may not have this key.
pub(super) fn of_label(key: &str) -> Option<&'static str> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if name.is_empty() {
        return Some("name part must be non-empty");
    }
    if name.len() > LONGEST_LABEL {
        return Some("name part must be no more than 63 bytes");
    }
    if !LABEL.is_match(name) {
        return Some(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        );
    }
    match prefix {
        Some("") => Some("prefix part must be non-empty"),
        Some(prefix) if of_object(prefix).is_some() => {
            Some("prefix part must be a lowercase RFC 1123 subdomain")
        }
        _ => None,
    }
}

/// Why a label may not have this value.
pub(super) fn of_value(value: &str) -> Option<&'static str> {
    if value.len() > LONGEST_LABEL {
        return Some("must be no more than 63 bytes");
    }
    let fits = value.is_empty() || LABEL.is_match(value);
    (!fits).then_some(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    )
}
