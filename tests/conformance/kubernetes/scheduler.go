package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// What the scheduler did with one pod.
type attempt struct {
	// The place of the node, or none.
	Host      *int `json:"host,omitempty"`
	Evaluated int  `json:"evaluated,omitempty"`
	Feasible  int  `json:"feasible,omitempty"`
	// In the order of examination.
	Refused []refusal `json:"refused,omitempty"`
	// In the order of examination; none if only one node was feasible.
	Scored []scored `json:"scored,omitempty"`
}

// Why nodes were refused, those with the same reasons together.
type refusal struct {
	Plugin       string   `json:"plugin"`
	Reasons      []string `json:"reasons"`
	Unresolvable bool     `json:"unresolvable,omitempty"`
	Nodes        []int    `json:"nodes"`
}

// The weighted and normalised score of a node, by plugin.
type scored struct {
	Node   int              `json:"node"`
	Scores map[string]int64 `json:"scores"`
}

// witness writes down what the real framework says while the real scheduler works with it.
type witness struct {
	framework.Framework
	places map[string]int
	seen   attempt
	// Whether pods that fit nowhere may push others out, and to where that nominated the last one.
	preempts  bool
	nominated string
}

func (w *witness) RunFilterPluginsWithNominatedPods(
	ctx context.Context, state fwk.CycleState, pod *v1.Pod, node fwk.NodeInfo,
) *fwk.Status {
	status := w.Framework.RunFilterPluginsWithNominatedPods(ctx, state, pod, node)
	if !status.IsSuccess() {
		w.refuse(status, w.places[node.Node().Name])
	}
	return status
}

func (w *witness) refuse(status *fwk.Status, node int) {
	refused := refusal{
		Plugin:       status.Plugin(),
		Reasons:      status.Reasons(),
		Unresolvable: status.Code() == fwk.UnschedulableAndUnresolvable,
	}
	same := func(r *refusal) bool {
		return r.Plugin == refused.Plugin && r.Unresolvable == refused.Unresolvable &&
			strings.Join(r.Reasons, ",") == strings.Join(refused.Reasons, ",")
	}
	for i := range w.seen.Refused {
		if known := &w.seen.Refused[i]; same(known) {
			known.Nodes = append(known.Nodes, node)
			return
		}
	}
	refused.Nodes = []int{node}
	w.seen.Refused = append(w.seen.Refused, refused)
}

func (w *witness) RunScorePlugins(
	ctx context.Context, state fwk.CycleState, pod *v1.Pod, nodes []fwk.NodeInfo,
) ([]fwk.NodePluginScores, *fwk.Status) {
	scores, status := w.Framework.RunScorePlugins(ctx, state, pod, nodes)
	for _, node := range scores {
		said := scored{Node: w.places[node.Name], Scores: map[string]int64{}}
		for _, score := range node.Scores {
			if score.Score != 0 {
				said.Scores[score.Name] = score.Score
			}
		}
		w.seen.Scored = append(w.seen.Scored, said)
	}
	return scores, status
}

// RunPostFilterPlugins leaves preemption out where it is not asked for.
func (w *witness) RunPostFilterPlugins(
	ctx context.Context, state fwk.CycleState, pod *v1.Pod, statuses fwk.NodeToStatusReader,
) (*fwk.PostFilterResult, *fwk.Status) {
	if !w.preempts {
		return nil, fwk.NewStatus(fwk.Unschedulable)
	}
	result, status := w.Framework.RunPostFilterPlugins(ctx, state, pod, statuses)
	if status.IsSuccess() {
		w.nominated = result.NominatedNodeName
	}
	return result, status
}

// stage is a real scheduler over a cluster, worked by hand: nothing runs in it unless asked to.
type stage struct {
	scheduler *scheduler.Scheduler
	client    *fake.Clientset
	informers informers.SharedInformerFactory
	witness   *witness
}

func init() {
	// What happens in the background otherwise happens at once.
	if err := utilfeature.DefaultMutableFeatureGate.Set("SchedulerAsyncPreemption=false"); err != nil {
		panic(err)
	}
}

func newStage(ctx context.Context, c cluster) (*stage, error) {
	client := fake.NewSimpleClientset()
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return action.GetSubresource() == "binding", nil, nil
	})
	factory := informers.NewSharedInformerFactory(client, 0)
	recorders := profile.RecorderFactory(func(string) events.EventRecorderLogger { return silent{} })
	s, err := scheduler.New(ctx, client, factory, nil, recorders, scheduler.WithParallelism(1))
	if err != nil {
		return nil, err
	}
	st := &stage{scheduler: s, client: client, informers: factory}
	st.witness = &witness{Framework: s.Profiles[v1.DefaultSchedulerName], places: map[string]int{}}
	s.Profiles[v1.DefaultSchedulerName] = st.witness
	logger := klog.FromContext(ctx)
	for place, n := range c.Nodes {
		object := n.object(place)
		st.witness.places[object.Name] = place
		s.Cache.AddNode(logger, object)
	}
	for _, w := range c.Workloads {
		if err := factory.Apps().V1().ReplicaSets().Informer().GetIndexer().Add(w.replicaSet()); err != nil {
			return nil, err
		}
		namespace := &v1.Namespace{}
		namespace.Name = w.Namespace
		if err := factory.Core().V1().Namespaces().Informer().GetIndexer().Add(namespace); err != nil {
			return nil, err
		}
	}
	for place := range c.Pods {
		if err := s.Cache.AddPod(logger, c.placedPod(place)); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// attempt has the scheduler find a place for a pod, and returns what it saw and said.
func (st *stage) attempt(ctx context.Context, pod *v1.Pod) (attempt, error) {
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		return attempt{}, err
	}
	var failed error
	st.witness.seen = attempt{}
	s := st.scheduler
	find := s.SchedulePod
	defer func() { s.SchedulePod = find }()
	s.NextPod = func(klog.Logger) (*framework.QueuedPodInfo, error) {
		return &framework.QueuedPodInfo{PodInfo: info}, nil
	}
	s.SchedulePod = func(
		ctx context.Context, f framework.Framework, state fwk.CycleState, pod *framework.QueuedPodInfo,
	) (scheduler.ScheduleResult, error) {
		result, err := find(ctx, f, state, pod)
		if err == nil {
			host := st.witness.places[result.SuggestedHost]
			st.witness.seen.Host = &host
			st.witness.seen.Evaluated = result.EvaluatedNodes
			st.witness.seen.Feasible = result.FeasibleNodes
		}
		return result, err
	}
	s.FailureHandler = func(_ context.Context, _ framework.Framework, _ *framework.QueuedPodInfo, status *fwk.Status, _ *fwk.NominatingInfo, _ time.Time) {
		if status.Code() == fwk.Error {
			failed = status.AsError()
		}
	}
	s.ScheduleOne(ctx)
	return st.witness.seen, failed
}

func schedule(c cluster) ([]attempt, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	st, err := newStage(ctx, c)
	if err != nil {
		return nil, err
	}
	var attempts []attempt
	for place, w := range c.Attempts {
		seen, err := st.attempt(ctx, c.Workloads[w].pod(fmt.Sprintf("new-%d", place)))
		if err != nil {
			return nil, err
		}
		attempts = append(attempts, seen)
	}
	return attempts, nil
}

// silent records no events.
type silent struct{}

func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}
func (s silent) WithLogger(klog.Logger) events.EventRecorderLogger                           { return s }
