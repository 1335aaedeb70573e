#!/usr/bin/env bash
# Asks the real code once more about a sample of the recorded cases, and fails where it decides what is not recorded: the scheduler about
# every EVERYth drawn case, 15 where not given, and all that were made by hand or after upstream's own, the disruption controller about
# every EVERYth, the plain functions about all.
#
#   tests/conformance/karpenter/check.sh [EVERY]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
every=${1:-15}

if ! command -v go >/dev/null; then
    echo "NOT CHECKED: there is no go to run the real scheduler with"
    exit 0
fi
if ! timeout 300 go mod download sigs.k8s.io/karpenter 2>/dev/null; then
    echo "NOT CHECKED: the module of the real scheduler cannot be fetched"
    exit 0
fi
gzip -dc recorded/provisioning.jsonl.gz | awk -v every="$every" 'NR % every == 0' | go run ./cmd/provision -check
gzip -dc recorded/corners.jsonl.gz | go run ./cmd/provision -check
../upstream/record.sh -check
go run ./cmd/plain -check ../recorded/plain.jsonl.gz
go run ./cmd/consolidation -check -every "$every" ../recorded/consolidation.jsonl.gz
