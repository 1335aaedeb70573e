package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"sigs.k8s.io/yaml"
)

//go:embed cases.yaml
var written []byte

// Base is a manifest that is admitted, from which cases are made.
type Base struct {
	Kind     string         `json:"kind"`
	Manifest map[string]any `json:"manifest"`
	// ByHand are cases somebody thought of.
	ByHand [][]Edit `json:"-"`
}

// Edit puts a value at a place, or takes away what is there.
type Edit struct {
	// At is a path of keys and indices.
	At []any `json:"at"`
	// Value to put there.
	Value any `json:"value,omitempty"`
	// Null puts null there.
	Null bool `json:"null,omitempty"`
	// Remove takes it away.
	Remove bool `json:"remove,omitempty"`
}

// Case is a few edits of the base before it, and what is said of the result.
type Case struct {
	Edits    []Edit    `json:"edits"`
	Refusals []Refusal `json:"refusals,omitempty"`
}

// How many cases of several mistakes there are to a base.
const mixed = 120

func bases() []Base {
	var file []struct {
		Manifest map[string]any `json:"manifest"`
		Cases    [][]Edit       `json:"cases"`
	}
	must(yaml.UnmarshalStrict(written, &file))
	var bases []Base
	for _, entry := range file {
		kind := entry.Manifest["kind"].(string)
		bases = append(bases, Base{Kind: kind, Manifest: entry.Manifest, ByHand: entry.Cases})
	}
	return bases
}

// with is a copy of the manifest with the edits made, and with the number types that JSON has in the API server.
func (b Base) with(edits []Edit) map[string]any {
	object := whole(b.Manifest).(map[string]any)
	for _, edit := range edits {
		put(object, edit)
	}
	return whole(object).(map[string]any)
}

// whole copies a value; numbers without a fraction become int64.
func whole(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := map[string]any{}
		for key, item := range value {
			copied[key] = whole(item)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for place, item := range value {
			copied[place] = whole(item)
		}
		return copied
	case float64:
		if value == float64(int64(value)) {
			return int64(value)
		}
		return value
	case int:
		return int64(value)
	default:
		return value
	}
}

func put(object any, edit Edit) {
	at := object
	for _, step := range edit.At[:len(edit.At)-1] {
		switch holder := at.(type) {
		case map[string]any:
			at = holder[step.(string)]
		case []any:
			at = holder[index(step)]
		}
	}
	last := edit.At[len(edit.At)-1]
	value := edit.Value
	if edit.Null {
		value = nil
	}
	switch holder := at.(type) {
	case map[string]any:
		if edit.Remove {
			delete(holder, last.(string))
		} else {
			holder[last.(string)] = value
		}
	case []any:
		holder[index(last)] = value
	}
}

func index(step any) int {
	switch step := step.(type) {
	case int:
		return step
	case float64:
		return int(step)
	}
	panic(fmt.Sprintf("no index: %v", step))
}

// cases are those by hand, one for each way to break each field, and some with several mistakes at once.
func cases(base Base, kind *kind) [][]Edit {
	spec := kind.structural.Properties["spec"]
	single := breakages(&spec, base.Manifest["spec"], []any{"spec"})
	result := append([][]Edit{{}}, base.ByHand...)
	for _, edit := range single {
		result = append(result, []Edit{edit})
	}
	draws := rand.New(rand.NewPCG(1, uint64(len(single))))
	for range mixed {
		var edits []Edit
		for range 2 + draws.IntN(3) {
			edit := single[draws.IntN(len(single))]
			apart := true
			for _, other := range edits {
				apart = apart && !within(edit.At, other.At) && !within(other.At, edit.At)
			}
			if apart {
				edits = append(edits, edit)
			}
		}
		result = append(result, edits)
	}
	return result
}

func within(inner, outer []any) bool {
	if len(inner) < len(outer) {
		return false
	}
	for place, step := range outer {
		if fmt.Sprint(step) != fmt.Sprint(inner[place]) {
			return false
		}
	}
	return true
}

