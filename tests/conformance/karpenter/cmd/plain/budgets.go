package main

import (
	"math"
	"math/rand"
	"time"

	clock "k8s.io/utils/clock/testing"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"karpsim/tests/conformance/karpenter/draw"
)

var reasons = []string{"Underutilized", "Empty", "Drifted"}

var schedules = []string{
	"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually", "0 9 * * mon-fri", "*/15 * * * *", "30 2,14 * * *",
	"0 0 1 * *", "0 0 29 2 *", "0 12 13 * 5", "5/20 3-6 * jan-mar SUN", "0 0 * * 1-5/2", "0 0 31 * *", "59 23 31 12 *", "0 0 ? * 3",
	"0-10/5 8-18/2 1-15 * *", "0 22 * * 0,6", "0 0 30 2 *", "10 10 * feb *",
}

var broken = []string{"", "* * * *", "60 * * * *", "@never", "* * * * 7", "0 0 0 * *", "a b c d e", "0 0 * * mon-", "5-1 * * * *", "*/0 * * * *"}

func drawBudget(draws *rand.Rand) draw.Budget {
	b := draw.Budget{Nodes: draw.One(draws, "0", "1", "3", "7", "25", "0%", "1%", "10%", "33%", "50%", "99%", "100%")}
	if draw.Chance(draws, 40) {
		b.Reasons = draw.Some(draws, 1, 2, reasons...)
	}
	if draw.Chance(draws, 60) {
		schedule, length := draw.One(draws, schedules...), draw.One(draws, "1m", "10m", "1h", "8h", "24h", "36h30m", "720h")
		if draw.Chance(draws, 4) {
			schedule = draw.One(draws, broken...)
		}
		b.Schedule, b.Duration = &schedule, &length
	}
	return b
}

func budget(draws *rand.Rand) (any, func() any) {
	in := struct {
		Budgets []draw.Budget `json:"budgets"`
		Nodes   int           `json:"nodes"`
		Reason  string        `json:"reason"`
		Now     time.Time     `json:"now"`
	}{Nodes: draws.Intn(60), Reason: draw.One(draws, reasons...), Now: drawTime(draws)}
	for range 1 + draws.Intn(3) {
		in.Budgets = append(in.Budgets, drawBudget(draws))
	}
	return in, func() any {
		var pool v1.NodePool
		for _, b := range in.Budgets {
			pool.Spec.Disruption.Budgets = append(pool.Spec.Disruption.Budgets, b.Object())
		}
		allowed := pool.MustGetAllowedDisruptions(clock.NewFakeClock(in.Now), in.Nodes, v1.DisruptionReason(in.Reason))
		if allowed == math.MaxInt32 {
			return nil
		}
		return allowed
	}
}

// A second within four years, a leap year among them; often a whole hour, where windows open and close.
func drawTime(draws *rand.Rand) time.Time {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := start.Add(time.Duration(draws.Int63n(4*365*24*3600)) * time.Second)
	if draw.Chance(draws, 50) {
		at = at.Truncate(time.Hour).Add(draw.One(draws, 0, 0, -time.Second, time.Second, time.Minute))
	}
	return at
}
