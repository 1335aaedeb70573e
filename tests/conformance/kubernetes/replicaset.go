package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/kubernetes/pkg/controller/replicaset"
)

// A ReplicaSet with more pods than it wants.
type shrinking struct {
	Desired int32     `json:"desired"`
	Pods    []replica `json:"pods"`
	// Nodes of the pods of the Deployment's other revision.
	Others []int `json:"others,omitempty"`
}

// A pod; times are in seconds before now.
type replica struct {
	Node     *int        `json:"node,omitempty"`
	Phase    v1.PodPhase `json:"phase"`
	Ready    *int64      `json:"ready,omitempty"`
	Created  int64       `json:"created"`
	Restarts int32       `json:"restarts,omitempty"`
	Cost     int32       `json:"cost,omitempty"`
	UID      string      `json:"uid"`
}

const burstReplicas = 500

// shrink lets the real controller delete what is too much and returns the places of its victims.
func shrink(c shrinking) (victims []int, err error) {
	err = inBubble(func() error {
		victims, err = shrinkInBubble(c)
		return err
	})
	return victims, err
}

func shrinkInBubble(c shrinking) ([]int, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		cancel()
		time.Sleep(time.Minute)
	}()
	client := fake.NewSimpleClientset()
	victims := []int{}
	client.PrependReactor("delete", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		var place int
		_, err := fmt.Sscanf(action.(clienttesting.DeleteAction).GetName(), "pod-%d", &place)
		victims = append(victims, place)
		return true, nil, err
	})
	factory := informers.NewSharedInformerFactory(client, 0)
	sets, pods := factory.Apps().V1().ReplicaSets(), factory.Core().V1().Pods()
	controller := replicaset.NewReplicaSetController(ctx, sets, pods, client, burstReplicas)
	young, old := revision("young", c.Desired), revision("old", int32(len(c.Others)))
	for _, object := range []*appsv1.ReplicaSet{young, old} {
		if err := client.Tracker().Add(object); err != nil {
			return nil, err
		}
	}
	for place, r := range c.Pods {
		if err := client.Tracker().Add(r.object(place, young)); err != nil {
			return nil, err
		}
	}
	for place, node := range c.Others {
		other := replica{Node: &node, Phase: v1.PodRunning, UID: fmt.Sprintf("other-%d", place)}
		pod := other.object(len(c.Pods)+place, old)
		if err := client.Tracker().Add(pod); err != nil {
			return nil, err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go controller.Run(ctx, 1)
	synctest.Wait()
	slices.Sort(victims)
	return victims, nil
}

func revision(name string, replicas int32) *appsv1.ReplicaSet {
	yes := true
	labels := map[string]string{"revision": name}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: autoscaledNamespace, UID: types.UID(name),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "api", UID: "api", Controller: &yes}},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: v1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}},
		},
	}
}

func (r replica) object(place int, owner *appsv1.ReplicaSet) *v1.Pod {
	ago := func(seconds int64) metav1.Time {
		return metav1.NewTime(time.Now().Add(-time.Duration(seconds) * time.Second))
	}
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: podName(place), Namespace: owner.Namespace, UID: types.UID(r.UID), CreationTimestamp: ago(r.Created),
			Labels:          owner.Spec.Selector.MatchLabels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))},
		},
		Spec: v1.PodSpec{Containers: []v1.Container{{Name: "main"}}},
		Status: v1.PodStatus{
			Phase:             r.Phase,
			ContainerStatuses: []v1.ContainerStatus{{Name: "main", RestartCount: r.Restarts}},
		},
	}
	if r.Cost != 0 {
		pod.Annotations = map[string]string{"controller.kubernetes.io/pod-deletion-cost": fmt.Sprint(r.Cost)}
	}
	if r.Node != nil {
		pod.Spec.NodeName = nodeName(*r.Node)
	}
	if r.Ready != nil {
		pod.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: ago(*r.Ready)}}
	}
	return pod
}

func drawShrinking(dice *rand.Rand) shrinking {
	var c shrinking
	nodes := between(dice, 1, 6)
	// Old enough for ages to share a power of two, or young enough not to.
	oldest := one(dice, []int{60, 1_000, 20_000, 300_000})
	calm := chance(dice, 50)
	for range between(dice, 2, 20) {
		c.Pods = append(c.Pods, drawReplica(dice, nodes, oldest, calm))
	}
	if chance(dice, 40) {
		for range between(dice, 1, 8) {
			c.Others = append(c.Others, dice.IntN(nodes))
		}
	}
	c.Desired = int32(dice.IntN(len(c.Pods)))
	return c
}

func drawReplica(dice *rand.Rand, nodes, oldest int, calm bool) replica {
	node, created := dice.IntN(nodes), int64(between(dice, 1, oldest))
	ready := int64(dice.IntN(int(created) + 1))
	r := replica{
		Node: &node, Phase: v1.PodRunning, Ready: &ready, Created: created,
		UID: fmt.Sprintf("%016x%016x", dice.Uint64(), dice.Uint64()),
	}
	if calm {
		return r
	}
	switch dice.IntN(9) {
	case 0:
		r.Node, r.Phase, r.Ready = nil, v1.PodPending, nil
	case 1:
		r.Phase, r.Ready = v1.PodPending, nil
	case 2:
		r.Ready = nil
	case 3:
		r.Cost = int32(between(dice, -3, 3))
	case 4:
		r.Restarts = int32(dice.IntN(4))
	case 5:
		r.Phase, r.Ready = v1.PodUnknown, nil
	}
	return r
}
