package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

// A cluster in which one pod may push others out.
type contested struct {
	cluster
	Budgets []budget `json:"budgets,omitempty"`
	// Pods that wait for room that was made for them.
	Nominated []nominated `json:"nominated,omitempty"`
	// The workload of the pod that wants a place.
	Preemptor int `json:"preemptor"`
}

// A PodDisruptionBudget over the pods of a workload.
type budget struct {
	Workload int   `json:"workload"`
	Allowed  int32 `json:"allowed"`
	// Places of pods that are on their way out and paid for.
	Disrupted []int `json:"disrupted,omitempty"`
}

type nominated struct {
	Workload int `json:"workload"`
	Node     int `json:"node"`
}

// The node the pod is nominated to and the places of its victims.
type preempted struct {
	Node    int   `json:"node"`
	Victims []int `json:"victims"`
}

// How often the real scheduler is asked: where it draws lots, its answers differ.
const preemptionRuns = 6

// preempt returns every answer the real scheduler gave: none where nobody is pushed out.
func preempt(c contested) ([]preempted, error) {
	answers := []preempted{}
	for range preemptionRuns {
		answer, err := preemptOnce(c)
		if err != nil {
			return nil, err
		}
		known := func(other preempted) bool { return other.Node == answer.Node }
		if answer != nil && !slices.ContainsFunc(answers, known) {
			answers = append(answers, *answer)
		}
	}
	slices.SortFunc(answers, func(a, b preempted) int { return a.Node - b.Node })
	return answers, nil
}

func preemptOnce(c contested) (*preempted, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	st, err := newStage(ctx, c.cluster)
	if err != nil {
		return nil, err
	}
	st.witness.preempts = true
	st.client.PrependReactor("*", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, nil
	})
	pods := st.informers.Core().V1().Pods().Informer().GetIndexer()
	for place, n := range c.Nominated {
		pod := c.Workloads[n.Workload].pod(fmt.Sprintf("nominated-%d", place))
		pod.Status.NominatedNodeName = nodeName(n.Node)
		if err := pods.Add(pod); err != nil {
			return nil, err
		}
		// The queue knows it, and where it is nominated to.
		st.scheduler.SchedulingQueue.Add(ctx, pod)
	}
	for place, b := range c.Budgets {
		w := c.Workloads[b.Workload]
		object := &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("budget-%d", place), Namespace: w.Namespace},
			Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: w.Labels}},
			Status:     policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: b.Allowed, DisruptedPods: map[string]metav1.Time{}},
		}
		for _, pod := range b.Disrupted {
			object.Status.DisruptedPods[placedName(pod)] = metav1.NewTime(epoch)
		}
		if err := st.informers.Policy().V1().PodDisruptionBudgets().Informer().GetIndexer().Add(object); err != nil {
			return nil, err
		}
	}
	preemptor := c.Workloads[c.Preemptor].pod("preemptor")
	if err := pods.Add(preemptor); err != nil {
		return nil, err
	}
	if _, err := st.attempt(ctx, preemptor); err != nil {
		return nil, err
	}
	if st.witness.nominated == "" {
		return nil, nil
	}
	answer := &preempted{Node: st.witness.places[st.witness.nominated], Victims: []int{}}
	for _, action := range st.client.Actions() {
		if deletion, ok := action.(clienttesting.DeleteAction); ok && action.GetVerb() == "delete" {
			var place int
			if _, err := fmt.Sscanf(deletion.GetName(), "placed-%d", &place); err != nil {
				return nil, err
			}
			answer.Victims = append(answer.Victims, place)
		}
	}
	slices.Sort(answer.Victims)
	return answer, nil
}

// UnmarshalJSON reads the fields of both parts.
func (c *contested) UnmarshalJSON(text []byte) error {
	type rest struct {
		Budgets   []budget    `json:"budgets"`
		Nominated []nominated `json:"nominated"`
		Preemptor int         `json:"preemptor"`
	}
	var r rest
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	c.Budgets, c.Nominated, c.Preemptor = r.Budgets, r.Nominated, r.Preemptor
	return json.Unmarshal(text, &c.cluster)
}

// drawContested draws a crowded cluster and a pod of a workload that matters.
func drawContested(dice *rand.Rand) contested {
	nodes := between(dice, 2, 10)
	c := contested{cluster: drawClusterOf(dice, nodes, true)}
	c.Attempts = nil
	c.Pods = nil
	ages := dice.Perm(nodes * 10)
	takesPort := map[int]bool{}
	for _, age := range ages {
		pod := placed{
			Workload:    dice.IntN(len(c.Workloads)),
			Node:        dice.IntN(nodes),
			Age:         int64(10 + 7*age),
			Terminating: chance(dice, 4),
		}
		if len(c.Workloads[pod.Workload].Spec.Containers[0].Ports) > 0 {
			// Two pods never share a port; if they did, the real node would have it free when one of them left.
			if takesPort[pod.Node] {
				continue
			}
			takesPort[pod.Node] = true
		}
		c.Pods = append(c.Pods, pod)
	}
	for place, w := range c.Workloads {
		if chance(dice, 40) {
			c.Budgets = append(c.Budgets, drawBudget(dice, c, place))
		}
		if chance(dice, 10) {
			c.Nominated = append(c.Nominated, nominated{Workload: place, Node: dice.IntN(nodes)})
		}
		if w.Priority > c.Workloads[c.Preemptor].Priority || chance(dice, 15) {
			c.Preemptor = place
		}
	}
	if chance(dice, 75) {
		// Nothing but room keeps it away, and perhaps who else is there.
		spec := &c.Workloads[c.Preemptor].Spec
		spec.NodeSelector = nil
		if spec.Affinity != nil {
			spec.Affinity.NodeAffinity = nil
		}
		delete(spec.Containers[0].Resources.Requests, "nvidia.com/gpu")
		delete(spec.Containers[0].Resources.Limits, "nvidia.com/gpu")
		delete(spec.Containers[0].Resources.Limits, v1.ResourceCPU)
		spec.Containers[0].Resources.Requests[v1.ResourceCPU] = resource.MustParse("1500m")
	}
	return c
}

func drawBudget(dice *rand.Rand, c contested, workload int) budget {
	b := budget{Workload: workload, Allowed: int32(between(dice, 0, 3))}
	for place, pod := range c.Pods {
		if pod.Workload == workload && chance(dice, 8) {
			b.Disrupted = append(b.Disrupted, place)
		}
	}
	return b
}

func placedName(place int) string { return fmt.Sprintf("placed-%d", place) }
