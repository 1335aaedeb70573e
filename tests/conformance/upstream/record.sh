#!/usr/bin/env bash
# Records what the real scheduler decides about the provisioning cases, or with -check asks it again and fails where it decides otherwise.
# What was recorded about a case that has not changed is kept: some decisions are rare.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../karpenter"
recording=$here/recorded/provisioning.jsonl.gz

if [[ ${1:-} == -check ]]; then
    gzip -dc "$recording" | go run ./cmd/provision -check -most 12
else
    mkdir -p "$here/recorded"
    go run ./cmd/cases "$here"/cases/provisioning/*.yaml >"$recording.cases"
    earlier=()
    [[ ! -e $recording ]] || earlier=(-earlier "$recording")
    go run ./cmd/provision "${earlier[@]}" -times 60 -more 240 <"$recording.cases" | gzip -9n >"$recording.new"
    mv "$recording.new" "$recording"
    rm "$recording.cases"
fi
