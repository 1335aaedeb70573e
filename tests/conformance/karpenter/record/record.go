// Package record writes cases with what the real code made of them, one JSON object a line, and holds a recording against the code
// once more.
package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

// Case is what the real code was asked, and everything it answered: more than one answer where it leaves the answer to chance.
type Case struct {
	ID  string            `json:"id"`
	In  json.RawMessage   `json:"in"`
	Out []json.RawMessage `json:"out"`
}

// Question is what the real code can be asked, and how many times it has to be to hear all it may answer.
type Question struct {
	ID     string
	In     any
	Times  int
	Answer func() any
}

// Patience is how often a check asks for an answer that was recorded, where the real code leaves it to chance.
const Patience = 25

func (q Question) ask() Case {
	c := Case{ID: q.ID, In: encode(q.In)}
	for range q.Times {
		if out := encode(q.Answer()); !c.knows(out) {
			c.Out = append(c.Out, out)
		}
	}
	return c
}

// askAll asks as many questions at once as there are cores; the answers stand in the order of the questions.
func askAll[T any](questions []Question, ask func(Question) T) []T {
	answers := make([]T, len(questions))
	var next atomic.Int64
	var asking sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		asking.Go(func() {
			for place := int(next.Add(1)) - 1; place < len(questions); place = int(next.Add(1)) - 1 {
				answers[place] = ask(questions[place])
			}
		})
	}
	asking.Wait()
	return answers
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

// Check says which questions the real code no longer gives an answer to that was recorded.
func Check(path string, questions []Question) error {
	recorded, err := Read(path)
	if err != nil {
		return err
	}
	known := map[string]Case{}
	for _, c := range recorded {
		known[c.ID] = c
	}
	verdicts := askAll(questions, func(q Question) error { return q.check(known) })
	different := 0
	for _, verdict := range verdicts {
		if verdict != nil {
			different++
			fmt.Fprintln(os.Stderr, verdict)
		}
	}
	if different > 0 {
		return fmt.Errorf("%d of %d cases differ from the recording", different, len(questions))
	}
	return nil
}

func (q Question) check(known map[string]Case) error {
	old, ok := known[q.ID]
	if !ok || !bytes.Equal(old.In, encode(q.In)) {
		return fmt.Errorf("%s is not the case that was recorded", q.ID)
	}
	var out json.RawMessage
	for range Patience {
		if out = encode(q.Answer()); old.knows(out) {
			return nil
		}
	}
	return fmt.Errorf("%s: the real code now says %s, recorded is %s", q.ID, out, old.Out)
}

// Main records the answers, or checks those of every so many-th question against an earlier recording with -check before the path.
func Main(questions []Question) {
	check := flag.Bool("check", false, "ask again and compare")
	every := flag.Int("every", 1, "of so many questions, check one")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: [-check [-every N]] <recording.jsonl.gz>")
		os.Exit(2)
	}
	if err := run(questions, flag.Arg(0), *check, *every); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(questions []Question, path string, check bool, every int) error {
	name := filepath.Base(path)
	if check {
		var sample []Question
		for place := every - 1; place < len(questions); place += every {
			sample = append(sample, questions[place])
		}
		if err := Check(path, sample); err != nil {
			return err
		}
		fmt.Printf("%d cases as recorded in %s\n", len(sample), name)
		return nil
	}
	fmt.Printf("%d cases recorded in %s\n", len(questions), name)
	return Write(path, askAll(questions, Question.ask))
}
