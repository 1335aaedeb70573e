// Generate writes drawn cases, one JSON object a line, to standard output.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"karpsim/tests/conformance/karpenter/generate"
)

func main() {
	seed := flag.Uint64("seed", 1, "what the draws begin with")
	count := flag.Uint64("count", 100, "how many cases")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	written := json.NewEncoder(out)
	for number := range *count {
		if err := written.Encode(generate.Draw(*seed, number)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
