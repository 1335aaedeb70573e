package world

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/record"
	clock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

// Start is the moment at which a case begins. Its seconds are whole, as those of the API are.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// World is a case brought to life.
type World struct {
	Client      client.Client
	Cloud       *Cloud
	Cluster     *state.Cluster
	Clock       *clock.FakeClock
	Recorder    events.Recorder
	Provisioner *provisioning.Provisioner
	Pending     []*corev1.Pod
}

// Context carries the options of the case.
func (c *Case) Context() context.Context {
	settings := &options.Options{
		CPURequests:       1000,
		BatchIdleDuration: time.Second,
		BatchMaxDuration:  10 * time.Second,
		PreferencePolicy:  options.PreferencePolicyRespect,
		MinValuesPolicy:   options.MinValuesPolicyStrict,
		IgnoreDRARequests: true,
		FeatureGates:      options.FeatureGates{ReservedCapacity: !c.Options.NoReservedCapacity},
	}
	if c.Options.IgnorePreferences {
		settings.PreferencePolicy = options.PreferencePolicyIgnore
	}
	if c.Options.BestEffortMinValues {
		settings.MinValuesPolicy = options.MinValuesPolicyBestEffort
	}
	return options.ToContext(injection.WithControllerName(context.Background(), "provisioner"), settings)
}

// New builds the world of a case.
func New(ctx context.Context, c *Case) (*World, error) {
	cloud, err := NewCloud(c)
	if err != nil {
		return nil, err
	}
	objects := builder{}
	for name, labels := range c.Namespaces {
		objects.add(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	for _, pool := range c.NodePools {
		objects.add(pool.object())
	}
	for _, set := range c.DaemonSets {
		objects.add(set.daemonSet())
	}
	for i := range c.Nodes {
		objects.node(&c.Nodes[i])
	}
	for i := range c.Pending {
		objects.pods(&c.Pending[i], "")
	}
	w := &World{Cloud: cloud, Clock: clock.NewFakeClock(Start), Recorder: events.NewRecorder(&record.FakeRecorder{})}
	w.Client = fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects.all...).
		WithTypeConverters(managedfields.NewDeducedTypeConverter()). // the others take long to make
		WithIndex(&corev1.Pod{}, "spec.nodeName", func(o client.Object) []string { return []string{o.(*corev1.Pod).Spec.NodeName} }).
		Build()
	w.Cluster = state.NewCluster(w.Clock, w.Client, cloud)
	w.Provisioner = provisioning.NewProvisioner(w.Client, w.Recorder, cloud, w.Cluster, w.Clock, nil)
	return w, w.learn(ctx, objects.all, c)
}

// learn tells the cluster state what its informers would.
func (w *World) learn(ctx context.Context, objects []client.Object, c *Case) error {
	for _, object := range objects {
		switch o := object.(type) {
		case *v1.NodeClaim:
			w.Cluster.UpdateNodeClaim(o)
		case *corev1.Node:
			if err := w.Cluster.UpdateNode(ctx, o); err != nil {
				return err
			}
		}
	}
	for _, object := range objects {
		pod, ok := object.(*corev1.Pod)
		if !ok {
			continue
		}
		if pod.Spec.NodeName == "" {
			w.Pending = append(w.Pending, pod)
		}
		if err := w.Cluster.UpdatePod(ctx, pod); err != nil {
			return err
		}
	}
	for _, node := range c.Nodes {
		if node.Deleting {
			w.Cluster.MarkForDeletion(node.providerID())
		}
	}
	return nil
}

// builder collects the objects of the API server and numbers the pods.
type builder struct {
	all  []client.Object
	made int
}

func (b *builder) add(object client.Object) { b.all = append(b.all, object) }

// uid is the place of an object among the pods, scrambled: the order of the queue is not that of the case.
func (b *builder) uid() types.UID {
	b.made++
	return types.UID(fmt.Sprintf("%08x", uint32(b.made)*2654435761))
}

func (b *builder) pods(w *Workload, node string) {
	for i := range max(w.Count, 1) {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name:              fmt.Sprintf("%s-%d", w.Name, i),
				Namespace:         w.namespace(),
				Labels:            w.Labels,
				UID:               b.uid(),
				CreationTimestamp: metav1.NewTime(Start.Add(time.Duration(w.Created) * time.Second)),
			},
			Spec: *w.Spec.DeepCopy(),
		}
		pod.Spec.NodeName = node
		defaultRequests(pod)
		switch {
		case node != "":
			pod.Status.Phase = corev1.PodRunning
		default:
			pod.Status.Phase = corev1.PodPending
			pod.Status.Conditions = []corev1.PodCondition{{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
			}}
		}
		if w.Daemon {
			owner := metav1.NewControllerRef(w.daemonSet(), appsv1.SchemeGroupVersion.WithKind("DaemonSet"))
			pod.OwnerReferences = []metav1.OwnerReference{*owner}
		}
		b.add(pod)
	}
}

