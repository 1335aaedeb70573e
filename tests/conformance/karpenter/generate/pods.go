package generate

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"karpsim/tests/conformance/karpenter/world"
)

func (d *dice) workloads(c *world.Case, t *theme) {
	most := 4
	if t.large {
		most = 16
	}
	for number := range d.between(1, 5) {
		app := fmt.Sprintf("app-%c", 'a'+number)
		workload := world.Workload{
			Name:    app,
			Labels:  map[string]string{"app": app, "tier": pick(d, "front", "back")},
			Count:   d.between(1, most),
			Created: int64(d.IntN(3)),
		}
		if d.one(2) {
			workload.Labels["revision"] = pick(d, "1", "2")
		}
		if t.namespaces {
			workload.Namespace = pick(d, "default", "blue", "green")
		}
		d.pod(c, t, &workload)
		c.Pending = append(c.Pending, workload)
	}
}

func (d *dice) pod(c *world.Case, t *theme, w *world.Workload) {
	spec := &w.Spec
	main := container(pick(d, 50, 100, 250, 500, 900, 1500, 3000), pick(d, 64, 128, 512, 1024, 3000, 6000))
	if t.devices && d.one(4) {
		main.Resources.Requests[gpu] = resource.MustParse("1")
	}
	if d.one(t.ports) {
		main.Ports = []corev1.ContainerPort{d.port()}
	}
	spec.Containers = append(spec.Containers, main)
	if d.one(t.sidecars) {
		spec.Containers = append(spec.Containers, container(100, 0))
		spec.InitContainers = append(spec.InitContainers, container(pick(d, 100, 2000), 256))
		if d.one(2) {
			always := corev1.ContainerRestartPolicyAlways
			spec.InitContainers[0].RestartPolicy = &always
		}
	}
	if d.one(t.selector) {
		key, values := d.label()
		spec.NodeSelector = map[string]string{key: pick(d, values...)}
	}
	spec.Affinity = &corev1.Affinity{}
	d.nodeAffinity(t, spec.Affinity)
	d.podAffinity(t, spec.Affinity, w)
	if *spec.Affinity == (corev1.Affinity{}) {
		spec.Affinity = nil
	}
	if d.one(t.spread) {
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, d.spread(t, w, corev1.DoNotSchedule))
	}
	for range 2 {
		if d.one(t.soft) {
			spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, d.spread(t, w, corev1.ScheduleAnyway))
		}
	}
	if d.one(t.tolerations) {
		spec.Tolerations = append(spec.Tolerations, d.toleration())
	}
}

func container(cpu, memory int) corev1.Container {
	return corev1.Container{Name: "main", Resources: corev1.ResourceRequirements{Requests: amounts(cpu, memory, 0)}}
}

func (d *dice) port() corev1.ContainerPort {
	port := int32(pick(d, 80, 8080))
	return corev1.ContainerPort{
		ContainerPort: port, HostPort: port, HostIP: pick(d, "", "", "0.0.0.0", "10.0.0.1", "10.0.0.2"),
		Protocol: pick(d, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP),
	}
}

func (d *dice) toleration() corev1.Toleration {
	switch d.IntN(4) {
	case 0:
		return corev1.Toleration{Operator: corev1.TolerationOpExists}
	case 1:
		return corev1.Toleration{Key: pick(d, "gpu", "batch"), Operator: corev1.TolerationOpExists}
	case 2:
		return corev1.Toleration{Key: pick(d, "gpu", "batch"), Operator: corev1.TolerationOpEqual, Value: "yes"}
	default:
		return corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: pick(d, corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule)}
	}
}

// label is a key pods ask for, and values of it.
func (d *dice) label() (string, []string) {
	switch d.IntN(9) {
	case 0, 1:
		return zoneKey, zones
	case 2:
		return capacityKey, []string{"spot", "on-demand"}
	case 3:
		return archKey, []string{"amd64", "arm64"}
	case 4:
		return aws + "instance-family", []string{"c6i", "m6i", "m7g"}
	case 5:
		return "team", []string{"a", "b", "c"}
	case 6:
		return poolKey, []string{"pool-a", "pool-b"}
	case 7:
		return "failure-domain.beta.kubernetes.io/zone", zones
	default:
		return aws + "instance-size", []string{"large", "xlarge", "2xlarge"}
	}
}

func (d *dice) expression() corev1.NodeSelectorRequirement {
	switch d.IntN(8) {
	case 0, 1, 2:
		key, values := d.label()
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: some(d, values)}
	case 3:
		key, values := d.label()
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpNotIn, Values: some(d, values)}
	case 4:
		key, _ := d.label()
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpExists}
	case 5:
		key := pick(d, "team", aws+"instance-gpu-count", "absent")
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpDoesNotExist}
	default:
		operator := pick(d, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt)
		return corev1.NodeSelectorRequirement{Key: pick(d, aws+"instance-cpu", aws+"instance-cpu", "rank"), Operator: operator, Values: []string{pick(d, "2", "4", "8")}}
	}
}

func (d *dice) term() corev1.NodeSelectorTerm {
	term := corev1.NodeSelectorTerm{}
	for range d.between(1, 2) {
		term.MatchExpressions = append(term.MatchExpressions, d.expression())
	}
	return term
}

