#!/usr/bin/env bash
# Asks the real scheduler once more about a sample of the recorded cases, and fails where it decides what is not recorded.
#
#   tests/conformance/karpenter/check.sh [EVERY]     every EVERYth case, 15 where not given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v go >/dev/null; then
    echo "NOT CHECKED: there is no go to run the real scheduler with"
    exit 0
fi
if ! timeout 300 go mod download sigs.k8s.io/karpenter 2>/dev/null; then
    echo "NOT CHECKED: the module of the real scheduler cannot be fetched"
    exit 0
fi
gzip -dc recorded/provisioning.jsonl.gz | awk -v every="${1:-15}" 'NR % every == 0' | go run ./cmd/provision -check
