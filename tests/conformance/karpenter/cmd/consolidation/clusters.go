package main

import (
	"fmt"
	"math/rand"

	"karpsim/tests/conformance/karpenter/draw"
)

// Knobs say what happens how often, in percent, or how much there is at most.
type knobs struct {
	types, pools, nodes int
	spot, gate          int
	empty, blocked      int
	pending             int
	budgets, balanced   bool
	minValues           bool
}

// A cluster whose nodes could be used better.
func (k knobs) draw(draws *rand.Rand) question {
	q := question{PDBs: []pdbSpec{}, Pending: []podSpec{}, Nodes: []nodeSpec{}, SpotToSpot: draw.Chance(draws, max(k.gate, 30))}
	q.drawTypes(draws, 2+draws.Intn(max(k.types, 8)))
	for n := range 1 + draws.Intn(max(k.pools, 1)) {
		q.Pools = append(q.Pools, k.pool(draws, n))
	}
	for n := range 1 + draws.Intn(max(k.nodes, 6)) {
		q.Nodes = append(q.Nodes, k.node(draws, &q, n))
	}
	for n := range draws.Intn(k.pending + 1) {
		q.Pending = append(q.Pending, pod(draws, fmt.Sprint("pending-", n), 4000))
	}
	if draw.Chance(draws, 2*k.blocked) {
		q.PDBs = append(q.PDBs, pdbSpec{"x", int32(draws.Intn(2))})
		if draw.Chance(draws, 30) {
			q.PDBs = append(q.PDBs, pdbSpec{draw.One(draws, "x", "y"), 1})
		}
	}
	return q
}

// Prices go with the size of a type and are all different.
func (q *question) drawTypes(draws *rand.Rand, count int) {
	taken := map[int]bool{}
	price := func(about int) int {
		p := about + draws.Intn(1+about/2)
		for taken[p] {
			p++
		}
		taken[p] = true
		return p
	}
	for n := range count {
		t := typeSpec{Name: fmt.Sprint("type-", n), CPU: draw.One(draws, 1, 2, 4, 8, 16)}
		t.Memory = t.CPU * draw.One(draws, 2, 4, 8)
		for _, zone := range draw.Some(draws, 1, 3, zones...) {
			for _, buy := range draw.Some(draws, 1, 2, buys...) {
				about := 60 * t.CPU
				if buy == "spot" {
					about = 25 * t.CPU
				}
				t.Offerings = append(t.Offerings, offeringSpec{zone, buy, price(about), draw.Chance(draws, 90)})
			}
		}
		q.Types = append(q.Types, t)
	}
}

func (k knobs) pool(draws *rand.Rand, n int) poolSpec {
	p := poolSpec{
		Name:             fmt.Sprint("pool-", n),
		Weight:           int32(draws.Intn(3)),
		Policy:           "WhenEmptyOrUnderutilized",
		ConsolidateAfter: draw.One(draws, "0s", "0s", "0s", "30s"),
		Budgets:          []draw.Budget{{Nodes: "100%"}},
		Requirements:     []draw.Operand{},
	}
	if k.balanced && draw.Chance(draws, 80) {
		p.Policy = "Balanced"
	}
	if draw.Chance(draws, k.blocked) {
		p.Policy = "WhenEmpty"
	}
	if draw.Chance(draws, k.blocked/2) {
		p.ConsolidateAfter = "Never"
	}
	if k.budgets {
		p.Budgets = nil
		for range 1 + draws.Intn(2) {
			b := draw.Budget{Nodes: draw.One(draws, "0", "1", "2", "3", "10%", "34%", "50%", "80%")}
			if draw.Chance(draws, 40) {
				b.Reasons = []string{draw.One(draws, "Empty", "Underutilized", "Drifted")}
			}
			p.Budgets = append(p.Budgets, b)
		}
	}
	wants := func(percent int, key string, values []string, least *int) {
		if draw.Chance(draws, percent) {
			p.Requirements = append(p.Requirements, draw.Operand{Key: key, Operator: "In", Values: values, MinValues: least})
		}
	}
	if k.spot < 100 {
		wants(45, buyKey, draw.Some(draws, 1, 2, buys...), nil)
	}
	wants(25, zoneKey, draw.Some(draws, 1, 3, zones...), nil)
	if k.minValues {
		least := 1 + draws.Intn(8)
		p.Requirements = append(p.Requirements, draw.Operand{Key: typeKey, Operator: "Exists", Values: []string{}, MinValues: &least})
	}
	return p
}

