// Cases writes the cases of the YAML files given, one JSON object a line, as cmd/provision reads them. What a case does not say, the map
// "common" of its file says for it; types may be the name of a file of types; what only readers and tests need is left out.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

type file struct {
	Anchors any              `json:"anchors"`
	Common  map[string]any   `json:"common"`
	Cases   []map[string]any `json:"cases"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		if err := write(path, out); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(path string, out *json.Encoder) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f file
	if err := yaml.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	kind, name := filepath.Base(filepath.Dir(path)), strings.TrimSuffix(filepath.Base(path), ".yaml")
	for _, c := range f.Cases {
		for field, value := range f.Common {
			if _, said := c[field]; !said {
				c[field] = value
			}
		}
		if shared, named := c["types"].(string); named {
			types, err := sharedTypes(filepath.Join(filepath.Dir(path), "..", "..", "types", shared+".yaml"))
			if err != nil {
				return err
			}
			c["types"] = types
		}
		c["name"] = fmt.Sprintf("%s/%s#%s", kind, name, c["name"])
		delete(c, "says")
		delete(c, "expect")
		if err := out.Encode(c); err != nil {
			return err
		}
	}
	return nil
}

func sharedTypes(path string) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var types any
	return types, yaml.Unmarshal(text, &types)
}
