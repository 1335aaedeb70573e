#!/usr/bin/env bash
# Asks the real Kubernetes code again about every so many-th recorded case (the 10th where not said) and compares.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
every=${1:-10}

not_checked() {
    echo "NOT CHECKED: $1"
    exit 0
}

command -v go >/dev/null || not_checked "there is no Go to ask the real Kubernetes with"
timeout 120 go mod download 2>/dev/null || not_checked "the Kubernetes modules cannot be downloaded"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
built=0
timeout 300 go build -o "$work/kubernetes" . || built=$?
((built != 124)) || not_checked "compiling Kubernetes takes more than five minutes here"
((built == 0)) || exit "$built"
for recording in recorded/*.jsonl.gz; do
    subject=$(basename "$recording" .jsonl.gz)
    echo "$subject: $(gzip -dc "$recording" | "$work/kubernetes" verify "$subject" "$every" 2>"$work/log" || { cat "$work/log" >&2; exit 1; })"
done
