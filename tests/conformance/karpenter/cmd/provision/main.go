// Provision reads cases, one JSON object a line, from standard input, and writes each with the decisions of the real scheduler to
// standard output. A case is decided several times, as the order of Go's maps is another each time; every decision that differs is written.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/operator/logging"

	"karpsim/tests/conformance/karpenter/world"
)

func main() {
	times := flag.Int("times", 1, "how often each case is decided")
	more := flag.Int("more", 0, "how often once more, if a decision differed from the others")
	again := flag.Bool("check", false, "read recorded cases instead, and fail where a decision is none of those recorded")
	most := flag.Int("most", 0, "leave out cases with more different decisions than this; 0 leaves none out")
	flag.Parse()
	log.SetLogger(logging.NopLogger)
	out := bufio.NewWriter(os.Stdout)
	var err error
	if *again {
		err = check(os.Stdin, out)
	} else {
		err = record(os.Stdin, out, *times, *more, *most)
	}
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// recorded is a case and what became of it, each different decision once, in the order of their text.
type recorded struct {
	Case    json.RawMessage   `json:"case"`
	Results []json.RawMessage `json:"results"`
}

func record(in io.Reader, out io.Writer, times, more, most int) error {
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
		results, err := decide(&c, times, more)
		if err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		if most > 0 && len(results) > most {
			continue
		}
		if err := written.Encode(recorded{text, results}); err != nil {
			return err
		}
	}
}

// check decides recorded cases once more.
func check(in io.Reader, out io.Writer) error {
	cases := json.NewDecoder(in)
	checked, differ := 0, 0
	for {
		var known recorded
		if err := cases.Decode(&known); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("reading a recorded case: %w", err)
		}
		var c world.Case
		if err := json.Unmarshal(known.Case, &c); err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		results, err := decide(&c, 1, 0)
		if err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		checked++
		if !slices.ContainsFunc(known.Results, func(r json.RawMessage) bool { return bytes.Equal(r, results[0]) }) {
			differ++
			fmt.Fprintf(out, "%s is decided otherwise: %s\n", c.Name, results[0])
		}
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d recorded decisions differ", differ, checked)
	}
	_, err := fmt.Fprintf(out, "%d recorded decisions are those of the real scheduler\n", checked)
	return err
}

func decide(c *world.Case, times, more int) ([]json.RawMessage, error) {
	ctx := c.Context()
	w, err := world.New(ctx, c)
	if err != nil {
		return nil, err
	}
	var results []json.RawMessage
	for left := times; left > 0; left-- {
		result, err := world.Solve(ctx, w, c)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(result)
		if err != nil {
			return nil, err
		}
		place, known := slices.BinarySearchFunc(results, json.RawMessage(text), func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
		if !known {
			results = slices.Insert(results, place, json.RawMessage(text))
		}
		if left == 1 && len(results) > 1 {
			left, more = more+1, 0
		}
	}
	return results, nil
}
