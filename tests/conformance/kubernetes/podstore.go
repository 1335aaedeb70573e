package main

import (
	"context"
	"fmt"
	"strconv"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	policyclient "k8s.io/client-go/kubernetes/typed/policy/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	api "k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	podstorage "k8s.io/kubernetes/pkg/registry/core/pod/storage"
)

// podStore keeps pods for the real API server's registry where etcd would. It knows what an eviction needs and nothing else.
type podStore struct {
	storage.Interface
	pods    map[string]*api.Pod
	version int
}

func newPodStore() *podStore { return &podStore{pods: map[string]*api.Pod{}} }

func podKey(namespace, name string) string { return fmt.Sprintf("/pods/%s/%s", namespace, name) }

// put adds a pod, with its defaults.
func (s *podStore) put(pod *v1.Pod) error {
	pod = pod.DeepCopy()
	legacyscheme.Scheme.Default(pod)
	internal := &api.Pod{}
	if err := corev1.Convert_v1_Pod_To_core_Pod(pod, internal, nil); err != nil {
		return err
	}
	s.save(podKey(pod.Namespace, pod.Name), internal)
	return nil
}

func (s *podStore) save(key string, pod *api.Pod) {
	s.version++
	pod.ResourceVersion = strconv.Itoa(s.version)
	s.pods[key] = pod
}

// eviction is the real eviction subresource over the pods.
func (s *podStore) eviction(budgets policyclient.PodDisruptionBudgetsGetter) (*podstorage.EvictionREST, error) {
	options := generic.RESTOptions{
		StorageConfig: &storagebackend.ConfigForResource{GroupResource: schema.GroupResource{Resource: "pods"}},
		Decorator: func(
			*storagebackend.ConfigForResource, string, func(runtime.Object) (string, error), func() runtime.Object,
			func() runtime.Object, storage.AttrFunc, storage.IndexerFuncs, *cache.Indexers,
		) (storage.Interface, factory.DestroyFunc, error) {
			return s, func() {}, nil
		},
		ResourcePrefix: "pods",
	}
	all, err := podstorage.NewStorage(options, nil, nil, budgets, nil)
	return all.Eviction, err
}

func (s *podStore) Versioner() storage.Versioner { return storage.APIObjectVersioner{} }

func (s *podStore) find(key string) (*api.Pod, error) {
	if pod, ok := s.pods[key]; ok {
		return pod.DeepCopy(), nil
	}
	return nil, storage.NewKeyNotFoundError(key, 0)
}

func (s *podStore) Get(_ context.Context, key string, _ storage.GetOptions, out runtime.Object) error {
	pod, err := s.find(key)
	if err == nil {
		*out.(*api.Pod) = *pod
	}
	return err
}

func (s *podStore) GuaranteedUpdate(
	_ context.Context, key string, out runtime.Object, _ bool, preconditions *storage.Preconditions,
	update storage.UpdateFunc, _ runtime.Object,
) error {
	pod, err := s.find(key)
	if err != nil {
		return err
	}
	if err := preconditions.Check(key, pod); err != nil {
		return err
	}
	version, _ := strconv.ParseUint(pod.ResourceVersion, 10, 64)
	updated, _, err := update(pod, storage.ResponseMeta{ResourceVersion: version})
	if err != nil {
		return err
	}
	s.save(key, updated.(*api.Pod))
	*out.(*api.Pod) = *updated.(*api.Pod).DeepCopy()
	return nil
}

func (s *podStore) Delete(
	ctx context.Context, key string, out runtime.Object, preconditions *storage.Preconditions,
	validate storage.ValidateObjectFunc, _ runtime.Object, _ storage.DeleteOptions,
) error {
	pod, err := s.find(key)
	if err != nil {
		return err
	}
	if err := preconditions.Check(key, pod); err != nil {
		return err
	}
	if err := validate(ctx, pod); err != nil {
		return err
	}
	delete(s.pods, key)
	*out.(*api.Pod) = *pod
	return nil
}
