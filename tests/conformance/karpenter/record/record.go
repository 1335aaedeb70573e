// Package record writes cases with what the real code made of them, one JSON object a line, and holds a recording against the code
// once more.
package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Case is what the real code was asked, and everything it answered: more than one answer where it leaves the answer to chance.
type Case struct {
	ID  string            `json:"id"`
	In  json.RawMessage   `json:"in"`
	Out []json.RawMessage `json:"out"`
}

// Ask puts a question to the real code so many times and keeps the different answers.
func Ask(id string, in any, times int, answer func() any) Case {
	c := Case{ID: id, In: encode(in)}
	for range times {
		if out := encode(answer()); !c.knows(out) {
			c.Out = append(c.Out, out)
		}
	}
	return c
}

func (c Case) knows(out json.RawMessage) bool {
	for _, known := range c.Out {
		if bytes.Equal(known, out) {
			return true
		}
	}
	return false
}

func encode(v any) json.RawMessage {
	bytes, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return bytes
}

// Write stores the cases compressed. The same cases give the same bytes.
func Write(path string, cases []Case) error {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(zip)
	lines.SetEscapeHTML(false)
	for _, c := range cases {
		if err := lines.Encode(c); err != nil {
			return err
		}
	}
	if err := zip.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

// Read loads a recording.
func Read(path string) ([]Case, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzip, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var cases []Case
	lines := bufio.NewScanner(unzip)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, lines.Err()
}

// Check says whether fresh answers are among the recorded ones, case by case.
func Check(path string, fresh []Case) error {
	recorded, err := Read(path)
	if err != nil {
		return err
	}
	known := map[string]Case{}
	for _, c := range recorded {
		known[c.ID] = c
	}
	different := 0
	for _, c := range fresh {
		old, ok := known[c.ID]
		if !ok || !bytes.Equal(old.In, c.In) {
			return fmt.Errorf("%s is not the case that was recorded", c.ID)
		}
		for _, out := range c.Out {
			if !old.knows(out) {
				different++
				fmt.Fprintf(os.Stderr, "%s: the real code now says %s, recorded is %s\n", c.ID, out, old.Out)
			}
		}
	}
	if different > 0 {
		return fmt.Errorf("%d answers differ from the recording", different)
	}
	return nil
}

// Main records the cases, or checks them against an earlier recording with -check before the path.
func Main(cases func(times int) []Case, times int) {
	if err := run(os.Args[1:], cases, times); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, cases func(int) []Case, times int) error {
	if len(args) == 2 && args[0] == "-check" {
		fresh := cases(1)
		if err := Check(args[1], fresh); err != nil {
			return err
		}
		fmt.Printf("%d cases as recorded in %s\n", len(fresh), filepath.Base(args[1]))
		return nil
	}
	if len(args) != 1 {
		return fmt.Errorf("usage: [-check] <recording.jsonl.gz>")
	}
	recorded := cases(times)
	fmt.Printf("%d cases recorded in %s\n", len(recorded), filepath.Base(args[0]))
	return Write(args[0], recorded)
}
