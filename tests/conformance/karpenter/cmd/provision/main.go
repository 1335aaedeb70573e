// Provision reads cases, one JSON object a line, from standard input, and writes each with the decisions of the real scheduler to
// standard output. A case is decided several times, as the order of Go's maps is another each time; every decision that differs is written.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/operator/logging"

	"karpsim/tests/conformance/karpenter/record"
	"karpsim/tests/conformance/karpenter/world"
)

func main() {
	times := flag.Int("times", 1, "how often each case is decided")
	more := flag.Int("more", 0, "how often once more, if a decision differed from the others")
	again := flag.Bool("check", false, "read recorded cases instead, and fail where a decision is none of those recorded")
	most := flag.Int("most", 0, "leave out cases with more different decisions than this; 0 leaves none out")
	earlier := flag.String("earlier", "", "a recording, compressed, whose decisions about the same cases are kept")
	flag.Parse()
	log.SetLogger(logging.NopLogger)
	out := bufio.NewWriter(os.Stdout)
	var err error
	if *again {
		err = check(os.Stdin, out, *most)
	} else {
		err = decideAll(os.Stdin, out, *earlier, *times, *more, *most)
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

func decideAll(in io.Reader, out io.Writer, earlier string, times, more, most int) error {
	known, err := read(earlier)
	if err != nil {
		return err
	}
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
		if before := known[c.Name]; bytes.Equal(before.Case, text) {
			for _, result := range before.Results {
				results = insert(results, result)
			}
		}
		if most > 0 && len(results) > most {
			continue
		}
		if err := written.Encode(recorded{text, results}); err != nil {
			return err
		}
	}
}

// check decides recorded cases once more, but for those with too many decisions to have recorded all.
func check(in io.Reader, out io.Writer, most int) error {
	cases := json.NewDecoder(in)
	checked, differ := 0, 0
	for {
		var known recorded
		if err := cases.Decode(&known); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("reading a recorded case: %w", err)
		}
		if most > 0 && len(known.Results) > most {
			continue
		}
		var c world.Case
		if err := json.Unmarshal(known.Case, &c); err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		other, err := otherwise(&c, known.Results)
		if err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		checked++
		if other != nil {
			differ++
			fmt.Fprintf(out, "%s is decided otherwise: %s\n", c.Name, other)
		}
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d recorded decisions differ", differ, checked)
	}
	_, err := fmt.Fprintf(out, "%d recorded decisions are those of the real scheduler\n", checked)
	return err
}

// otherwise decides a case until a decision is one of those recorded, and gives up with the last that is not.
func otherwise(c *world.Case, known []json.RawMessage) (json.RawMessage, error) {
	var last json.RawMessage
	for range record.Patience {
		results, err := decide(c, 1, 0)
		if err != nil {
			return nil, err
		}
		last = results[0]
		if slices.ContainsFunc(known, func(r json.RawMessage) bool { return bytes.Equal(r, last) }) {
			return nil, nil
		}
	}
	return last, nil
}

// read loads a recording by the names of its cases; where none is named, there are none.
func read(path string) (map[string]recorded, error) {
	known := map[string]recorded{}
	if path == "" {
		return known, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzip, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	cases := json.NewDecoder(unzip)
	for {
		var one recorded
		if err := cases.Decode(&one); err == io.EOF {
			return known, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading a recorded case: %w", err)
		}
		var named struct{ Name string }
		if err := json.Unmarshal(one.Case, &named); err != nil {
			return nil, err
		}
		known[named.Name] = one
	}
}

// insert keeps each different decision once, in the order of their text.
func insert(results []json.RawMessage, result json.RawMessage) []json.RawMessage {
	place, known := slices.BinarySearchFunc(results, result, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	if known {
		return results
	}
	return slices.Insert(results, place, result)
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
		results = insert(results, text)
		if left == 1 && len(results) > 1 {
			left, more = more+1, 0
		}
	}
	return results, nil
}
