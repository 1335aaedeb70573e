package generate

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"karpsim/tests/conformance/karpenter/world"
)

var sizes = []struct {
	name string
	cpus int
}{{"large", 2}, {"xlarge", 4}, {"2xlarge", 8}, {"4xlarge", 16}}

var families = []struct {
	name, category, generation, arch string
	perCPU                           int
}{{"c6i", "c", "6", "amd64", 2}, {"m6i", "m", "6", "amd64", 4}, {"m7g", "m", "7", "arm64", 4}, {"r7i", "r", "7", "amd64", 8}}

// types draws distinct types; no two offerings of a case have one price, so that the order by price is one.
func (d *dice) types(count int, reserved bool) []world.Type {
	var types []world.Type
	for _, place := range d.Perm(len(sizes) * len(families))[:count] {
		family, size := families[place/len(sizes)], sizes[place%len(sizes)]
		memory := size.cpus * family.perCPU
		t := world.Type{
			Name: family.name + "." + size.name,
			Labels: map[string][]string{
				archKey: {family.arch}, "kubernetes.io/os": {"linux"},
				aws + "instance-category": {family.category}, aws + "instance-family": {family.name},
				aws + "instance-generation": {family.generation}, aws + "instance-size": {size.name},
				aws + "instance-cpu": {strconv.Itoa(size.cpus)}, aws + "instance-memory": {strconv.Itoa(memory * 1024)},
			},
			Capacity: amounts(size.cpus*1000, memory*1024, 8*size.cpus),
			Overhead: amounts(60+10*size.cpus, 255+64*size.cpus, 0),
		}
		d.offerings(&t, float64(size.cpus)*(0.02+0.005*float64(family.perCPU)), place)
		if reserved && d.one(3) {
			d.reserve(&t, place)
		}
		types = append(types, t)
	}
	return types
}

// accelerated is a type with devices.
func (d *dice) accelerated() world.Type {
	t := world.Type{
		Name: "g6.xlarge",
		Labels: map[string][]string{
			archKey: {"amd64"}, "kubernetes.io/os": {"linux"}, aws + "instance-category": {"g"}, aws + "instance-family": {"g6"},
			aws + "instance-generation": {"6"}, aws + "instance-cpu": {"4"}, aws + "instance-gpu-count": {"1"},
		},
		Capacity: amounts(4000, 16384, 32),
		Overhead: amounts(100, 500, 0),
	}
	t.Capacity[gpu] = resource.MustParse("1")
	d.offerings(&t, 0.8, 99)
	return t
}

const gpu = corev1.ResourceName("nvidia.com/gpu")

// offerings in some zones, of which some are out of stock.
func (d *dice) offerings(t *world.Type, price float64, place int) {
	for zone, name := range zones {
		for way, capacityType := range []string{"spot", "on-demand"} {
			if d.one(8) {
				continue
			}
			factor := 1.0
			if capacityType == "spot" {
				factor = 0.3 + 0.1*d.Float64()
			}
			jitter := float64(place*6+zone*2+way) * 1e-6
			t.Offerings = append(t.Offerings, world.Offering{
				Zone: name, CapacityType: capacityType, Price: rounded(price*factor) + jitter, Unavailable: d.one(10),
			})
		}
	}
}

// reserve adds a reservation, which several types may share.
func (d *dice) reserve(t *world.Type, place int) {
	for number := range d.between(1, 2) {
		t.Offerings = append(t.Offerings, world.Offering{
			Zone: pick(d, zones...), CapacityType: "reserved", Price: float64(place*6+number+1) * 1e-8,
			Unavailable: d.one(8),
			Reservation: &world.Reservation{ID: fmt.Sprintf("cr-%d", d.between(1, 4)), Capacity: d.between(1, 3)},
		})
	}
}

func rounded(price float64) float64 { return float64(int(price*1e4)) / 1e4 }

// amounts are millicores, mebibytes and pods; a kind of which there is none is left out.
func amounts(cpu, memory, pods int) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, amount := range map[corev1.ResourceName]*resource.Quantity{
		corev1.ResourceCPU:    resource.NewMilliQuantity(int64(cpu), resource.DecimalSI),
		corev1.ResourceMemory: resource.NewQuantity(int64(memory)<<20, resource.BinarySI),
		corev1.ResourcePods:   resource.NewQuantity(int64(pods), resource.DecimalSI),
	} {
		if !amount.IsZero() {
			list[name] = *amount
		}
	}
	return list
}
