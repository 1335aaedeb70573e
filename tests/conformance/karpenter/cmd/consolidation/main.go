// Command consolidation records what the methods of Karpenter's disruption controller decide about made-up clusters.
package main

import (
	"fmt"
	"math/rand"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/operator/logging"

	"karpsim/tests/conformance/karpenter/record"
)

// A family of clusters in which one thing happens more often than elsewhere.
type family struct {
	name  string
	count int
	knobs knobs
}

var families = []family{
	{"plain", 120, knobs{}},
	{"spot", 110, knobs{spot: 100, types: 34, gate: 85}},
	{"mixed", 70, knobs{spot: 50, gate: 50, types: 12}},
	{"budgets", 60, knobs{budgets: true, pools: 2}},
	{"empty", 50, knobs{empty: 50, budgets: true, pools: 2}},
	{"balanced", 90, knobs{balanced: true, pools: 2}},
	{"blocked", 80, knobs{blocked: 12}},
	{"pending", 40, knobs{pending: 3}},
	{"minValues", 50, knobs{minValues: true, types: 20, spot: 50, gate: 100}},
	{"many", 30, knobs{nodes: 16}},
}

// Where two pools are looked at in random order, five runs nearly always see both orders.
const times = 5

func main() {
	log.SetLogger(logging.NopLogger)
	var all []record.Question
	for seed, family := range families {
		draws := rand.New(rand.NewSource(int64(seed + 1)))
		for n := range family.count {
			q := family.knobs.draw(draws)
			runs := times
			if len(q.Pools) == 1 {
				runs = 1
			}
			id := fmt.Sprintf("%s/%d", family.name, n)
			all = append(all, record.Question{ID: id, In: q, Times: runs, Answer: func() any { return ask(q) }})
		}
	}
	record.Main(all)
}
