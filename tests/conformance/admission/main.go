// Records what the real admission says of NodePools and EC2NodeClasses: the API server's own code over Karpenter's own CRDs, then the
// checks Karpenter makes of an object that was admitted. See README.md.
package main

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// provider is the module whose CRDs are evaluated.
const provider = "github.com/aws/karpenter-provider-aws"

func main() {
	log.SetFlags(0)
	schemas := flag.String("schemas", "", "folder to write the stripped schemas to")
	verdicts := flag.String("verdicts", "", "file to write the recorded verdicts to")
	flag.Parse()
	kinds := map[string]*kind{}
	for name, file := range map[string]string{
		"NodePool":     "karpenter.sh_nodepools.yaml",
		"EC2NodeClass": "karpenter.k8s.aws_ec2nodeclasses.yaml",
	} {
		read, err := readKind(filepath.Join(moduleFolder(), "pkg/apis/crds", file))
		if err != nil {
			log.Fatal(err)
		}
		kinds[name] = read
	}
	if *schemas != "" {
		for name, kind := range kinds {
			write(filepath.Join(*schemas, strings.ToLower(name)+".json"), kind.stripped())
		}
	}
	if *verdicts != "" {
		record(*verdicts, kinds)
	}
}

// moduleFolder is where the provider's files are; the same module that is linked for its labels.
func moduleFolder() string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", provider).Output()
	if err != nil {
		log.Fatalf("%s: %v", provider, err)
	}
	return strings.TrimSpace(string(out))
}

func write(path string, value any) {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		log.Fatal(err)
	}
}

// record writes a line for each base manifest, and one for each case: edits of a base, and what is said of the result.
func record(path string, kinds map[string]*kind) {
	file, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	packed, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
	lines := json.NewEncoder(packed)
	lines.SetEscapeHTML(false)
	counts := map[string]int{}
	for _, base := range bases() {
		must(lines.Encode(base))
		kind := kinds[base.Kind]
		for _, edits := range cases(base, kind) {
			object := base.with(edits)
			verdict := kind.admit(object)
			must(lines.Encode(Case{Edits: edits, Refusals: verdict}))
			counts[fmt.Sprintf("%s %s", base.Kind, word(verdict))]++
		}
	}
	must(packed.Close())
	must(file.Close())
	log.Print(counts)
}

func word(refusals []Refusal) string {
	switch {
	case len(refusals) == 0:
		return "admitted"
	case refusals[0].Type == runtimeCheck:
		return "admitted, then not valid"
	default:
		return "refused"
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
