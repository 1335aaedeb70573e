// Package draw makes cases up: a few ways to choose, and what the cases of several recorders are made of.
package draw

import (
	"math/rand"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

// One of the values.
func One[T any](draws *rand.Rand, values ...T) T {
	return values[draws.Intn(len(values))]
}

// Some are so many different values, in drawn order.
func Some[T any](draws *rand.Rand, least, most int, values ...T) []T {
	count := least + draws.Intn(most-least+1)
	var taken []T
	for _, place := range draws.Perm(len(values))[:count] {
		taken = append(taken, values[place])
	}
	return taken
}

// Chance is true so many times in a hundred.
func Chance(draws *rand.Rand, percent int) bool {
	return draws.Intn(100) < percent
}

// Operand is a requirement.
type Operand struct {
	Key       string   `json:"key"`
	Operator  string   `json:"operator"`
	Values    []string `json:"values"`
	MinValues *int     `json:"minValues"`
}

// Requirement is the operand as the algebra knows it.
func (o Operand) Requirement() *scheduling.Requirement {
	values := slices.Clone(o.Values) // upstream normalises them in place
	return scheduling.NewRequirementWithFlexibility(o.Key, corev1.NodeSelectorOperator(o.Operator), o.MinValues, values...)
}

// Requirements are the operands together.
func Requirements(operands []Operand) scheduling.Requirements {
	set := scheduling.NewRequirements()
	for _, o := range operands {
		set.Add(o.Requirement())
	}
	return set
}

// Budget is a disruption budget as it is written.
type Budget struct {
	Nodes    string   `json:"nodes"`
	Reasons  []string `json:"reasons,omitempty"`
	Schedule *string  `json:"schedule,omitempty"`
	Duration *string  `json:"duration,omitempty"`
}

// Object is the budget of a pool.
func (b Budget) Object() v1.Budget {
	made := v1.Budget{Nodes: b.Nodes, Schedule: b.Schedule}
	for _, reason := range b.Reasons {
		made.Reasons = append(made.Reasons, v1.DisruptionReason(reason))
	}
	if b.Duration != nil {
		length, err := time.ParseDuration(*b.Duration)
		if err != nil {
			panic(err)
		}
		made.Duration = &metav1.Duration{Duration: length}
	}
	return made
}

// PriceUnits is how many parts of a dollar prices count in: such parts are exact in binary fractions and in billionths alike.
const PriceUnits = 512