func (k knobs) node(draws *rand.Rand, q *question, n int) nodeSpec {
	node := nodeSpec{
		Name: fmt.Sprintf("node-%d", n), Pool: draws.Intn(len(q.Pools)), Initialized: true, Age: 60 + draws.Intn(3600), Pods: []podSpec{},
	}
	node.Type, node.Offering = q.running(draws, k.spot)
	if draw.Chance(draws, 30) {
		ago := draws.Intn(90)
		node.PodEvent = &ago
	}
	if k.blocked > 0 {
		node.Initialized = !draw.Chance(draws, k.blocked)
		node.Nominated = draw.Chance(draws, k.blocked)
		node.DoNotDisrupt = draw.Chance(draws, k.blocked)
		node.Deleting = draw.Chance(draws, k.blocked)
		node.NotReady = draw.Chance(draws, k.blocked)
	}
	if draw.Chance(draws, k.empty) {
		return node
	}
	k.fill(draws, q.Types[node.Type], &node)
	return node
}

// The offering that a node runs on: as much spot as is wanted, and rather the dear types.
func (q *question) running(draws *rand.Rand, spot int) (kind, offering int) {
	buy := draw.One(draws, buys...)
	if draw.Chance(draws, spot) {
		buy = "spot"
	} else if spot == 0 {
		buy = "on-demand"
	}
	dearest := -1
	for range 12 {
		t := draws.Intn(len(q.Types))
		o := draws.Intn(len(q.Types[t].Offerings))
		if found := q.Types[t].Offerings[o]; found.Buy == buy && found.Price > dearest {
			kind, offering, dearest = t, o, found.Price
			if draw.Chance(draws, 40) {
				break
			}
		}
	}
	return kind, offering
}

func (k knobs) fill(draws *rand.Rand, t typeSpec, node *nodeSpec) {
	cpu, memory := 1000*t.CPU*(10+draws.Intn(75))/100, 1024*t.Memory*9/10
	for n := range 1 + draws.Intn(6) {
		p := pod(draws, fmt.Sprintf("%s-pod-%d", node.Name, n), max(cpu*2/3, 60))
		if p.CPU > cpu || p.Memory > memory {
			break
		}
		cpu, memory = cpu-p.CPU, memory-p.Memory
		if p.Zone != "" {
			p.Zone = t.Offerings[node.Offering].Zone
		}
		p.DoNotDisrupt = draw.Chance(draws, k.blocked/4)
		p.Daemon = draw.Chance(draws, k.blocked/2)
		node.Pods = append(node.Pods, p)
	}
}

// Deletion costs differ a little, so that hardly two nodes are equally worth their disruption.
func pod(draws *rand.Rand, name string, cpu int) podSpec {
	p := podSpec{
		Name: name, CPU: 50 + draws.Intn(cpu), Memory: 64 + draws.Intn(1500), App: draw.One(draws, "x", "y", "z"),
		DeletionCost: int32(draws.Intn(20_000_000) - 10_000_000),
	}
	if draw.Chance(draws, 8) {
		p.Zone = draw.One(draws, zones...)
	}
	p.Alone = draw.Chance(draws, 8)
	if draw.Chance(draws, 10) {
		p.Priority = draw.One[int32](draws, -40_000_000, 10_000_000, 1_000_000_000)
	}
	if draw.Chance(draws, 6) {
		p.DeletionCost = -(1 << 28)
	}
	return p
}
