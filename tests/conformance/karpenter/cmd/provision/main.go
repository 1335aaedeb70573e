// Provision reads cases, one JSON object a line, from standard input, and writes the case with the decision of the real scheduler to
// standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/operator/logging"

	"karpsim/tests/conformance/karpenter/world"
)

func main() {
	log.SetLogger(logging.NopLogger)
	out := bufio.NewWriter(os.Stdout)
	err := record(os.Stdin, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// recorded is a case and what became of it.
type recorded struct {
	Case   json.RawMessage `json:"case"`
	Result *world.Result   `json:"result"`
}

func record(in io.Reader, out io.Writer) error {
	cases, written := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var text json.RawMessage
		if err := cases.Decode(&text); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a case: %w", err)
		}
		var c world.Case
		if err := json.Unmarshal(text, &c); err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		result, err := decide(&c)
		if err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		if err := written.Encode(recorded{text, result}); err != nil {
			return err
		}
	}
}

func decide(c *world.Case) (*world.Result, error) {
	ctx := c.Context()
	w, err := world.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return world.Solve(ctx, w, c)
}
