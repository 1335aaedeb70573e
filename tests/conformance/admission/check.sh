#!/usr/bin/env bash
# Asks the real admission and the real provider once more about all that is recorded, and fails where a line differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

not_checked() {
    echo "NOT CHECKED: $1"
    exit 0
}

command -v go >/dev/null || not_checked "there is no Go to ask the real admission with"
timeout 300 go mod download 2>/dev/null || not_checked "the modules of the real admission cannot be fetched"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run . -verdicts "$work/admission.jsonl.gz"
go run ./capacity -out "$work/capacity.jsonl.gz"
for recording in admission capacity; do
    cmp <(gzip -dc "$work/$recording.jsonl.gz") <(gzip -dc "../recorded/$recording.jsonl.gz")
    echo "$recording: $(gzip -dc "$work/$recording.jsonl.gz" | wc -l) lines as recorded"
done
