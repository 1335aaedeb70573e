package main

import "encoding/json"

// stripped is the schema of spec without the prose: what decides, and nothing else.
func (k *kind) stripped() any {
	var schema any
	spec := k.crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	must(json.Unmarshal(mustJSON(spec), &schema))
	return strip(schema, true)
}

// strip takes descriptions away; below `properties` the keys are names of fields.
func strip(value any, keywords bool) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, item := range value {
			if keywords && (key == "description" || key == "x-kubernetes-map-type") {
				continue
			}
			kept[key] = strip(item, !keywords || key != "properties")
		}
		return kept
	case []any:
		for place, item := range value {
			value[place] = strip(item, true)
		}
	}
	return value
}
