package main

import (
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

// genesis is the time at which every bubble begins.
var genesis = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// out is the standard output; the testing package, which owns the bubbles, writes its verdict elsewhere.
var out = os.Stdout

// harness is the test without which there are no bubbles.
var harness *testing.T

// withBubbles does the program's work as a test, and ends the program.
func withBubbles(work func() error) {
	os.Stdout = os.Stderr
	// The handlers log, and wait by a clock that is not the bubble's.
	utilruntime.ErrorHandlers = nil
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	everything := func(string, string) (bool, error) { return true, nil }
	testing.Main(everything, []testing.InternalTest{{Name: "kubernetes", F: func(t *testing.T) {
		harness = t
		if err := work(); err != nil {
			t.Fatal(err)
		}
	}}}, nil, nil)
}

// inBubble runs a function in a world of its own whose clock moves only when everybody waits. It starts at genesis.
func inBubble(run func() error) (failed error) {
	synctest.Test(harness, func(*testing.T) {
		defer func() {
			if r := recover(); r != nil {
				failed = fmt.Errorf("panic: %v", r)
			}
		}()
		failed = run()
	})
	return failed
}
