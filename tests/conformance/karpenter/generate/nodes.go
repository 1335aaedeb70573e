package generate

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"karpsim/tests/conformance/karpenter/world"
)

// nodes come after the workloads: some of their pods already run.
func (d *dice) nodes(c *world.Case, t *theme) {
	if t.nodes == 0 {
		return
	}
	for number := range d.between(0, t.nodes) {
		of := pick(d, c.Types...)
		node := world.Node{
			Name:        fmt.Sprintf("node-%c", 'a'+number),
			Stage:       pick(d, world.Initialized, world.Initialized, world.Initialized, world.Registered, world.Launched, world.Unmanaged),
			Capacity:    of.Capacity,
			Allocatable: corev1.ResourceList{},
			Labels:      map[string]string{zoneKey: pick(d, zones...), typeKey: of.Name, capacityKey: pick(d, "spot", "on-demand")},
			Deleting:    d.one(10),
		}
		for name, amount := range of.Capacity {
			amount = amount.DeepCopy()
			amount.Sub(of.Overhead[name])
			node.Allocatable[name] = amount
		}
		for key, values := range of.Labels {
			node.Labels[key] = values[0]
		}
		if d.one(6) {
			delete(node.Labels, zoneKey)
		}
		if node.Stage != world.Unmanaged {
			pool := pick(d, c.NodePools...)
			node.Labels[poolKey] = pool.Name
			node.Taints = slices.Clone(pool.Spec.Template.Spec.Taints)
			node.StartupTaints = pool.Spec.Template.Spec.StartupTaints
			for key, value := range pool.Spec.Template.Labels {
				node.Labels[key] = value
			}
			if node.Stage != world.Initialized && d.one(2) {
				node.Taints = append(node.Taints, node.StartupTaints...)
				node.Taints = append(node.Taints, corev1.Taint{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoSchedule})
			}
		} else if d.one(3) {
			node.Taints = []corev1.Taint{d.taint(corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule)}
		}
		if node.Stage != world.Launched {
			if !d.one(8) {
				node.Labels[hostKey] = node.Name
			}
			d.bound(c, &node)
		}
		c.Nodes = append(c.Nodes, node)
	}
}

// bound pods are those of the pending workloads, pods of a DaemonSet, and others.
func (d *dice) bound(c *world.Case, node *world.Node) {
	for place, workload := range c.Pending {
		if !d.one(3) {
			continue
		}
		workload.Name = fmt.Sprintf("%s-on-%s", workload.Name, node.Name)
		workload.Count = d.between(1, 2)
		workload.Created = int64(-100 - place)
		node.Pods = append(node.Pods, workload)
	}
	for _, set := range c.DaemonSets {
		if d.one(2) {
			set.Name = fmt.Sprintf("%s-on-%s", set.Name, node.Name)
			set.Daemon = true
			node.Pods = append(node.Pods, set)
		}
	}
	if d.one(2) {
		cpu, _ := node.Allocatable[corev1.ResourceCPU]
		filler := container(0, 0)
		filler.Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU: *resource.NewMilliQuantity(cpu.MilliValue()*int64(d.between(1, 10))/10, resource.DecimalSI),
		}
		node.Pods = append(node.Pods, world.Workload{
			Name: "filler-on-" + node.Name, Spec: corev1.PodSpec{Containers: []corev1.Container{filler}},
		})
	}
}
