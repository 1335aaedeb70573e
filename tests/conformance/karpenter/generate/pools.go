package generate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"karpsim/tests/conformance/karpenter/world"
)

func (d *dice) pools(c *world.Case, t *theme) {
	for number := range d.between(1, t.pools) {
		pool := world.NodePool{Name: fmt.Sprintf("pool-%c", 'a'+number)}
		if d.one(2) {
			weight := int32(pick(d, 1, 10, 10, 50))
			pool.Spec.Weight = &weight
		}
		template := &pool.Spec.Template
		for range d.between(0, 3) {
			template.Spec.Requirements = append(template.Spec.Requirements, d.poolRequirement())
		}
		if t.minValues {
			template.Spec.Requirements = append(template.Spec.Requirements, d.flexibility())
		}
		if d.one(t.labels) {
			template.Labels = map[string]string{"team": pick(d, "a", "b")}
		} else if d.one(t.labels) {
			template.Spec.Requirements = append(template.Spec.Requirements, d.teams())
		}
		if d.one(t.taints) {
			template.Spec.Taints = append(template.Spec.Taints, d.taint(corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute))
		}
		if d.one(t.prefers) {
			template.Spec.Taints = append(template.Spec.Taints, d.taint(corev1.TaintEffectPreferNoSchedule))
		}
		if d.one(4) {
			template.Spec.StartupTaints = []corev1.Taint{{Key: "starting", Effect: corev1.TaintEffectNoSchedule}}
		}
		if d.one(t.limits) {
			pool.Spec.Limits = d.limits()
		}
		if d.one(4) {
			for _, one := range some(d, c.Types) {
				pool.Types = append(pool.Types, one.Name)
			}
		}
		c.NodePools = append(c.NodePools, pool)
	}
}

func (d *dice) poolRequirement() v1.NodeSelectorRequirementWithMinValues {
	is := func(key string, operator corev1.NodeSelectorOperator, values ...string) v1.NodeSelectorRequirementWithMinValues {
		return v1.NodeSelectorRequirementWithMinValues{Key: key, Operator: operator, Values: values}
	}
	switch d.IntN(10) {
	case 0:
		return is(zoneKey, corev1.NodeSelectorOpIn, some(d, zones)...)
	case 1:
		return is(zoneKey, corev1.NodeSelectorOpNotIn, pick(d, zones...))
	case 2:
		return is(capacityKey, corev1.NodeSelectorOpIn, some(d, []string{"spot", "on-demand", "reserved"})...)
	case 3:
		return is(archKey, corev1.NodeSelectorOpIn, pick(d, "amd64", "amd64", "arm64"))
	case 4:
		return is(aws+"instance-cpu", pick(d, corev1.NodeSelectorOpGt, v1.NodeSelectorOpGte), pick(d, "2", "4"))
	case 5:
		return is(aws+"instance-cpu", pick(d, corev1.NodeSelectorOpLt, v1.NodeSelectorOpLte), pick(d, "8", "16"))
	case 6:
		return is(aws+"instance-family", corev1.NodeSelectorOpNotIn, pick(d, "c6i", "m6i", "r7i"))
	case 7:
		return is(aws+"instance-category", corev1.NodeSelectorOpIn, some(d, []string{"c", "m", "r"})...)
	case 8:
		return is(aws+"instance-gpu-count", corev1.NodeSelectorOpDoesNotExist)
	default:
		return is(aws+"instance-generation", corev1.NodeSelectorOpExists)
	}
}

// flexibility is a requirement with minValues.
func (d *dice) flexibility() v1.NodeSelectorRequirementWithMinValues {
	least := d.between(1, 4)
	key := pick(d, typeKey, typeKey, aws+"instance-family", aws+"instance-category", zoneKey, aws+"instance-cpu")
	return v1.NodeSelectorRequirementWithMinValues{Key: key, Operator: corev1.NodeSelectorOpExists, MinValues: &least}
}

func (d *dice) teams() v1.NodeSelectorRequirementWithMinValues {
	switch d.IntN(3) {
	case 0:
		return v1.NodeSelectorRequirementWithMinValues{Key: "team", Operator: corev1.NodeSelectorOpIn, Values: []string{"a", "b"}}
	case 1:
		return v1.NodeSelectorRequirementWithMinValues{Key: "team", Operator: corev1.NodeSelectorOpExists}
	default:
		return v1.NodeSelectorRequirementWithMinValues{Key: "rank", Operator: pick(d, corev1.NodeSelectorOpGt, v1.NodeSelectorOpLte), Values: []string{"5"}}
	}
}

func (d *dice) taint(effects ...corev1.TaintEffect) corev1.Taint {
	return corev1.Taint{Key: pick(d, "gpu", "batch"), Value: pick(d, "", "yes"), Effect: pick(d, effects...)}
}

func (d *dice) limits() v1.Limits {
	limits := v1.Limits{}
	if d.one(2) {
		limits[corev1.ResourceCPU] = resource.MustParse(pick(d, "4", "10", "20", "48"))
	}
	if d.one(3) {
		limits[corev1.ResourceMemory] = resource.MustParse(pick(d, "16Gi", "40Gi", "100Gi"))
	}
	if d.one(3) {
		limits["nodes"] = resource.MustParse(pick(d, "0", "1", "2", "5"))
	}
	return limits
}
