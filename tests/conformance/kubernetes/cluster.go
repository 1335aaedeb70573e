package main

import (
	"fmt"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A cluster, and pods that want a place in it one after the other.
type cluster struct {
	Workloads []workload `json:"workloads"`
	Nodes     []node     `json:"nodes"`
	Pods      []placed   `json:"pods,omitempty"`
	// Places of workloads.
	Attempts []int `json:"attempts,omitempty"`
}

// A workload: the ReplicaSet of a Deployment at its only revision.
type workload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	Priority  int32             `json:"priority,omitempty"`
	Spec      v1.PodSpec        `json:"spec"`
}

type node struct {
	Labels        map[string]string `json:"labels"`
	Taints        []v1.Taint        `json:"taints,omitempty"`
	Unschedulable bool              `json:"unschedulable,omitempty"`
	Allocatable   map[string]string `json:"allocatable"`
	Images        []image           `json:"images,omitempty"`
}

type image struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// A pod on a node.
type placed struct {
	Workload int `json:"workload"`
	Node     int `json:"node"`
	// Seconds since it started.
	Age         int64 `json:"age"`
	Terminating bool  `json:"terminating,omitempty"`
}

// The label by which a ReplicaSet knows its own.
const podTemplateHash = "pod-template-hash"

// epoch is when clusters are looked at.
var epoch = time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC)

func nodeName(place int) string { return fmt.Sprintf("node-%d", place) }

func (n node) object(place int) *v1.Node {
	object := &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName(place), Labels: n.Labels},
		Spec:       v1.NodeSpec{Taints: n.Taints, Unschedulable: n.Unschedulable},
		Status:     v1.NodeStatus{Allocatable: v1.ResourceList{}},
	}
	for name, amount := range n.Allocatable {
		object.Status.Allocatable[v1.ResourceName(name)] = resource.MustParse(amount)
	}
	for _, image := range n.Images {
		object.Status.Images = append(object.Status.Images, v1.ContainerImage{Names: []string{image.Name}, SizeBytes: image.Bytes})
	}
	return object
}

func (w workload) podLabels() map[string]string {
	labels := maps.Clone(w.Labels)
	labels[podTemplateHash] = w.Name
	return labels
}

func (w workload) replicaSet() *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: w.Name, Namespace: w.Namespace, UID: types.UID(w.Name)},
		Spec:       appsv1.ReplicaSetSpec{Selector: &metav1.LabelSelector{MatchLabels: w.podLabels()}},
	}
}

// pod makes a pod of the workload as the API server would have it.
func (w workload) pod(name string) *v1.Pod {
	yes := true
	priority := w.Priority
	spec := w.Spec.DeepCopy()
	spec.Priority = &priority
	spec.SchedulerName = v1.DefaultSchedulerName
	for i := range spec.Containers {
		limitsAsRequests(&spec.Containers[i])
	}
	for i := range spec.InitContainers {
		limitsAsRequests(&spec.InitContainers[i])
	}
	for i := range spec.TopologySpreadConstraints {
		constraint := &spec.TopologySpreadConstraints[i]
		for _, key := range constraint.MatchLabelKeys {
			// What the API server merges into the selector of a new pod since 1.34.
			constraint.LabelSelector.MatchExpressions = append(constraint.LabelSelector.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{w.podLabels()[key]},
			})
		}
	}
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: w.Namespace, UID: types.UID(name), Labels: w.podLabels(),
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: w.Name, UID: types.UID(w.Name), Controller: &yes,
			}},
		},
		Spec: *spec,
	}
}

// limitsAsRequests fills requests from limits, as the API server does.
func limitsAsRequests(container *v1.Container) {
	for name, limit := range container.Resources.Limits {
		if _, given := container.Resources.Requests[name]; given {
			continue
		}
		if container.Resources.Requests == nil {
			container.Resources.Requests = v1.ResourceList{}
		}
		container.Resources.Requests[name] = limit
	}
}

func (c cluster) placedPod(place int) *v1.Pod {
	p := c.Pods[place]
	pod := c.Workloads[p.Workload].pod(placedName(place))
	pod.Spec.NodeName = nodeName(p.Node)
	started := metav1.NewTime(epoch.Add(-time.Duration(p.Age) * time.Second))
	pod.Status.StartTime = &started
	if p.Terminating {
		deleted := metav1.NewTime(epoch)
		pod.DeletionTimestamp = &deleted
	}
	return pod
}