func (d *dice) nodeAffinity(t *theme, affinity *corev1.Affinity) {
	node := &corev1.NodeAffinity{}
	if d.one(t.terms) {
		node.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
		for range d.between(1, 3) {
			terms := &node.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			*terms = append(*terms, d.term())
		}
	}
	if d.one(t.preferred) {
		for range d.between(1, 3) {
			wish := corev1.PreferredSchedulingTerm{Weight: int32(pick(d, 1, 10, 10, 100)), Preference: d.term()}
			node.PreferredDuringSchedulingIgnoredDuringExecution = append(node.PreferredDuringSchedulingIgnoredDuringExecution, wish)
		}
	}
	if node.RequiredDuringSchedulingIgnoredDuringExecution != nil || node.PreferredDuringSchedulingIgnoredDuringExecution != nil {
		affinity.NodeAffinity = node
	}
}

// selector selects the pods of the workload, or those of several. No value comes twice: upstream's hash takes such selectors for equal.
func (d *dice) selector(w *world.Workload) *metav1.LabelSelector {
	switch d.IntN(5) {
	case 0:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"tier": pick(d, "front", "back")}}
	case 1:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: slices.Compact([]string{w.Labels["app"], pick(d, "app-a", "app-b", "app-c")})},
		}}
	default:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": w.Labels["app"]}}
	}
}

func (d *dice) podTerm(t *theme, w *world.Workload) corev1.PodAffinityTerm {
	term := corev1.PodAffinityTerm{LabelSelector: d.selector(w), TopologyKey: pick(d, t.keys...)}
	if t.namespaces {
		switch d.IntN(4) {
		case 0:
			term.Namespaces = some(d, []string{"default", "blue", "green"})
		case 1:
			term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kind": pick(d, "a", "b")}}
		case 2:
			term.NamespaceSelector = &metav1.LabelSelector{}
		}
	}
	return term
}

func (d *dice) podAffinity(t *theme, affinity *corev1.Affinity, w *world.Workload) {
	if d.one(t.affinity) {
		affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{d.podTerm(t, w)}}
	}
	if d.one(t.away) {
		affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{d.podTerm(t, w)}}
	}
	if len(t.keys) > 0 && d.one(2*t.preferred) {
		for range d.between(1, 2) {
			wish := corev1.WeightedPodAffinityTerm{Weight: int32(pick(d, 1, 50, 100)), PodAffinityTerm: d.podTerm(t, w)}
			if d.one(2) {
				if affinity.PodAffinity == nil {
					affinity.PodAffinity = &corev1.PodAffinity{}
				}
				wishes := &affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution
				*wishes = append(*wishes, wish)
			} else {
				if affinity.PodAntiAffinity == nil {
					affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
				}
				wishes := &affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution
				*wishes = append(*wishes, wish)
			}
		}
	}
}

func (d *dice) spread(t *theme, w *world.Workload, unsatisfiable corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
	spread := corev1.TopologySpreadConstraint{
		MaxSkew: int32(pick(d, 1, 1, 2)), TopologyKey: pick(d, t.keys...), WhenUnsatisfiable: unsatisfiable, LabelSelector: d.selector(w),
	}
	if unsatisfiable == corev1.DoNotSchedule && d.one(6) {
		least := int32(pick(d, 2, 3, 4))
		spread.MinDomains = &least
	}
	if d.one(5) {
		spread.MatchLabelKeys = []string{pick(d, "revision", "tier")}
	}
	policy := func() *corev1.NodeInclusionPolicy {
		chosen := pick(d, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
		return &chosen
	}
	if t.policies && d.one(2) {
		spread.NodeAffinityPolicy = policy()
	}
	if t.policies && d.one(2) {
		spread.NodeTaintsPolicy = policy()
	}
	return spread
}

// daemons are the DaemonSets of the case.
func (d *dice) daemons(c *world.Case, t *theme) {
	if t.daemonSets == 0 {
		return
	}
	for number := range d.between(0, t.daemonSets) {
		set := world.Workload{Name: fmt.Sprintf("set-%c", 'a'+number)}
		main := container(pick(d, 50, 100, 500), pick(d, 64, 256))
		if d.one(4) {
			main.Resources.Limits, main.Resources.Requests = main.Resources.Requests, nil
		}
		if d.one(3) {
			main.Ports = []corev1.ContainerPort{d.port()}
		}
		set.Spec.Containers = []corev1.Container{main}
		if d.one(2) {
			set.Spec.Tolerations = append(set.Spec.Tolerations, d.toleration())
		}
		if d.one(3) {
			key, values := d.label()
			set.Spec.NodeSelector = map[string]string{key: pick(d, values...)}
		}
		set.Spec.Affinity = &corev1.Affinity{}
		d.nodeAffinity(&theme{terms: 3, preferred: 6}, set.Spec.Affinity)
		if set.Spec.Affinity.NodeAffinity == nil {
			set.Spec.Affinity = nil
		}
		c.DaemonSets = append(c.DaemonSets, set)
	}
}
