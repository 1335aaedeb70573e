package main

import (
	"math/rand"
	"regexp"
	"slices"
	"strconv"

	"sigs.k8s.io/karpenter/pkg/scheduling"

	"karpsim/tests/conformance/karpenter/draw"
	_ "karpsim/tests/conformance/karpenter/world" // the labels of the AWS provider
)

var vocabulary = []string{"0", "1", "2", "5", "9", "10", "-3", "+5", "007", "a", "b", "1.5", ""}

func drawOperand(draws *rand.Rand, key string) draw.Operand {
	o := draw.Operand{Key: key, Operator: draw.One(draws, "In", "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Gte", "Lte"), Values: []string{}}
	switch o.Operator {
	case "In", "NotIn":
		o.Values = draw.Some(draws, 1, 4, vocabulary...)
	case "Gt", "Lt", "Gte", "Lte":
		o.Values = []string{draw.One(draws, "0", "1", "2", "5", "9", "10", "-3", "9223372036854775807")}
	}
	if draw.Chance(draws, 25) {
		least := 1 + draws.Intn(5)
		o.MinValues = &least
	}
	return o
}

// A set as it is written down.
type set struct {
	Operator  string   `json:"operator"`
	Values    []string `json:"values"`
	AtLeast   *int64   `json:"atLeast"`
	AtMost    *int64   `json:"atMost"`
	MinValues *int     `json:"minValues"`
}

var bounds = regexp.MustCompile(` ([<>])=(-?\d+)`)

func describe(r *scheduling.Requirement) set {
	values := r.Values()
	slices.Sort(values)
	if values == nil {
		values = []string{}
	}
	s := set{Operator: string(r.Operator()), Values: values, MinValues: r.MinValues}
	for _, bound := range bounds.FindAllStringSubmatch(r.String(), -1) {
		n, err := strconv.ParseInt(bound[2], 10, 64)
		if err != nil {
			panic(err)
		}
		if bound[1] == ">" {
			s.AtLeast = &n
		} else {
			s.AtMost = &n
		}
	}
	return s
}

func requirement(draws *rand.Rand) (any, func() any) {
	in := struct {
		A     draw.Operand `json:"a"`
		B     draw.Operand `json:"b"`
		Probe []string     `json:"probe"`
	}{drawOperand(draws, "key"), drawOperand(draws, "key"), vocabulary}
	return in, func() any {
		a, b := in.A.Requirement(), in.B.Requirement()
		both := a.Intersection(b)
		has := make([]bool, len(in.Probe))
		for place, value := range in.Probe {
			has[place] = both.Has(value)
		}
		return struct {
			A          set    `json:"a"`
			Both       set    `json:"both"`
			Intersects bool   `json:"intersects"`
			Has        []bool `json:"has"`
		}{describe(a), describe(both), a.HasIntersection(b), has}
	}
}

func compatible(draws *rand.Rand) (any, func() any) {
	keys := []string{
		"topology.kubernetes.io/zone", "karpenter.sh/capacity-type", "karpenter.k8s.aws/instance-cpu", "karpenter.k8s.aws/instance-family",
		"kubernetes.io/hostname", "example.com/team", "failure-domain.beta.kubernetes.io/zone", "beta.kubernetes.io/instance-type",
	}
	side := func() []draw.Operand {
		var operands []draw.Operand
		for _, key := range draw.Some(draws, 1, 4, keys...) {
			operands = append(operands, drawOperand(draws, key))
		}
		if draw.Chance(draws, 20) {
			operands = append(operands, drawOperand(draws, operands[0].Key))
		}
		return operands
	}
	in := struct {
		Node []draw.Operand `json:"node"`
		Pod  []draw.Operand `json:"pod"`
	}{side(), side()}
	return in, func() any {
		node, pod := draw.Requirements(in.Node), draw.Requirements(in.Pod)
		return struct {
			Strict     bool `json:"strict"`
			Lenient    bool `json:"lenient"`
			Intersects bool `json:"intersects"`
		}{
			node.IsCompatible(pod),
			node.IsCompatible(pod, scheduling.AllowUndefinedWellKnownLabels),
			node.Intersects(pod) == nil,
		}
	}
}
