// Command kubernetes asks the real Kubernetes code what it decides, case by case, and writes the answers down.
//
//	kubernetes generate SUBJECT SEED COUNT > cases.jsonl      draws cases
//	kubernetes record SUBJECT < cases.jsonl > recorded.jsonl  adds the answer of the real code to each
//	kubernetes verify SUBJECT EVERY < recorded.jsonl          answers every so many-th case again and compares
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
)

// A line of a recording: a case, and what the real code made of it.
type line struct {
	Case   json.RawMessage `json:"case"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// A subject draws cases and has them answered.
type subject struct {
	draw   func(*rand.Rand) any
	answer func(json.RawMessage) (any, error)
}

// subjectOf makes a subject of functions on its own case type.
func subjectOf[C, A any](draw func(*rand.Rand) C, answer func(C) (A, error)) subject {
	return subject{
		draw: func(dice *rand.Rand) any { return draw(dice) },
		answer: func(text json.RawMessage) (any, error) {
			var c C
			if err := json.Unmarshal(text, &c); err != nil {
				return nil, err
			}
			return answer(c)
		},
	}
}

var subjects = map[string]subject{
	"backoff":    subjectOf(drawRestarting, restart),
	"budget":     subjectOf(drawGuarded, guard),
	"hpa":        subjectOf(drawAutoscaled, autoscale),
	"oom":        subjectOf(drawThreatened, score),
	"preemption": subjectOf(drawContested, preempt),
	"replicaset": subjectOf(drawShrinking, shrink),
	"scheduler":  subjectOf(drawCluster, schedule),
}

func main() {
	withBubbles(func() error { return run(os.Args[1:]) })
}

func run(args []string) error {
	usage := errors.New("usage: kubernetes generate SUBJECT SEED COUNT | record SUBJECT | verify SUBJECT EVERY")
	if len(args) < 2 {
		return usage
	}
	subject, known := subjects[args[1]]
	if !known {
		return fmt.Errorf("unknown subject %q", args[1])
	}
	numbers := make([]uint64, len(args)-2)
	for i, text := range args[2:] {
		number, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return err
		}
		numbers[i] = number
	}
	switch {
	case args[0] == "generate" && len(numbers) == 2:
		return generate(subject, numbers[0], numbers[1])
	case args[0] == "record" && len(numbers) == 0:
		return record(subject)
	case args[0] == "verify" && len(numbers) == 1 && numbers[0] > 0:
		return verify(subject, int(numbers[0]))
	}
	return usage
}

func generate(subject subject, seed, count uint64) error {
	lines := json.NewEncoder(out)
	for n := range count {
		// Every case has a stream of its own, so that a change to one kind of case leaves the others as they are.
		dice := rand.New(rand.NewPCG(seed, n))
		text, err := json.Marshal(subject.draw(dice))
		if err != nil {
			return err
		}
		if err := lines.Encode(line{Case: text}); err != nil {
			return err
		}
	}
	return nil
}

func record(subject subject) error {
	lines := json.NewEncoder(out)
	return eachLine(func(number int, l line) error {
		answer, err := answer(subject, l.Case)
		if err != nil {
			return fmt.Errorf("case %d: %w", number, err)
		}
		return lines.Encode(line{Case: l.Case, Answer: answer})
	})
}

func verify(subject subject, every int) error {
	checked := 0
	err := eachLine(func(number int, l line) error {
		if number%every != 0 {
			return nil
		}
		checked++
		answer, err := answer(subject, l.Case)
		if err != nil {
			return fmt.Errorf("case %d: %w", number, err)
		}
		if !bytes.Equal(answer, l.Answer) {
			return fmt.Errorf("case %d: recorded %s, now %s", number, l.Answer, answer)
		}
		return nil
	})
	if err == nil {
		fmt.Fprintf(out, "%d cases answered as recorded\n", checked)
	}
	return err
}

func answer(subject subject, c json.RawMessage) (json.RawMessage, error) {
	answer, err := subject.answer(c)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// eachLine calls visit with every line of the standard input and its number, from 0.
func eachLine(visit func(int, line) error) error {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for number := 0; ; number++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		if err := visit(number, l); err != nil {
			return err
		}
	}
}
