package main

import (
	"context"
	"fmt"
	"math"
	"math/rand"

	corev1 "k8s.io/api/core/v1"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	costs "sigs.k8s.io/karpenter/pkg/utils/disruption"

	"karpsim/tests/conformance/karpenter/draw"
)

func eviction(draws *rand.Rand) (any, func() any) {
	type pod struct {
		DeletionCost *int32 `json:"deletionCost"`
		Priority     *int32 `json:"priority"`
	}
	number := func() *int32 {
		if draw.Chance(draws, 30) {
			return nil
		}
		n := draw.One(draws, 0, 1, -1, 1<<27, -1<<27, 1<<25, -1<<25, 1<<28, -1<<28, math.MaxInt32, math.MinInt32, int32(draws.Uint32()), int32(draws.Intn(2000)-1000))
		return &n
	}
	var in []pod
	for range 1 + draws.Intn(4) {
		in = append(in, pod{number(), number()})
	}
	return in, func() any {
		out := []int64{} // in units of 2^-27, of which every cost is a whole number
		for _, p := range in {
			var made corev1.Pod
			if p.DeletionCost != nil {
				made.Annotations = map[string]string{corev1.PodDeletionCost: fmt.Sprint(*p.DeletionCost)}
			}
			made.Spec.Priority = p.Priority
			out = append(out, int64(costs.EvictionCost(context.Background(), &made)*(1<<27)))
		}
		return out
	}
}

func score(draws *rand.Rand) (any, func() any) {
	in := struct {
		Saved      int `json:"saved"` // of prices, in 1/512 of a dollar
		PoolPrice  int `json:"poolPrice"`
		Disrupted  int `json:"disrupted"` // in pods
		Disruption int `json:"poolDisruption"`
	}{draws.Intn(600) - 50, draws.Intn(6000), 1 + draws.Intn(60), 60 + draws.Intn(600)}
	if draw.Chance(draws, 25) { // exactly on the threshold, in whole numbers
		in.PoolPrice, in.Disruption = draw.PriceUnits*(1+draws.Intn(8)), 64*(1+draws.Intn(8))
		in.Disrupted = in.Disruption / draw.One(draws, 1, 2, 4, 8)
		in.Saved = in.PoolPrice * in.Disrupted / in.Disruption / 2
	}
	return in, func() any {
		totals := disruption.NodePoolTotals{TotalCost: float64(in.PoolPrice) / draw.PriceUnits, TotalDisruptionCost: float64(in.Disruption)}
		return disruption.ScoreMove(float64(in.Saved)/draw.PriceUnits, float64(in.Disrupted), totals, v1.BalancedK).Approved()
	}
}
