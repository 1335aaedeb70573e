// Command plain records what Karpenter's plain functions answer: the requirement algebra, quantities and resource lists, disruption
// budgets, the order of instance types and the costs of disruption.
package main

import (
	"fmt"
	"math/rand"

	"karpsim/tests/conformance/karpenter/record"
)

// A family of cases: each draws its input and answers it.
type family struct {
	name  string
	count int
	draw  func(*rand.Rand) (in any, answer func() any)
}

var families = []family{
	{"requirement", 400, requirement},
	{"compatible", 300, compatible},
	{"quantity", 200, quantity},
	{"resources", 120, resourceLists},
	{"requests", 80, podRequests},
	{"budget", 250, budget},
	{"types", 200, types},
	{"eviction", 80, eviction},
	{"score", 80, score},
}

// No family leaves anything to chance, but the order of equal prices; asking thrice would show it.
const times = 3

func main() {
	var all []record.Question
	for seed, family := range families {
		draws := rand.New(rand.NewSource(int64(seed + 1)))
		for n := range family.count {
			in, answer := family.draw(draws)
			id := fmt.Sprintf("%s/%d", family.name, n)
			all = append(all, record.Question{ID: id, In: in, Times: times, Answer: answer})
		}
	}
	record.Main(all)
}
