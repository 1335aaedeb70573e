package main

import (
	"context"
	"fmt"
	"math"
	"math/rand"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	"sigs.k8s.io/karpenter/pkg/scheduling"

	corev1 "k8s.io/api/core/v1"

	"karpsim/tests/conformance/karpenter/draw"
)

const (
	zoneKey   = corev1.LabelTopologyZone
	typeKey   = corev1.LabelInstanceTypeStable
	buyKey    = v1.CapacityTypeLabelKey
	familyKey = "karpenter.k8s.aws/instance-family"
	cpuKey    = "karpenter.k8s.aws/instance-cpu"
)

// Prices count in 1/512 of a dollar: exact in binary fractions and in billionths alike.
type offeringSpec struct {
	Zone      string `json:"zone"`
	Buy       string `json:"buy"`
	Price     int    `json:"price"`
	Available bool   `json:"available"`
}

type typeSpec struct {
	Name      string         `json:"name"`
	Family    string         `json:"family"`
	CPU       string         `json:"cpu"`
	Offerings []offeringSpec `json:"offerings"`
}

func (t typeSpec) make() *cloudprovider.InstanceType {
	var offerings cloudprovider.Offerings
	var zones, buys []string
	for _, o := range t.Offerings {
		offerings = append(offerings, &cloudprovider.Offering{
			Requirements: scheduling.NewLabelRequirements(map[string]string{zoneKey: o.Zone, buyKey: o.Buy}),
			Price:        float64(o.Price) / draw.PriceUnits,
			Available:    o.Available,
		})
		zones, buys = append(zones, o.Zone), append(buys, o.Buy)
	}
	return &cloudprovider.InstanceType{
		Name: t.Name,
		Requirements: scheduling.NewRequirements(
			scheduling.NewRequirement(typeKey, corev1.NodeSelectorOpIn, t.Name),
			scheduling.NewRequirement(familyKey, corev1.NodeSelectorOpIn, t.Family),
			scheduling.NewRequirement(cpuKey, corev1.NodeSelectorOpIn, t.CPU),
			scheduling.NewRequirement(zoneKey, corev1.NodeSelectorOpIn, zones...),
			scheduling.NewRequirement(buyKey, corev1.NodeSelectorOpIn, buys...),
		),
		Offerings: offerings,
		Overhead:  &cloudprovider.InstanceTypeOverhead{},
	}
}

func drawTypes(draws *rand.Rand) []typeSpec {
	prices := draws.Perm(2000)
	var drawn []typeSpec
	for n := range 1 + draws.Intn(25) {
		t := typeSpec{Family: draw.One(draws, "m5", "c5", "r5", "t3", "m6"), CPU: draw.One(draws, "2", "4", "8", "16")}
		t.Name = fmt.Sprintf("%s.%d", t.Family, n)
		for _, zone := range draw.Some(draws, 1, 3, "a", "b", "c") {
			for _, buy := range draw.Some(draws, 1, 3, "spot", "on-demand", "reserved") {
				if buy == "reserved" && draw.Chance(draws, 70) {
					buy = "on-demand"
				}
				if repeated(t.Offerings, zone, buy) {
					continue
				}
				t.Offerings = append(t.Offerings, offeringSpec{zone, buy, 1 + prices[0], draw.Chance(draws, 85)})
				prices = prices[1:]
			}
		}
		drawn = append(drawn, t)
	}
	return drawn
}

func repeated(offerings []offeringSpec, zone, buy string) bool {
	for _, o := range offerings {
		if o.Zone == zone && o.Buy == buy {
			return true
		}
	}
	return false
}

func drawClaim(draws *rand.Rand) []draw.Operand {
	var claim []draw.Operand
	least := func(most int) *int {
		if !draw.Chance(draws, 40) {
			return nil
		}
		n := 1 + draws.Intn(most)
		return &n
	}
	wants := func(percent int, key, operator string, values []string, least *int) {
		if draw.Chance(draws, percent) {
			claim = append(claim, draw.Operand{Key: key, Operator: operator, Values: values, MinValues: least})
		}
	}
	wants(50, zoneKey, "In", draw.Some(draws, 1, 2, "a", "b", "c"), least(3))
	wants(50, buyKey, draw.One(draws, "In", "NotIn"), draw.Some(draws, 1, 2, "spot", "on-demand", "reserved"), nil)
	wants(40, familyKey, "Exists", []string{}, least(5))
	wants(30, cpuKey, draw.One(draws, "Gt", "Lte"), []string{draw.One(draws, "2", "4", "8")}, least(3))
	wants(25, typeKey, "Exists", []string{}, least(20))
	return claim
}

func types(draws *rand.Rand) (any, func() any) {
	in := struct {
		Types []typeSpec     `json:"types"`
		Claim []draw.Operand `json:"claim"`
		Most  int            `json:"most"`
	}{drawTypes(draws), drawClaim(draws), 1 + draws.Intn(25)}
	if in.Claim == nil {
		in.Claim = []draw.Operand{}
	}
	return in, func() any {
		claim := draw.Requirements(in.Claim)
		var all cloudprovider.InstanceTypes
		type worst struct {
			Name  string   `json:"name"`
			Price *float64 `json:"price"`
		}
		out := struct {
			Compatible []string `json:"compatible"`
			Order      []string `json:"order"`
			Worst      []worst  `json:"worst"`
			Needed     int      `json:"needed"`
			Satisfied  bool     `json:"satisfied"`
			Kept       []string `json:"kept"`
		}{Compatible: []string{}, Order: []string{}, Kept: []string{}}
		for _, t := range in.Types {
			all = append(all, t.make())
		}
		for _, t := range all.Compatible(claim) {
			out.Compatible = append(out.Compatible, t.Name)
		}
		// Types without a price have no order among themselves.
		for _, t := range all.OrderByPrice(claim).Compatible(claim) {
			out.Order = append(out.Order, t.Name)
		}
		for _, spec := range in.Types {
			t := spec.make()
			w := worst{Name: t.Name}
			if price := t.Offerings.Available().WorstLaunchPrice(claim); price < math.MaxFloat64 {
				price *= draw.PriceUnits
				w.Price = &price
			}
			out.Worst = append(out.Worst, w)
		}
		ordered := all.Compatible(claim)
		needed, _, err := cloudprovider.InstanceTypes(ordered).SatisfiesMinValues(claim)
		out.Needed, out.Satisfied = needed, err == nil
		ctx := options.ToContext(context.Background(), &options.Options{MinValuesPolicy: options.MinValuesPolicyStrict})
		if kept, err := cloudprovider.InstanceTypes(ordered).Truncate(ctx, claim, in.Most); err == nil {
			for _, t := range kept {
				out.Kept = append(out.Kept, t.Name)
			}
		}
		return out
	}
}
