package main

import (
	"fmt"
	"math/rand/v2"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const mebi = 1 << 20

var (
	zones     = []string{"aps1-az1", "aps1-az2", "aps1-az3"}
	arches    = []string{"amd64", "arm64"}
	images    = []string{"registry.example/api:1", "registry.example/worker:2", "registry.example/model:3"}
	teams     = []string{"roads", "water", "parks"}
	operators = []v1.NodeSelectorOperator{
		v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn, v1.NodeSelectorOpExists,
		v1.NodeSelectorOpDoesNotExist, v1.NodeSelectorOpGt, v1.NodeSelectorOpLt,
	}
)

func chance(dice *rand.Rand, percent int) bool { return dice.IntN(100) < percent }

func one[T any](dice *rand.Rand, of []T) T { return of[dice.IntN(len(of))] }

func between(dice *rand.Rand, least, most int) int { return least + dice.IntN(most-least+1) }

// drawCluster draws a small cluster with everything, or now and then one large enough for its nodes to be sampled.
func drawCluster(dice *rand.Rand) cluster {
	nodes := between(dice, 2, 24)
	if chance(dice, 4) {
		nodes = between(dice, 110, 260)
	}
	return drawClusterOf(dice, nodes, false)
}

func drawClusterOf(dice *rand.Rand, nodes int, priorities bool) cluster {
	var c cluster
	for place := range between(dice, 2, 7) {
		c.Workloads = append(c.Workloads, drawWorkload(dice, place, priorities))
	}
	// The same everywhere, as it is: the real cache takes the first node's word for the size of an image.
	imageBytes := map[string]int64{}
	for _, name := range images {
		imageBytes[name] = int64(dice.IntN(6000)) * mebi
	}
	for place := range nodes {
		c.Nodes = append(c.Nodes, drawNode(dice, place, imageBytes))
	}
	for range nodes * between(dice, 0, 6) {
		c.Pods = append(c.Pods, placed{
			Workload:    dice.IntN(len(c.Workloads)),
			Node:        dice.IntN(nodes),
			Age:         int64(dice.IntN(4000)),
			Terminating: chance(dice, 5),
		})
	}
	for range between(dice, 3, 8) {
		c.Attempts = append(c.Attempts, dice.IntN(len(c.Workloads)))
	}
	return c
}

func drawNode(dice *rand.Rand, place int, imageBytes map[string]int64) node {
	cpus := one(dice, []int{2, 4, 8, 16})
	n := node{
		Labels: map[string]string{
			v1.LabelHostname:   nodeName(place),
			v1.LabelArchStable: one(dice, arches),
			"cpus":             fmt.Sprint(cpus),
		},
		Allocatable: map[string]string{
			"cpu":               fmt.Sprintf("%dm", cpus*1000-80),
			"memory":            fmt.Sprint(int64(cpus)*int64(between(dice, 1800, 7900))*mebi + int64(dice.IntN(mebi))),
			"ephemeral-storage": fmt.Sprint(int64(between(dice, 8, 80)) << 30),
			"pods":              fmt.Sprint(one(dice, []int{4, 12, 29, 58, 110})),
		},
		Unschedulable: chance(dice, 4),
	}
	if chance(dice, 94) {
		n.Labels[v1.LabelTopologyZone] = one(dice, zones)
	}
	if chance(dice, 20) {
		n.Labels["disk"] = one(dice, []string{"ssd", "hdd"})
	}
	if chance(dice, 15) {
		n.Allocatable["nvidia.com/gpu"] = fmt.Sprint(between(dice, 1, 4))
	}
	for range dice.IntN(3) {
		if chance(dice, 40) {
			n.Taints = append(n.Taints, v1.Taint{
				Key:    one(dice, []string{"dedicated", "spot"}),
				Value:  one(dice, []string{"", "ai", "batch"}),
				Effect: one(dice, []v1.TaintEffect{v1.TaintEffectNoSchedule, v1.TaintEffectNoExecute, v1.TaintEffectPreferNoSchedule, v1.TaintEffectPreferNoSchedule}),
			})
		}
	}
	for _, name := range images {
		if chance(dice, 35) {
			n.Images = append(n.Images, image{Name: name, Bytes: imageBytes[name]})
		}
	}
	return n
}

func drawWorkload(dice *rand.Rand, place int, priorities bool) workload {
	w := workload{
		Name:      fmt.Sprintf("w%d", place),
		Namespace: one(dice, []string{"citizen", "staff"}),
		Labels:    map[string]string{"app": fmt.Sprintf("w%d", place), "team": one(dice, teams)},
	}
	if priorities {
		w.Priority = int32(one(dice, []int{-10, 0, 0, 100, 1000}))
	}
	w.Spec.Containers = append(w.Spec.Containers, drawContainer(dice, "main"))
	if chance(dice, 15) {
		w.Spec.Containers = append(w.Spec.Containers, drawContainer(dice, "side"))
	}
	if chance(dice, 15) {
		init := drawContainer(dice, "init")
		if chance(dice, 50) {
			always := v1.ContainerRestartPolicyAlways
			init.RestartPolicy = &always
		}
		w.Spec.InitContainers = append(w.Spec.InitContainers, init)
		if chance(dice, 50) {
			w.Spec.InitContainers = append(w.Spec.InitContainers, drawContainer(dice, "init-2"))
		}
	}
	if chance(dice, 10) {
		w.Spec.Containers[0].Ports = []v1.ContainerPort{{ContainerPort: 80, HostPort: int32(between(dice, 8080, 8081)), Protocol: v1.ProtocolTCP}}
	}
	if chance(dice, 10) {
		w.Spec.NodeSelector = map[string]string{v1.LabelArchStable: one(dice, arches)}
	}
	for range dice.IntN(3) {
		if chance(dice, 40) {
			w.Spec.Tolerations = append(w.Spec.Tolerations, drawToleration(dice))
		}
	}
	w.Spec.Affinity = drawAffinity(dice)
	for _, key := range []string{v1.LabelHostname, v1.LabelTopologyZone} {
		if chance(dice, 22) {
			w.Spec.TopologySpreadConstraints = append(w.Spec.TopologySpreadConstraints, drawSpread(dice, key, w))
		}
	}
	return w
}

func drawContainer(dice *rand.Rand, name string) v1.Container {
	container := v1.Container{Name: name, Image: one(dice, images)}
	set := func(list *v1.ResourceList, name v1.ResourceName, amount string) {
		if *list == nil {
			*list = v1.ResourceList{}
		}
		(*list)[name] = resource.MustParse(amount)
	}
	container.Resources.Requests = v1.ResourceList{}
	requests, limits := &container.Resources.Requests, &container.Resources.Limits
	if chance(dice, 88) {
		cpu := between(dice, 1, 2500)
		set(requests, v1.ResourceCPU, fmt.Sprintf("%dm", cpu))
		if chance(dice, 20) {
			set(limits, v1.ResourceCPU, fmt.Sprintf("%dm", cpu+500))
		}
	}
	if chance(dice, 85) {
		set(requests, v1.ResourceMemory, fmt.Sprintf("%dMi", between(dice, 1, 6000)))
	} else if chance(dice, 40) {
		set(limits, v1.ResourceMemory, fmt.Sprintf("%dMi", between(dice, 1, 2000)))
	}
	if chance(dice, 8) {
		set(requests, v1.ResourceEphemeralStorage, fmt.Sprintf("%dGi", between(dice, 1, 12)))
	}
	if chance(dice, 6) {
		set(requests, "nvidia.com/gpu", "1")
		set(limits, "nvidia.com/gpu", "1")
	}
	return container
}

func drawToleration(dice *rand.Rand) v1.Toleration {
	toleration := v1.Toleration{
		Key:      one(dice, []string{"dedicated", "spot"}),
		Operator: one(dice, []v1.TolerationOperator{v1.TolerationOpExists, v1.TolerationOpEqual}),
		Effect:   one(dice, []v1.TaintEffect{"", v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule}),
	}
	if toleration.Operator == v1.TolerationOpEqual {
		toleration.Value = one(dice, []string{"", "ai", "batch"})
	}
	return toleration
}

func drawNodeTerm(dice *rand.Rand) v1.NodeSelectorTerm {
	var term v1.NodeSelectorTerm
	// A key stands once in a term: ours merges expressions on one key, as Karpenter does, and cannot tell a contradiction from
	// a label that must be absent.
	keys := []string{"disk", v1.LabelTopologyZone}[dice.IntN(2):]
	for _, key := range keys {
		values := []string{one(dice, zones), "ssd"}
		operator := one(dice, operators)
		switch operator {
		case v1.NodeSelectorOpExists, v1.NodeSelectorOpDoesNotExist:
			values = nil
		case v1.NodeSelectorOpGt, v1.NodeSelectorOpLt:
			if len(term.MatchExpressions) > 0 {
				continue
			}
			key, values = "cpus", []string{fmt.Sprint(between(dice, 2, 12))}
		}
		term.MatchExpressions = append(term.MatchExpressions, v1.NodeSelectorRequirement{Key: key, Operator: operator, Values: values})
	}
	return term
}

func drawAffinity(dice *rand.Rand) *v1.Affinity {
	var affinity v1.Affinity
	if chance(dice, 12) {
		affinity.NodeAffinity = &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{}}
		selector := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		for range between(dice, 1, 2) {
			selector.NodeSelectorTerms = append(selector.NodeSelectorTerms, drawNodeTerm(dice))
		}
	}
	if chance(dice, 25) {
		if affinity.NodeAffinity == nil {
			affinity.NodeAffinity = &v1.NodeAffinity{}
		}
		for range between(dice, 1, 3) {
			wish := v1.PreferredSchedulingTerm{Weight: int32(between(dice, 1, 100)), Preference: drawNodeTerm(dice)}
			affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution =
				append(affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution, wish)
		}
	}
	if chance(dice, 18) {
		affinity.PodAffinity = &v1.PodAffinity{}
		if chance(dice, 50) {
			for range between(dice, 1, 2) {
				affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution =
					append(affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, drawPodTerm(dice))
			}
		}
		affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution = drawPodWishes(dice)
	}
	if chance(dice, 18) {
		affinity.PodAntiAffinity = &v1.PodAntiAffinity{}
		if chance(dice, 50) {
			affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution = []v1.PodAffinityTerm{drawPodTerm(dice)}
		}
		affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution = drawPodWishes(dice)
	}
	if affinity == (v1.Affinity{}) {
		return nil
	}
	return &affinity
}

