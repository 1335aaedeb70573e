package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	"sigs.k8s.io/karpenter/pkg/scheduling"
	"sigs.k8s.io/karpenter/pkg/state/cost"
	costs "sigs.k8s.io/karpenter/pkg/utils/disruption"

	"karpsim/tests/conformance/karpenter/world"
)

// What each method would do with the same cluster.
type answer struct {
	Emptiness *command `json:"emptiness"`
	Multi     *command `json:"multi"`
	Single    *command `json:"single"`
}

type command struct {
	Nodes       []string     `json:"nodes"`
	Replacement *replacement `json:"replacement"`
}

// A replacement as its claim is written: types cheapest first, and the zones and ways of buying it leaves open.
type replacement struct {
	Pool  string   `json:"pool"`
	Types []string `json:"types"`
	Zones []string `json:"zones"`
	Buys  []string `json:"buys"`
}

// The decision counts, not whether it lasts.
type lasting struct{}

func (lasting) Validate(_ context.Context, c disruption.Command, _ time.Duration) (disruption.Command, error) {
	return c, nil
}

func ask(q question) answer {
	l, err := newLab(q)
	if err != nil {
		panic(err)
	}
	valid := disruption.WithValidator(lasting{})
	c := disruption.MakeConsolidation(l.Clock, l.Cluster, l.Client, l.Provisioner, l.Cloud, l.Recorder, l.queue)
	return answer{
		Emptiness: l.try(disruption.NewEmptiness(c, valid)),
		Multi:     l.try(disruption.NewMultiNodeConsolidation(c, valid)),
		Single:    l.try(disruption.NewSingleNodeConsolidation(c, valid)),
	}
}

// A lab is a question brought to life.
type lab struct {
	*world.World
	ctx   context.Context
	queue *disruption.Queue
	costs *cost.ClusterCost
}

func newLab(q question) (*lab, error) {
	c := q.world()
	ctx := c.Context()
	options.FromContext(ctx).FeatureGates.SpotToSpotConsolidation = q.SpotToSpot
	w, err := world.New(ctx, c)
	if err != nil {
		return nil, err
	}
	l := &lab{
		World: w,
		ctx:   ctx,
		queue: disruption.NewQueue(w.Client, w.Recorder, w.Cluster, w.Clock, w.Provisioner),
		costs: cost.NewClusterCost(ctx, w.Cloud, w.Client),
	}
	for place, p := range q.PDBs {
		pdb := p.object(place)
		if err := w.Client.Create(ctx, pdb); err != nil {
			return nil, err
		}
		pdb.Status.DisruptionsAllowed = p.Allowed
		if err := w.Client.Status().Update(ctx, pdb); err != nil {
			return nil, err
		}
	}
	for _, n := range q.Nodes {
		for _, p := range n.Pods {
			if err := l.annotate(p); err != nil {
				return nil, err
			}
		}
		if err := l.settle(q, n); err != nil {
			return nil, err
		}
	}
	w.Cluster.MarkUnconsolidated()
	return l, nil
}

func (p pdbSpec) object(place int) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("pdb-", place), Namespace: "default"},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.App}}},
	}
}

func (l *lab) annotate(p podSpec) error {
	var pod corev1.Pod
	if err := l.Client.Get(l.ctx, types.NamespacedName{Namespace: "default", Name: p.Name + "-0"}, &pod); err != nil {
		return err
	}
	pod.Annotations = p.annotations()
	return l.Client.Update(l.ctx, &pod)
}

// settle tells of a node what the controllers of claims and the kubelet would have written on it.
func (l *lab) settle(q question, n nodeSpec) error {
	var claim v1.NodeClaim
	var node corev1.Node
	if err := l.Client.Get(l.ctx, types.NamespacedName{Name: n.Name}, &claim); err != nil {
		return err
	}
	if err := l.Client.Get(l.ctx, types.NamespacedName{Name: n.Name}, &node); err != nil {
		return err
	}
	l.conditions(q, n, &claim)
	ready := corev1.ConditionTrue
	if n.NotReady {
		ready = corev1.ConditionFalse
	}
	if n.DoNotDisrupt {
		node.Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: "true"}
	}
	if err := l.Client.Update(l.ctx, &claim); err != nil {
		return err
	}
	if err := l.Client.Update(l.ctx, &node); err != nil {
		return err
	}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	if err := l.Client.Status().Update(l.ctx, &node); err != nil {
		return err
	}
	l.Cluster.UpdateNodeClaim(&claim)
	if err := l.Cluster.UpdateNode(l.ctx, &node); err != nil {
		return err
	}
	if n.Nominated {
		l.Cluster.NominateNodeForPod(l.ctx, node.Spec.ProviderID)
	}
	return l.costs.UpdateNodeClaim(l.ctx, &claim)
}

func (l *lab) conditions(q question, n nodeSpec, claim *v1.NodeClaim) {
	conditions := claim.StatusConditions(status.WithClock(l.Clock))
	l.Clock.SetTime(world.Start.Add(-time.Duration(n.Age) * time.Second))
	conditions.SetTrue(v1.ConditionTypeRegistered)
	if n.Initialized {
		conditions.SetTrue(v1.ConditionTypeInitialized)
	}
	l.Clock.SetTime(world.Start)
	if n.PodEvent != nil {
		claim.Status.LastPodEventTime = metav1.NewTime(world.Start.Add(-time.Duration(*n.PodEvent) * time.Second))
	}
	pool := q.Pools[n.Pool].pool()
	object := &v1.NodePool{Spec: pool.Spec}
	if n.Initialized && pool.Spec.Disruption.ConsolidateAfter.Duration != nil && !costs.IsUnderConsolidateAfter(object, claim, l.Clock) {
		conditions.SetTrue(v1.ConditionTypeConsolidatable)
	}
}

// try is what the disruption controller does with a method, up to the start of the command.
func (l *lab) try(m disruption.Method) *command {
	candidates, totals, err := disruption.GetCandidatesWithTotals(l.ctx, l.Cluster, l.Client, l.Recorder, l.Clock, l.Cloud, m.ShouldDisrupt,
		m.Class(), l.queue, l.costs)
	if err != nil {
		panic(err)
	}
	if len(candidates) == 0 {
		return nil
	}
	m.(disruption.NodePoolTotalsSetter).SetNodePoolTotals(totals)
	budgets, err := disruption.BuildDisruptionBudgetMapping(l.ctx, l.Cluster, l.Clock, l.Client, l.Cloud, l.Recorder, m.Reason())
	if err != nil {
		panic(err)
	}
	commands, err := m.ComputeCommands(l.ctx, budgets, candidates...)
	if err != nil {
		panic(err)
	}
	for _, c := range commands {
		if c.Decision() != disruption.NoOpDecision {
			return describe(c)
		}
	}
	return nil
}

func describe(c disruption.Command) *command {
	described := &command{Nodes: c.SourceNodeNames()}
	for _, r := range c.Replacements {
		made := &replacement{Pool: r.NodePoolName, Types: []string{}}
		for _, t := range r.InstanceTypeOptions {
			made.Types = append(made.Types, t.Name)
		}
		written := scheduling.NewNodeSelectorRequirementsWithMinValues(r.ToNodeClaim().Spec.Requirements...)
		made.Zones, made.Buys = open(written, zoneKey, zones), open(written, buyKey, buys)
		described.Replacement = made
	}
	return described
}

var (
	zones = []string{"a", "b", "c"}
	buys  = []string{"spot", "on-demand"}
)

func open(written scheduling.Requirements, key string, values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return !written.Get(key).Has(value) })
}
