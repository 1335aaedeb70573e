package main

import (
	"fmt"
	"math"
	"math/rand"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"sigs.k8s.io/karpenter/pkg/utils/resources"

	"karpsim/tests/conformance/karpenter/draw"
)

// An amount in whole units, rounded away from zero, and in thousandths where they fit 64 bits: beyond, the real ones wrap around.
type amount struct {
	Millis *int64 `json:"millis"`
	Units  int64  `json:"units"`
}

func amountOf(q resource.Quantity) amount {
	a := amount{Units: q.Value()}
	if math.Abs(float64(a.Units)) < math.MaxInt64/2000 {
		millis := q.MilliValue()
		a.Millis = &millis
	}
	return a
}

func quantity(draws *rand.Rand) (any, func() any) {
	text := draw.One(draws, drawNumber, drawNumber, drawNonsense)(draws)
	return text, func() any {
		q, err := resource.ParseQuantity(text)
		if err != nil {
			return nil
		}
		return amountOf(q)
	}
}

func drawNumber(draws *rand.Rand) string {
	number := fmt.Sprint(draws.Intn(5000))
	switch draws.Intn(4) {
	case 0:
		number += fmt.Sprintf(".%d", draws.Intn(1000))
	case 1:
		number = draw.One(draws, "-", "+", "") + number
	case 2:
		number = draw.One(draws, "."+number, number+".", "0"+number)
	}
	return number + draw.One(draws, "", "", "m", "u", "n", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E2", "e-2", "E+1")
}

func drawNonsense(draws *rand.Rand) string {
	return draw.One(draws, "", " ", ".", "m", "Mi", "1 Gi", "1GI", "1K", "1gi", "ten", "1e", "1e3Mi", "1.2.3", "--1", "+-1", "1e1.5", "0x10", "1_000",
		"1e99", "1E", "5E", "7Ei", " 1", "1 ", "1mi", "1Mm", "∞", "1,5", "NaN", "1P", "2Pi", "1e+3", "1e+-3", "-0", "1.", ".5Gi", "1.5.m")
}

// What is left of an overcommitted node may be less than nothing.
func drawList(draws *rand.Rand, overcommitted int) map[string]string {
	list := map[string]string{}
	if draw.Chance(draws, 85) {
		list["cpu"] = fmt.Sprintf("%dm", draws.Intn(4000)-overcommitted)
	}
	if draw.Chance(draws, 85) {
		list["memory"] = fmt.Sprintf("%dMi", draws.Intn(8000)-overcommitted)
	}
	if draw.Chance(draws, 50) {
		list["pods"] = fmt.Sprint(draws.Intn(30))
	}
	if draw.Chance(draws, 30) {
		list["nvidia.com/gpu"] = fmt.Sprint(draws.Intn(4))
	}
	if draw.Chance(draws, 30) {
		list["ephemeral-storage"] = fmt.Sprintf("%dGi", draws.Intn(20))
	}
	return list
}

func resourceList(texts map[string]string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, text := range texts {
		list[corev1.ResourceName(name)] = resource.MustParse(text)
	}
	return list
}

func amounts(list corev1.ResourceList) map[string]amount {
	shown := map[string]amount{}
	for name, q := range list {
		if !q.IsZero() {
			shown[string(name)] = amountOf(q)
		}
	}
	return shown
}

func resourceLists(draws *rand.Rand) (any, func() any) {
	in := struct {
		A map[string]string `json:"a"`
		B map[string]string `json:"b"`
		C map[string]string `json:"c"`
	}{drawList(draws, 0), drawList(draws, 400), drawList(draws, 0)}
	return in, func() any {
		a, b, c := resourceList(in.A), resourceList(in.B), resourceList(in.C)
		return struct {
			Sum  map[string]amount `json:"sum"`
			Max  map[string]amount `json:"max"`
			Fits []bool            `json:"fits"`
		}{
			amounts(resources.Merge(a, b, c)),
			amounts(resources.MaxResources(a, c)),
			[]bool{resources.Fits(a, b), resources.Fits(b, c), resources.Fits(a, resources.Merge(a, b, c)), resources.Fits(c, c)},
		}
	}
}

type container struct {
	Init    bool              `json:"init"`
	Sidecar bool              `json:"sidecar"`
	Request map[string]string `json:"requests"`
}

func podRequests(draws *rand.Rand) (any, func() any) {
	request := func() map[string]string {
		list := map[string]string{}
		if draw.Chance(draws, 80) {
			list["cpu"] = fmt.Sprintf("%dm", draws.Intn(2000))
		}
		if draw.Chance(draws, 80) {
			list["memory"] = fmt.Sprintf("%dMi", draws.Intn(2000))
		}
		if draw.Chance(draws, 15) {
			list["ephemeral-storage"] = fmt.Sprintf("%dGi", 1+draws.Intn(10))
		}
		return list
	}
	in := []container{}
	for range draws.Intn(5) {
		in = append(in, container{Init: true, Sidecar: draw.Chance(draws, 45), Request: request()})
	}
	for range 1 + draws.Intn(3) {
		in = append(in, container{Request: request()})
	}
	return in, func() any {
		var pod corev1.Pod
		always := corev1.ContainerRestartPolicyAlways
		for n, c := range in {
			made := corev1.Container{Name: fmt.Sprint("c", n), Resources: corev1.ResourceRequirements{Requests: resourceList(c.Request)}}
			if c.Sidecar {
				made.RestartPolicy = &always
			}
			if c.Init {
				pod.Spec.InitContainers = append(pod.Spec.InitContainers, made)
			} else {
				pod.Spec.Containers = append(pod.Spec.Containers, made)
			}
		}
		return amounts(resources.RequestsForPods(&pod))
	}
}
