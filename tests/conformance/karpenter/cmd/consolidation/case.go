package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"karpsim/tests/conformance/karpenter/draw"
	"karpsim/tests/conformance/karpenter/world"
)

const (
	zoneKey = corev1.LabelTopologyZone
	typeKey = corev1.LabelInstanceTypeStable
	buyKey  = v1.CapacityTypeLabelKey
)

// A question is a cluster at the start of a disruption pass.
type question struct {
	Types      []typeSpec `json:"types"`
	Pools      []poolSpec `json:"pools"`
	Nodes      []nodeSpec `json:"nodes"`
	Pending    []podSpec  `json:"pending"`
	PDBs       []pdbSpec  `json:"pdbs"`
	SpotToSpot bool       `json:"spotToSpot"`
}

type typeSpec struct {
	Name      string         `json:"name"`
	CPU       int            `json:"cpu"`    // vCPUs
	Memory    int            `json:"memory"` // GiB
	Offerings []offeringSpec `json:"offerings"`
}

type offeringSpec struct {
	Zone      string `json:"zone"`
	Buy       string `json:"buy"`
	Price     int    `json:"price"` // in parts of a dollar, draw.PriceUnits
	Available bool   `json:"available"`
}

type poolSpec struct {
	Name             string         `json:"name"`
	Weight           int32          `json:"weight"`
	Policy           string         `json:"policy"`
	ConsolidateAfter string         `json:"consolidateAfter"`
	Budgets          []draw.Budget  `json:"budgets"`
	Requirements     []draw.Operand `json:"requirements"`
}

type nodeSpec struct {
	Name         string    `json:"name"`
	Pool         int       `json:"pool"`
	Type         int       `json:"type"`
	Offering     int       `json:"offering"`
	Initialized  bool      `json:"initialized"`
	Age          int       `json:"age"`      // seconds since it was initialized
	PodEvent     *int      `json:"podEvent"` // seconds since the last one
	Nominated    bool      `json:"nominated"`
	DoNotDisrupt bool      `json:"doNotDisrupt"`
	Deleting     bool      `json:"deleting"`
	NotReady     bool      `json:"notReady"`
	Pods         []podSpec `json:"pods"`
}

type podSpec struct {
	Name         string `json:"name"`
	CPU          int    `json:"cpu"`    // millicores
	Memory       int    `json:"memory"` // MiB
	App          string `json:"app"`
	Zone         string `json:"zone"`  // of its node selector
	Alone        bool   `json:"alone"` // no other of its app on the same host
	DeletionCost int32  `json:"deletionCost"`
	Priority     int32  `json:"priority"`
	DoNotDisrupt bool   `json:"doNotDisrupt"`
	Daemon       bool   `json:"daemon"`
}

type pdbSpec struct {
	App     string `json:"app"`
	Allowed int32  `json:"allowed"`
}

func (t typeSpec) capacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(int64(t.CPU), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(int64(t.Memory)<<30, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(20, resource.DecimalSI),
	}
}

// world is the part of the question that provisioning looks at as well.
func (q question) world() *world.Case {
	c := &world.Case{}
	for _, t := range q.Types {
		made := world.Type{Name: t.Name, Capacity: t.capacity(), Labels: map[string][]string{
			corev1.LabelOSStable: {"linux"}, corev1.LabelArchStable: {"amd64"},
		}}
		for _, o := range t.Offerings {
			made.Offerings = append(made.Offerings, world.Offering{
				Zone: o.Zone, CapacityType: o.Buy, Price: float64(o.Price) / draw.PriceUnits, Unavailable: !o.Available,
			})
		}
		c.Types = append(c.Types, made)
	}
	for _, p := range q.Pools {
		c.NodePools = append(c.NodePools, p.pool())
	}
	for _, n := range q.Nodes {
		c.Nodes = append(c.Nodes, q.node(n))
	}
	for _, p := range q.Pending {
		c.Pending = append(c.Pending, p.workload())
	}
	return c
}

func (p poolSpec) pool() world.NodePool {
	pool := world.NodePool{Name: p.Name}
	pool.Spec.Weight = &p.Weight
	pool.Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicy(p.Policy)
	pool.Spec.Disruption.ConsolidateAfter = v1.MustParseNillableDuration(p.ConsolidateAfter)
	for _, b := range p.Budgets {
		pool.Spec.Disruption.Budgets = append(pool.Spec.Disruption.Budgets, b.Object())
	}
	for _, r := range p.Requirements {
		pool.Spec.Template.Spec.Requirements = append(pool.Spec.Template.Spec.Requirements, v1.NodeSelectorRequirementWithMinValues{
			Key: r.Key, Operator: corev1.NodeSelectorOperator(r.Operator), Values: r.Values, MinValues: r.MinValues,
		})
	}
	return pool
}

func (q question) node(n nodeSpec) world.Node {
	kind := q.Types[n.Type]
	offering := kind.Offerings[n.Offering]
	node := world.Node{
		Name:  n.Name,
		Stage: world.Registered,
		Labels: map[string]string{
			v1.NodePoolLabelKey: q.Pools[n.Pool].Name, typeKey: kind.Name, zoneKey: offering.Zone, buyKey: offering.Buy,
			corev1.LabelHostname: n.Name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		},
		Capacity:    kind.capacity(),
		Allocatable: kind.capacity(),
		Deleting:    n.Deleting,
	}
	if n.Initialized {
		node.Stage = world.Initialized
	}
	for _, p := range n.Pods {
		node.Pods = append(node.Pods, p.workload())
	}
	return node
}

func (p podSpec) workload() world.Workload {
	labels := map[string]string{"app": p.App}
	spec := corev1.PodSpec{
		Priority: &p.Priority,
		Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(p.CPU), resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(int64(p.Memory)<<20, resource.BinarySI),
		}}}},
	}
	if p.Zone != "" {
		spec.NodeSelector = map[string]string{zoneKey: p.Zone}
	}
	if p.Alone {
		term := corev1.PodAffinityTerm{LabelSelector: &metav1.LabelSelector{MatchLabels: labels}, TopologyKey: corev1.LabelHostname}
		spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term},
		}}
	}
	return world.Workload{Name: p.Name, Labels: labels, Daemon: p.Daemon, Spec: spec}
}

// annotations of the pod, which the provisioner does not look at.
func (p podSpec) annotations() map[string]string {
	annotations := map[string]string{}
	if p.DeletionCost != 0 {
		annotations[corev1.PodDeletionCost] = fmt.Sprint(p.DeletionCost)
	}
	if p.DoNotDisrupt {
		annotations[v1.DoNotDisruptAnnotationKey] = "true"
	}
	return annotations
}
