package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing/synctest"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	clienttesting "k8s.io/client-go/testing"
	autoscalingdefaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

// What a HorizontalPodAutoscaler sees, sync by sync.
type autoscaled struct {
	Spec     autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
	Replicas int32                                     `json:"replicas"`
	Syncs    []sync                                    `json:"syncs"`
}

type sync struct {
	// What somebody else sets the replicas to before it.
	Override *int32 `json:"override,omitempty"`
	// status.replicas of the workload.
	Exist int32      `json:"exist"`
	Pods  []measured `json:"pods"`
	// By metric.
	Readings []reading `json:"readings"`
}

// A pod; times are in seconds before the sync.
type measured struct {
	// Requests in millicores and in bytes; none where its container names none.
	CPU      *int64      `json:"cpu,omitempty"`
	Memory   *int64      `json:"memory,omitempty"`
	Phase    v1.PodPhase `json:"phase"`
	Deleting bool        `json:"deleting,omitempty"`
	// Its Ready condition, if it has one, and since when.
	Ready   *bool  `json:"ready,omitempty"`
	Since   int64  `json:"since,omitempty"`
	Started *int64 `json:"started,omitempty"`
}

type reading struct {
	// By pod; none where there is no sample.
	Pods []*sample `json:"pods,omitempty"`
	// In thousandths; none where the source fails.
	Total *int64 `json:"total,omitempty"`
}

// A sample in thousandths, with age and window in seconds.
type sample struct {
	Value  int64 `json:"value"`
	Age    int64 `json:"age"`
	Window int64 `json:"window"`
}

const (
	syncPeriod              = 15 * time.Second
	downscaleStabilisation  = 5 * time.Minute
	tolerance               = 0.1
	cpuInitialization       = 5 * time.Minute
	initialReadinessDelay   = 30 * time.Second
	autoscaledName          = "api"
	autoscaledNamespace     = "citizen"
	autoscaledContainerName = "main"
)

var autoscaledLabels = map[string]string{"app": autoscaledName}

// stagehand is the metrics API and the scale subresource at once.
type stagehand struct {
	replicas, exist int32
	sync            *sync
	spec            *autoscalingv2.HorizontalPodAutoscalerSpec
}

var _ metrics.MetricsClient = &stagehand{}

func (s *stagehand) reading(is func(autoscalingv2.MetricSpec) bool) reading {
	for place, metric := range s.spec.Metrics {
		if is(metric) {
			return s.sync.Readings[place]
		}
	}
	return reading{}
}

func (r reading) samples() (metrics.PodMetricsInfo, time.Time, error) {
	now := time.Now()
	info := metrics.PodMetricsInfo{}
	for place, sample := range r.Pods {
		if sample != nil {
			info[podName(place)] = metrics.PodMetric{
				Timestamp: now.Add(-time.Duration(sample.Age) * time.Second),
				Window:    time.Duration(sample.Window) * time.Second,
				Value:     sample.Value,
			}
		}
	}
	if len(info) == 0 {
		return nil, now, errors.New("no metrics returned")
	}
	return info, now, nil
}

func (r reading) total() (int64, time.Time, error) {
	if r.Total == nil {
		return 0, time.Now(), errors.New("the source failed")
	}
	return *r.Total, time.Now(), nil
}

func (s *stagehand) GetResourceMetric(
	_ context.Context, name v1.ResourceName, _ string, _ labels.Selector, _ string,
) (metrics.PodMetricsInfo, time.Time, error) {
	return s.reading(func(m autoscalingv2.MetricSpec) bool { return m.Resource != nil && m.Resource.Name == name }).samples()
}

func (s *stagehand) GetRawMetric(
	name, _ string, _, _ labels.Selector,
) (metrics.PodMetricsInfo, time.Time, error) {
	return s.reading(func(m autoscalingv2.MetricSpec) bool { return m.Pods != nil && m.Pods.Metric.Name == name }).samples()
}

func (s *stagehand) GetObjectMetric(
	name, _ string, _ *autoscalingv2.CrossVersionObjectReference, _ labels.Selector,
) (int64, time.Time, error) {
	return s.reading(func(m autoscalingv2.MetricSpec) bool { return m.Object != nil && m.Object.Metric.Name == name }).total()
}

func (s *stagehand) GetExternalMetric(name, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	total, at, err := s.reading(func(m autoscalingv2.MetricSpec) bool { return m.External != nil && m.External.Metric.Name == name }).total()
	return []int64{total}, at, err
}

