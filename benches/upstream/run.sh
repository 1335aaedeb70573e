#!/usr/bin/env bash
# Karpenter's own scheduling benchmark beside ours, on the same machine in one run: the pod mix of spec/karpenter.md 8.1, 400 instance types.
#
#   benches/upstream/run.sh [SIZE...]     pods; 1 50 100 500 1000 2000 5000 10000 20000 where none is given
#
# Upstream's is the benchmark in the module itself (build tag test_performance), built with the module's own versions; ours is
# `cargo bench --bench provisioning`. Both solve each size in turns, and pods a second, their ratio and the claims of both are printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

sizes=("$@")
((${#sizes[@]})) || sizes=(1 50 100 500 1000 2000 5000 10000 20000)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=pkg/controllers/provisioning/scheduling
module=$(cd tests/conformance/karpenter && go list -m -f '{{.Dir}}' sigs.k8s.io/karpenter)
echo "building upstream's benchmark of $(basename "$module")" >&2
go -C "$module" test -tags test_performance -c -o "$work/upstream" "./$package"
echo "building ours" >&2
cargo bench --quiet --bench provisioning --no-run
nodes_and_rate() { awk -v name="^BenchmarkScheduling$1(-[0-9]+)?$" '$1 ~ name {
    for (i = 3; i < NF; i++) { if ($(i + 1) == "nodes") nodes = $i; if ($(i + 1) == "pods/sec") rate = $i }
    printf "%d %s\n", nodes, rate }'; }

printf '%8s %16s %16s %8s %10s %10s\n' pods 'upstream pods/s' 'karpsim pods/s' ratio 'nodes' 'claims'
for size in "${sizes[@]}"; do
    read -r nodes theirs < <(cd "$module/$package" &&
        "$work/upstream" -test.run XXX -test.bench "^BenchmarkScheduling$size\$" -test.benchtime 1x | nodes_and_rate "$size")
    read -r claims ours < <(cargo bench --quiet --bench provisioning -- --beside-upstream "$size")
    awk -v pods="$size" -v theirs="$theirs" -v ours="$ours" -v nodes="$nodes" -v claims="$claims" 'BEGIN {
        printf "%8d %16.1f %16.1f %7.0fx %10d %10d\n", pods, theirs, ours, ours / theirs, nodes, claims
        if (nodes != claims) { print "the number of nodes differs"; exit 1 } }'
done