// breakages are edits of every field from here down: other types, limits and what lies beyond them, words that fit elsewhere.
func breakages(schema *structuralschema.Structural, value any, at []any) []Edit {
	var edits []Edit
	put := func(value any) { edits = append(edits, Edit{At: at, Value: value}) }
	edits = append(edits, Edit{At: at, Null: true})
	if _, isIndex := at[len(at)-1].(int); !isIndex {
		edits = append(edits, Edit{At: at, Remove: true})
	}
	switch schema.Type {
	case "string", "":
		put(7)
		for _, word := range words(schema) {
			put(word)
		}
	case "integer":
		put("7")
		put(1.5)
		put(int64(1) << 40)
		for _, number := range numbers(schema) {
			put(number)
		}
	case "boolean":
		put("true")
		put(true)
		put(false)
	case "array":
		put("text")
		put([]any{})
		items := value.([]any)
		put(many(items[0], 151))
		put([]any{items[0], items[0]})
		edits = append(edits, breakages(schema.Items, items[0], append(at[:len(at):len(at)], 0))...)
	case "object":
		put([]any{})
		put(map[string]any{})
		fields := value.(map[string]any)
		edits = append(edits, Edit{At: append(at[:len(at):len(at)], "sundry"), Value: "x"})
		for _, key := range sorted(fields) {
			inner := append(at[:len(at):len(at)], key)
			if property, known := schema.Properties[key]; known {
				edits = append(edits, breakages(&property, fields[key], inner)...)
			} else if schema.AdditionalProperties != nil {
				edits = append(edits, breakages(schema.AdditionalProperties.Structural, fields[key], inner)...)
				for _, name := range keys {
					edits = append(edits, Edit{At: append(at[:len(at):len(at)], name), Value: fields[key]})
				}
			}
		}
	}
	return edits
}

func many(item any, count int) []any {
	items := make([]any, count)
	for place := range items {
		items[place] = item
	}
	return items
}

func sorted(fields map[string]any) []string {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// keys are names for entries of maps.
var keys = []string{
	"", "pid", "nodefs.available", "kubernetes.io/hostname", "kubernetes.io/cluster/town", "karpenter.sh/nodepool", "karpenter.sh/nodeclaim",
	"karpenter.k8s.aws/ec2nodeclass", "karpenter.k8s.aws/instance-cpu", "karpenter.k8s.aws/other", "eks:eks-cluster-name",
}

// texts are words that fit one field and not another.
var texts = []string{
	"", "Never", "0s", "90s", "1h30m", "1d", "-1h", "10m0s", "5%", "100%", "101%", "5", "-5", "1.5", "x y", "-x", "x-", "a/b", "A/b", "a/b/c",
	"example.com/team", "kubernetes.io/hostname", "kubernetes.io/arch", "karpenter.sh/nodepool", "karpenter.sh/capacity-type", "karpenter.sh/x",
	"sub.karpenter.sh/x", "karpenter.k8s.aws/instance-family", "karpenter.k8s.aws/x", "node.k8s.io/x", "@daily", "@reboot", "0 9 * * 1-5", "0 9 *",
	"ami-1", "subnet-1", "sg-1", "cr-1", "pg-1", "CR-1", "123456789012", "al2@latest", "al2023@v1", "al2023", "windows2022@v1",
	"windows2022@latest", "ubuntu@latest", "100Mi", "1.5Gi", "20Gi", "0Gi", "18Ti", "58Ti", "Ti", "59000Gi", "59001Gi", "64T", "20", "1e3",
}

func words(schema *structuralschema.Structural) []string {
	all := append([]string{}, texts...)
	if validation := schema.ValueValidation; validation != nil {
		for _, word := range validation.Enum {
			var text string
			must(json.Unmarshal(mustJSON(word.Object), &text))
			all = append(all, text)
		}
		if most := validation.MaxLength; most != nil {
			all = append(all, strings.Repeat("x", int(*most)), strings.Repeat("x", int(*most)+1))
		}
	}
	return all
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	must(err)
	return text
}

func numbers(schema *structuralschema.Structural) []int64 {
	all := []int64{0, 1, -1}
	if validation := schema.ValueValidation; validation != nil {
		if least := validation.Minimum; least != nil {
			all = append(all, int64(*least), int64(*least)-1)
		}
		if most := validation.Maximum; most != nil {
			all = append(all, int64(*most), int64(*most)+1)
		}
	}
	return all
}