func (s *stagehand) scales() *scalefake.FakeScaleClient {
	client := &scalefake.FakeScaleClient{}
	client.AddReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &autoscalingv1.Scale{
			ObjectMeta: metav1.ObjectMeta{Name: autoscaledName, Namespace: autoscaledNamespace},
			Spec:       autoscalingv1.ScaleSpec{Replicas: s.replicas},
			Status:     autoscalingv1.ScaleStatus{Replicas: s.exist, Selector: labels.Set(autoscaledLabels).String()},
		}, nil
	})
	client.AddReactor("update", "deployments", func(action clienttesting.Action) (bool, runtime.Object, error) {
		scale := action.(clienttesting.UpdateAction).GetObject().(*autoscalingv1.Scale)
		s.replicas = scale.Spec.Replicas
		return true, scale, nil
	})
	return client
}

func podName(place int) string { return fmt.Sprintf("pod-%d", place) }

func (m measured) object(place int, now time.Time) *v1.Pod {
	before := func(seconds int64) metav1.Time { return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second)) }
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: podName(place), Namespace: autoscaledNamespace, Labels: autoscaledLabels},
		Spec:       v1.PodSpec{Containers: []v1.Container{{Name: autoscaledContainerName}}},
		Status:     v1.PodStatus{Phase: m.Phase},
	}
	requests := v1.ResourceList{}
	if m.CPU != nil {
		requests[v1.ResourceCPU] = *resource.NewMilliQuantity(*m.CPU, resource.DecimalSI)
	}
	if m.Memory != nil {
		requests[v1.ResourceMemory] = *resource.NewQuantity(*m.Memory, resource.BinarySI)
	}
	pod.Spec.Containers[0].Resources.Requests = requests
	if m.Deleting {
		at := before(1)
		pod.DeletionTimestamp = &at
	}
	if m.Ready != nil {
		status := v1.ConditionFalse
		if *m.Ready {
			status = v1.ConditionTrue
		}
		pod.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: status, LastTransitionTime: before(m.Since)}}
	}
	if m.Started != nil {
		at := before(*m.Started)
		pod.Status.StartTime = &at
	}
	return pod
}

// autoscale lets the real controller work on its own clock and returns the replicas after every sync.
func autoscale(c autoscaled) (replicas []int32, err error) {
	err = inBubble(func() error {
		replicas, err = autoscaleInBubble(c)
		return err
	})
	return replicas, err
}

func autoscaleInBubble(c autoscaled) ([]int32, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		cancel()
		time.Sleep(time.Minute)
	}()
	hand := &stagehand{replicas: c.Replicas, spec: &c.Spec}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: autoscaledName, Namespace: autoscaledNamespace},
		Spec:       *c.Spec.DeepCopy(),
	}
	hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: autoscaledName}
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscaler(hpa)
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscalerBehavior(hpa)
	hand.spec.Metrics = hpa.Spec.Metrics
	client := fake.NewSimpleClientset(hpa)
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Group: "apps", Version: "v1"}})
	mapper.Add(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, meta.RESTScopeNamespace)
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods()
	controller := podautoscaler.NewHorizontalController(
		ctx, client.CoreV1(), hand.scales(), client.AutoscalingV2(), mapper, hand,
		factory.Autoscaling().V2().HorizontalPodAutoscalers(), pods,
		syncPeriod, downscaleStabilisation, tolerance, cpuInitialization, initialReadinessDelay,
	)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go controller.Run(ctx, 1)
	var replicas []int32
	for n := range c.Syncs {
		next := genesis.Add(time.Duration(n+1) * syncPeriod)
		hand.sync = &c.Syncs[n]
		hand.exist = hand.sync.Exist
		if override := hand.sync.Override; override != nil {
			hand.replicas = *override
		}
		// The lister reads the store, whoever fills it.
		objects := make([]any, len(hand.sync.Pods))
		for place, pod := range hand.sync.Pods {
			objects[place] = pod.object(place, next)
		}
		if err := pods.Informer().GetStore().Replace(objects, ""); err != nil {
			return nil, err
		}
		time.Sleep(time.Until(next))
		synctest.Wait()
		replicas = append(replicas, hand.replicas)
		time.Sleep(syncPeriod / 2)
	}
	return replicas, nil
}

// MarshalJSON leaves out the target, which is always the same.
func (c autoscaled) MarshalJSON() ([]byte, error) {
	type plain autoscaled
	text, err := json.Marshal(plain(c))
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	delete(fields["spec"].(map[string]any), "scaleTargetRef")
	return json.Marshal(fields)
}
