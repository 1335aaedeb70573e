package main

import (
	"fmt"
	"math/rand/v2"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// drawAutoscaled draws an autoscaler and some syncs; half of them let the calculation through unlimited.
func drawAutoscaled(dice *rand.Rand) autoscaled {
	c := autoscaled{Replicas: int32(between(dice, 1, 40))}
	least, most := int32(between(dice, 1, 6)), int32(between(dice, 20, 200))
	c.Spec.MinReplicas, c.Spec.MaxReplicas = &least, most
	kinds := []func(*rand.Rand, int) autoscalingv2.MetricSpec{
		drawResourceMetric, drawResourceMetric, drawResourceMetric, drawPodsMetric, drawObjectMetric, drawExternalMetric,
	}
	for place := range between(dice, 1, 3) {
		metric := one(dice, kinds)(dice, place)
		repeated := func() bool {
			for _, other := range c.Spec.Metrics {
				if metric.Resource != nil && other.Resource != nil && metric.Resource.Name == other.Resource.Name {
					return true
				}
			}
			return false
		}
		if !repeated() {
			c.Spec.Metrics = append(c.Spec.Metrics, metric)
		}
	}
	syncs, pods := between(dice, 1, 3), 24
	switch dice.IntN(4) {
	case 0, 1:
		c.Spec.Behavior = unlimited(dice)
	case 2:
		c.Spec.Behavior = drawBehavior(dice)
		syncs, pods = between(dice, 5, 40), 6
	case 3:
		syncs, pods = between(dice, 5, 30), 6
	}
	load := dice.Float64() * 2
	for range syncs {
		load = max(0.02, load*(0.7+0.62*dice.Float64()))
		if chance(dice, 8) {
			load = dice.Float64() * 2.5
		}
		c.Syncs = append(c.Syncs, drawSync(dice, c.Spec.Metrics, load, most, pods))
	}
	return c
}

// unlimited is a behavior that lets every proposal through.
func unlimited(dice *rand.Rand) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	none := int32(0)
	behavior := &autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleUp: &autoscalingv2.HPAScalingRules{
			StabilizationWindowSeconds: &none,
			Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 1000, PeriodSeconds: 1}},
		},
		ScaleDown: &autoscalingv2.HPAScalingRules{
			StabilizationWindowSeconds: &none,
			Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 1}},
		},
	}
	drawTolerance(dice, behavior.ScaleUp)
	drawTolerance(dice, behavior.ScaleDown)
	return behavior
}

func drawTolerance(dice *rand.Rand, rules *autoscalingv2.HPAScalingRules) {
	if chance(dice, 25) {
		tolerance := resource.MustParse(one(dice, []string{"0", "10m", "50m", "0.2", "0.25", "0.5"}))
		rules.Tolerance = &tolerance
	}
}

func drawBehavior(dice *rand.Rand) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	behavior := &autoscalingv2.HorizontalPodAutoscalerBehavior{}
	if chance(dice, 75) {
		behavior.ScaleUp = drawRules(dice)
	}
	if chance(dice, 75) || behavior.ScaleUp == nil {
		behavior.ScaleDown = drawRules(dice)
	}
	return behavior
}

func drawRules(dice *rand.Rand) *autoscalingv2.HPAScalingRules {
	rules := &autoscalingv2.HPAScalingRules{}
	if chance(dice, 60) {
		window := int32(one(dice, []int{0, 15, 30, 45, 60, 100, 300, 600}))
		rules.StabilizationWindowSeconds = &window
	}
	if chance(dice, 50) {
		selection := one(dice, []autoscalingv2.ScalingPolicySelect{
			autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect,
			autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect,
		})
		rules.SelectPolicy = &selection
	}
	if chance(dice, 70) {
		for range between(dice, 1, 3) {
			policy := autoscalingv2.HPAScalingPolicy{
				Type:          one(dice, []autoscalingv2.HPAScalingPolicyType{autoscalingv2.PodsScalingPolicy, autoscalingv2.PercentScalingPolicy}),
				PeriodSeconds: int32(one(dice, []int{1, 15, 30, 45, 60, 90, 120, 600})),
			}
			policy.Value = int32(between(dice, 1, 12))
			if policy.Type == autoscalingv2.PercentScalingPolicy {
				policy.Value = int32(between(dice, 1, 150))
			}
			rules.Policies = append(rules.Policies, policy)
		}
	}
	drawTolerance(dice, rules)
	return rules
}

func drawResourceMetric(dice *rand.Rand, _ int) autoscalingv2.MetricSpec {
	source := &autoscalingv2.ResourceMetricSource{Name: one(dice, []v1.ResourceName{v1.ResourceCPU, v1.ResourceCPU, v1.ResourceMemory})}
	if chance(dice, 75) {
		percent := int32(one(dice, []int{30, 50, 60, 70, 80, 90, 120, 150}))
		source.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent}
	} else {
		amount := fmt.Sprintf("%dm", between(dice, 50, 900))
		if source.Name == v1.ResourceMemory {
			amount = fmt.Sprintf("%dMi", between(dice, 50, 900))
		}
		quantity := resource.MustParse(amount)
		source.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity}
	}
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: source}
}