func drawPodWishes(dice *rand.Rand) []v1.WeightedPodAffinityTerm {
	var wishes []v1.WeightedPodAffinityTerm
	for range dice.IntN(3) {
		wishes = append(wishes, v1.WeightedPodAffinityTerm{Weight: int32(between(dice, 1, 100)), PodAffinityTerm: drawPodTerm(dice)})
	}
	return wishes
}

func drawPodTerm(dice *rand.Rand) v1.PodAffinityTerm {
	term := v1.PodAffinityTerm{
		LabelSelector: drawPodSelector(dice),
		TopologyKey:   one(dice, []string{v1.LabelHostname, v1.LabelTopologyZone, v1.LabelTopologyZone, "disk"}),
	}
	if chance(dice, 25) {
		term.Namespaces = []string{"citizen", "staff"}
	}
	return term
}

func drawPodSelector(dice *rand.Rand) *metav1.LabelSelector {
	if chance(dice, 40) {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": fmt.Sprintf("w%d", dice.IntN(5))}}
	}
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key:      "team",
		Operator: one(dice, []metav1.LabelSelectorOperator{metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn}),
		Values:   []string{one(dice, teams), one(dice, teams)},
	}}}
}

func drawSpread(dice *rand.Rand, key string, w workload) v1.TopologySpreadConstraint {
	constraint := v1.TopologySpreadConstraint{
		MaxSkew:           int32(between(dice, 1, 3)),
		TopologyKey:       key,
		WhenUnsatisfiable: one(dice, []v1.UnsatisfiableConstraintAction{v1.DoNotSchedule, v1.ScheduleAnyway, v1.ScheduleAnyway}),
		LabelSelector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": w.Labels["app"]}},
	}
	if chance(dice, 25) {
		constraint.LabelSelector = drawPodSelector(dice)
	}
	if chance(dice, 20) {
		constraint.MatchLabelKeys = []string{podTemplateHash}
	}
	if constraint.WhenUnsatisfiable == v1.DoNotSchedule && chance(dice, 30) {
		domains := int32(between(dice, 1, 4))
		constraint.MinDomains = &domains
	}
	if chance(dice, 25) {
		ignore := v1.NodeInclusionPolicyIgnore
		constraint.NodeAffinityPolicy = &ignore
	}
	if chance(dice, 25) {
		honor := v1.NodeInclusionPolicyHonor
		constraint.NodeTaintsPolicy = &honor
	}
	return constraint
}
