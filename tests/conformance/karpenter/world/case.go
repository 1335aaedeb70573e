// Package world builds, from a case written as JSON, the cluster that Karpenter's controllers look at: a fake API server, a cloud
// provider and the cluster state, all of them Karpenter's own types.
package world

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// Case is all that a decision depends on.
type Case struct {
	Name       string                       `json:"name"`
	Options    Options                      `json:"options,omitzero"`
	Types      []Type                       `json:"types"`
	NodePools  []NodePool                   `json:"nodePools"`
	Namespaces map[string]map[string]string `json:"namespaces,omitempty"` // labels by name
	DaemonSets []Workload                   `json:"daemonSets,omitempty"`
	Nodes      []Node                       `json:"nodes,omitempty"`
	Pending    []Workload                   `json:"pending"`
}

// Options are the settings that change decisions; the zero value is the chart's default.
type Options struct {
	IgnorePreferences   bool `json:"ignorePreferences,omitempty"`
	BestEffortMinValues bool `json:"bestEffortMinValues,omitempty"`
	NoReservedCapacity  bool `json:"noReservedCapacity,omitempty"` // the feature gate
	ReservedFallback    bool `json:"reservedFallback,omitempty"`   // as in the simulations of disruption
}

// Type is an instance type. A label with several values is one whose offerings differ.
type Type struct {
	Name      string              `json:"name"`
	Labels    map[string][]string `json:"labels,omitempty"`
	Capacity  corev1.ResourceList `json:"capacity"`
	Overhead  corev1.ResourceList `json:"overhead,omitempty"`
	Offerings []Offering          `json:"offerings"`
}

// Offering is a type in a zone, bought one way.
type Offering struct {
	Zone         string       `json:"zone"`
	CapacityType string       `json:"capacityType"`
	Price        float64      `json:"price"`
	Unavailable  bool         `json:"unavailable,omitempty"`
	Reservation  *Reservation `json:"reservation,omitempty"`
}

// Reservation is the capacity reservation behind an offering.
type Reservation struct {
	ID       string `json:"id"`
	Capacity int    `json:"capacity"`
}

// NodePool is a pool and the types it may choose from: all of the case where it names none.
type NodePool struct {
	Name  string          `json:"name"`
	Spec  v1.NodePoolSpec `json:"spec"`
	Types []string        `json:"types,omitempty"`
}

// Node is an existing node, or a claim in flight.
type Node struct {
	Name          string              `json:"name"`
	Stage         Stage               `json:"stage"`
	Labels        map[string]string   `json:"labels"`
	Taints        []corev1.Taint      `json:"taints,omitempty"`
	StartupTaints []corev1.Taint      `json:"startupTaints,omitempty"` // of the claim
	Capacity      corev1.ResourceList `json:"capacity"`
	Allocatable   corev1.ResourceList `json:"allocatable"`
	Pods          []Workload          `json:"pods,omitempty"`
	// Deleting nodes take no pod and are not charged to their pool; the pods that stay on them count in the topology.
	Deleting bool `json:"deleting,omitempty"`
}

// Stage is how far a node has come.
type Stage string

// The stages of a node.
const (
	Unmanaged   Stage = "unmanaged"
	Launched    Stage = "launched" // there is no Node object yet
	Registered  Stage = "registered"
	Initialized Stage = "initialized"
)

// Workload is a number of equal pods.
type Workload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitempty"` // "default" where absent
	Labels    map[string]string `json:"labels,omitempty"`
	Count     int               `json:"count,omitempty"`   // 1 where absent
	Created   int64             `json:"created,omitempty"` // seconds after the start
	Daemon    bool              `json:"daemon,omitempty"`  // whether these bound pods belong to a DaemonSet
	Spec      corev1.PodSpec    `json:"spec"`
}

// Result is what the scheduler decided. Claims are in the order of their pods: upstream has them in that of its last sort.
type Result struct {
	Claims []Claim             `json:"claims,omitempty"`
	Nodes  map[string][]string `json:"nodes,omitempty"`  // pods by existing node
	Errors map[string][]string `json:"errors,omitempty"` // what each pool refused it for, by pod
}

// Claim is a NodeClaim to create.
type Claim struct {
	NodePool         string              `json:"nodePool"`
	Types            []string            `json:"types"`
	Requirements     []Requirement       `json:"requirements"`
	Requests         map[string]Quantity `json:"requests"`
	Pods             []string            `json:"pods"`
	MinValuesRelaxed bool                `json:"minValuesRelaxed,omitempty"`
}

// Requirement is a node selector requirement with sorted values.
type Requirement struct {
	Key       string   `json:"key"`
	Operator  string   `json:"operator"`
	Values    []string `json:"values,omitempty"`
	MinValues *int     `json:"minValues,omitempty"`
}

// Quantity is an amount in its canonical form.
type Quantity = resource.Quantity