func drawPodsMetric(dice *rand.Rand, place int) autoscalingv2.MetricSpec {
	quantity := resource.MustParse(fmt.Sprintf("%dm", between(dice, 500, 90_000)))
	return autoscalingv2.MetricSpec{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: fmt.Sprintf("pods-%d", place)},
		Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity},
	}}
}

func drawTotalTarget(dice *rand.Rand) autoscalingv2.MetricTarget {
	quantity := resource.MustParse(fmt.Sprintf("%dm", between(dice, 1_000, 40_000)))
	if chance(dice, 60) {
		return autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity}
	}
	return autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &quantity}
}

func drawObjectMetric(dice *rand.Rand, place int) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Name: "front"},
		Metric:          autoscalingv2.MetricIdentifier{Name: fmt.Sprintf("object-%d", place)},
		Target:          drawTotalTarget(dice),
	}}
}

func drawExternalMetric(dice *rand.Rand, place int) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: fmt.Sprintf("external-%d", place)},
		Target: drawTotalTarget(dice),
	}}
}

func drawSync(dice *rand.Rand, metrics []autoscalingv2.MetricSpec, load float64, most int32, pods int) sync {
	s := sync{Exist: int32(between(dice, 0, 40))}
	if chance(dice, 4) {
		override := int32(dice.IntN(int(most) + 10))
		s.Override = &override
	}
	calm := chance(dice, 50)
	for range between(dice, 0, pods) {
		s.Pods = append(s.Pods, drawMeasured(dice, calm))
	}
	for _, metric := range metrics {
		s.Readings = append(s.Readings, drawReading(dice, metric, s.Pods, load, calm))
	}
	return s
}

func drawMeasured(dice *rand.Rand, calm bool) measured {
	cpu, memory := int64(one(dice, []int{100, 250, 333, 500})), int64(between(dice, 100, 400))*mebi
	yes, no := true, false
	started := int64(between(dice, 0, 900))
	pod := measured{CPU: &cpu, Memory: &memory, Phase: v1.PodRunning, Ready: &yes, Started: &started}
	pod.Since = int64(dice.IntN(int(started) + 1))
	if calm {
		return pod
	}
	switch dice.IntN(10) {
	case 0:
		pod.Phase, pod.Ready, pod.Since = v1.PodPending, nil, 0
	case 1, 2:
		pod.Ready = &no
	case 3:
		pod.Ready = &no
		pod.Since = max(0, started-int64(between(dice, 0, 60)))
	case 4:
		pod.Phase = one(dice, []v1.PodPhase{v1.PodFailed, v1.PodSucceeded, v1.PodUnknown})
	}
	pod.Deleting = chance(dice, 5)
	if chance(dice, 2) {
		pod.Started = nil
	}
	if chance(dice, 1) {
		pod.CPU = nil
	}
	if chance(dice, 1) {
		pod.Memory = nil
	}
	return pod
}

func drawReading(dice *rand.Rand, metric autoscalingv2.MetricSpec, pods []measured, load float64, calm bool) reading {
	var r reading
	if metric.Object != nil || metric.External != nil {
		if chance(dice, 94) {
			total := int64(load * float64(between(dice, 1_000, 400_000)))
			r.Total = &total
		}
		return r
	}
	for _, pod := range pods {
		if !calm && chance(dice, 15) {
			r.Pods = append(r.Pods, nil)
			continue
		}
		s := &sample{Age: int64(dice.IntN(40)), Window: int64(one(dice, []int{0, 10, 15, 30, 60}))}
		noise := load * (0.8 + 0.4*dice.Float64())
		switch {
		case metric.Pods != nil:
			s.Value = int64(noise * float64(metric.Pods.Target.AverageValue.MilliValue()))
		case metric.Resource.Target.AverageValue != nil:
			s.Value = int64(noise * float64(metric.Resource.Target.AverageValue.MilliValue()))
		default:
			request := int64(250)
			if metric.Resource.Name == v1.ResourceMemory {
				request = 250 * mebi * 1000
			}
			if metric.Resource.Name == v1.ResourceCPU && pod.CPU != nil {
				request = *pod.CPU
			}
			s.Value = int64(noise * float64(request) * float64(*metric.Resource.Target.AverageUtilization) / 100)
		}
		if metric.Resource != nil && metric.Resource.Name == v1.ResourceMemory {
			// The kubelet reports whole bytes.
			s.Value -= s.Value % 1000
		}
		r.Pods = append(r.Pods, s)
	}
	return r
}
