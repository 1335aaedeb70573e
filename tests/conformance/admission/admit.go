package main

import (
	"context"
	"encoding/json"
	"os"
	"sort"
	"strings"

	awsv1 "github.com/aws/karpenter-provider-aws/pkg/apis/v1"
	"go.uber.org/multierr"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/yaml"
)

// The type of a refusal that no field.Error stands for.
const (
	unknownField = "FieldValueUnknown"
	runtimeCheck = "Runtime"
)

// Refusal is one reason why an object is refused: field.Error without the value, which stands in the object.
type Refusal struct {
	Field  string `json:"field"`
	Type   string `json:"type"`
	Detail string `json:"detail,omitempty"`
}

// kind is a CRD's version v1.
type kind struct {
	crd        *apiextensionsv1.CustomResourceDefinition
	structural *structuralschema.Structural
	validate   func(object *unstructured.Unstructured) field.ErrorList
}

func readKind(path string) (*kind, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(text, crd); err != nil {
		return nil, err
	}
	internal := &apiextensions.CustomResourceValidation{}
	external := crd.Spec.Versions[0].Schema
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(external, internal, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	names := crd.Spec.Names
	gvk := schema.GroupVersionKind{Group: crd.Spec.Group, Version: crd.Spec.Versions[0].Name, Kind: names.Kind}
	strategy := customresource.NewStrategy(nil, false, gvk, validator, nil, structural, nil, nil, nil)
	return &kind{
		crd:        crd,
		structural: structural,
		validate: func(object *unstructured.Unstructured) field.ErrorList {
			return strategy.Validate(context.Background(), object)
		},
	}, nil
}

// admit does what a create with strict field validation does, in its order: defaults, unknown fields, validation. An object that is
// admitted is then checked as Karpenter's controllers check it.
func (k *kind) admit(object map[string]any) []Refusal {
	defaulting.Default(object, k.structural)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, k.structural)
	var refusals []Refusal
	unknown := pruning.PruneWithOptions(object, k.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		refusals = append(refusals, Refusal{Field: path, Type: unknownField})
	}
	for _, err := range k.validate(&unstructured.Unstructured{Object: object}) {
		refusals = append(refusals, Refusal{Field: err.Field, Type: string(err.Type), Detail: err.Detail})
	}
	if len(refusals) == 0 {
		refusals = k.runtime(object)
	}
	sort.Slice(refusals, func(i, j int) bool {
		a, b := refusals[i], refusals[j]
		return strings.Join([]string{a.Field, a.Type, a.Detail}, "\n") < strings.Join([]string{b.Field, b.Type, b.Detail}, "\n")
	})
	return refusals
}

func (k *kind) runtime(object map[string]any) []Refusal {
	text, err := json.Marshal(object)
	must(err)
	var errs []error
	switch k.crd.Spec.Names.Kind {
	case "NodePool":
		pool := &karpv1.NodePool{}
		if err := json.Unmarshal(text, pool); err != nil {
			return []Refusal{{Type: runtimeCheck, Detail: err.Error()}}
		}
		errs = multierr.Errors(pool.RuntimeValidate(context.Background()))
	case "EC2NodeClass":
		class := &awsv1.EC2NodeClass{}
		if err := json.Unmarshal(text, class); err != nil {
			return []Refusal{{Type: runtimeCheck, Detail: err.Error()}}
		}
		for tag := range class.Spec.Tags {
			for _, pattern := range awsv1.RestrictedTagPatterns {
				if pattern.MatchString(tag) {
					errs = append(errs, &restrictedTag{tag})
				}
			}
		}
	}
	var refusals []Refusal
	for _, err := range errs {
		refusals = append(refusals, Refusal{Type: runtimeCheck, Detail: err.Error()})
	}
	return refusals
}

type restrictedTag struct{ tag string }

func (r *restrictedTag) Error() string { return "restricted tag " + r.tag }
