#!/usr/bin/env bash
# Records what the real scheduler decides about the provisioning cases, or with -check asks it again and fails where it decides otherwise.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../karpenter"
recording=$here/recorded/provisioning.jsonl.gz

if [[ ${1:-} == -check ]]; then
    gzip -dc "$recording" | go run ./cmd/provision -check
else
    mkdir -p "$here/recorded"
    go run ./cmd/cases "$here"/cases/provisioning/*.yaml >"$recording.cases"
    go run ./cmd/provision -times 60 -more 240 <"$recording.cases" | gzip -9n >"$recording"
    rm "$recording.cases"
fi