// defaultRequests asks for what is limited and not asked for, as the API server does.
func defaultRequests(pod *corev1.Pod) {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			resources := &containers[i].Resources
			for name, limit := range resources.Limits {
				if _, asked := resources.Requests[name]; !asked {
					if resources.Requests == nil {
						resources.Requests = corev1.ResourceList{}
					}
					resources.Requests[name] = limit
				}
			}
		}
	}
}

func (b *builder) node(n *Node) {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.nodeLabels()},
		Spec:       corev1.NodeSpec{ProviderID: n.providerID(), Taints: n.Taints},
		Status:     corev1.NodeStatus{Capacity: n.Capacity, Allocatable: n.Allocatable},
	}
	if n.Stage != Unmanaged {
		b.add(n.claim())
	}
	if n.Stage != Launched {
		b.add(node)
	}
	for i := range n.Pods {
		b.pods(&n.Pods[i], n.Name)
	}
}

func (n *Node) providerID() string { return "aws:///" + n.Name }

// nodeLabels are those of the case and what tells how far the node has come.
func (n *Node) nodeLabels() map[string]string {
	labels := map[string]string{}
	for key, value := range n.Labels {
		labels[key] = value
	}
	if n.Stage == Registered || n.Stage == Initialized {
		labels[v1.NodeRegisteredLabelKey] = "true"
	}
	if n.Stage == Initialized {
		labels[v1.NodeInitializedLabelKey] = "true"
	}
	return labels
}

// claim goes by the name of its node, so that a case has one name for both.
func (n *Node) claim() *v1.NodeClaim {
	claim := &v1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels},
		Spec: v1.NodeClaimSpec{
			Taints:        n.Taints,
			StartupTaints: n.StartupTaints,
			NodeClassRef:  &v1.NodeClassReference{Group: group, Kind: nodeClassKind, Name: nodeClass},
		},
		Status: v1.NodeClaimStatus{ProviderID: n.providerID(), NodeName: n.Name, Capacity: n.Capacity, Allocatable: n.Allocatable},
	}
	claim.StatusConditions().SetTrue(v1.ConditionTypeLaunched)
	return claim
}

// object is a pool that is ready.
func (p NodePool) object() *v1.NodePool {
	pool := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: p.Name}, Spec: *p.Spec.DeepCopy()}
	pool.Spec.Template.Spec.NodeClassRef = &v1.NodeClassReference{Group: group, Kind: nodeClassKind, Name: nodeClass}
	pool.StatusConditions().SetTrue(v1.ConditionTypeValidationSucceeded)
	pool.StatusConditions().SetTrue(v1.ConditionTypeNodeClassReady)
	return pool
}

func (w *Workload) namespace() string {
	if w.Namespace == "" {
		return "default"
	}
	return w.Namespace
}

func (w *Workload) daemonSet() *appsv1.DaemonSet {
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: w.Name, Namespace: w.namespace(), UID: types.UID("set-" + w.Name)},
		Spec: appsv1.DaemonSetSpec{
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: w.Labels}, Spec: *w.Spec.DeepCopy()},
		},
	}
}
