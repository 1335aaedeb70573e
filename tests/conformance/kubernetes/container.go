package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/kubernetes/pkg/kubelet/qos"
	testingclock "k8s.io/utils/clock/testing"
)

// A container that ends again and again: the syncs of its pod.
type restarting struct {
	Syncs []podSync `json:"syncs"`
}

// A sync that would start the container, and the end of its predecessor as far as it is known, in seconds.
type podSync struct {
	At    int64  `json:"at"`
	Ended *int64 `json:"ended,omitempty"`
}

// What the kubelet makes its back-off with.
const (
	initialBackOff = 10 * time.Second
	longestBackOff = 300 * time.Second
	forgottenAfter = 600 * time.Second
	starts         = -1
)

// restart asks the kubelet's back-off at every sync: -1 where the container starts, else when the back-off ends.
func restart(c restarting) ([]int64, error) {
	clock := testingclock.NewFakeClock(genesis)
	backOff := flowcontrol.NewFakeBackOff(initialBackOff, longestBackOff, clock)
	backOff.HasExpiredFunc = func(event, last time.Time, _ time.Duration) bool {
		return event.Sub(last) > forgottenAfter
	}
	at := func(seconds int64) time.Time { return genesis.Add(time.Duration(seconds) * time.Second) }
	answers := make([]int64, len(c.Syncs))
	for i, sync := range c.Syncs {
		clock.SetTime(at(sync.At))
		answers[i] = starts
		switch {
		case sync.Ended == nil:
		case backOff.IsInBackOffSince("main", at(*sync.Ended)):
			answers[i] = *sync.Ended + int64(backOff.Get("main")/time.Second)
		default:
			backOff.Next("main", at(*sync.Ended))
		}
	}
	return answers, nil
}

func drawRestarting(dice *rand.Rand) restarting {
	var c restarting
	steps := []int{1, 3, 9, 10, 11, 19, 20, 21, 45, 80, 160, 299, 300, 301, 599, 600, 601, 1_500}
	if chance(dice, 50) {
		steps = steps[:9]
	}
	now, ended := int64(0), int64(0)
	for range between(dice, 2, 24) {
		before := now
		now += int64(one(dice, steps))
		sync := podSync{At: now}
		// The sync that kills a container knows of the end before only.
		if !chance(dice, 20) {
			ended = before + int64(dice.IntN(int(now-before)+1))
		}
		if len(c.Syncs) > 0 || chance(dice, 70) {
			end := ended
			sync.Ended = &end
		}
		c.Syncs = append(c.Syncs, sync)
	}
	return c
}

// A container among others when memory runs out.
type threatened struct {
	QoS      v1.PodQOSClass `json:"qos"`
	Critical bool           `json:"critical,omitempty"`
	// Bytes.
	Request  int64 `json:"request"`
	Capacity int64 `json:"capacity"`
}

// score asks the kubelet for the adjustment of a container's OOM score.
func score(c threatened) (int, error) {
	amounts := func(cpu string) v1.ResourceList {
		list := v1.ResourceList{v1.ResourceCPU: resource.MustParse(cpu)}
		if c.Request > 0 {
			list[v1.ResourceMemory] = *resource.NewQuantity(c.Request, resource.BinarySI)
		}
		return list
	}
	container := v1.Container{Name: "main"}
	switch c.QoS {
	case v1.PodQOSGuaranteed:
		container.Resources = v1.ResourceRequirements{Requests: amounts("1"), Limits: amounts("1")}
	case v1.PodQOSBurstable:
		container.Resources.Requests = amounts("100m")
	case v1.PodQOSBestEffort:
	default:
		return 0, fmt.Errorf("quality of service %q", c.QoS)
	}
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "pod"}, Spec: v1.PodSpec{Containers: []v1.Container{container}}}
	if c.Critical {
		priority := int32(2_000_001_000)
		pod.Spec.PriorityClassName, pod.Spec.Priority = "system-node-critical", &priority
	}
	return qos.GetContainerOOMScoreAdjust(pod, &pod.Spec.Containers[0], c.Capacity), nil
}

func drawThreatened(dice *rand.Rand) threatened {
	const gibi = 1 << 30
	c := threatened{
		QoS:      one(dice, []v1.PodQOSClass{v1.PodQOSGuaranteed, v1.PodQOSBurstable, v1.PodQOSBurstable, v1.PodQOSBurstable, v1.PodQOSBestEffort}),
		Critical: chance(dice, 5),
		Capacity: dice.Int64N(255*gibi) + gibi,
	}
	if c.QoS != v1.PodQOSBestEffort {
		c.Request = dice.Int64N(c.Capacity) + 1
		if chance(dice, 30) {
			c.Request = c.Request>>10 + 1
		}
	}
	return c
}
