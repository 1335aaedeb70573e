package world

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"go.uber.org/multierr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

// Solve is what Provisioner.Schedule does between listing the pods and creating the claims.
func Solve(ctx context.Context, w *World, c *Case) (*Result, error) {
	settings := options.FromContext(ctx)
	opts := []scheduling.Options{scheduling.NumConcurrentReconciles(1), scheduling.MinValuesPolicy(settings.MinValuesPolicy)}
	if !c.Options.ReservedFallback {
		opts = append(opts, scheduling.DisableReservedCapacityFallback)
	}
	if c.Options.IgnorePreferences {
		opts = append(opts, scheduling.IgnorePreferences)
	}
	nodes := w.Cluster.DeepCopyNodes().Active()
	// Upstream adds matchLabelKeys to the selectors of the pods it is given.
	pods := make([]*corev1.Pod, 0, len(w.Pending))
	for _, pod := range w.Pending {
		pods = append(pods, pod.DeepCopy())
	}
	scheduler, err := w.Provisioner.NewScheduler(ctx, pods, nodes, sets.New[types.UID](), opts...)
	if err != nil {
		return nil, err
	}
	results, err := scheduler.Solve(ctx, pods)
	if err != nil {
		return nil, err
	}
	return describe(results.TruncateInstanceTypes(ctx, scheduling.MaxInstanceTypes)), nil
}

func describe(results scheduling.Results) *Result {
	result := &Result{Nodes: map[string][]string{}, Errors: map[string][]string{}}
	for _, claim := range results.NewNodeClaims {
		result.Claims = append(result.Claims, describeClaim(claim))
	}
	for _, node := range results.ExistingNodes {
		if len(node.Pods) > 0 {
			result.Nodes[node.Name()] = names(node.Pods)
		}
	}
	for pod, err := range results.PodErrors {
		for _, one := range multierr.Errors(err) {
			result.Errors[pod.Name] = append(result.Errors[pod.Name], kind(one))
		}
	}
	slices.SortFunc(result.Claims, func(a, b Claim) int { return slices.Compare(a.Pods, b.Pods) })
	return result
}

// kind is what a pool refuses a pod for, without the names and amounts.
func kind(err error) string {
	text := err.Error()
	for _, known := range []struct{ begins, kind string }{
		{"did not tolerate", "taint"},
		{"incompatible requirements", "requirement"},
		{"unsatisfiable topology", "topology"},
		{"minValues requirement is not met", "minValues"},
		{"pod didn’t schedule because NodePool couldn’t meet minValues", "minValues"},
		{"no instance type", "types"},
		{"all available instance types exceed limits", "limits"},
		{"node limits have been exhausted", "nodeLimit"},
		{"one or more instance types with compatible reserved offerings", "reserved"},
		{"satisfying updated nodeclaim constraints would remove all", "reserved"},
		{"nodepool requirements filtered out all available instance types", "no pool"},
	} {
		if strings.HasPrefix(text, known.begins) {
			return known.kind
		}
	}
	return text
}

// describeClaim reads the claim as it would be written.
func describeClaim(claim *scheduling.NodeClaim) Claim {
	relaxed := claim.Annotations[v1.NodeClaimMinValuesRelaxedAnnotationKey] == "true"
	written := claim.ToNodeClaim()
	described := Claim{NodePool: claim.NodePoolName, Pods: names(claim.Pods), Requests: map[string]Quantity{}, MinValuesRelaxed: relaxed}
	for _, t := range claim.InstanceTypeOptions {
		described.Types = append(described.Types, t.Name)
	}
	for name, amount := range written.Spec.Resources.Requests {
		described.Requests[string(name)] = amount
	}
	for _, r := range written.Spec.Requirements {
		described.Requirements = append(described.Requirements, Requirement{
			Key: r.Key, Operator: string(r.Operator), Values: slices.Sorted(slices.Values(r.Values)), MinValues: r.MinValues,
		})
	}
	slices.SortFunc(described.Requirements, func(a, b Requirement) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Operator, b.Operator))
	})
	return described
}

func names(pods []*corev1.Pod) []string {
	named := make([]string, 0, len(pods))
	for _, pod := range pods {
		named = append(named, pod.Name)
	}
	return named
}
