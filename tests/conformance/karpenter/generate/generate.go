// Package generate draws cases for the scheduler: small clusters in which the features of Karpenter meet in every combination.
package generate

import (
	"fmt"
	"math/rand/v2"

	"karpsim/tests/conformance/karpenter/world"
)

// Draw draws the case with this number. A number is always the same case.
func Draw(seed, number uint64) *world.Case {
	d := &dice{rand.New(rand.NewPCG(seed, number))}
	theme := themes[number%uint64(len(themes))]
	c := &world.Case{Name: fmt.Sprintf("%s-%d", theme.name, number)}
	c.Types = d.types(d.between(3, 10), theme.reserved)
	if theme.devices {
		c.Types = append(c.Types, d.accelerated())
	}
	d.pools(c, &theme)
	d.daemons(c, &theme)
	d.workloads(c, &theme)
	d.nodes(c, &theme)
	if theme.namespaces {
		c.Namespaces = map[string]map[string]string{"default": nil, "blue": {"kind": "a"}, "green": {"kind": "b"}}
	}
	if d.one(theme.ignore) {
		c.Options.IgnorePreferences = true
	}
	if theme.minValues {
		c.Options.BestEffortMinValues = d.one(2)
	}
	if theme.reserved {
		c.Options.ReservedFallback = d.one(4)
		c.Options.NoReservedCapacity = d.one(8)
	}
	return c
}

// theme says which features a case is about: others occur in it only now and then.
type theme struct {
	name string
	// One pod in so many has the feature; 0 is none.
	selector, terms, preferred, spread, soft, affinity, away, ports, tolerations, sidecars, ignore int
	// One pool in so many.
	taints, prefers, limits, labels int
	pools, nodes, daemonSets        int // at most
	keys                            []string
	devices, minValues, reserved    bool
	namespaces, policies, large     bool
}

var themes = []theme{
	{name: "packing", pools: 1, nodes: 2, selector: 6, sidecars: 3},
	{name: "requirements", pools: 2, selector: 2, terms: 3, labels: 2, devices: true},
	{name: "terms", pools: 2, terms: 1, preferred: 3, labels: 2, nodes: 2},
	{name: "min-values", pools: 2, selector: 3, minValues: true},
	{name: "weights", pools: 3, selector: 2, tolerations: 2, taints: 2, labels: 2},
	{name: "limits", pools: 2, limits: 1, selector: 4, nodes: 3, large: true},
	{name: "taints", pools: 3, taints: 1, prefers: 3, tolerations: 2, nodes: 3, daemonSets: 1},
	{name: "prefer-no-schedule", pools: 2, prefers: 1, preferred: 3, soft: 4, nodes: 2, keys: hostname},
	{name: "daemons", pools: 2, daemonSets: 3, selector: 4, taints: 3, tolerations: 3, nodes: 2, ports: 5},
	{name: "existing", pools: 2, nodes: 5, selector: 4, daemonSets: 2, tolerations: 4, taints: 4, terms: 5},
	{name: "ports", pools: 1, ports: 1, nodes: 3, daemonSets: 2},
	{name: "preferred", pools: 2, preferred: 1, nodes: 3, labels: 2, ignore: 4},
	{name: "soft", pools: 1, soft: 1, preferred: 3, nodes: 3, keys: anyKey, ignore: 4},
	{name: "zonal-spread", pools: 1, spread: 1, nodes: 4, selector: 5, keys: zonal},
	{name: "host-spread", pools: 1, spread: 1, nodes: 4, keys: hostname, policies: true},
	{name: "odd-spread", pools: 2, spread: 2, nodes: 4, labels: 1, keys: oddKeys, terms: 4},
	{name: "inclusion", pools: 2, spread: 1, nodes: 5, taints: 2, tolerations: 3, terms: 3, selector: 4, keys: anyKey, policies: true},
	{name: "affinity", pools: 1, affinity: 2, nodes: 4, keys: anyKey, selector: 6},
	{name: "host-affinity", pools: 1, affinity: 2, away: 4, nodes: 3, keys: hostname},
	{name: "anti-affinity", pools: 1, away: 2, nodes: 4, keys: anyKey, selector: 5},
	{name: "namespaces", pools: 1, away: 3, affinity: 3, spread: 4, nodes: 4, keys: anyKey, namespaces: true},
	{name: "reserved", pools: 2, reserved: true, selector: 4, large: true},
	{name: "reserved-crowd", pools: 1, reserved: true, away: 2, keys: hostname, preferred: 4},
	{name: "crowd", pools: 2, away: 3, selector: 5, keys: hostname, large: true},
	{
		name: "all", pools: 3, nodes: 4, daemonSets: 2, selector: 4, terms: 5, preferred: 5, spread: 5, soft: 6, affinity: 6, away: 6,
		ports: 8, tolerations: 3, taints: 4, prefers: 6, limits: 5, labels: 3, keys: anyKey, sidecars: 6, ignore: 6,
	},
}

const (
	zoneKey     = "topology.kubernetes.io/zone"
	hostKey     = "kubernetes.io/hostname"
	capacityKey = "karpenter.sh/capacity-type"
	archKey     = "kubernetes.io/arch"
	typeKey     = "node.kubernetes.io/instance-type"
	poolKey     = "karpenter.sh/nodepool"
	aws         = "karpenter.k8s.aws/"
)

var (
	zones    = []string{"zone-a", "zone-b", "zone-c"}
	hostname = []string{hostKey}
	zonal    = []string{zoneKey}
	anyKey   = []string{zoneKey, hostKey, hostKey, capacityKey}
	oddKeys  = []string{capacityKey, "team", archKey, aws + "instance-family", poolKey}
)

// dice draws.
type dice struct{ *rand.Rand }

// one in n is true.
func (d *dice) one(n int) bool { return n > 0 && d.IntN(n) == 0 }

// between is low, high or a number between them.
func (d *dice) between(low, high int) int { return low + d.IntN(high-low+1) }

func pick[T any](d *dice, from ...T) T { return from[d.IntN(len(from))] }

// some are at least one of these, in their order.
func some[T any](d *dice, from []T) []T {
	for {
		var taken []T
		for _, one := range from {
			if d.one(2) {
				taken = append(taken, one)
			}
		}
		if len(taken) > 0 {
			return taken
		}
	}
}
