// Corners writes the cases that were made by hand, one JSON object a line, to standard output.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"karpsim/tests/conformance/karpenter/world"
)

func main() {
	if err := run("corners.yaml"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var written struct {
		Shared json.RawMessage `json:"shared"` // anchors
		Cases  []world.Case    `json:"cases"`
	}
	// What a merged anchor says may be said otherwise, which strict YAML takes for a mistake.
	if text, err = yaml.YAMLToJSON(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	read := json.NewDecoder(bytes.NewReader(text))
	read.DisallowUnknownFields()
	if err := read.Decode(&written); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	lines := json.NewEncoder(os.Stdout)
	for _, c := range written.Cases {
		if err := lines.Encode(c); err != nil {
			return err
		}
	}
	return nil
}
