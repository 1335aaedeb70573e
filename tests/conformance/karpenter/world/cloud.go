package world

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

// The vocabulary that the AWS provider adds to the core's when it starts.
const (
	group         = "karpenter.k8s.aws"
	nodeClass     = "default"
	ReservationID = group + "/capacity-reservation-id"
	nodeClassKind = "EC2NodeClass"
)

var awsLabels = []string{
	ReservationID, group + "/capacity-reservation-type", group + "/capacity-reservation-interruptible",
	group + "/instance-hypervisor", group + "/instance-encryption-in-transit-supported", group + "/instance-category",
	group + "/instance-capability-flex", group + "/instance-family", group + "/instance-generation", group + "/instance-size",
	group + "/instance-local-nvme", group + "/instance-cpu", group + "/instance-cpu-manufacturer",
	group + "/instance-cpu-sustained-clock-speed-mhz", group + "/instance-memory", group + "/instance-ebs-bandwidth",
	group + "/instance-network-bandwidth", group + "/instance-gpu-name", group + "/instance-gpu-manufacturer",
	group + "/instance-gpu-count", group + "/instance-gpu-memory", group + "/instance-accelerator-name",
	group + "/instance-accelerator-manufacturer", group + "/instance-accelerator-count", group + "/instance-tenancy",
	group + "/nitro-sandbox", group + "/placement-group-id", group + "/placement-group-partition", "topology.k8s.aws/zone-id",
}

func init() {
	v1.WellKnownLabels.Insert(awsLabels...)
	v1.RestrictedLabelDomains.Insert(group)
	v1.NormalizedLabels["topology.ebs.csi.aws.com/zone"] = corev1.LabelTopologyZone
	cloudprovider.ReservationIDLabel = ReservationID
	cloudprovider.ReservedCapacityLabels.Insert(ReservationID)
	scheme.Scheme.AddKnownTypes(schema.GroupVersion{Group: group, Version: "v1"}, &EC2NodeClass{})
}

// EC2NodeClass stands for the class that every pool refers to.
type EC2NodeClass struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

func (c *EC2NodeClass) DeepCopyObject() runtime.Object     { copied := *c; return &copied }
func (c *EC2NodeClass) GetConditions() []status.Condition  { return nil }
func (c *EC2NodeClass) SetConditions(_ []status.Condition) {}
func (c *EC2NodeClass) StatusConditions(options ...status.ForOption) status.ConditionSet {
	return status.NewReadyConditions().For(c, options...)
}

// Cloud offers the types of a case. Everything else a cloud provider does is never asked for.
type Cloud struct {
	cloudprovider.CloudProvider
	typesByPool map[string][]*cloudprovider.InstanceType
}

// NewCloud offers to each pool of the case what it may choose from, in the order of the case.
func NewCloud(c *Case) (*Cloud, error) {
	cloud := &Cloud{typesByPool: map[string][]*cloudprovider.InstanceType{}}
	for _, pool := range c.NodePools {
		for _, t := range c.Types {
			if len(pool.Types) == 0 || slices.Contains(pool.Types, t.Name) {
				cloud.typesByPool[pool.Name] = append(cloud.typesByPool[pool.Name], t.instanceType())
			}
		}
		for _, name := range pool.Types {
			if !slices.ContainsFunc(c.Types, func(t Type) bool { return t.Name == name }) {
				return nil, fmt.Errorf("pool %s names type %s, which the case does not have", pool.Name, name)
			}
		}
	}
	return cloud, nil
}

// Name is the provider's.
func (c *Cloud) Name() string { return "aws" }

// GetSupportedNodeClasses is the one class there is.
func (c *Cloud) GetSupportedNodeClasses() []status.Object { return []status.Object{&EC2NodeClass{}} }

// GetInstanceTypes is what the pool may choose from.
func (c *Cloud) GetInstanceTypes(_ context.Context, pool *v1.NodePool) ([]*cloudprovider.InstanceType, error) {
	return c.typesByPool[pool.Name], nil
}

// instanceType states every well-known label, as a provider must: one that the type does not have does not exist on it.
func (t Type) instanceType() *cloudprovider.InstanceType {
	offerings := cloudprovider.Offerings{}
	values := map[string][]string{corev1.LabelInstanceTypeStable: {t.Name}}
	maps.Copy(values, t.Labels)
	add := func(key, value string) {
		if !slices.Contains(values[key], value) {
			values[key] = append(values[key], value)
		}
	}
	for _, o := range t.Offerings {
		offerings = append(offerings, o.offering())
		add(corev1.LabelTopologyZone, o.Zone)
		add(v1.CapacityTypeLabelKey, o.CapacityType)
		if o.Reservation != nil {
			add(ReservationID, o.Reservation.ID)
		}
	}
	requirements := scheduling.NewRequirements()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		requirements.Add(scheduling.NewRequirement(key, corev1.NodeSelectorOpIn, values[key]...))
	}
	for _, key := range awsLabels {
		if !requirements.Has(key) {
			requirements.Add(scheduling.NewRequirement(key, corev1.NodeSelectorOpDoesNotExist))
		}
	}
	return &cloudprovider.InstanceType{
		Name:         t.Name,
		Requirements: requirements,
		Offerings:    offerings,
		Capacity:     t.Capacity,
		Overhead:     &cloudprovider.InstanceTypeOverhead{KubeReserved: t.Overhead},
	}
}

func (o Offering) offering() *cloudprovider.Offering {
	labels := map[string]string{corev1.LabelTopologyZone: o.Zone, v1.CapacityTypeLabelKey: o.CapacityType}
	offering := &cloudprovider.Offering{Price: o.Price, Available: !o.Unavailable}
	requirements := scheduling.NewLabelRequirements(labels)
	if o.Reservation != nil {
		offering.ReservationCapacity = o.Reservation.Capacity
		requirements.Add(scheduling.NewRequirement(ReservationID, corev1.NodeSelectorOpIn, o.Reservation.ID))
	} else {
		requirements.Add(scheduling.NewRequirement(ReservationID, corev1.NodeSelectorOpDoesNotExist))
	}
	offering.Requirements = requirements
	return offering
}
