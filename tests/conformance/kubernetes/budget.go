package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	"k8s.io/kubernetes/pkg/apis/policy"
	"k8s.io/kubernetes/pkg/controller/disruption"
)

// A Deployment of one revision under a PodDisruptionBudget, and pods that somebody wants to evict.
type guarded struct {
	MinAvailable   *intstr.IntOrString                      `json:"minAvailable,omitempty"`
	MaxUnavailable *intstr.IntOrString                      `json:"maxUnavailable,omitempty"`
	Unhealthy      *policyv1.UnhealthyPodEvictionPolicyType `json:"unhealthy,omitempty"`
	Replicas       int32                                    `json:"replicas"`
	Pods           []covered                                `json:"pods"`
	Evictions      []int                                    `json:"evictions,omitempty"`
	// Seconds until the budget is looked at again; the evicted pods are still there.
	Later int64 `json:"later,omitempty"`
	// Whether another budget covers the same pods.
	Twice bool `json:"twice,omitempty"`
}

type covered struct {
	Phase    v1.PodPhase `json:"phase"`
	Ready    bool        `json:"ready,omitempty"`
	Deleting bool        `json:"deleting,omitempty"`
}

// What became of the budget and of the evictions.
type guardedAnswer struct {
	Before status `json:"before"`
	// By eviction: 200 where it was admitted, or the HTTP code of the refusal.
	Codes []int32 `json:"codes,omitempty"`
	// disruptionsAllowed after them.
	Left  int32  `json:"left"`
	After status `json:"after"`
}

type status struct {
	Expected int32 `json:"expected"`
	Desired  int32 `json:"desired"`
	Healthy  int32 `json:"healthy"`
	Allowed  int32 `json:"allowed"`
}

const budgetName = "budget"

func guard(c guarded) (answer guardedAnswer, err error) {
	err = inBubble(func() error {
		answer, err = guardInBubble(c)
		return err
	})
	return answer, err
}

func guardInBubble(c guarded) (answer guardedAnswer, err error) {
	ctx := genericapirequest.WithNamespace(context.Background(), autoscaledNamespace)
	client, set := fake.NewSimpleClientset(), revision("young", c.Replicas)
	replicas := c.Replicas
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "api", Namespace: autoscaledNamespace, UID: "api"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas},
	}
	for _, object := range []runtime.Object{set, deployment} {
		if err := client.Tracker().Add(object); err != nil {
			return answer, err
		}
	}
	budgets := 1
	if c.Twice {
		budgets = 2
	}
	for place := range budgets {
		object := &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", budgetName, place), Namespace: autoscaledNamespace},
			Spec: policyv1.PodDisruptionBudgetSpec{
				MinAvailable: c.MinAvailable, MaxUnavailable: c.MaxUnavailable,
				UnhealthyPodEvictionPolicy: c.Unhealthy, Selector: set.Spec.Selector,
			},
		}
		if err := client.Tracker().Add(object); err != nil {
			return answer, err
		}
	}
	pods := newPodStore()
	for place, covered := range c.Pods {
		pod := covered.object(place, set)
		if err := client.Tracker().Add(pod); err != nil {
			return answer, err
		}
		if err := pods.put(pod); err != nil {
			return answer, err
		}
	}
	if answer.Before, err = look(ctx, client); err != nil {
		return answer, err
	}
	eviction, err := pods.eviction(client.PolicyV1())
	if err != nil {
		return answer, err
	}
	for _, place := range c.Evictions {
		request := &policy.Eviction{ObjectMeta: metav1.ObjectMeta{Name: podName(place), Namespace: autoscaledNamespace}}
		reply, err := eviction.Create(ctx, request.Name, request, nil, &metav1.CreateOptions{})
		code := int32(200)
		if status, ok := reply.(*metav1.Status); ok && status.Code != 0 {
			code = status.Code
		}
		if err != nil {
			refusal, ok := err.(apierrors.APIStatus)
			if !ok {
				return answer, err
			}
			code = refusal.Status().Code
		}
		answer.Codes = append(answer.Codes, code)
	}
	left, err := client.PolicyV1().PodDisruptionBudgets(autoscaledNamespace).Get(ctx, budgetName+"-0", metav1.GetOptions{})
	if err != nil {
		return answer, err
	}
	answer.Left = left.Status.DisruptionsAllowed
	time.Sleep(time.Duration(c.Later) * time.Second)
	answer.After, err = look(ctx, client)
	return answer, err
}

// look has a fresh disruption controller bring the status up to date.
func look(ctx context.Context, client *fake.Clientset) (status, error) {
	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactory(client, 0)
	controller := disruption.NewDisruptionController(
		ctx, factory.Core().V1().Pods(), factory.Policy().V1().PodDisruptionBudgets(), factory.Core().V1().ReplicationControllers(),
		factory.Apps().V1().ReplicaSets(), factory.Apps().V1().Deployments(), factory.Apps().V1().StatefulSets(),
		client, meta.NewDefaultRESTMapper(nil), &scalefake.FakeScaleClient{}, client.Discovery(),
	)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go controller.Run(ctx)
	synctest.Wait()
	cancel()
	synctest.Wait()
	object, err := client.PolicyV1().PodDisruptionBudgets(autoscaledNamespace).Get(context.Background(), budgetName+"-0", metav1.GetOptions{})
	if err != nil {
		return status{}, err
	}
	s := object.Status
	return status{s.ExpectedPods, s.DesiredHealthy, s.CurrentHealthy, s.DisruptionsAllowed}, nil
}

func (c covered) object(place int, owner *appsv1.ReplicaSet) *v1.Pod {
	replica := replica{Phase: c.Phase, UID: fmt.Sprint("uid-", place)}
	if c.Ready {
		replica.Ready = new(int64)
	}
	pod := replica.object(place, owner)
	pod.Spec.Containers[0].Image = images[0]
	if c.Deleting {
		now, grace := metav1.Now(), int64(30)
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &now, &grace
	}
	return pod
}

func drawGuarded(dice *rand.Rand) guarded {
	c := guarded{Replicas: int32(between(dice, 0, 14))}
	amount := intstr.FromInt32(int32(between(dice, 0, 10)))
	if chance(dice, 60) {
		amount = intstr.FromString(fmt.Sprintf("%d%%", between(dice, 0, 100)))
	}
	if chance(dice, 50) {
		c.MinAvailable = &amount
	} else {
		c.MaxUnavailable = &amount
	}
	if chance(dice, 40) {
		unhealthy := one(dice, []policyv1.UnhealthyPodEvictionPolicyType{policyv1.AlwaysAllow, policyv1.IfHealthyBudget})
		c.Unhealthy = &unhealthy
	}
	pods := int(c.Replicas)
	if chance(dice, 30) {
		pods = between(dice, 0, 16)
	}
	for range pods {
		pod := covered{Phase: v1.PodRunning, Ready: chance(dice, 85), Deleting: chance(dice, 6)}
		if chance(dice, 10) {
			pod.Phase = one(dice, []v1.PodPhase{v1.PodPending, v1.PodSucceeded, v1.PodFailed})
			pod.Ready = false
		}
		c.Pods = append(c.Pods, pod)
	}
	for _, place := range dice.Perm(pods) {
		if chance(dice, 60) {
			c.Evictions = append(c.Evictions, place)
		}
	}
	// Not the very limit of 120: a controller's caches take a moment to fill.
	c.Later = int64(one(dice, []int{0, 1, 60, 119, 121, 300}))
	c.Twice = chance(dice, 4)
	return c
}
